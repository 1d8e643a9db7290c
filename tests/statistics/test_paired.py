"""McNemar's exact test against SciPy's binomial test."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from auditkit.statistics.paired import mcnemar

COUNT = st.integers(0, 300)


@given(COUNT, COUNT, st.sampled_from(["two-sided", "greater", "less"]))
def test_mcnemar_is_a_binomial_test(wins: int, losses: int, alternative) -> None:
    ours = mcnemar(wins, losses, alternative)
    if wins + losses == 0:
        assert ours == 1
        return
    theirs = binomtest(wins, wins + losses, 0.5, alternative).pvalue
    assert ours == pytest.approx(theirs, rel=1e-9)


def test_many_pairs_keep_their_digits() -> None:
    assert mcnemar(600_000, 500_000) == pytest.approx(0.0, abs=1e-300)
    assert mcnemar(10**9, 10**9) == 1
    assert 0 < mcnemar(501_000, 500_000) < 1


def test_other_arguments_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 0, found -1 and 3"):
        mcnemar(-1, 3)
    with pytest.raises(ValueError, match="found 'larger'"):
        mcnemar(1, 3, "larger")  # type: ignore[arg-type]
