"""What holds of every medium, by a decoder that does as it is told."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditkit.data import Columns, Group
from auditkit.data.damage import Damaged
from auditkit.data.frames import FrameReader
from auditkit.data.media_source import MediaSource
from auditkit.data.split_column import Fold
from auditkit.errors import ConfigurationError, DataError


class Obedient:
    """A unit is its row's number, twice; that of a marked row is damaged."""

    medium = "audio"
    columns: tuple[str, ...] = ("broken",)
    uneven = ""

    def __init__(self) -> None:
        self.decoded = 0

    def decode(self, frame: pd.DataFrame) -> list[Any]:
        self.decoded += len(frame)
        return [
            Damaged("it is marked") if broken else np.array([row, row], dtype=np.float32)
            for row, broken in zip(frame.index, frame["broken"], strict=True)
        ]

    def name(self, frame: pd.DataFrame, place: int) -> str:
        return f"unit {frame.index[place]}"

    def digest(self, frames: Iterator[pd.DataFrame]) -> str:
        return ""

    def describe(self) -> dict[str, Any]:
        return {"obedient": True}


COLUMNS = Columns(label="y", groups=(Group("site", "site"),), cluster="y")


def source_of(broken: list[bool], *, tolerated: float = 1.0, part: int = 5, **more: Any) -> Any:
    rows = len(broken)
    table = {
        "broken": broken,
        "y": list(range(rows)),
        "site": (["a", "b"] * rows)[:rows],
        "fold": (["old", "new", "new"] * rows)[:rows],
    }
    reader = FrameReader(pd.DataFrame(table), part_rows=part)
    return MediaSource(reader, COLUMNS, Obedient(), name="test", tolerated=tolerated, **more)


@given(st.lists(st.booleans(), min_size=6, max_size=25), st.integers(1, 9), st.integers(1, 12))
def test_what_is_sound_comes_in_order_in_full_batches(
    broken: list[bool], size: int, part: int
) -> None:
    broken = [False] * 4 + broken  # two sites at least, each with a unit
    source = source_of(broken, part=part)
    found: list[int] = []
    for fragment in source.fragments():
        batches = list(source.batches(fragment, size))
        assert all(len(batch) == size for batch in batches[:-1])
        assert all(len(batch) for batch in batches)
        for batch in batches:
            assert batch.inputs[:, 0].tolist() == batch.row_ids.tolist() == batch.targets.tolist()
            assert batch.clusters.tolist() == batch.row_ids.tolist()
            assert list(batch.groups["site"]) == ["ab"[row % 2] for row in batch.row_ids]
            found += batch.row_ids.tolist()
    assert found == [row for row, marked in enumerate(broken) if not marked]
    assert source.integrity.damage.count == sum(broken)
    assert source.rows == len(found)
    assert bool(source.notes) == any(broken)


def test_too_much_damage_stops_before_the_rest_is_decoded(batches_of: Any) -> None:
    source = source_of([False, True] * 50, tolerated=0.05, part=100)
    with pytest.raises(DataError, match="6 of the 100 units of the test data"):
        batches_of(source, 2)
    assert source._decoder.decoded == 12


def test_of_a_fold_only_its_own_units_are_decoded(batches_of: Any) -> None:
    source = source_of([True, False, False] * 4, tolerated=0, fold=Fold("fold", ("new",)))
    rows = [row for batch in batches_of(source, 3) for row in batch.row_ids.tolist()]
    assert rows == [1, 2, 4, 5, 7, 8, 10, 11]
    assert source._decoder.decoded == 8
    damaged = source_of([False, True, False] * 4, tolerated=0.3, fold=Fold("fold", ("new",)))
    with pytest.raises(DataError, match=r"4 of the 8 units of the test data \(50 %\)"):
        batches_of(damaged, 3)


def test_looking_first_decodes_one_unit() -> None:
    source = source_of([False] * 20)
    source.check()
    assert source._decoder.decoded == 1


def test_a_batch_has_at_least_one_unit() -> None:
    source = source_of([False] * 4)
    with pytest.raises(ConfigurationError, match="batch size must be at least 1"):
        next(source.batches(source.fragments()[0], 0))
