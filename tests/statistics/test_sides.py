"""What the scores of dependent units are worth."""

from __future__ import annotations

import numpy as np
import pytest

from auditkit.statistics.sides import Sides

RNG = np.random.default_rng(0)
CLUSTERS = np.repeat(np.arange(30), 20)


def worth(scores: np.ndarray, ids: np.ndarray = CLUSTERS) -> float:
    return Sides(scores, np.zeros(5), (ids, np.arange(5) + 1000)).worth[0]


def test_alike_scores_of_a_cluster_are_worth_one() -> None:
    assert worth(np.repeat(RNG.normal(size=30), 20)) == pytest.approx(30)
    assert worth(np.ones(600)) == 30


def test_independent_scores_are_worth_their_number() -> None:
    assert 400 < worth(RNG.normal(size=600)) <= 600
    assert worth(RNG.normal(size=600), np.arange(600)) == 600
    assert Sides(RNG.normal(size=600), np.zeros(5)).worth == (600, 5)


def test_scores_half_of_whose_variance_is_between_clusters() -> None:
    """20 of a cluster with a correlation of one half have a design effect of 10.5."""
    found = [worth(np.repeat(RNG.normal(size=30), 20) + RNG.normal(size=600)) for _ in range(100)]
    assert np.mean(found) == pytest.approx(600 / 10.5, rel=0.1)


def test_what_no_unit_holds_is_refused() -> None:
    with pytest.raises(ValueError, match="1 of the 2 scores of units outside are not finite"):
        Sides(np.zeros(3), np.array([0.0, np.nan]))
    with pytest.raises(ValueError, match="one unit for each score"):
        Sides(np.zeros(3), np.zeros(2), (np.arange(3), np.arange(3)))
