"""The root finder: smooth, jumping and infinite functions."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditkit.statistics.roots import bracketed_root


@given(st.floats(0.01, 0.99))
def test_roots_of_smooth_functions(root: float) -> None:
    for function in (
        lambda x: x - root,
        lambda x: x**9 - root**9,
        lambda x: math.atan(1e4 * (x - root)),
    ):
        assert bracketed_root(function, 0.0, 1.0) == pytest.approx(root, abs=1e-8)
        assert bracketed_root(function, 1.0, 0.0) == pytest.approx(root, abs=1e-8)


@given(st.floats(0.01, 0.99))
def test_roots_of_jumps_and_infinities(root: float) -> None:
    assert bracketed_root(lambda x: 1.0 if x > root else -1.0, 0.0, 1.0) == pytest.approx(root)
    assert bracketed_root(lambda x: math.inf if x > root else x - root, 0.0, 1.0) == pytest.approx(
        root
    )


def test_few_steps_suffice() -> None:
    calls = 0

    def function(x: float) -> float:
        nonlocal calls
        calls += 1
        return math.exp(x) - 3

    assert bracketed_root(function, -5.0, 5.0) == pytest.approx(math.log(3), abs=1e-15)
    assert calls < 20


def test_no_bracket_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"no change of sign between 1.0 and 2.0"):
        bracketed_root(lambda x: x, 1.0, 2.0)
