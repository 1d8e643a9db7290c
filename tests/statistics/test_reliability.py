"""The reliability curve and the plain errors: against peers, and against what chance alone does."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.stats import binom
from torchmetrics.functional.classification import binary_calibration_error

from auditkit.statistics.calibration import (
    BINS,
    CELLS,
    adaptive_calibration_error,
    expected_calibration_error,
    reliability,
)
from auditkit.statistics.proportions import wilson_bounds
from auditkit.statistics.reliability import mean_deviation
from tests.statistics.calibrated import sample, state_of

ONE = np.ones(CELLS, dtype=int)


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
    ours = mean_deviation(np.array([float(n)]), np.array([p]))[0]
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


def test_bins_must_be_whole_cells() -> None:
    with pytest.raises(ValueError, match="1920 cells do not make up 7 bins"):
        expected_calibration_error(ONE, ONE, np.ones(CELLS), bins=7)


def of_torchmetrics(scores: np.ndarray, right: np.ndarray) -> float:
    """Its plain error, of the confidence in being right."""
    target = torch.tensor(right.astype(int))
    return float(binary_calibration_error(torch.tensor(scores), target, n_bins=15))


@pytest.mark.parametrize("bend", [1.0, 1.7])
@pytest.mark.parametrize("n", [40, 3000])
def test_the_plain_error_is_that_of_torchmetrics(n: int, bend: float) -> None:
    scores, right = sample(n, bend=bend)
    ours = expected_calibration_error(*state_of(scores, right)).value
    assert ours == pytest.approx(of_torchmetrics(scores, right), abs=1e-9)


def test_a_score_of_one_is_in_the_last_bin() -> None:
    # Half of the units are given .97 and all right, half 1 and right nine times in ten: the last
    # bin says .985 and sees .95. torchmetrics puts a score of exactly 1 into a bin of its own
    # beyond the last (Lightning-AI/torchmetrics#3510), so that the two errors no longer cancel.
    scores = np.repeat([0.97, 1.0], 50)
    right = np.repeat([True, True, False], [50, 45, 5])
    assert expected_calibration_error(*state_of(scores, right)).value == pytest.approx(0.035)
    assert of_torchmetrics(scores, right) == pytest.approx(0.5 * 0.03 + 0.5 * 0.1)


@pytest.mark.filterwarnings("ignore:.*invalid escape sequence:DeprecationWarning")
@pytest.mark.parametrize("bend", [1.0, 1.7])
def test_the_errors_are_those_of_netcal(bend: float) -> None:
    from netcal.metrics import ECE

    scores, right = sample(4000, seed=3, bend=bend)
    state, target = state_of(scores, right), right.astype(int)
    wide, mass = (
        ECE(BINS, equal_intervals=equal).measure(scores, target) for equal in (True, False)
    )
    assert expected_calibration_error(*state).value == pytest.approx(wide, abs=1e-9)
    # Units in cells that an edge of a bin divides are on another side of it.
    assert adaptive_calibration_error(*state).value == pytest.approx(mass, abs=1e-3)


def test_the_adaptive_error_is_the_literal_one() -> None:
    scores, right = (np.arange(CELLS) + 0.5) / CELLS, np.random.default_rng(1).random(CELLS) < 0.6
    parts = np.split(np.arange(CELLS), BINS)
    literal = np.mean([abs(right[part].mean() - scores[part].mean()) for part in parts])
    ours = adaptive_calibration_error(*state_of(scores, right))
    assert ours.value == pytest.approx(literal, abs=1e-12)


def test_a_perfect_model_exceeds_its_limit_once_in_twenty() -> None:
    errors = [
        adaptive_calibration_error(*state_of(*sample(500, seed=s)), seed=s, draws=100)
        for s in range(300)
    ]
    mean_error = np.mean([error.value for error in errors])
    assert np.mean([error.perfect for error in errors]) == pytest.approx(mean_error, rel=0.05)
    beyond = np.mean([error.value > error.limit for error in errors])
    assert 0.02 <= beyond <= 0.09


def test_few_units_have_adaptive_errors() -> None:
    two = adaptive_calibration_error([1, 0], [0, 1], [0.3, 0.9], bins=1)
    assert two.value == pytest.approx(0.1)
    with pytest.raises(ValueError, match="at least 2 units, found 1"):
        adaptive_calibration_error([1, 0], [0, 0], [0.3, 0.0])
