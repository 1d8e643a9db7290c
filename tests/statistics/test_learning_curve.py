"""Power laws of errors, and how well they foretell."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import least_squares

from auditkit.statistics.learning_curve import FASTEST, SLOWEST, PowerLaw, back_test, fitted

SIZES = np.array([125, 250, 500, 1000, 2000])


@given(
    scale=st.floats(0.1, 50), rate=st.floats(0.05, 2.5), floor=st.floats(0, 1),
    steps=st.integers(4, 7),
)  # fmt: skip
def test_a_power_law_is_found_again(scale: float, rate: float, floor: float, steps: int) -> None:
    sizes = 100 * 2.0 ** np.arange(steps)
    true = PowerLaw(scale, rate, floor)
    found = fitted(sizes, true.errors(sizes))
    assert found.errors(sizes) == pytest.approx(true.errors(sizes), rel=1e-3, abs=1e-4)
    assert abs(back_test(sizes, true.errors(sizes))) < 0.01 * true.errors(sizes[0])


@given(st.lists(st.floats(0, 1), min_size=5, max_size=5))
def test_no_fit_is_better_than_that_of_least_squares(errors: list[float]) -> None:
    found = fitted(SIZES, errors)
    assert SLOWEST <= found.rate <= FASTEST
    assert min(found.scale, found.floor) >= 0

    def distances(parameters: np.ndarray) -> Any:
        scale, rate, floor = parameters
        return scale * (SIZES / 2000) ** -rate + floor - np.array(errors)

    ours = float(((found.errors(SIZES) - errors) ** 2).sum())
    bounds = ([0, SLOWEST, 0], [np.inf, FASTEST, np.inf])
    for rate in (0.1, 0.5, 1.5):
        theirs = least_squares(distances, x0=(0.1, rate, 0.1), bounds=bounds).cost * 2
        assert ours <= theirs + 1e-4


def test_errors_that_rise_are_a_flat_curve() -> None:
    found = fitted(SIZES, [0.1, 0.12, 0.14, 0.16, 0.18])
    assert found.errors([4000]) == pytest.approx(0.14, abs=1e-9)


@pytest.mark.parametrize(
    ("sizes", "errors"),
    [([1, 2], [1, 1]), ([1, 1, 2], [1, 1, 1]), ([0, 1, 2], [1, 1, 1]), ([1, 2, 3], [1, -1, 1]),
     ([1, 2, 3], [1, np.nan, 1]), ([1, 2, 3], [1, 1])],
)  # fmt: skip
def test_what_is_no_curve_is_refused(sizes: list[float], errors: list[float]) -> None:
    with pytest.raises(ValueError, match="sizes"):
        fitted(sizes, errors)


def test_three_sizes_cannot_be_tested() -> None:
    with pytest.raises(ValueError, match="back-test"):
        back_test([1, 2, 4], [0.3, 0.2, 0.1])
