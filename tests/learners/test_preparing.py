"""Features for simple models: gaps, levels, infinities, and which columns are kept."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_selection import f_classif

from auditkit.learners import Unteachable
from auditkit.learners.preparing import Features, Standardised, most_telling

ANY_NUMBER = st.floats(allow_nan=True, allow_infinity=True)


def test_the_most_frequent_levels_are_told_apart() -> None:
    frame = pd.DataFrame({"job": ["a"] * 3 + ["b"] * 2 + ["c", None]})
    features = Features(frame, 2)
    assert features.levels == {"job": {"a": 0, "b": 1}}
    asked = pd.DataFrame({"job": ["b", "c", "new", None, "a"]})
    assert np.array_equal(
        features.codes(asked)[:, 0], [1, np.nan, np.nan, np.nan, 0], equal_nan=True
    )


def test_the_order_of_units_changes_nothing() -> None:
    frame = pd.DataFrame({"job": list("abcabcabd"), "x": np.arange(9.0)})
    shuffled = frame.sample(frac=1, random_state=3)
    assert Features(frame, 3).levels == Features(shuffled, 3).levels


def test_infinite_numbers_are_the_largest_known() -> None:
    frame = pd.DataFrame({"x": [1.0, 5.0, np.inf, -np.inf, np.nan]})
    found = Features(frame, 2).numbers(frame)[:, 0]
    assert np.array_equal(found, [1, 5, 5, 1, np.nan], equal_nan=True)
    nothing = pd.DataFrame({"x": [np.inf, np.nan]})
    assert np.array_equal(Features(nothing, 2).numbers(nothing)[:, 0], [0, np.nan], equal_nan=True)


@given(st.lists(ANY_NUMBER, min_size=3, max_size=30))
def test_columns_are_finite_and_bounded_whatever_the_numbers(numbers: list[float]) -> None:
    frame = pd.DataFrame({"x": numbers, "y": np.arange(float(len(numbers)))})
    columns = Standardised(frame, np.arange(len(numbers)) % 2, 10)(frame)
    assert np.isfinite(columns).all()
    assert np.abs(columns).max() <= 10


def test_what_does_not_vary_is_left_out() -> None:
    frame = pd.DataFrame({"x": [1.0, 1.0, 1.0], "big": [1e9, 1e9, 1e9 + 1e-6], "job": list("aaa")})
    with pytest.raises(Unteachable, match="No feature varies"):
        Standardised(frame, np.array([0, 1, 0]), 10)


def test_the_columns_kept_are_those_of_the_largest_f() -> None:
    rng = np.random.default_rng(0)
    target = rng.integers(0, 2, 200)
    columns = rng.normal(size=(200, 30)) + 0.3 * target[:, None] * rng.normal(size=30)
    peer = np.sort(np.argsort(-f_classif(columns, target)[0])[:8])
    assert np.array_equal(most_telling(columns, target, 8), peer)


def test_a_gap_in_a_column_hides_nothing_of_the_others() -> None:
    columns = np.random.default_rng(0).normal(size=(100, 3))
    columns[::2, 0] = np.nan
    columns[:, 2] = np.nan
    assert most_telling(columns, columns[:, 1].copy(), 1).tolist() == [1]
