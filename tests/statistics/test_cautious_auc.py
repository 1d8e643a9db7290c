"""Areas under the curve of few units and few clusters: the lower bound must not lie too high."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.metrics import roc_auc_score

from auditkit.measurement import Estimate
from auditkit.statistics.auc import delong
from auditkit.statistics.cautious_auc import cautious_auc
from auditkit.statistics.estimates import bounds, value
from auditkit.statistics.sides import Sides

REPETITIONS = 400
GOAL = 0.07


def missed(draw: Callable[[np.random.Generator], Sides], truth: float) -> tuple[float, float]:
    """How often the lower bound lies above the truth, and the upper one below it."""
    rng = np.random.default_rng(3)
    found = np.array([bounds(cautious_auc(draw(rng)), 0.05) for _ in range(REPETITIONS)])
    return float((found[:, 0] > truth).mean()), float((found[:, 1] < truth).mean())


def test_the_area_and_its_error_are_delongs() -> None:
    rng = np.random.default_rng(0)
    inside, outside = rng.normal(size=80).round(1) + 1, rng.normal(size=60).round(1)
    found, theirs = cautious_auc(Sides(inside, outside)), delong(inside, outside)
    assert found.parameters["se"] == pytest.approx(theirs.se)
    truth = np.arange(140) < 80
    expected = roc_auc_score(truth, np.concatenate([inside, outside]))
    assert value(found) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("right", "wrong", "area"),
    [(1000, 5, 0.76), (1000, 5, 0.92), (1000, 5, 0.98), (200, 10, 0.92), (1000, 20, 0.98)],
)
def test_few_units_on_a_side_do_not_pass_falsely(right: int, wrong: int, area: float) -> None:
    """DeLong's lower bound alone lies above the truth in 13, 23, 33, 15 and 20 %."""
    shift = norm.ppf(area) * 2**0.5

    def draw(rng: np.random.Generator) -> Sides:
        return Sides(rng.normal(size=right) + shift, rng.normal(size=wrong))

    assert max(missed(draw, area)) <= GOAL


@pytest.mark.parametrize("clusters", [10, 15, 20])
@pytest.mark.parametrize("area", [0.9, 0.97])
def test_few_clusters_do_not_pass_falsely(clusters: int, area: float) -> None:
    """20 alike scores each: four fifths of the variance lie between clusters."""
    shift = norm.ppf(area) * 6**0.5

    def draw(rng: np.random.Generator) -> Sides:
        ids = np.repeat(np.arange(clusters), 20)
        inside = 2 * rng.normal(size=clusters)[ids] + rng.normal(size=len(ids)) + shift
        return Sides(inside, rng.normal(size=300), (ids, clusters + np.arange(300)))

    assert max(missed(draw, area)) <= 0.08


def test_clusters_on_both_sides_do_not_pass_falsely() -> None:
    shift = norm.ppf(0.95) * (2 * (1 + 0.7**2)) ** 0.5

    def draw(rng: np.random.Generator) -> Sides:
        ids = np.repeat(np.arange(12), 20)
        wrong = rng.random(240) < 0.2
        scores = 0.7 * rng.normal(size=12)[ids] + rng.normal(size=240) + shift * ~wrong
        return Sides(scores[~wrong], scores[wrong], (ids[~wrong], ids[wrong]))

    assert max(missed(draw, 0.95)) <= GOAL


@pytest.mark.parametrize("spread", [0.5, 1.0, 2.0])
def test_of_many_units_the_bounds_are_delongs(spread: float) -> None:
    rng = np.random.default_rng(4)
    inside, outside = rng.normal(size=20_000) + 1, spread * rng.normal(size=4000)
    ours = bounds(cautious_auc(Sides(inside, outside)), 0.05)
    theirs = bounds(delong(inside, outside).estimate, 0.05)
    assert ours == pytest.approx(theirs, abs=2e-4)
    assert ours[1] - ours[0] == pytest.approx(theirs[1] - theirs[0], rel=0.02)


def test_rows_that_are_repeated_add_nothing() -> None:
    rng = np.random.default_rng(5)
    inside, outside = rng.normal(size=50) + 2, rng.normal(size=40)
    ids = np.repeat(np.arange(50), 6), np.repeat(np.arange(40) + 50, 6)
    often = cautious_auc(Sides(np.repeat(inside, 6), np.repeat(outside, 6), ids))
    once = cautious_auc(Sides(inside, outside))
    assert bounds(often, 0.05) == pytest.approx(bounds(once, 0.05), rel=0.02)


def test_perfect_separation_is_not_certain() -> None:
    def low(found: Estimate) -> float:
        assert value(found) == 1
        return bounds(found, 0.05)[0]

    ids = np.repeat(np.arange(10), 30), np.arange(50) + 10
    rows = Sides(np.ones(300) + np.arange(300), np.zeros(50))
    assert 0.9 < low(cautious_auc(rows)) < 0.99
    assert 0.7 < low(cautious_auc(Sides(rows.inside, rows.outside, ids))) < 0.9


def test_one_unit_has_no_area() -> None:
    with pytest.raises(ValueError, match="two scores on each side, found 5 and 1"):
        cautious_auc(Sides(np.arange(5.0), np.zeros(1)))
