"""Paired differences of clustered units: never surer than independent ones, and how often wrong."""

from __future__ import annotations

import numpy as np
import pytest

from auditkit.statistics.absence import NoEstimateError
from auditkit.statistics.clustered_means import clustered_mean
from auditkit.statistics.clustered_pairs import clustered_paired_difference
from auditkit.statistics.estimates import bounds, exact_paired_difference, value

Pairs = tuple[np.ndarray, np.ndarray, np.ndarray]


def drawn(rng: np.random.Generator, clusters: int, rate: float, alike: float) -> Pairs:
    """Wins, losses and units by cluster; as many wins as losses are expected."""
    units = np.maximum(rng.poisson(20, clusters), 1)
    leaning = rng.normal(0, alike, clusters)
    win, lose = (rate * np.exp(sign * leaning - alike**2 / 2) for sign in (1, -1))
    wins = rng.binomial(units, np.minimum(win, 0.5))
    return wins, rng.binomial(units - wins, np.minimum(lose, 0.5)), units


@pytest.mark.parametrize("clusters", [12, 60])
@pytest.mark.parametrize("rate", [0.005, 0.05])
@pytest.mark.parametrize("alike", [0.0, 1.0])
def test_no_gain_is_called_one_in_one_of_twenty_at_most(clusters, rate: float, alike) -> None:
    rng = np.random.default_rng(0)
    ends = [
        bounds(clustered_paired_difference(*drawn(rng, clusters, rate, alike), clusters), 0.05)
        for _ in range(400)
    ]
    # Twenty expected at most; more than 30 has the probability .01.
    assert sum(low > 0 for low, _ in ends) <= 30
    assert sum(high < 0 for _, high in ends) <= 30


def test_much_alike_units_have_the_error_of_the_jackknife() -> None:
    wins, losses, units = drawn(np.random.default_rng(1), 60, 0.1, 1.5)
    found = clustered_paired_difference(wins, losses, units, 60)
    jackknifed = clustered_mean(units, wins - losses)
    assert value(found) == pytest.approx(value(jackknifed))
    wide, narrow = (np.diff(bounds(one, 0.05))[0] for one in (found, jackknifed))
    assert narrow * 0.95 < wide < narrow * 1.15


@pytest.mark.parametrize("seed", range(5))
def test_it_is_never_surer_than_of_independent_units(seed: int) -> None:
    wins, losses, units = drawn(np.random.default_rng(seed), 30, 0.05, 0.3)
    low, high = bounds(clustered_paired_difference(wins, losses, units, 30), 0.05)
    alone = bounds(exact_paired_difference(wins.sum(), losses.sum(), units.sum()), 0.05)
    assert low <= alone[0]
    assert alone[1] <= high


@pytest.mark.parametrize(("won", "lost"), [(0, 0), (20, 0), (0, 20)])
def test_units_that_all_agree_count_once_a_cluster(won: int, lost: int) -> None:
    units = np.full(15, 20)
    found = clustered_paired_difference(np.full(15, won), np.full(15, lost), units, 15)
    once = exact_paired_difference(15 * won / 20, 15 * lost / 20, 15, df=14)
    assert bounds(found, 0.05) == pytest.approx(bounds(once, 0.05))


def test_one_cluster_that_holds_most_leaves_no_number() -> None:
    units = np.array([300, *[10] * 10])
    with pytest.raises(NoEstimateError, match="few clusters hold most"):
        clustered_paired_difference(units * 0.1, units * 0.05, units, 11)
