"""Tables with damaged cells, against a literal imputer and on hostile columns."""

from __future__ import annotations

import datetime

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.impute import SimpleImputer

from auditkit.errors import DataError
from auditkit.variants.tables import corrupted_columns, corrupted_frame
from auditkit.variants.variant import TABLE_CORRUPTIONS, Variant

SHARES = {1: 0.1, 2: 0.3, 3: 0.5}
each_corruption = pytest.mark.parametrize("variant", TABLE_CORRUPTIONS, ids=str)


def frame(rows: int = 501) -> pd.DataFrame:
    drawn = np.random.default_rng(3)
    start = pd.Timestamp("2024-01-01")
    return pd.DataFrame(
        {
            "age": drawn.integers(18, 90, rows),
            "income": drawn.normal(size=rows),
            "town": drawn.choice(["A", "B", "C"], rows, p=[0.2, 0.5, 0.3]),
            "grade": pd.Categorical(drawn.choice(["low", "high"], rows, p=[0.3, 0.7])),
            "member": drawn.random(rows) < 0.6,
            "since": start + pd.to_timedelta(drawn.integers(0, 900, rows), unit="D"),
            "visits": pd.array(drawn.integers(0, 9, rows), dtype="Int64"),
            "rate": drawn.normal(size=rows).astype(np.float32),
        },
        index=drawn.permutation(rows) + 7,
    )


@each_corruption
def test_dtypes_index_and_original_are_kept(variant: Variant) -> None:
    table = frame()
    before = table.copy(deep=True)
    after = corrupted_frame(table, variant, 5)
    pd.testing.assert_frame_equal(table, before)
    assert after.dtypes.tolist() == table.dtypes.tolist()
    assert after.index.equals(table.index)
    assert after.columns.equals(table.columns)
    pd.testing.assert_frame_equal(after, corrupted_frame(table, variant, 5))
    assert not after.equals(corrupted_frame(table, variant, 6))


@pytest.mark.parametrize("level", [1, 2, 3])
def test_shuffled_is_a_share_and_keeps_the_distribution(level: int) -> None:
    table = frame(4001)
    after = corrupted_frame(table, Variant("shuffled", level), 5)
    for name in table:
        assert sorted(after[name]) == sorted(table[name])
    # Continuous values: each chosen cell got another one.
    share = (after["income"] != table["income"]).mean()
    assert share == pytest.approx(SHARES[level], abs=0.03)


@pytest.mark.parametrize("level", [1, 2, 3])
def test_missing_is_what_an_imputer_would_fill_in(level: int) -> None:
    table = frame(4001)  # an odd number: the median is one of the values
    after = corrupted_frame(table, Variant("missing", level), 5)
    for name, strategy in (("age", "median"), ("income", "median"), ("town", "most_frequent")):
        column = table[[name]].astype(object if strategy == "most_frequent" else float)
        fill = SimpleImputer(strategy=strategy).fit(column).statistics_[0]
        touched = after[name] != table[name]
        assert (after.loc[touched, name] == fill).all()
    share = (after["income"] == table["income"].median()).mean()
    assert share == pytest.approx(SHARES[level], abs=0.03)
    assert (after["grade"] != table["grade"]).sum() > 0
    assert set(after.loc[after["grade"] != table["grade"], "grade"]) == {"high"}
    assert set(after.loc[after["member"] != table["member"], "member"]) == {True}


def test_the_fill_of_an_even_number_of_values_is_one_of_them() -> None:
    after = corrupted_frame(pd.DataFrame({"flag": [0, 1] * 40}), Variant("missing", 3), 1)
    assert set(after["flag"]) == {0, 1}
    assert after["flag"].sum() < 40


@pytest.mark.parametrize("name", ["missing", "shuffled"])
def test_cells_of_a_lower_level_are_among_those_of_a_higher_one(name: str) -> None:
    table = frame()
    low, middle, high = (
        corrupted_frame(table, Variant(name, level), 5)["income"] != table["income"]
        for level in (1, 2, 3)
    )
    # The median's own cell looks untouched.
    assert (low & ~middle).sum() <= 1
    assert (middle & ~high).sum() <= 1
    assert low.sum() < middle.sum() < high.sum()


def test_columns_are_damaged_in_different_rows() -> None:
    table = pd.DataFrame(np.random.default_rng(0).normal(size=(2000, 2)))
    touched = corrupted_frame(table, Variant("shuffled", 3), 5) != table
    assert abs(np.corrcoef(touched[0], touched[1])[0, 1]) < 0.1


def test_empty_cells_stay_empty_and_are_not_counted_in() -> None:
    table = pd.DataFrame({"x": [np.nan, 1.0, 2.0, 3.0] * 50, "y": [None, "a", "a", "b"] * 50})
    after = corrupted_frame(table, Variant("missing", 3), 5)
    assert after.isna().equals(table.isna())
    assert set(after["x"].dropna()) == {1.0, 2.0, 3.0}
    assert (after["x"] == 2).sum() > (table["x"] == 2).sum()
    assert (after["y"] == "a").sum() > (table["y"] == "a").sum()


def test_shuffled_moves_empty_cells_along() -> None:
    table = pd.DataFrame({"x": [np.nan, 1.0] * 50})
    after = corrupted_frame(table, Variant("shuffled", 3), 5)
    assert after["x"].isna().sum() == 50
    assert not after["x"].isna().equals(table["x"].isna())


@each_corruption
@pytest.mark.parametrize(
    "column",
    [
        pd.Series([np.nan] * 9),
        pd.Series([None] * 9, dtype=object),
        pd.Series([[1, 2], [3], [3]] * 3),
        pd.Series([np.array([1.0, 2.0]), np.array([3.0]), None] * 3),
        pd.Series([{"a": 1}, "text", 3] * 3, dtype=object),
        pd.Series([datetime.timedelta(days=day) for day in range(9)]),
        pd.Series(pd.date_range("2024-01-01", periods=9, tz="Europe/Berlin")),
        pd.Series([True, None, False] * 3, dtype="boolean"),
        pd.Series(["a", None, "b"] * 3, dtype="string"),
        pd.Series(pd.Categorical(["x", "x", None] * 3, categories=["x", "y"])),
        pd.Series([np.inf, -np.inf, 0.0] * 3),
        pd.Series(range(9), dtype="int64[pyarrow]"),
        pd.Series(["a"] * 9, dtype="string[pyarrow]"),
        pd.Series(np.arange(9, dtype=np.uint8)),
    ],
    ids=lambda column: str(column.dtype),
)
def test_hostile_columns(variant: Variant, column: pd.Series) -> None:
    after = corrupted_frame(column.to_frame("column"), variant, 5)["column"]
    assert after.dtype == column.dtype
    assert len(after) == 9
    assert after.isna().sum() == column.isna().sum()
    assert set(after.map(repr)) <= set(column.map(repr))


@each_corruption
def test_doubled_names_and_index(variant: Variant) -> None:
    table = pd.DataFrame(
        [[1, 2.5, "a"], [2, 3.5, "b"], [3, 4.5, "b"]] * 20,
        columns=["x", "x", "y"],
        index=[0, 0, 1] * 20,
    )
    after = corrupted_frame(table, variant, 5)
    assert after.columns.tolist() == ["x", "x", "y"]
    assert after.index.tolist() == table.index.tolist()
    assert after.dtypes.tolist() == table.dtypes.tolist()


@each_corruption
def test_one_row_has_nobody_to_swap_with(variant: Variant) -> None:
    table = frame(1)
    pd.testing.assert_frame_equal(corrupted_frame(table, variant, 5), table)


@each_corruption
@pytest.mark.parametrize("rows", [frame(5).iloc[:0], pd.DataFrame(index=[1, 2])])
def test_nothing_is_no_error(variant: Variant, rows: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(corrupted_frame(rows, variant, 5), rows)


@pytest.mark.parametrize("variant", [Variant("noise", 1), Variant("missing", 4), Variant("plain")])
def test_an_unknown_corruption(variant: Variant) -> None:
    for corrupt, table in ((corrupted_frame, frame(3)), (corrupted_columns, torch.zeros(3, 2))):
        with pytest.raises(ValueError, match=f"no corruption of tables {variant}"):
            corrupt(table, variant, 1)


@each_corruption
def test_a_tensor_is_damaged_like_a_frame(variant: Variant) -> None:
    drawn = np.random.default_rng(0)
    numbers = drawn.normal(size=(300, 4))
    numbers[drawn.random((300, 4)) < 0.1] = np.nan
    numbers[:, 3] = np.nan
    tensor = torch.from_numpy(numbers)
    before = tensor.clone()
    after = corrupted_columns(tensor, variant, 5)
    twin = corrupted_frame(pd.DataFrame(numbers), variant, 5)
    np.testing.assert_array_equal(after.numpy(), twin.to_numpy())
    assert torch.equal(tensor.nan_to_num(), before.nan_to_num())


@each_corruption
@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.int64, torch.bool])
def test_tensors_of_any_dtype(variant: Variant, dtype: torch.dtype) -> None:
    tensor = torch.randint(0, 2, (80, 3), generator=torch.Generator().manual_seed(1)).to(dtype)
    after = corrupted_columns(tensor, variant, 5)
    assert after.dtype is dtype
    assert not torch.equal(after, tensor)
    assert set(after.unique().tolist()) <= {0, 1}


@each_corruption
def test_empty_tensors_are_no_error(variant: Variant) -> None:
    assert corrupted_columns(torch.zeros(0, 3), variant, 5).shape == (0, 3)
    assert corrupted_columns(torch.zeros(3, 0), variant, 5).shape == (3, 0)


def test_a_table_has_two_axes() -> None:
    with pytest.raises(DataError, match=r"a table is \[units, features\]. Declare the medium"):
        corrupted_columns(torch.zeros(3, 2, 2), Variant("missing", 1), 5)


@pytest.mark.gpu
def test_a_gpu_gives_the_same_table() -> None:
    tensor = torch.randn(50, 4)
    for variant in TABLE_CORRUPTIONS:
        on_gpu = corrupted_columns(tensor.cuda(), variant, 5)
        assert torch.equal(on_gpu.cpu(), corrupted_columns(tensor, variant, 5))
