"""McNemar's exact test against SciPy's and statsmodels', and the interval that goes with it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest
from statsmodels.stats.contingency_tables import mcnemar as statsmodels_mcnemar

from auditkit.statistics.critical import critical_value
from auditkit.statistics.paired import exact_paired_bounds, mcnemar
from auditkit.statistics.proportions import paired_difference_bounds

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


def pair_table(wins: int, losses: int, n: int) -> list[list[int]]:
    right = (n - wins - losses) // 2
    return [[right, wins], [losses, n - wins - losses - right]]


@given(COUNT, COUNT)
def test_the_oracle_of_statsmodels_agrees(wins: int, losses: int) -> None:
    theirs = statsmodels_mcnemar(pair_table(wins, losses, 1000), exact=True).pvalue
    assert mcnemar(wins, losses) == pytest.approx(theirs, rel=1e-9)


@given(st.integers(0, 60), st.integers(0, 60), st.floats(0.001, 0.4))
def test_zero_is_left_out_only_where_the_exact_test_rejects(wins: int, losses: int, alpha) -> None:
    low, high = exact_paired_bounds(wins, losses, 200, critical_value(alpha))
    assert low <= 0 or mcnemar(wins, losses, "greater") < alpha
    assert high >= 0 or mcnemar(wins, losses, "less") < alpha


@given(st.integers(0, 60), st.integers(0, 60))
def test_at_the_level_of_a_gate_the_two_are_one(wins: int, losses: int) -> None:
    """The score test is then never the stricter, so that the words are the exact test's."""
    low, _ = exact_paired_bounds(wins, losses, 2000, critical_value(0.05))
    assert (low > 0) == (mcnemar(wins, losses, "greater") < 0.05)


@given(COUNT, COUNT, st.one_of(st.just(0.0), st.floats(0.001, 8)))
def test_bounds_hold_those_of_tango_and_mirror(wins: int, losses: int, z: float) -> None:
    low, high = exact_paired_bounds(wins, losses, 600, z)
    inner = paired_difference_bounds(wins, losses, 600, z)
    assert -1 <= low <= inner[0] <= inner[1] <= high <= 1
    assert (-high, -low) == pytest.approx(exact_paired_bounds(losses, wins, 600, z), abs=1e-9)


@pytest.mark.parametrize(("rate", "n"), [(0.06, 2000), (0.06, 200), (0.01, 200)])
def test_no_gain_is_called_one_in_one_of_twenty_at_most(rate: float, n: int) -> None:
    rng, z = np.random.default_rng(0), critical_value(0.05)
    counts = rng.multinomial(n, [rate / 2, rate / 2, 1 - rate], size=400)
    low = [exact_paired_bounds(wins, losses, n, z)[0] for wins, losses, _ in counts]
    # Twenty expected at most; more than 30 has the probability .01.
    assert sum(end > 0 for end in low) <= 30


def test_a_true_gain_is_found() -> None:
    """A gain of .02 on 2,000 units of which 6 % are discordant."""
    rng, z = np.random.default_rng(1), critical_value(0.05)
    counts = rng.multinomial(2000, [0.04, 0.02, 0.94], size=400)
    found = [exact_paired_bounds(wins, losses, 2000, z)[0] > 0 for wins, losses, _ in counts]
    assert np.mean(found) >= 0.9
