"""The beta-binomial law of covered units: SciPy's, and that of a simulation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import betabinom

from auditkit.statistics.conformal_coverage import p_value
from auditkit.statistics.conformal_thresholds import rank_of


@settings(max_examples=80, deadline=None)
@given(
    calibrated=st.integers(20, 3000),
    units=st.integers(1, 3000),
    share=st.floats(0, 1),
    coverage=st.sampled_from([0.5, 0.8, 0.9, 0.95]),
)
def test_it_is_scipys_beta_binomial(
    calibrated: int, units: int, share: float, coverage: float
) -> None:
    rank = rank_of(calibrated, coverage)
    covered = int(share * units)
    wanted = betabinom.cdf(covered, units, rank, calibrated + 1 - rank)
    assert p_value(covered, units, calibrated, coverage) == pytest.approx(wanted, rel=1e-6)


def test_its_level_is_held_where_all_is_as_it_should_be() -> None:
    rng = np.random.default_rng(0)
    values = []
    for _ in range(2000):
        scores = rng.random(400)
        limit = np.sort(scores[:200])[rank_of(200, 0.9) - 1]
        values.append(p_value(int((scores[200:] <= limit).sum()), 200, 200, 0.9))
    # A discrete law is below its level, never above it.
    assert np.mean(np.array(values) <= 0.05) == pytest.approx(0.045, abs=0.013)
    assert np.mean(np.array(values) <= 0.5) == pytest.approx(0.49, abs=0.035)


def test_a_shift_between_the_halves_is_seen() -> None:
    rng = np.random.default_rng(1)
    limit = np.sort(rng.random(1000))[rank_of(1000, 0.9) - 1]
    covered = int((1.1 * rng.random(1000) <= limit).sum())
    assert p_value(covered, 1000, 1000, 0.9) < 0.001


def test_all_covered_is_certain_and_none_is_next_to_impossible() -> None:
    assert p_value(50, 50, 100, 0.9) == pytest.approx(1.0)
    assert 0 < p_value(0, 50, 100, 0.9) < 1e-30
    assert p_value(0, 0, 100, 0.9) == 1.0


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="51 of 50 units cannot be covered"):
        p_value(51, 50, 100, 0.9)
    with pytest.raises(ValueError, match="8 units give no finite threshold"):
        p_value(5, 50, 8, 0.9)
