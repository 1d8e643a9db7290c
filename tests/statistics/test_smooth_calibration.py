"""The smooth calibration error: against relplot, a literal twin, and what chance alone does."""

from __future__ import annotations

import numpy as np
import pytest
import relplot

from auditkit.statistics.smooth_calibration import smooth_calibration_error
from tests.statistics.calibrated import sample, state_of


def literal(scores: np.ndarray, right: np.ndarray, mesh: int = 2000) -> float:
    """Every difference smoothed by itself, with its mirror images beyond 0 and 1."""
    places = (np.arange(mesh) + 0.5) / mesh

    def size(width: float) -> float:
        smoothed = np.zeros(mesh)
        for images in (scores, -scores, 2 - scores):
            kernel = np.exp(-(((places[:, None] - images) / width) ** 2) / 2)
            smoothed += kernel @ (scores - right)
        return float(np.abs(smoothed).mean()) / (len(scores) * width * np.sqrt(2 * np.pi))

    low, high = 1e-3, 1.0
    for _ in range(14):
        middle = (low + high) / 2
        low, high = (low, middle) if size(middle) <= middle else (middle, high)
    return size(high)


@pytest.mark.parametrize("bend", [1.0, 1.3, 2.5])
@pytest.mark.parametrize("n", [40, 400])
def test_it_is_the_literal_one(n: int, bend: float) -> None:
    scores, right = sample(n, seed=n, bend=bend)
    ours = smooth_calibration_error(*state_of(scores, right), draws=2).value
    assert ours == pytest.approx(literal(scores, right), abs=2e-4)


@pytest.mark.parametrize("bend", [1.0, 1.3])
@pytest.mark.parametrize("n", [30, 500, 100_000, 1_000_000])
def test_it_is_that_of_relplot(n: int, bend: float) -> None:
    scores, right = sample(n, seed=n, bend=bend)
    ours = smooth_calibration_error(*state_of(scores, right), draws=2).value
    assert ours == pytest.approx(relplot.smECE(scores, right.astype(float)), abs=1e-3)


def test_units_at_the_very_end_count_whole() -> None:
    # A fifth of those of whom the model is certain are wrong. The mirror image of a unit at 1 lies
    # on it, so that all of it stays inside; relplot mirrors all cells but the outermost one.
    scores = np.concatenate([np.full(200, 1.0), np.full(200, 0.6)])
    right = np.concatenate([np.arange(200) % 5 > 0, np.arange(200) % 10 < 6])
    ours = smooth_calibration_error(*state_of(scores, right), draws=2).value
    assert ours == pytest.approx(literal(scores, right), abs=2e-4)
    assert relplot.smECE(scores, right.astype(float)) < ours - 0.02


def test_without_error_there_is_none() -> None:
    scores = np.repeat([0.0, 1.0], 50)
    error = smooth_calibration_error(*state_of(scores, scores == 1.0))
    assert (error.value, error.perfect, error.limit) == pytest.approx((0.0, 0.0, 0.0), abs=1e-12)


def test_a_perfect_model_exceeds_its_limit_once_in_twenty() -> None:
    errors = [
        smooth_calibration_error(*state_of(*sample(300, seed=s)), seed=s, draws=40)
        for s in range(120)
    ]
    mean_error = np.mean([error.value for error in errors])
    assert np.mean([error.perfect for error in errors]) == pytest.approx(mean_error, rel=0.08)
    assert 0.01 <= np.mean([error.value > error.limit for error in errors]) <= 0.13


def test_it_does_not_jump_where_a_score_crosses_an_edge() -> None:
    # Moving scores by a cell across 8/15, an edge of fifteen bins, changes next to nothing.
    right = np.arange(200) % 2 == 0
    edge = 8 / 15
    errors = [
        smooth_calibration_error(*state_of(np.full(200, edge + side / 1920), right), draws=2).value
        for side in (-0.5, 0.5)
    ]
    assert errors[0] == pytest.approx(errors[1], abs=1e-3)


def test_nobody_has_no_error() -> None:
    none = np.zeros(30, dtype=int)
    with pytest.raises(ValueError, match="at least 1 units, found 0"):
        smooth_calibration_error(none, none, np.zeros(30))
