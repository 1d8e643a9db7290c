"""Means of values that nearly all agree: what they may pass for, and that they do not move."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom, t

from auditkit.statistics.bounded_means import bounded_mean
from auditkit.statistics.estimates import bounds, mean, student


def wrongs(errors: int, n: int, low: float, high: float) -> tuple[float, float]:
    """Bounds of the confidence gap of units that are sure, of which some are wrong."""
    return bounds(bounded_mean(mean(errors, errors, n), n, low, high), 0.05)


@pytest.mark.parametrize("margin", [0.02, 0.05, 0.1])
def test_rare_errors_pass_for_absent_in_few_samples_of_any_size(margin: float) -> None:
    worst = 0.0
    for n in range(5, 700, 3):
        errors = 0
        while wrongs(errors, n, 0, 1)[1] <= margin:
            errors += 1
        worst = max(worst, float(binom.cdf(errors - 1, n, margin)))
    assert 0.05 < worst <= 0.07


def test_the_error_is_that_of_units_at_the_ends() -> None:
    rng = np.random.default_rng(0)
    values = rng.uniform(-1, 1, 40)
    plain = mean(values.sum(), (values**2).sum(), 40)
    average = values.mean()
    spread = ((values - average) ** 2).sum() + 4 * ((1 - average) ** 2 + (-1 - average) ** 2)
    half = t.ppf(0.95, 39) * np.sqrt(spread / (40 * 39))
    low, high = bounds(bounded_mean(plain, 40, -1, 1), 0.05)
    assert (low, high) == pytest.approx((average - half, average + half), abs=1e-9)


def test_it_moves_no_value_and_fades_with_the_number_of_units() -> None:
    few, many = student(0.2, 0.4 / 5**0.5, 4), student(0.2, 0.4 / 2000**0.5, 1999)
    for plain, units, most in ((few, 5, 3.0), (many, 2000, 1.02)):
        widened = bounded_mean(plain, units, 0, 1)
        assert widened.parameters["value"] == 0.2
        assert widened.parameters["df"] == plain.parameters["df"]
        assert 1 < widened.parameters["se"] / plain.parameters["se"] < most


def test_one_unit_has_no_error() -> None:
    with pytest.raises(ValueError, match=r"at least two units, found 1\.5"):
        bounded_mean(student(0.2, 0.1, 1), 1.5, 0, 1)
