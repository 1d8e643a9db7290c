"""Rounding upward against Python's decimals: never smaller, and no more digits than asked for."""

from __future__ import annotations

import math
from decimal import ROUND_CEILING, Context, Decimal

import numpy as np
import pytest

from auditkit.statistics.rounding import coarse_confidences, rounded_up


@pytest.mark.parametrize("digits", [1, 2, 3, 6])
def test_numbers_are_those_of_decimals(digits: int) -> None:
    rng = np.random.default_rng(0)
    numbers = rng.normal(size=2000) * 10.0 ** rng.integers(-12, 12, 2000)
    context = Context(prec=digits, rounding=ROUND_CEILING)
    expected = [float(context.plus(Decimal(float(number)))) for number in numbers]
    found = rounded_up(numbers, digits)
    np.testing.assert_allclose(found, expected, rtol=1e-15, atol=0)
    assert (found >= numbers).all()
    order = np.argsort(numbers)
    assert (np.diff(found[order]) >= 0).all()


def test_what_is_round_stays() -> None:
    round_ones = [0.0, 0.001, 0.3, 0.7, 0.1, 1.0, 123.0, 999e6, -0.25, math.inf, -math.inf]
    assert rounded_up(round_ones).tolist() == round_ones
    once = rounded_up(np.random.default_rng(1).normal(size=1000))
    np.testing.assert_array_equal(rounded_up(once), once)


def test_shapes_and_extremes() -> None:
    assert rounded_up(9.991).tolist() == 10.0
    assert rounded_up(np.zeros((2, 0))).shape == (2, 0)
    assert rounded_up(5e-324) > 0
    assert rounded_up(1.7e308) >= 1.7e308
    with pytest.raises(ValueError, match="NaN"):
        rounded_up([1.0, math.nan])
    with pytest.raises(ValueError, match="one digit"):
        rounded_up(1.0, 0)


def test_coarse_confidences_part_units_as_the_fine_ones_do() -> None:
    rng = np.random.default_rng(2)
    fine = np.concatenate([rng.random(3000), 1 - 10 ** -rng.uniform(0, 8, 3000)])
    coarse = coarse_confidences(fine)
    assert (coarse >= fine).all()
    assert (1 - coarse >= 0.99 * (1 - fine)).all()
    for limit in coarse[::50]:
        np.testing.assert_array_equal(coarse > limit, fine > limit)
    # As many digits as are written tell them.
    written = [float(f"{limit:.12g}") for limit in coarse]
    np.testing.assert_allclose(written, coarse, rtol=0, atol=1e-15)
    assert coarse_confidences([1.0, 1 - 1e-12]).tolist() == [1.0, 1.0]
    with pytest.raises(ValueError, match="NaN"):
        coarse_confidences([0.5, math.nan])
