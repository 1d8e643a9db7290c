"""Replicates from the state spread as those from rows drawn anew."""

from __future__ import annotations

import numpy as np
import pytest

from auditkit.statistics.calibration import (
    confidence_gap,
    debiased_squared_error,
    expected_calibration_error,
)
from auditkit.statistics.calibration_bootstrap import calibration_replicates
from tests.statistics.calibrated import sample, state_of


def of_rows(scores: np.ndarray, right: np.ndarray, draws: int) -> np.ndarray:
    """Squared error, gap and plain error of samples of the rows: `[draws, 3]`."""
    generator = np.random.default_rng(5)
    found = []
    for _ in range(draws):
        rows = generator.integers(0, len(scores), len(scores))
        state = state_of(scores[rows], right[rows])
        gap = float(scores[rows].mean() - right[rows].mean())
        found.append(
            (debiased_squared_error(*state), gap, expected_calibration_error(*state).value)
        )
    return np.array(found)


@pytest.mark.parametrize(("n", "bend"), [(400, 1.0), (4000, 1.6)])
def test_replicates_are_those_of_rows(n: int, bend: float) -> None:
    scores, right = sample(n, seed=2, bend=bend)
    ours = calibration_replicates(*state_of(scores, right), draws=400)
    literal = of_rows(scores, right, 400)
    for replicates, theirs in zip((ours.squared_error, ours.gap, ours.ece), literal.T, strict=True):
        assert replicates.shape == (400,)
        assert replicates.std() == pytest.approx(theirs.std(), rel=0.2)
        assert replicates.mean() == pytest.approx(theirs.mean(), abs=0.35 * theirs.std())


def test_the_gap_spreads_as_its_standard_error_says() -> None:
    state = state_of(*sample(3000, seed=4))
    replicates = calibration_replicates(*state, draws=2000)
    assert replicates.gap.std() == pytest.approx(confidence_gap(*state).parameters["se"], rel=0.06)


def test_the_seed_fixes_the_replicates() -> None:
    state = state_of(*sample(500))
    first, again, other = (calibration_replicates(*state, seed=s, draws=5) for s in (1, 1, 2))
    np.testing.assert_array_equal(first.ece, again.ece)
    assert not np.array_equal(first.ece, other.ece)


def test_many_rows_cost_no_more_memory() -> None:
    # 10^9 units: only the cells are drawn.
    state = [part * 10**6 for part in state_of(*sample(1000))]
    replicates = calibration_replicates(*state, draws=3)
    assert np.isfinite(replicates.squared_error).all()
    assert replicates.gap.std() < 1e-4


def test_few_units_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 30 units, found 29"):
        calibration_replicates(*state_of(*sample(29)))
    with pytest.raises(ValueError, match="1920 cells do not make up 7 bins"):
        calibration_replicates(*state_of(*sample(29)), bins=7)
