"""Torch data sets and loaders: what they may yield, where groups come from, and how they repeat."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils.data import DataLoader, Dataset, IterableDataset, TensorDataset

from auditkit.data import Columns, Group, Source, torch_source
from auditkit.data import torch_data as torch_data_module
from auditkit.errors import DataError

# From Python 3.12 on, fork warns in a process with threads; torch's loader forks on Linux.
FORKS = pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")

ROWS = 20
X = torch.arange(ROWS * 3, dtype=torch.float32).reshape(ROWS, 3)
Y = torch.arange(ROWS) % 2
SEX = ["F", "M"] * (ROWS // 2)
NONE = Columns(label=None)
BY_SEX = Columns(label=None, groups=(Group("sex", "sex"),))


class Items(Dataset[Any]):
    """A map-style data set that yields whatever a function makes of an index."""

    def __init__(self, make: Any, rows: int = ROWS) -> None:
        self.make, self.rows = make, rows

    def __len__(self) -> int:
        return self.rows

    def __getitem__(self, index: int) -> Any:
        return self.make(index)


class Stream(IterableDataset[Any]):
    def __init__(self, make: Any = lambda i: (X[i], Y[i]), rows: int = ROWS) -> None:
        self.make, self.rows = make, rows

    def __iter__(self) -> Iterator[Any]:
        return map(self.make, range(self.rows))


class Sized(Stream):
    def __len__(self) -> int:
        return ROWS


@dataclass
class Row:
    x: Any
    y: Any
    meta: Any = None


Pair = namedtuple("Pair", ["x", "y"])


def read(data: Any, columns: Columns = NONE, batch_size: int = 6, **options: Any) -> Any:
    """The whole of a checked source: inputs, targets, ids, groups."""
    source = torch_source(data, columns, **options)
    source.check()
    batches = [b for part in source.fragments() for b in source.batches(part, batch_size)]
    return SimpleNamespace(
        source=source,
        batches=batches,
        inputs=torch.cat([b.inputs for b in batches])
        if isinstance(batches[0].inputs, torch.Tensor)
        else None,
        targets=torch.cat([b.targets for b in batches])
        if isinstance(batches[0].targets, torch.Tensor)
        else None,
        ids=np.concatenate([b.row_ids for b in batches]).tolist(),
        groups={
            name: [level for b in batches for level in b.groups[name]] for name in batches[0].groups
        },
    )


@pytest.mark.parametrize(
    "data",
    [
        TensorDataset(X, Y),
        [(X[i], int(Y[i])) for i in range(ROWS)],
        Items(lambda i: [X[i].numpy(), int(Y[i])]),
        Items(lambda i: Row(X[i], Y[i])),
        Items(lambda i: Pair(X[i], Y[i])),
        Items(lambda i: {"inputs": X[i], "labels": Y[i]}),
        Items(lambda i: {"x": X[i], "y": Y[i]}),
        lambda: TensorDataset(X, Y),
        DataLoader(TensorDataset(X, Y), batch_size=4),
        DataLoader(TensorDataset(X, Y), batch_size=4, num_workers=1),
        DataLoader(Items(lambda i: (X.view(5, 4, 3)[i], Y.view(5, 4)[i]), 5), batch_size=None),
        Stream(),
        Sized(),
        lambda: ((X[i], Y[i]) for i in range(ROWS)),
        DataLoader(Stream(), batch_size=3),
    ],
)
@FORKS
def test_every_form_gives_the_same_rows(data: Any) -> None:
    result = read(data)
    assert isinstance(result.source, Source)
    assert torch.equal(result.inputs, X)
    assert torch.equal(result.targets, Y)
    assert result.ids == list(range(ROWS))
    assert result.source.rows == ROWS


@settings(max_examples=30, deadline=None)
@given(rows=st.integers(1, 40), batch_size=st.integers(1, 50), size=st.integers(1, 15))
def test_batches_together_are_the_data(rows: int, batch_size: int, size: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch_data_module, "LEAST_RANGE", size)
        values = torch.randn(rows, 2, generator=torch.Generator().manual_seed(rows))
        source = torch_source(TensorDataset(values, values[:, 0]), NONE)
        parts = [list(source.batches(part, batch_size)) for part in source.fragments()]
    for batches in parts:
        assert all(len(batch) == batch_size for batch in batches[:-1])
    together = torch.cat([batch.inputs for batches in parts for batch in batches])
    assert torch.equal(together, values)
    assert [i for batches in parts for b in batches for i in b.row_ids] == list(range(rows))


def test_fragments_are_ranges(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch_data_module, "LEAST_RANGE", 8)
    result = read(TensorDataset(X, Y), batch_size=5)
    assert [(f.id, f.rows) for f in result.source.fragments()] == [
        ("rows 0-7", 8),
        ("rows 8-15", 8),
        ("rows 16-19", 4),
    ]
    assert [len(batch) for batch in result.batches] == [5, 3, 5, 3, 4]


@pytest.mark.parametrize(
    "data",
    [
        Items(lambda i: (X[i], Y[i], {"sex": SEX[i], "site": i})),
        Items(lambda i: (X[i], Y[i], pd.Series({"sex": SEX[i]}))),
        Items(lambda i: Row(X[i], Y[i], {"sex": SEX[i]})),
        Items(lambda i: {"inputs": X[i], "labels": Y[i], "sex": SEX[i]}),
        Items(lambda i: {"inputs": X[i], "labels": Y[i], "meta": {"sex": SEX[i]}}),
        DataLoader(
            TensorDataset(torch.arange(ROWS)),
            batch_size=8,
            collate_fn=lambda items: Row(
                X[[int(i) for (i,) in items]],
                Y[[int(i) for (i,) in items]],
                pd.DataFrame({"sex": [SEX[int(i)] for (i,) in items]}),
            ),
        ),
        DataLoader(Stream(lambda i: (X[i], Y[i], {"sex": SEX[i]})), batch_size=8),
    ],
)
def test_groups_from_metadata(data: Any) -> None:
    result = read(data, BY_SEX)
    assert result.groups == {"sex": SEX}
    assert torch.equal(result.inputs, X)
    levels = result.source.describe()["groups"]["sex"]["levels"]
    assert levels == {"F": ROWS // 2, "M": ROWS // 2}


def test_missing_metadata_is_a_level_of_its_own() -> None:
    data = Items(lambda i: (X[i], Y[i], {"sex": None if i == 3 else SEX[i]}))
    assert read(data, BY_SEX).groups["sex"][3] == "(missing)"


def test_numbers_in_metadata() -> None:
    columns = Columns(None, groups=(Group("age", "age", cuts=(10,)),), cluster="who", time="at")
    meta = lambda i: {"age": torch.tensor(i), "who": i // 2, "at": float(i)}  # noqa: E731
    result = read(Items(lambda i: (X[i], Y[i], meta(i))), columns, ROWS)
    assert result.groups["age"] == ["< 10"] * 10 + ["≥ 10"] * 10
    assert result.batches[0].clusters.tolist() == [i // 2 for i in range(ROWS)]
    assert result.batches[0].times.tolist() == list(range(ROWS))


def test_features_and_labels_by_name() -> None:
    data = Items(lambda i: {"a": X[i], "b": X[i] + 1, "bought": Y[i], "junk": "j"})
    columns = Columns(label="bought", features=("a",))
    assert torch.equal(read(data, columns).inputs, X)
    both = read(data, Columns(label="bought", features=("a", "b")))
    assert list(both.batches[0].inputs) == ["a", "b"]
    rest = Items(lambda i: {"input_ids": X[i], "mask": X[i], "labels": Y[i], "sex": SEX[i]})
    assert list(read(rest, BY_SEX).batches[0].inputs) == ["input_ids", "mask"]


def test_several_heads_and_labels() -> None:
    data = Items(lambda i: {"inputs": X[i], "a": Y[i], "b": float(i), "c": Y[i]})
    heads = read(data, Columns(label={"one": "a", "two": "b"}), ROWS).batches[0].targets
    assert torch.equal(heads["one"], Y)
    assert heads["two"].tolist() == list(range(ROWS))
    several = read(data, Columns(label=("a", "c")), ROWS).batches[0].targets
    assert torch.equal(several, torch.stack([Y, Y], dim=1))


def test_structured_inputs_and_targets_stay_as_they_are() -> None:
    data = Items(lambda i: ((X[i], {"more": X[i]}), {"head": Y[i], "name": str(i)}))
    batch = read(data, NONE, ROWS).batches[0]
    assert torch.equal(batch.inputs[1]["more"], X)
    assert batch.targets["name"].tolist() == [str(i) for i in range(ROWS)]


def test_detection_targets_one_dict_each() -> None:
    loader = DataLoader(
        Items(lambda i: (X[i], {"boxes": torch.zeros(i, 4)})),
        collate_fn=lambda items: ([x for x, _ in items], [y for _, y in items]),
    )
    batch = read(loader, NONE, 7).batches[0]
    assert (len(batch), len(batch.inputs), len(batch.targets)) == (7, 7, 7)


def test_inputs_alone() -> None:
    result = read(Items(lambda i: X[i]))
    assert torch.equal(result.inputs, X)
    assert result.batches[0].targets is None


def test_row_ids_from_metadata() -> None:
    columns = Columns(label=None, row_id="id")
    data = Items(lambda i: (X[i], Y[i], {"id": f"p{i}"}))
    assert read(data, columns).ids == [f"p{i}" for i in range(ROWS)]
    doubled = Items(lambda i: (X[i], Y[i], {"id": i % 19}))
    with pytest.raises(DataError, match=r"'id' \(data data\) holds 1 value .*: 0 in rows 0, 19\."):
        read(doubled, columns)


SIDE = pd.DataFrame({"id": np.arange(ROWS)[::-1], "sex": SEX[::-1], "who": np.arange(ROWS) // 2})
JOINED = Columns(label=None, groups=(Group("sex", "sex"),), cluster="who", row_id="id")


def test_a_side_table_joined_on_the_index(tmp_path: Any) -> None:
    for side in (SIDE, tmp_path / "side.csv", tmp_path / "side.parquet"):
        if side is not SIDE:
            SIDE.to_csv(side) if side.suffix == ".csv" else SIDE.to_parquet(side)
        result = read(TensorDataset(X, Y), JOINED, side_table=side)
        assert result.groups["sex"] == SEX
        clusters = np.concatenate([batch.clusters for batch in result.batches])
        assert clusters.tolist() == [(ROWS - 1 - i) // 2 for i in range(ROWS)]


def test_a_side_table_joined_on_ids_of_the_data() -> None:
    side = SIDE.assign(id=[f"p{i}" for i in SIDE["id"]])
    data = Items(lambda i: (X[i], Y[i], {"id": f"p{i}", "who": i}))
    result = read(data, JOINED, side_table=side)
    assert result.groups["sex"] == SEX
    assert result.batches[0].clusters.tolist() == list(range(6))


def test_a_fixed_order_of_its_own() -> None:
    class Backwards(torch.utils.data.Sampler[int]):
        def __iter__(self) -> Iterator[int]:
            return iter(range(ROWS - 1, -1, -1))

        def __len__(self) -> int:
            return ROWS

    result = read(DataLoader(TensorDataset(X, Y), batch_size=4, sampler=Backwards()))
    assert result.ids == list(range(ROWS))[::-1]
    assert torch.equal(result.inputs, X.flip(0))
    batches = [[3, 1], [0]]
    result = read(DataLoader(TensorDataset(X, Y), batch_sampler=batches))  # type: ignore[arg-type]
    assert result.ids == [3, 1, 0]


def test_no_length_is_said() -> None:
    source = torch_source(Stream(), NONE)
    assert source.rows is None
    assert [(part.id, part.rows) for part in source.fragments()] == [("stream", None)]
    assert source.describe()["notes"] == [
        "The data have no length: how many rows there are shows only when they are read."
    ]
    assert torch_source(Sized(), NONE).fragments()[0].rows == ROWS


def test_a_stream_of_several_workers_is_read_once() -> None:
    result = read(DataLoader(Stream(), batch_size=4, num_workers=2))
    assert result.ids == list(range(ROWS))
    assert "read by one process instead of 2" in result.source.describe()["notes"][1]


@FORKS
def test_workers_raise_readable_errors() -> None:
    ragged = DataLoader(Items(lambda i: (torch.zeros(i + 1), 0)), num_workers=1)
    source = torch_source(ragged, NONE)
    with pytest.raises(DataError) as caught:
        next(iter(source.batches(source.fragments()[0], 4)))
    assert str(caught.value).startswith("The inputs of several items do not stack into a batch")
    assert "collate_fn pads" in caught.value.mend


def test_nothing_is_drawn_from_the_users_generators() -> None:
    before = torch.get_rng_state()
    read(TensorDataset(X, Y)).source.digest()
    assert torch.equal(torch.get_rng_state(), before)


def test_the_digest_is_a_manifest_of_class_length_and_items() -> None:
    def digest(data: Any, **options: Any) -> str:
        return torch_source(data, JOINED if options else NONE, **options).digest()

    first = digest(TensorDataset(X, Y))
    assert first.startswith("manifest:")
    assert first == digest(TensorDataset(X.clone(), Y.clone()))
    assert first != digest(TensorDataset(X + 1, Y))
    assert first != digest(TensorDataset(X[:10], Y[:10]))
    assert first != digest(Items(lambda i: (X[i], Y[i])))
    sides = [digest(TensorDataset(X, Y), side_table=side) for side in (SIDE, SIDE.iloc[::-1])]
    assert len({first, *sides}) == 3


def test_objects_and_text_enter_the_digest() -> None:
    def digest(make: Any) -> str:
        return torch_source(Items(make), NONE).digest()

    makers = [
        lambda i: (X[i], Y[i], {"sex": SEX[i]}),
        lambda i: (X[i], Y[i], {"sex": SEX[i - 1]}),
        lambda i: Row(X[i], Y[i], None),
        lambda i: Row(X[i], Y[i], b"\x00"),
        lambda i: (X[i].bfloat16(), Y[i]),
        lambda i: (X[i], Y[i], pd.Series({"sex": SEX[i]})),
    ]
    digests = [digest(make) for make in makers]
    assert len(set(digests)) == len(makers)
    assert digests == [digest(make) for make in makers]
