"""A column of a table that has one value in every row."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from auditkit.errors import ConfigurationError, DataError
from auditkit.variants.nuisances import Nuisance
from auditkit.variants.nuisances.columns import intervened_columns, intervened_frame

FRAME = pd.DataFrame(
    {
        "ward": pd.Categorical(["A", "B", "B", None], categories=["A", "B", "C"]),
        "age": [30, 40, 50, 60],
        "dose": [0.5, None, 2.5, 1.5],
        "note": ["x", "y", "y", "z"],
        "male": [True, False, True, True],
        "empty": [None, None, None, None],
        "count": pd.array([1, None, 3, 2], dtype="Int64"),
    },
    index=[7, 7, 8, 9],
)


def of(column: Any, value: Any = 0) -> Nuisance:
    return Nuisance.of({"kind": "column", "column": column, "value": value})


@pytest.mark.parametrize(
    ("column", "value", "typical"),
    [
        ("ward", "C", "B"),
        ("age", 45, 40),
        ("dose", 9, 1.5),
        ("note", "w", "y"),
        ("male", False, True),
        ("count", 8, 2),
        (1, 45, 40),
    ],
)
def test_all_rows_have_the_value_or_the_typical_one(column: Any, value: Any, typical: Any) -> None:
    before = FRAME.copy(deep=True)
    place = column if isinstance(column, int) else FRAME.columns.get_loc(column)
    for direction, expected in (("applied", value), ("removed", typical)):
        found = intervened_frame(FRAME, of(column, value), direction)
        assert found.iloc[:, place].tolist() == [expected] * 4
        pd.testing.assert_frame_equal(FRAME, before)
        assert found.dtypes.tolist() == FRAME.dtypes.tolist()
        others = [other for other in range(FRAME.shape[1]) if other != place]
        pd.testing.assert_frame_equal(found.iloc[:, others], FRAME.iloc[:, others])
        assert found.index.tolist() == FRAME.index.tolist()


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        (
            "wards",
            "A",
            "of the column 'wards', of which the features hold none; they are ward, age",
        ),
        (9, 1, "of the column 9"),
        ("ward", "D", "the value 'D', which a column of category cannot hold"),
        ("age", "old", "the value 'old', which a column of int64 cannot hold"),
        ("age", 4.5, "which a column of int64 cannot hold"),
        ("age", True, "which a column of int64 cannot hold"),
        ("male", 1, "which a column of bool cannot hold"),
        ("male", "yes", "which a column of bool cannot hold"),
        ("note", 4, "the value 4"),
    ],
)
def test_what_does_not_fit_is_refused(column: Any, value: Any, words: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        intervened_frame(FRAME, of(column, value), "applied")
    assert words in refused.value.problem
    assert refused.value.mend


def test_two_columns_of_one_name_are_not_told_apart() -> None:
    frame = pd.DataFrame([[1, 2]], columns=["x", "x"])
    with pytest.raises(ConfigurationError, match="of which the features hold 2; they are x, x"):
        intervened_frame(frame, of("x"), "applied")
    assert intervened_frame(frame, of(1, 9), "applied").to_numpy().tolist() == [[1, 9]]


def test_a_column_without_values_has_no_typical_one() -> None:
    with pytest.raises(DataError, match="'empty' has no value in the sample"):
        intervened_frame(FRAME, of("empty", "x"), "removed")
    with pytest.raises(DataError, match="The column 0 has no value in the sample"):
        intervened_columns(torch.full((3, 1), torch.nan), of(0), "removed")


def test_a_tensor_changes_as_its_frame_does() -> None:
    numbers = np.random.default_rng(0).normal(size=(7, 3))
    numbers[2, 1] = np.nan
    tensor, frame = torch.from_numpy(numbers), pd.DataFrame(numbers)
    for direction in ("applied", "removed"):
        found = intervened_columns(tensor, of(1, 4), direction)
        twin = intervened_frame(frame, of(1, 4), direction)
        np.testing.assert_array_equal(found.numpy(), twin.to_numpy())
    assert tensor.isnan().sum() == 1


@pytest.mark.parametrize(
    ("nuisance", "tensor", "words"),
    [
        (of("age"), torch.zeros(2, 3), "a tensor of the shape (2, 3) without names"),
        (of(3), torch.zeros(2, 3), "is of the column 3"),
        (of(0), torch.zeros(2, 3, 4), "of the shape (2, 3, 4)"),
        (of(0, "x"), torch.zeros(2, 3), "gives a column of numbers the value 'x'"),
    ],
)
def test_a_tensor_that_does_not_fit(nuisance: Nuisance, tensor: torch.Tensor, words: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        intervened_columns(tensor, nuisance, "applied")
    assert words in refused.value.problem
