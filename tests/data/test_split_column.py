"""Splits that share one table."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from auditkit.data import dataset, folds
from auditkit.errors import ConfigurationError, DataError

SPLIT = {"column": "fold", "values": {"training": ["a", "b"], "evaluation": "c"}}


@pytest.fixture
def sorted_out(people: pd.DataFrame) -> pd.DataFrame:
    people["fold"] = np.resize(["a", "c", "b", "c", "unused"], len(people))
    return people


def test_each_row_in_its_split(
    sorted_out: pd.DataFrame, written: Any, suffix: str, whole: Any
) -> None:
    made = dataset(data=written(sorted_out, f"f{suffix}"), split=SPLIT, label="loan", groups="sex")
    made.check()
    for split, values in (("training", ["a", "b"]), ("evaluation", ["c"])):
        expected = sorted_out[sorted_out["fold"].isin(values)]
        for batch_size in (1, 7, 100):
            read = whole(made[split], batch_size)
            assert read["row_ids"].tolist() == expected.index.tolist()
            np.testing.assert_array_equal(read["targets"], expected["loan"])
            assert read["groups"]["sex"] == expected["sex"].tolist()
            assert "fold" not in read["frame"]
    described = made["training"].describe()
    assert described["split"] == {"column": "fold", "values": ["a", "b"]}
    assert described["rows"] == 24


def test_how_many_rows_a_split_has_shows_in_the_pass(sorted_out: pd.DataFrame) -> None:
    source = dataset(data=sorted_out, split=SPLIT, label="loan")["evaluation"]
    assert source.rows is None
    assert [fragment.rows for fragment in source.fragments()] == [None]


def test_numbers_name_splits_too(sorted_out: pd.DataFrame, whole: Any) -> None:
    sorted_out["fold"] = np.resize([0.0, 1.0], len(sorted_out))
    split = {"column": "fold", "values": {"training": [0], "evaluation": [1]}}
    made = dataset(data=sorted_out, split=split, label="loan")
    assert whole(made["evaluation"])["row_ids"].tolist() == list(range(1, 60, 2))


@pytest.mark.parametrize(
    ("split", "text"),
    [
        ({"column": "fold"}, "needs 'column' and 'values', but has 'column'."),
        ({"column": "fold", "values": {}}, "A split by column needs 'column' and 'values'"),
        ({"column": "fold", "values": {"a": 1}, "share": 0.5}, "but has 'column', 'values', 's"),
        (
            {"column": "fold", "values": {"training": ["a"], "evaluation": ["a", "b"]}},
            "Value 'a' of split column 'fold' belongs to training and to evaluation.",
        ),
    ],
)
def test_declarations_that_are_none(split: dict[str, Any], text: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        folds(split)
    assert text in str(caught.value)


def test_a_value_that_no_row_has(sorted_out: pd.DataFrame, batches_of: Any) -> None:
    split = {"column": "fold", "values": {"training": ["a"], "evaluation": ["C"]}}
    made = dataset(data=sorted_out, split=split, label="loan")
    made.check()
    with pytest.raises(DataError) as caught:
        batches_of(made["evaluation"])
    assert (
        "Split column 'fold' has no row with value 'C', which the evaluation data need; it holds "
        "'a', 'b', 'c', 'unused'. Did you mean 'c'?"
    ) in str(caught.value)


def test_a_row_without_a_split(sorted_out: pd.DataFrame) -> None:
    sorted_out.loc[[3, 9], "fold"] = None
    with pytest.raises(DataError) as caught:
        dataset(data=sorted_out, split=SPLIT, label="loan").check()
    assert "has 2 missing values among rows 0 to 59, first in rows 3, 9." in str(caught.value)


def test_a_split_column_that_is_absent(people: pd.DataFrame) -> None:
    with pytest.raises(DataError, match="has no column 'fold'"):
        dataset(data=people, split=SPLIT, label="loan").check()


def test_ids_may_repeat_in_another_split(sorted_out: pd.DataFrame, batches_of: Any) -> None:
    sorted_out.loc[1, "person"] = 100  # row 0 is training, row 1 evaluation
    made = dataset(data=sorted_out, split=SPLIT, label="loan", row_id="person")
    for source in made.splits.values():
        batches_of(source)
    sorted_out.loc[2, "person"] = 100
    made = dataset(data=sorted_out, split=SPLIT, label="loan", row_id="person")
    with pytest.raises(DataError, match=r"more than once: 100 in rows 0, 2\."):
        batches_of(made["training"])
