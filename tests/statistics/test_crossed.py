"""Means over units and draws: both errors, and how often the interval holds."""

from __future__ import annotations

import numpy as np
import pytest

from auditkit.statistics import estimates
from auditkit.statistics.crossed import crossed_mean

REPETITIONS = 400


def _drawn(
    rng: np.random.Generator, draws: int, n: int, spreads: tuple[float, float, float]
) -> np.ndarray:
    """Numbers around zero with a part of the draw, one of the unit, and one of both together."""
    of_draw, of_unit, of_both = spreads
    return np.asarray(
        rng.normal(0, of_draw, (draws, 1))
        + rng.normal(0, of_unit, n)
        + rng.normal(0, of_both, (draws, n))
    )


@pytest.mark.parametrize("draws", [3, 10])
@pytest.mark.parametrize(
    "spreads", [(0, 0, 1), (0, 1, 0), (0, 1, 1), (0.06, 1, 1), (0.2, 1, 1), (1, 1, 1)]
)
def test_each_bound_is_wrong_in_about_one_of_twenty(
    draws: int, spreads: tuple[float, float, float]
) -> None:
    rng = np.random.default_rng(7)
    above = below = 0
    for _ in range(REPETITIONS):
        found = crossed_mean(_drawn(rng, draws, 200, spreads)).estimate
        low, high = estimates.bounds(found, 0.05)
        above += low > 0
        below += high < 0
    # The Monte-Carlo error of a rate of .05 is .011; conservative where all is of both together.
    assert max(above, below) / REPETITIONS <= 0.083


def test_with_clusters_the_blocks_are_the_units() -> None:
    rng, blocks = np.random.default_rng(1), np.repeat(np.arange(40), 10)
    wrong = {"rows": 0, "blocks": 0}
    for _ in range(REPETITIONS):
        numbers = _drawn(rng, 3, 40, (0.05, 1, 0.2)).repeat(10, axis=1)
        for name, given in (("rows", None), ("blocks", blocks)):
            low, _ = estimates.bounds(crossed_mean(numbers, given).estimate, 0.05)
            wrong[name] += low > 0
    assert wrong["blocks"] / REPETITIONS <= 0.083
    assert wrong["rows"] / REPETITIONS > 0.2


def test_hits_that_hardly_change_are_no_certainty() -> None:
    """A gain of two in a hundred, of 60 units: often none of them changes at all."""
    rng = np.random.default_rng(3)
    wrong = 0
    for _ in range(REPETITIONS):
        gained = np.tile(rng.random(60) < 0.02, (3, 1))
        _, high = estimates.bounds(crossed_mean(gained, of_hits=True).estimate, 0.05)
        wrong += high < 0.02
    assert wrong / REPETITIONS <= 0.083


def test_the_errors_by_hand() -> None:
    numbers = np.array([[0.0, 1.0, 2.0, 5.0], [1.0, 0.0, 0.0, 7.0], [2.0, 2.0, 1.0, 6.0]])
    found = crossed_mean(numbers)
    of_units = numbers.mean(axis=0).var(ddof=1) / 4
    of_draws = numbers.mean(axis=1).var(ddof=1) / 3
    assert found.value == pytest.approx(numbers.mean())
    assert (found.of_units, found.of_draws) == pytest.approx((of_units, of_draws))
    assert (found.unit_df, found.draws) == (3, 3)
    assert found.share_of_draws == pytest.approx(of_draws / (of_units + of_draws))
    parameters = found.estimate.parameters
    assert parameters["se"] == pytest.approx(np.sqrt(of_units + of_draws))
    expected = (of_units + of_draws) ** 2 / (of_units**2 / 3 + of_draws**2 / 2)
    assert parameters["df"] == pytest.approx(expected)


def test_hits_have_the_error_of_bonett_and_price() -> None:
    hits = np.array([1] * 6 + [-1] * 2 + [0] * 92)
    found = crossed_mean(np.tile(hits, (3, 1)), of_hits=True)
    assert found.value == 0.04
    assert found.of_draws == 0
    assert found.of_units == pytest.approx((8 - 0.04**2 * 100 + 2) / 102**2)


def test_numbers_without_any_spread_bound_nothing() -> None:
    found = crossed_mean(np.full((3, 50), 0.1))
    assert estimates.bounds(found.estimate, 0.05) == (-np.inf, np.inf)
    assert found.share_of_draws == 0.0


@pytest.mark.parametrize(
    "wrong", [np.ones((1, 9)), np.ones((3, 1)), np.ones(9), [[np.nan, 1.0], [1.0, 1.0]]]
)
def test_too_little_is_refused(wrong: np.ndarray) -> None:
    with pytest.raises(ValueError, match="two draws and two units"):
        crossed_mean(wrong)


def test_one_block_is_refused() -> None:
    with pytest.raises(ValueError, match="two blocks"):
        crossed_mean(np.ones((3, 9)), np.zeros(9, dtype=np.int64))
