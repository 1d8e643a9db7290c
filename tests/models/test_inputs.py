"""From the data's batches to a forward's arguments."""

from __future__ import annotations

from collections import UserDict

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from auditkit.errors import ModelError
from auditkit.models.inputs import (
    Call,
    as_tensors,
    describe_expected,
    describe_inputs,
    input_dtype,
    to_device,
    units_in,
)


def test_numeric_columns_become_float32_in_their_order() -> None:
    frame = pd.DataFrame(
        {"age": [41, 29], "hours": [40.5, 38.0], "own": [True, False], "x": pd.array([1, None])}
    )
    found = as_tensors(frame)
    assert found.dtype is torch.float32
    np.testing.assert_array_equal(found, [[41, 40.5, 1, 1], [29, 38.0, 0, np.nan]])


def test_columns_that_are_not_numeric_are_named() -> None:
    frame = pd.DataFrame(
        {
            "age": [1],
            "work": ["Private"],
            "level": pd.Categorical(["a"]),
            "day": [pd.Timestamp("2026-01-01")],
            "z": [1j],
        }
    )
    with pytest.raises(ModelError) as caught:
        as_tensors(frame)
    said = str(caught.value)
    assert "4 of 5 feature columns are not numeric: 'work' (" in said
    assert "'level' (category)" in said
    assert "…" in said
    assert "Give a preprocess" in said


def test_the_frame_is_not_shared() -> None:
    frame = pd.DataFrame({"a": np.array([1, 2], dtype=np.float32)})
    as_tensors(frame)[0, 0] = 99
    assert frame["a"].tolist() == [1, 2]


def test_arrays_keep_whole_numbers_and_take_the_models_precision() -> None:
    assert as_tensors(np.zeros((2, 3))).dtype is torch.float32
    assert as_tensors(np.zeros((2, 3)), torch.float64).dtype is torch.float64
    assert as_tensors(np.zeros((2, 3)), None).dtype is torch.float64
    assert as_tensors(np.array([3, 5])).dtype is torch.int64
    with pytest.raises(ModelError, match="array of dtype object"):
        as_tensors(np.array([{}], dtype=object))


def test_nests_are_converted_all_through() -> None:
    found = as_tensors({"a": (np.zeros(2), [np.ones(1)]), "b": None, "c": torch.ones(1)})
    assert describe_inputs(found) == (
        "{'a': (float32 [2], (float32 [1])), 'b': NoneType, 'c': float32 [1]}"
    )


def test_a_tokenisers_batch_becomes_a_plain_dict() -> None:
    batch = UserDict(input_ids=torch.zeros(2, 3, dtype=torch.long))
    moved = to_device(batch, torch.device("cpu"))
    assert type(moved) is dict
    assert units_in(moved) == 2


@pytest.mark.parametrize(
    ("prepared", "units"),
    [
        (torch.zeros(7, 2), 7),
        (np.zeros((7, 2)), 7),
        (pd.DataFrame({"a": [1, 2]}), 2),
        ((torch.zeros(3), torch.zeros(3)), 3),
        ({"x": "text", "y": {"z": torch.zeros(5)}}, 5),
        ([torch.zeros(3), torch.zeros(3)], None),
        (torch.zeros(()), None),
        ("text", None),
    ],
)
def test_units_are_counted_where_they_can_be(prepared, units) -> None:
    assert units_in(prepared) == units


def one(x):
    return ("one", x)


def two(x, mask=None):
    return ("two", x, mask)


def anything(*args, **kwargs):
    return (args, kwargs)


def test_tuples_and_lists_are_spread_over_arguments() -> None:
    assert Call(two, two)((1, 2)) == ("two", 1, 2)
    assert Call(two, two)([1, 2]) == ("two", 1, 2)
    assert Call(anything, anything)([1, 2]) == ((1, 2), {})


def test_a_list_is_handed_over_whole_where_there_is_one_argument() -> None:
    assert Call(one, one)([1, 2]) == ("one", [1, 2])
    assert Call(two, two)(([1, 2],)) == ("two", [1, 2], None)


def test_mappings_become_keywords_or_the_only_argument() -> None:
    assert Call(two, two)({"x": 1, "mask": 2}) == ("two", 1, 2)
    assert Call(anything, anything)({"x": 1}) == ((), {"x": 1})
    assert Call(one, one)({"ids": 1}) == ("one", {"ids": 1})
    assert Call(one, one)({"x": 1}) == ("one", 1)


def test_a_callable_without_a_signature_is_called_all_the_same() -> None:
    assert Call(max, max)([3, 5]) == 5


def test_what_a_model_takes_is_read_off_its_first_layer() -> None:
    deep = nn.Sequential(nn.Flatten(), nn.Sequential(nn.Linear(29, 4)), nn.Linear(4, 1)).double()
    assert describe_expected(deep) == (
        "its first layer, '1.0' (Linear), takes 29 features of float64"
    )
    assert describe_expected(nn.Conv2d(3, 8, 3)) == "it takes 3 channels of float32"
    assert "different token ids" in describe_expected(nn.Embedding(50, 8))
    assert describe_expected(nn.ReLU()) == ""


def test_the_dtype_of_inputs_is_that_of_the_parameters() -> None:
    assert input_dtype(nn.Linear(1, 1).half()) is torch.float16
    assert input_dtype(nn.ReLU()) is torch.float32
