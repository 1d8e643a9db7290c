"""Calibration: estimators against literal twins on the raw scores, and the state's limits."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from auditkit.measurement import Estimate
from auditkit.statistics.calibration import (
    BINS,
    CELLS,
    confidence_gap,
    reliability,
    squared_error,
)
from auditkit.statistics.estimates import bounds, units_to_decide, value
from tests.statistics.calibrated import sample, state_of


def literal_squared_error(scores: np.ndarray, right: np.ndarray) -> float:
    """Recipe and formula, bin by bin, on the sorted scores."""
    order = np.argsort(scores)
    bins = [part for part in np.array_split(order, BINS) if len(part)]
    total = 0.0
    for part in bins:
        share, size = right[part].mean(), len(part)
        gap = share - scores[part].mean()
        total += size / len(scores) * (gap**2 - share * (1 - share) / (size - 1))
    return total


@pytest.mark.parametrize("bend", [1.0, 1.5])
@pytest.mark.parametrize("n", [300, 6000])
def test_squared_error_is_the_literal_one(n: int, bend: float) -> None:
    scores, right = sample(n, bend=bend)
    ours = squared_error(*state_of(scores, right))
    # Cells straddle the edges of the bins by a unit or two.
    tolerance = 0.2 * ours.parameters["sd"] + 1e-6
    assert value(ours) == pytest.approx(literal_squared_error(scores, right), abs=tolerance)


def test_squared_error_of_distinct_cells_is_exact() -> None:
    scores = (np.arange(CELLS) + 0.5) / CELLS
    right = np.random.default_rng(1).random(CELLS) < scores
    ours = squared_error(*state_of(scores, right))
    assert value(ours) == pytest.approx(literal_squared_error(scores, right), abs=1e-12)


def test_the_sd_is_that_of_a_bootstrap_of_rows() -> None:
    scores, right = sample(3000, seed=4, bend=1.6)
    ours = squared_error(*state_of(scores, right)).parameters["sd"]
    generator = np.random.default_rng(9)
    # With the bins of the whole sample, as the state has them.
    edges = np.quantile(scores, np.linspace(0, 1, BINS + 1)[1:-1])
    draws = []
    for _ in range(400):
        rows = generator.integers(0, 3000, 3000)
        bins = np.searchsorted(edges, scores[rows])
        n = np.bincount(bins, minlength=BINS)
        share = np.bincount(bins, right[rows], BINS) / n
        gap = share - np.bincount(bins, scores[rows], BINS) / n
        draws.append((n * (gap**2 - share * (1 - share) / (n - 1))).sum() / 3000)
    assert ours == pytest.approx(np.std(draws, ddof=1), rel=0.15)


def test_the_seed_fixes_the_estimate() -> None:
    state = state_of(*sample(2000))
    assert squared_error(*state, seed=3) == squared_error(*state, seed=3)
    assert squared_error(*state, seed=3) != squared_error(*state, seed=4)


def test_all_right_is_no_proof() -> None:
    # 45 units at .9, all right: three in a hundred such samples of a calibrated model.
    scores, right = np.full(60, 0.9), np.ones(60, bool)
    one = squared_error(*state_of(scores, right), bins=15)
    assert one.parameters["sd"] > 0
    assert bounds(one, 0.05)[1] > value(one) + 0.002


def test_the_gap_is_the_paired_mean() -> None:
    scores, right = sample(5000, bend=1.5)
    gap = confidence_gap(*state_of(scores, right))
    differences = scores - right
    assert value(gap) == pytest.approx(differences.mean(), abs=1e-12)
    assert gap.parameters["se"] == pytest.approx(differences.std(ddof=1) / math.sqrt(5000), 1e-3)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=1, max_size=30))
def test_any_state_is_measured_or_refused(cells: list[tuple[int, int]]) -> None:
    wrong, right = (np.array(part) for part in zip(*cells, strict=True))
    sums = (wrong + right) * (np.arange(len(cells)) + 0.5) / len(cells)
    try:
        one = squared_error(wrong, right, sums, draws=20)
    except ValueError as error:
        assert wrong.sum() + right.sum() < 2 * BINS, error  # noqa: PT017
        return
    assert math.isfinite(value(one))
    assert math.isfinite(one.parameters["sd"])
    points = reliability(wrong, right, sums)
    assert sum(point.n for point in points) == (wrong + right).sum()
    assert min(point.n for point in points) >= 2


def test_scores_of_zero_and_one_are_cells_like_any() -> None:
    scores = np.repeat([0.0, 1.0], 100)
    one = squared_error(*state_of(scores, scores == 1.0))
    assert value(one) == pytest.approx(0.0, abs=1e-12)
    band = reliability(*state_of(scores, scores == 1.0))
    assert (band[0].band_low, band[-1].band_high) == (0.0, 1.0)


ONE = np.ones(CELLS, dtype=int)


@pytest.mark.parametrize(
    ("wrong", "right", "sums", "message"),
    [
        (ONE[:5], ONE[:5], np.ones(5), "at least 30 units, found 10"),
        (ONE, ONE[:5], np.ones(CELLS), "must have one length"),
        (ONE.astype(float), ONE, np.ones(CELLS), "wrong must be a row of counts, found float64"),
        (-ONE, ONE, np.ones(CELLS), "wrong must be a row of counts"),
        (ONE, ONE, np.full(CELLS, np.nan), "score_sums must be finite"),
        (ONE, ONE, np.full(CELLS, 3.0), r"scores must lie in \[0, 1\]"),
        (ONE * 0, np.eye(1, CELLS, dtype=int)[0] * 40, np.ones(CELLS), "0 where there are no"),
    ],
)
def test_impossible_states_are_refused(wrong, right, sums, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        squared_error(wrong, right, sums)


def test_noise_of_the_sample_is_not_drawn_again() -> None:
    # Redrawn as observed, a sample of a calibrated model would spread √3 times too much.
    states = [state_of(*sample(5000, seed=seed)) for seed in range(150)]
    found = [squared_error(*state, draws=100) for state in states]
    spread = np.std([value(one) for one in found], ddof=1)
    said = np.mean([one.parameters["sd"] for one in found])
    assert 1.0 <= said / spread <= 1.35


@pytest.mark.parametrize(
    ("bend", "n", "verdict", "rate"),
    [(1.0, 10_000, "pass", 0.7), (1.0, 50_000, "pass", 0.95), (1.25, 10_000, "fail", 0.85)],
)
def test_gates_decide(bend: float, n: int, verdict: str, rate: float) -> None:
    # At a tolerance of .02: a calibrated model, and one that is off by .045 (root mean square).
    happened = {"pass": 0, "fail": 0}
    for seed in range(40):
        state = state_of(*sample(n, seed=seed, bend=bend))
        low, high = bounds(squared_error(*state, draws=200), 0.05)
        happened["pass"] += high <= 0.02**2
        happened["fail"] += low > 0.02**2
    assert happened.pop(verdict) >= rate * 40
    assert max(happened.values()) <= 2


def test_the_units_that_would_decide_are_known_within_a_factor_of_two() -> None:
    def error(n: int, seed: int) -> Estimate:
        return squared_error(*state_of(*sample(n, seed=seed)), draws=100)

    region, units = (-math.inf, 0.02**2), 3000
    named = [units_to_decide(error(units, seed), region, 0.05, units) for seed in range(60)]
    middle = int(np.median([10**9 if number is None else number for number in named]))
    assert middle > units
    for factor, least, most in ((0.5, 0.0, 0.5), (2, 0.5, 1.0)):
        passed = [bounds(error(int(factor * middle), s), 0.05)[1] <= 0.02**2 for s in range(60)]
        assert least <= np.mean(passed) <= most


@pytest.mark.parametrize("n", [30, 55, 90, 140, 200])
def test_no_error_among_a_few_is_no_small_gap(n: int) -> None:
    """A model that is always certain and errs a little more often than is tolerated: exact."""
    tolerated, true = 0.05, 0.0534
    passed = 0.0
    for wrong in range(n + 1):
        gap = confidence_gap([wrong], [n - wrong], [float(n)])
        if bounds(gap, 0.05)[1] <= tolerated:
            passed += binom.pmf(wrong, n, true)
    assert passed <= 0.07
