"""Calibration: estimators against literal twins on the raw scores, and the state's limits."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from auditkit.statistics.calibration import (
    BINS,
    CELLS,
    clustered_squared_error,
    confidence_gap,
    expected_calibration_error,
    reliability,
    squared_error,
)
from auditkit.statistics.estimates import bounds, value
from auditkit.statistics.proportions import wilson_bounds
from auditkit.statistics.reliability import _mean_deviation


def state_of(scores: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The three arrays, from scores and outcomes."""
    cell = np.minimum((scores * CELLS).astype(int), CELLS - 1)
    return (
        np.bincount(cell[~right], minlength=CELLS),
        np.bincount(cell[right], minlength=CELLS),
        np.bincount(cell, weights=scores, minlength=CELLS),
    )


def sample(n: int, seed: int = 0, bend: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Scores and outcomes; `bend` 1 is calibrated, above 1 over-confident."""
    generator = np.random.default_rng(seed)
    truth = generator.uniform(0.5, 1, n)
    right = generator.random(n) < truth
    return 1 / (1 + np.exp(-bend * np.log(truth / (1 - truth)))), right


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


def test_clustered_error_of_independent_rows_agrees() -> None:
    scores, right = sample(20_000, seed=2, bend=1.5)
    whole = squared_error(*state_of(scores, right))
    block = np.arange(20_000) % 64
    parts = [state_of(scores[block == b], right[block == b]) for b in range(64)]
    clustered = clustered_squared_error(*(np.stack(part) for part in zip(*parts, strict=True)))
    assert value(clustered) == pytest.approx(value(whole), abs=0.2 * whole.parameters["sd"])
    assert clustered.parameters["se"] == pytest.approx(whole.parameters["sd"], rel=0.4)
    assert clustered.parameters["df"] == 63


def test_clusters_widen_the_clustered_error() -> None:
    # Ten copies of each row are one observation.
    scores, right = sample(2000, seed=6, bend=1.5)
    block = np.arange(2000) % 64
    copies = [np.repeat(part, 10) for part in (scores, right, block)]
    parts = [
        state_of(copies[0][copies[2] == b], copies[1][copies[2] == b].astype(bool))
        for b in range(64)
    ]
    clustered = clustered_squared_error(*(np.stack(part) for part in zip(*parts, strict=True)))
    once = squared_error(*state_of(scores, right))
    naive = squared_error(*state_of(copies[0], copies[1]))
    assert clustered.parameters["se"] == pytest.approx(once.parameters["sd"], rel=0.4)
    assert naive.parameters["sd"] < clustered.parameters["se"] / 2
    assert value(clustered) == pytest.approx(value(once), abs=once.parameters["sd"])


def test_the_gap_is_the_paired_mean() -> None:
    scores, right = sample(5000, bend=1.5)
    gap = confidence_gap(*state_of(scores, right))
    differences = scores - right
    assert value(gap) == pytest.approx(differences.mean(), abs=1e-12)
    assert gap.parameters["se"] == pytest.approx(differences.std(ddof=1) / math.sqrt(5000), 1e-3)


def test_the_plain_error_is_exact_from_cells() -> None:
    scores, right = sample(4000, bend=1.3)
    bins = np.minimum((scores * 15).astype(int), 14)
    literal = sum(
        (bins == b).mean() * abs(right[bins == b].mean() - scores[bins == b].mean())
        for b in np.unique(bins)
    )
    assert expected_calibration_error(*state_of(scores, right)).value == pytest.approx(literal)


@pytest.mark.parametrize("n", [1, 2, 17, 400])
@pytest.mark.parametrize("p", [0.0, 1e-9, 0.2, 0.5, 0.93, 1.0])
def test_the_mean_deviation_of_a_binomial(n: int, p: float) -> None:
    x = np.arange(n + 1)
    literal = (binom.pmf(x, n, p) * abs(x - n * p)).sum()
    ours = _mean_deviation(np.array([float(n)]), np.array([p]))[0]
    assert ours == pytest.approx(literal, rel=1e-9, abs=1e-12)


def test_a_perfect_model_shows_what_it_is_expected_to() -> None:
    errors = [expected_calibration_error(*state_of(*sample(500, seed=s))) for s in range(200)]
    mean_error = np.mean([error.value for error in errors])
    assert np.mean([error.perfect for error in errors]) == pytest.approx(mean_error, rel=0.08)


def test_the_reliability_curve() -> None:
    scores, right = sample(3000, seed=8)
    points = reliability(*state_of(scores, right))
    assert len(points) == BINS
    assert sum(point.n for point in points) == 3000
    assert [point.score for point in points] == sorted(point.score for point in points)
    first = points[0]
    hits = round(first.observed * first.n)
    assert (first.low, first.high) == wilson_bounds(hits, first.n, 1.6448536269514722)
    for point in points:
        below = binom.cdf(round(point.band_low * point.n) - 1, point.n, point.score)
        above = binom.sf(round(point.band_high * point.n), point.n, point.score)
        assert max(below, above) <= 0.05
        assert point.band_low <= point.score <= point.band_high


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


def test_bins_must_be_whole_cells() -> None:
    with pytest.raises(ValueError, match="1920 cells do not make up 7 bins"):
        expected_calibration_error(ONE, ONE, np.ones(CELLS), bins=7)


def test_blocks_are_needed() -> None:
    state = [np.stack([part, np.zeros_like(part)]) for part in state_of(*sample(100))]
    with pytest.raises(ValueError, match="two blocks with units, found 1"):
        clustered_squared_error(*state)
    with pytest.raises(ValueError, match=r"three arrays of \[blocks, cells\]"):
        clustered_squared_error(*state_of(*sample(100)))
