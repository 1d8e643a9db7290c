"""Torch data that cannot be audited: each is named, with the mend."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch.utils.data import (
    DataLoader,
    Dataset,
    DistributedSampler,
    IterableDataset,
    Sampler,
    SubsetRandomSampler,
    TensorDataset,
    WeightedRandomSampler,
)

from auditkit.data import Columns, Group, torch_source
from auditkit.errors import AuditkitError, ConfigurationError, DataError

ROWS = 20
X, Y = torch.zeros(ROWS, 3), torch.arange(ROWS) % 2
DATA = TensorDataset(X, Y)
NONE = Columns(label=None)
BY_SEX = Columns(label=None, groups=(Group("sex", "sex"),), row_id="id")


class Items(Dataset[Any]):
    def __init__(self, make: Any, rows: int = ROWS) -> None:
        self.make, self.rows = make, rows

    def __len__(self) -> int:
        return self.rows

    def __getitem__(self, index: int) -> Any:
        if index >= ROWS:
            raise IndexError(index)
        return self.make(index)


class Stream(IterableDataset[Any]):
    def __init__(self, rows: int = ROWS, says: int = ROWS) -> None:
        self.rows, self.says = rows, says

    def __iter__(self) -> Iterator[Any]:
        return ((X[i], Y[i]) for i in range(self.rows))

    def __len__(self) -> int:
        return self.says


class Order(Sampler[int]):
    def __init__(self, make: Any) -> None:
        self.make = make

    def __iter__(self) -> Iterator[int]:
        return iter(self.make())

    def __len__(self) -> int:
        return ROWS


class OnlyOnce:
    def __init__(self) -> None:
        self.items = iter([(X[i], Y[i]) for i in range(3)])

    def __iter__(self) -> Iterator[Any]:
        return self.items


def augmented(source: str) -> Items:
    draw = {
        "torch": lambda: torch.rand(()),
        "numpy": lambda: torch.tensor(np.random.rand()),  # noqa: NPY002
        "python": lambda: torch.tensor(random.random()),
    }[source]
    return Items(lambda i: (X[i] + draw(), Y[i]))


def refused(data: Any, columns: Columns = NONE, **options: Any) -> AuditkitError:
    def check_and_read() -> None:
        source = torch_source(data, columns, name="evaluation", **options)
        source.check()
        for fragment in source.fragments():
            for _ in source.batches(fragment, 6):
                pass

    with pytest.raises(AuditkitError) as caught:
        check_and_read()
    assert caught.value.mend
    return caught.value


@pytest.mark.parametrize(
    ("loader", "text", "mend"),
    [
        (
            DataLoader(DATA, shuffle=True),
            "The DataLoader shuffles its rows (its sampler is a RandomSampler).",
            "shuffle=False",
        ),
        (
            DataLoader(DATA, sampler=SubsetRandomSampler(range(5))),
            "(its sampler is a SubsetRandomSampler)",
            "shuffle=False",
        ),
        (
            DataLoader(DATA, sampler=WeightedRandomSampler([1.0] * ROWS, ROWS)),
            "(its sampler is a WeightedRandomSampler)",
            "shuffle=False",
        ),
        (DataLoader(DATA, batch_size=None, shuffle=True), "shuffles its rows", "shuffle=False"),
        (DataLoader(DATA, batch_size=3, drop_last=True), "drop_last=True", "drop_last=False"),
        (DataLoader(Stream(), batch_size=3, drop_last=True), "drop_last=True", "drop_last=False"),
        (
            DataLoader(DATA, sampler=DistributedSampler(DATA, num_replicas=2, rank=0)),
            "has a DistributedSampler, which repeats rows to fill the last round.",
            "auditkit shares the rows among the processes itself",
        ),
        (
            DataLoader(DATA, sampler=Order(lambda: random.sample(range(ROWS), ROWS))),
            "The DataLoader's sampler (Order) gives another order each time.",
            "fixed order",
        ),
        (
            DataLoader(DATA, sampler=Order(lambda: [0, 1, 1])),
            "sampler (Order) gives some rows more than once.",
            "each row once",
        ),
        (
            DataLoader(DATA, sampler=Order(lambda: ["a", "b"])),
            "sampler gives 'a', 'b'; expected are whole numbers.",
            "sampler of indices",
        ),
    ],
)
def test_loaders_that_shuffle_drop_or_double(loader: Any, text: str, mend: str) -> None:
    error = refused(loader)
    assert text in str(error)
    assert mend in error.mend


@pytest.mark.parametrize("generator", ["torch", "numpy", "python"])
def test_augmentation(generator: str) -> None:
    error = refused(augmented(generator))
    assert "The evaluation data (" in str(error)
    assert "Items) does not repeat: item 0 differs when it is read again." in str(error)
    assert "Switch off augmentation and shuffling for the audit" in error.mend


def test_augmentation_of_some_items() -> None:
    flip = Items(lambda i: (X[i] + (torch.rand(()) < 0.5), Y[i]))
    torch.manual_seed(0)
    assert "does not repeat" in str(refused(flip))


def test_a_stream_that_shuffles() -> None:
    class Shuffled(Stream):
        def __iter__(self) -> Iterator[Any]:
            return ((torch.tensor([float(i)]), 0) for i in random.sample(range(ROWS), ROWS))

    assert "does not repeat: item" in str(refused(Shuffled()))
    assert "does not repeat: batch" in str(refused(DataLoader(Shuffled(), batch_size=None)))


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ((item for item in [1]), "a generator, which can be read only once."),
        (OnlyOnce(), "gave 3 items at first, and 0 when read again."),
        (3, "A int cannot be read as data."),
        (object(), "A object cannot be read as data."),
        (lambda: 3, "A int cannot be read as data."),
        ([], "holds no rows."),
        (Stream(0, 0), "holds no rows."),
        (Stream(ROWS, ROWS + 2), "has a length of 22, but gave 20 rows."),
        (Items(lambda i: 1 / 0), "raises ZeroDivisionError when its first items are read"),
        (Items(lambda i: "text"), "yields a str; expected is (x, y)"),
        (Items(lambda i: (1, 2, 3, 4)), "yields a tuple of 4 parts; expected is (x, y)"),
        (Items(lambda i: (X[i], X[i], Y[i])), "The third part of what the data set yields is a T"),
        (Items(lambda i: {"labels": 1}), "hold no inputs; their keys are 'labels'."),
        (Items(lambda i: (torch.zeros(i + 1), 0)), "The inputs of several items do not stack"),
        (Items(lambda i: (X[i], None if i == 3 else 1)), "(the first is item 3 of its batch)"),
        (Items(lambda i: (X[i], {"h": float("inf")})), "8 rows with an infinite target"),
        (
            DataLoader(DATA, batch_size=4, collate_fn=lambda items: (X[: len(items) - 1], None)),
            "A batch of 8 items has inputs of shape (7, 3).",
        ),
        (
            DataLoader(DATA, batch_size=4, collate_fn=lambda items: (X[: len(items)], Y[:3])),
            "A batch of 8 rows has targets of shape (3,).",
        ),
        (
            DataLoader(Items(lambda i: ("text", 1)), batch_size=None),
            "batches whose rows cannot be counted: the inputs are str.",
        ),
    ],
)
def test_data_that_are_none(data: Any, text: str) -> None:
    assert text in str(refused(data))


def test_an_undefined_target_far_down() -> None:
    data = Items(lambda i: (X[i], float("nan") if i in (16, 19) else 1.0))
    assert (
        "has 1 row without a target (None or NaN) among rows 12 to 17, first in row 16."
    ) in str(refused(data))


def test_a_missing_text_target() -> None:
    collate = lambda items: (X[: len(items)], (["a", None] * 4)[: len(items)])  # noqa: E731
    error = refused(DataLoader(DATA, collate_fn=collate))
    assert "has 4 rows without a target (None or NaN) among rows 0 to 7, first in rows" in str(
        error
    )
    assert error.mend.endswith('declare data.labelled, whom the outcome is known of ("accepted '
                               'applicants").')  # fmt: skip


def test_a_declared_label_or_feature_that_is_absent() -> None:
    plain = Items(lambda i: X[i])
    assert "yields no target, but 'y' is declared as label." in str(refused(plain, Columns("y")))
    dicts = Items(lambda i: {"a": X[i], "labels": Y[i]})
    error = refused(dicts, Columns(label=None, features=("b",)))
    assert "have no key 'b', which is declared as a feature; they have 'a', 'labels'." in str(error)


def test_metadata_that_lacks_a_column() -> None:
    data = Items(lambda i: (X[i], Y[i], {"id": i, "sek": "F"}))
    error = refused(data, BY_SEX)
    assert "metadata have no column 'sex'; they have 'id', 'sek'." in str(error)
    assert "declare a side table" in error.mend


def test_metadata_of_another_length() -> None:
    loader = DataLoader(
        DATA, collate_fn=lambda items: (X[: len(items)], Y[: len(items)], {"sex": ["F"]})
    )
    columns = Columns(label=None, groups=(Group("sex", "sex"),))
    assert "Metadata column 'sex' has 1 values for 8 rows." in str(refused(loader, columns))


def test_a_constant_group() -> None:
    columns = Columns(label=None, groups=(Group("sex", "sex"),))
    data = Items(lambda i: (X[i], Y[i], {"sex": "F"}))
    assert "Group 'sex' (column 'sex', evaluation data) has only one level" in str(
        refused(data, columns)
    )


SIDE = pd.DataFrame({"id": range(ROWS), "sex": ["F", "M"] * (ROWS // 2)})


@pytest.mark.parametrize(
    ("side", "text"),
    [
        (
            SIDE.iloc[2:],
            "(side table of the evaluation data) has no row for 2 of 8 row ids: 0, 1.",
        ),
        (pd.concat([SIDE, SIDE.iloc[[3, 5]]]), "holds 2 row ids more than once: 3, 5."),
        (SIDE.assign(id=SIDE["id"].astype(str)), "Its ids are text such as '0', those of the data"),
        (SIDE.drop(columns="sex"), "has no column 'sex'; it has 'id'."),
        (SIDE.rename(columns={"id": "Id"}), "has no column 'id'; it has 'Id', 'sex'. Did you mean"),
        (SIDE.assign(id=[None, *range(1, ROWS)]), "has 1 missing value"),
        (SIDE.iloc[:0], "holds no rows."),
    ],
)
def test_side_tables_that_do_not_fit(side: pd.DataFrame, text: str) -> None:
    assert text in str(refused(DATA, BY_SEX, side_table=side))


def test_a_side_table_needs_a_row_id() -> None:
    columns = Columns(label=None, groups=(Group("sex", "sex"),))
    with pytest.raises(ConfigurationError, match="side table, but no row id by which to join it"):
        torch_source(DATA, columns, side_table=SIDE)


def test_a_side_table_that_adds_nothing() -> None:
    data = Items(lambda i: (X[i], Y[i], {"id": i, "sex": "F"}))
    assert "every declared column is in the data's metadata already: 'sex'." in str(
        refused(data, BY_SEX, side_table=SIDE)
    )


def test_batch_size_and_fragment_that_do_not_exist() -> None:
    source = torch_source(DATA, NONE)
    with pytest.raises(ConfigurationError, match="must be at least 1, but is 0"):
        next(iter(source.batches(source.fragments()[0], 0)))
    other = torch_source(TensorDataset(X[:3], Y[:3]), NONE).fragments()[0]
    with pytest.raises(DataError, match="has no fragment 'rows 0-2'"):
        next(iter(source.batches(other, 4)))
