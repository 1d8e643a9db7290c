"""What is declared of rows beside inputs and targets, from tables, torch data and side tables."""

from __future__ import annotations

import decimal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.utils.data import Dataset, TensorDataset

from auditkit.data import Batch, Columns, Group, ProxyGroup, Source, table, torch_source
from auditkit.errors import DataError

ROWS = 23
P = np.linspace(0.0, 1.0, ROWS)
FRAME = pd.DataFrame(
    {
        "id": range(100, 100 + ROWS),
        "x": np.arange(ROWS, dtype=np.float32),
        "y": np.arange(ROWS) % 2,
        "sex": ["F", "M", None] * 7 + ["F", "M"],
        "grade": np.arange(ROWS) % 5,
        "p_a": P,
        "p_b": 1 - P,
        "weight": np.arange(ROWS) / 4,
        "old": ["no", "yes"] * 11 + ["no"],
        "list": [f"q{row // 4}" for row in range(ROWS)],
    }
)
COLUMNS = Columns(
    label="y",
    features=("x",),
    groups=(Group("sex", "sex", reference="M"),),
    controls=(Group("grade", "grade", cuts=(2, 4)),),
    proxy_groups=(ProxyGroup("race", {"a": "p_a", "b": "p_b"}, reference="a"),),
    weight="weight",
    previous="old",
    query="list",
    row_id="id",
)


class People(Dataset[Any]):
    """The frame as a torch data set whose items carry their description, or not."""

    def __init__(self, *described: str) -> None:
        self.described = described

    def __len__(self) -> int:
        return ROWS

    def __getitem__(self, index: int) -> Any:
        row = FRAME.iloc[index]
        meta = {name: row[name] for name in self.described}
        return torch.tensor([row["x"]]), int(row["y"]), meta


def of_a_frame(folder: Path) -> Source:
    return table(FRAME, COLUMNS)


def of_csv(folder: Path) -> Source:
    FRAME.to_csv(folder / "people.csv", index=False)
    return table(folder / "people.csv", COLUMNS)


def of_parquet(folder: Path) -> Source:
    FRAME.to_parquet(folder / "people.parquet", row_group_size=7)
    return table(folder / "people.parquet", COLUMNS)


def of_torch_items(folder: Path) -> Source:
    return torch_source(People("id", *COLUMNS.side), COLUMNS)


def of_a_side_table(folder: Path) -> Source:
    return torch_source(People("id"), COLUMNS, side_table=FRAME.drop(columns=["x", "y"]))


def of_both(folder: Path) -> Source:
    FRAME[["id", "weight", "p_a", "p_b", "grade"]].to_csv(folder / "side.csv", index=False)
    data = People("id", "sex", "old", "list")
    return torch_source(data, COLUMNS, side_table=folder / "side.csv")


SOURCES = [of_a_frame, of_csv, of_parquet, of_torch_items, of_a_side_table, of_both]


def joined(batches: list[Batch], read: Callable[[Batch], Any]) -> list[Any]:
    return [value for batch in batches for value in read(batch)]


@pytest.mark.parametrize("batch_size", [1, 5, 64])
@pytest.mark.parametrize("make", SOURCES)
def test_every_source_gives_every_role(
    make: Callable[[Path], Source], batch_size: int, tmp_path: Path, batches_of: Any
) -> None:
    source = make(tmp_path)
    source.check()
    batches = batches_of(source, batch_size)
    assert joined(batches, lambda b: b.weights) == (np.arange(ROWS) / 4).tolist()
    assert joined(batches, lambda b: b.previous) == FRAME["old"].tolist()
    assert joined(batches, lambda b: b.queries) == FRAME["list"].tolist()
    grades = [("< 2", "< 2", "[2, 4)", "[2, 4)", "≥ 4")[row % 5] for row in range(ROWS)]
    assert joined(batches, lambda b: b.controls["grade"]) == grades
    sexes = FRAME["sex"].fillna("(missing)").tolist()
    assert joined(batches, lambda b: b.groups["sex"]) == sexes
    proxies = np.concatenate([batch.proxies["race"] for batch in batches])
    assert proxies.dtype == np.float64
    np.testing.assert_allclose(proxies, np.column_stack([P, 1 - P]), atol=1e-15)
    assert all(batch.weights.dtype == np.float64 for batch in batches)


def test_roles_that_are_not_declared_are_absent(batches_of: Any) -> None:
    for source in (
        table(FRAME[["x", "y"]], Columns(label="y")),
        torch_source(TensorDataset(torch.zeros(3, 1), torch.zeros(3)), Columns(label=None)),
    ):
        for batch in batches_of(source):
            assert (batch.weights, batch.previous, batch.queries) == (None, None, None)
            assert not batch.controls
            assert not batch.proxies


def test_they_are_no_features_unless_declared_so() -> None:
    undeclared = Columns(
        label="y",
        groups=COLUMNS.groups,
        controls=COLUMNS.controls,
        proxy_groups=COLUMNS.proxy_groups,
        weight="weight",
        previous="old",
        query="list",
        row_id="id",
    )
    assert table(FRAME, undeclared).features == ("x", "sex", "grade")
    read_too = Columns(label="y", features=("x", "weight", "p_a"), weight="weight")
    assert table(FRAME, read_too).features == ("x", "weight", "p_a")


def test_a_description_names_them() -> None:
    described = table(FRAME, COLUMNS).describe()
    assert described["controls"] == {"grade": {"column": "grade", "cuts": [2, 4]}}
    assert described["proxy_groups"]["race"]["columns"] == {"a": "p_a", "b": "p_b"}
    assert (described["weight"], described["previous"]) == ("weight", "old")
    assert (described["query"], described["top"], described["labelled"]) == ("list", 10, None)


# --- Values that the roles exclude --------------------------------------------------------------


def refusal(changed: dict[str, Any], make: str = "table") -> str:
    """What is said of the frame with some columns changed."""
    frame = FRAME.assign(**changed)
    if make == "table":
        source: Source = table(frame, COLUMNS)
    else:
        source = torch_source(People("id"), COLUMNS, side_table=frame)
    (part,) = source.fragments()
    with pytest.raises(DataError) as caught:
        list(source.batches(part, 6))
    assert caught.value.mend
    return str(caught.value)


def with_value(name: str, value: Any, row: int = 9) -> dict[str, Any]:
    values: list[Any] = FRAME[name].tolist()
    values[row] = value
    return {name: values}


@pytest.mark.parametrize("make", ["table", "side table"])
@pytest.mark.parametrize(
    "weight", [-0.5, float("nan"), float("inf"), -float("inf"), None, 1e300, 1e-300, 1.1e12]
)
def test_weights_that_are_none(weight: Any, make: str) -> None:
    text = refusal(with_value("weight", weight), make)
    assert (
        "Weight column 'weight' (data data) has 1 row with no weight: neither 0 nor between 1e-12"
        in text
    )
    assert "first in row 9" in text


@pytest.mark.parametrize(
    ("values", "says"),
    [
        (["1"] * ROWS, "holds values such as '1', which are no numbers."),
        (["heavy"] * ROWS, "holds values such as 'heavy', which are no numbers."),
        (pd.date_range("2026-01-01", periods=ROWS), "which are no numbers."),
        (np.ones(ROWS, dtype=complex), "which are no numbers."),
        ([*range(ROWS - 1), "x"], "mixes types: int (0 in row 0) and str ('x' in row 22)"),
        ([[1.0]] * ROWS, "holds values of type list"),
    ],
)
def test_weights_of_another_kind(values: Any, says: str) -> None:
    assert says in refusal({"weight": values})


@pytest.mark.parametrize(
    "values",
    [
        pd.array([1] * ROWS, dtype="Int64"),
        np.ones(ROWS, dtype=np.uint8),
        [True] * ROWS,
        [decimal.Decimal(1)] * ROWS,
        pd.Categorical([1.0] * ROWS),
    ],
)
def test_weights_may_be_stored_in_any_numeric_type(values: Any, batches_of: Any) -> None:
    batches = batches_of(table(FRAME.assign(weight=values), COLUMNS))
    assert joined(batches, lambda b: b.weights) == [1.0] * ROWS


@pytest.mark.parametrize("make", ["table", "side table"])
@pytest.mark.parametrize(
    ("changed", "says"),
    [
        (with_value("p_a", 1.2), "has 1 row with a probability outside 0 to 1, or none, first in"),
        (with_value("p_a", -0.1), "a probability outside 0 to 1, or none, first in row 9"),
        (with_value("p_b", float("nan")), "a probability outside 0 to 1, or none"),
        (with_value("p_b", None), "a probability outside 0 to 1, or none"),
        (with_value("p_a", 0.9), "has 1 row with probabilities that do not sum to one"),
        ({"p_a": 0.0, "p_b": 0.0}, "rows with probabilities that do not sum to one"),
        ({"p_a": "0.5"}, "column 'p_a' holds values such as '0.5', which are no numbers."),
    ],
)
def test_probabilities_that_are_none(changed: dict[str, Any], says: str, make: str) -> None:
    text = refusal(changed, make)
    assert "Proxy group 'race' (data data)" in text
    assert says in text


@given(st.lists(st.floats(0, 1), min_size=2, max_size=6).filter(lambda raw: sum(raw) > 1e-3))
def test_probabilities_of_three_digits_are_taken(raw: list[float]) -> None:
    parts = np.round(np.array(raw) / sum(raw), 3)
    names = {f"level {place}": f"p{place}" for place in range(len(parts))}
    columns = Columns(label=None, features=("x",), proxy_groups=(ProxyGroup("g", names),))
    rows = {"x": [0.0], **{f"p{place}": [part] for place, part in enumerate(parts)}}
    source = table(rows, columns)
    (batch,) = [b for part in source.fragments() for b in source.batches(part, 4)]
    np.testing.assert_array_equal(batch.proxies["g"][0], parts)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        (with_value("list", None), "Query column 'list' (data data) has 1 missing value among"),
        ({"list": np.arange(ROWS) + 0.5}, "holds fractions or numbers beyond 2**53 as floats"),
        (with_value("list", 7), "mixes types: str ('q0' in row 0) and int (7 in row 9)"),
        (
            with_value("old", None),
            "Column 'old' of previous predictions (data data) has 1 missing value among",
        ),
        (with_value("old", 1), "Column 'old' of previous predictions (data data) mixes types"),
        ({"old": [0.5, float("inf")] * 11 + [0.0]}, "infinite values among"),
        (
            {"grade": [f"grade {row}" for row in range(ROWS)]},
            "Column 'grade' of control 'grade' (data data) has cuts, which need numbers",
        ),
        ({"grade": [float("inf")] * ROWS}, "of control 'grade' (data data) has"),
    ],
)
def test_lists_previous_predictions_and_controls_that_are_none(
    changed: dict[str, Any], says: str
) -> None:
    assert says in refusal(changed)


def test_a_numeric_control_without_cuts_is_refused_with_the_mend() -> None:
    income = Columns(label=None, features=("x",), controls=(Group("income", "income"),))
    frame = pd.DataFrame({"x": np.zeros(60), "income": np.arange(60.0)})
    source = table(frame, income)
    with pytest.raises(DataError, match=r"of control 'income' .* more than 50 distinct values"):
        source.check()


def test_a_control_may_be_missing_and_is_a_level_of_its_own(batches_of: Any) -> None:
    frame = FRAME.assign(grade=[None, *range(1, ROWS)])
    first = batches_of(table(frame, COLUMNS))[0]
    assert first.controls["grade"][0] == "(missing)"


@pytest.mark.parametrize("name", ["weight", "p_b", "old", "list", "grade"])
def test_a_column_that_is_nowhere(name: str) -> None:
    with pytest.raises(DataError, match=f"has no column '{name}'"):
        table(FRAME.drop(columns=name), COLUMNS).check()
    side = FRAME.drop(columns=["x", "y", name])
    with pytest.raises(DataError, match=f"has no column '{name}'"):
        torch_source(People("id"), COLUMNS, side_table=side).check()
    described = [one for one in ("id", *COLUMNS.side) if one != name]
    with pytest.raises(DataError, match=f"metadata have no column '{name}'"):
        torch_source(People(*described), COLUMNS).check()


def test_weights_as_tensors_of_a_loader() -> None:
    """A loader yields whole batches, whose metadata are tensors."""
    items = [
        (torch.zeros(1), 0, {"id": row, "weight": torch.tensor(row / 4), "w2": 1.0})
        for row in range(8)
    ]
    columns = Columns(label=None, weight="weight", row_id="id")
    loader = torch.utils.data.DataLoader(items, batch_size=3)  # type: ignore[arg-type]
    source = torch_source(loader, columns)
    source.check()
    batches = [b for part in source.fragments() for b in source.batches(part, 3)]
    assert joined(batches, lambda b: b.weights) == [row / 4 for row in range(8)]
