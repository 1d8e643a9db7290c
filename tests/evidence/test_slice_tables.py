"""Errors by combinations of axes: against a literal count, in any batches and any order."""

from __future__ import annotations

import functools
import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditkit.data import Columns, Group
from auditkit.errors import DataError, ModelError
from auditkit.evidence import CountNeed, SliceNeed, SplitEvidence, ViewKey
from auditkit.evidence.hashing import blocks, folds
from auditkit.evidence.merging import from_bytes, merge, to_bytes
from auditkit.evidence.needs import CORRECT, FOLD, feature, group
from auditkit.evidence.slice_levels import (
    MOST_LEVELS,
    bin_labels,
    coarser,
    frequent_labels,
    labels_of_values,
)
from auditkit.evidence.slice_tables import HELD_OUT_BLOCKS, SliceTables, combinations_of, cover
from tests.evidence.passes import binary, collect, plan_of, subject_of

SEX, JOB, AGE, TOWN = group("sex"), feature("job"), feature("age"), feature("town")
AXES = (SEX, JOB, AGE, TOWN)
EDGES = {"age": (30.0, 50.0), "job": None, "town": None}
LEVELS = {
    "group:sex": ("F", "M", "(missing)", "(other)"),
    "feature:job": ("clerk", "nurse", "(missing)", "(other)"),
    "feature:age": bin_labels((30.0, 50.0)),
    "feature:town": ("north", "south", "(missing)", "(other)"),
}
WRONG = SliceNeed(ViewKey(""), AXES, depth=3)
LOSS = SliceNeed(ViewKey(""), AXES[:3], "log_loss", depth=2)


def people(n: int = 300, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "id": np.arange(n),
            "score": rng.random(n),
            "y": rng.integers(0, 2, n),
            "sex": rng.choice(["F", "M", "X"], n),
            "job": rng.choice(["clerk", "nurse", "smith", None], n),
            "age": rng.choice([20.0, 40.0, 60.0, np.nan, np.inf], n),
            "town": rng.choice(["north", "south"], n),
            "person": rng.integers(0, 60, n),
        }
    )


def columns(cluster: str | None = None) -> Columns:
    return Columns(label="y", groups=(Group("sex", "sex"),), row_id="id", cluster=cluster)


def counted(
    frame: pd.DataFrame, *needs: SliceNeed, cluster: str | None = None, **more: object
) -> SplitEvidence:
    return collect(
        frame, binary(frame), needs or (WRONG, LOSS), columns=columns(cluster), edges=EDGES,
        slice_levels=LEVELS, **more,
    )  # fmt: skip


def level(column: str, value: object) -> str:
    """Which level a value has, said as plainly as can be."""
    if column == "age":
        if pd.isna(value):
            return "(missing)"
        if value == np.inf:
            return "(not a finite number)"
        return "under 30" if value < 30 else "30 to 50" if value < 50 else "50 and over"
    known = {"sex": "FM", "job": ("clerk", "nurse"), "town": ("north", "south")}[column]
    return "(missing)" if pd.isna(value) else value if value in known else "(other)"


def literally(frame: pd.DataFrame, part: str, where: dict[str, str]) -> pd.DataFrame:
    """The rows of a half that have these levels, one by one."""
    half = folds(frame["id"].to_numpy()) == (part == "held out")
    rows = [
        all(level(column, row[column]) == wanted for column, wanted in where.items())
        for _, row in frame.iterrows()
    ]
    return frame[half & np.array(rows)]


def cell(tables: SliceTables, where: dict[str, str]) -> np.ndarray:
    """Quantities by part, of the rows with these levels."""
    names = [axis.name.partition(":")[2] for axis in tables.axes]
    places = tuple(names.index(name) for name in sorted(where, key=names.index))
    found = tables.tables[places]
    for place in places:
        found = found.take(tables.axes[place].labels.index(where[names[place]]), axis=2)
    return found


@pytest.mark.parametrize(
    "where",
    [
        {"sex": "F", "job": "nurse", "town": "north"},
        {"sex": "(other)", "job": "(missing)", "age": "30 to 50"},
        {"job": "(other)", "age": "(missing)", "town": "south"},
        {"job": "clerk", "age": "(not a finite number)", "town": "south"},
    ],
)
def test_counts_are_those_of_a_literal_count(where: dict[str, str]) -> None:
    frame = people()
    found = cell(counted(frame).slices[WRONG], where)
    for at, part in enumerate(("searched", "held out")):
        rows = literally(frame, part, where)
        wrong = (rows["score"] >= 0.5) != rows["y"]
        assert found[:, at].tolist() == [len(rows), wrong.sum()]
        assert len(rows) > 0


def test_sums_of_a_value() -> None:
    frame = people()
    where = {"sex": "M", "job": "nurse"}
    found = cell(counted(frame).slices[LOSS], where)
    for at, part in enumerate(("searched", "held out")):
        rows = literally(frame, part, where)
        loss = -np.log(np.where(rows["y"] == 1, rows["score"], 1 - rows["score"]))
        np.testing.assert_allclose(found[:, at], [len(rows), loss.sum(), (loss**2).sum()])


def test_every_combination_holds_every_row() -> None:
    found = counted(people()).slices[WRONG]
    assert list(found.tables) == list(itertools.combinations(range(4), 3))
    assert {int(table[0].sum()) for table in found.tables.values()} == {300}


@pytest.mark.parametrize("sizes", [(1,) * 9, (300,), (128, 128, 7)])
def test_batches_make_no_difference(sizes: tuple[int, ...]) -> None:
    frame = people()
    whole, parts = counted(frame), counted(frame, batches=sizes)
    assert plain(parts) == plain(whole)


def test_chunks_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = counted(people())
    monkeypatch.setattr("auditkit.evidence.slice_tables._CHUNK", 16)
    parts = counted(people())
    assert counts(parts) == counts(whole)
    for places, table in whole.slices[LOSS].tables.items():
        np.testing.assert_allclose(parts.slices[LOSS].tables[places], table, rtol=1e-12)


def counts(evidence: SplitEvidence) -> list[bytes]:
    return [table.tobytes() for table in evidence.slices[WRONG].tables.values()]


def plain(evidence: SplitEvidence) -> bytes:
    needs = tuple(evidence.slices)
    return to_bytes(evidence, plan_of(needs, subject_of(binary(people(2)), columns())))


@settings(max_examples=15, deadline=None)
@given(st.permutations(range(4)), st.lists(st.integers(0, 80), min_size=3, max_size=3))
def test_parts_merge_to_the_whole_in_any_order(order: list[int], ends: list[int]) -> None:
    frame = people(80)
    cuts = [0, *sorted(ends), 80]
    parts = [counted(frame.iloc[a:b]) for a, b in itertools.pairwise(cuts)]
    merged = functools.reduce(merge, [parts[place] for place in order])
    whole = counted(frame)
    assert counts(merged) == counts(whole)
    for places, table in whole.slices[LOSS].tables.items():
        np.testing.assert_allclose(merged.slices[LOSS].tables[places], table, rtol=1e-12)


def test_there_and_back() -> None:
    plan = plan_of((WRONG, LOSS), subject_of(binary(people(2)), columns("person")))
    found = counted(people(), cluster="person")
    back = from_bytes(to_bytes(found, plan), plan)
    assert back.slices.keys() == found.slices.keys()
    for need, tables in found.slices.items():
        assert back.slices[need].axes == tables.axes
        assert back.slices[need].clustered
        for places, table in tables.tables.items():
            np.testing.assert_array_equal(back.slices[need].tables[places], table)
            assert back.slices[need].tables[places].dtype == table.dtype
    assert to_bytes(back, plan) == to_bytes(found, plan)


def test_other_axes_are_not_merged() -> None:
    one, other = counted(people(), WRONG), counted(people(), LOSS)
    with pytest.raises(ValueError, match="different plans"):
        merge(one, other)
    with pytest.raises(ValueError, match="slice tables of different axes"):
        one.slices[WRONG] + other.slices[LOSS]


def test_no_cluster_is_in_both_halves() -> None:
    frame = people(600)
    found = counted(frame, WRONG, cluster="person").slices[WRONG]
    table = found.tables[(0, 1, 2)]
    assert table.shape[1] == 1 + HELD_OUT_BLOCKS
    ids = frame["person"].to_numpy()
    held_out = folds(ids) == 1
    by_part = table[0].reshape(1 + HELD_OUT_BLOCKS, -1).sum(axis=1)
    of_blocks = np.bincount(blocks(ids[held_out]) // 4, minlength=HELD_OUT_BLOCKS)
    assert by_part.tolist() == [(~held_out).sum(), *of_blocks]
    # Whatever half a person is in, all of their rows are.
    assert pd.Series(held_out).groupby(ids).nunique().max() == 1


def test_halves_are_halves_and_know_nothing_of_blocks() -> None:
    ids = np.arange(64_000)
    half, block = folds(ids), blocks(ids)
    assert abs(half.mean() - 0.5) < 0.01
    by_block = np.bincount(block, half, 64) / np.bincount(block, minlength=64)
    assert abs(by_block - 0.5).max() < 0.09
    assert folds(np.array(["a", "b"])).tolist() == folds(np.array(["a", "b"])).tolist()


def test_the_fold_is_an_axis_like_any_other() -> None:
    need = CountNeed(ViewKey(""), (CORRECT, FOLD))
    frame = people()
    found = collect(frame, binary(frame), (need,), columns=columns())
    half = folds(frame["id"].to_numpy())
    right = ((frame["score"] >= 0.5) == frame["y"]).to_numpy()
    assert found.count(need).axis("fold").labels == ("searched", "held out")
    expected = [[(~right & (half == at)).sum() for at in (0, 1)],
                [(right & (half == at)).sum() for at in (0, 1)]]  # fmt: skip
    assert found.count(need).values.tolist() == expected


def test_sums_beyond_all_numbers_are_refused() -> None:
    frame = people(20).assign(score=1e200, y=-1e200)
    from auditkit.models import stored_predictions

    model = stored_predictions({"score": "score"}, task="regression")
    need = SliceNeed(ViewKey(""), (SEX,), "absolute_error")
    said = "The sum of absolute_error is beyond all numbers"
    with pytest.raises(ModelError, match=said), np.errstate(over="ignore"):
        collect(frame, model, (need,), columns=columns(), edges=EDGES, slice_levels=LEVELS)


def test_a_feature_that_is_not_there_is_refused() -> None:
    with pytest.raises(DataError, match="no table feature 'town'"):
        counted(people().drop(columns="town"))


def test_needs_that_make_no_sense_are_refused() -> None:
    view = ViewKey("")
    for axes, depth, said in (
        ((), 3, "at least one axis"),
        ((SEX,), 0, "a depth of at least one"),
        ((SEX, SEX), 3, "named twice"),
        ((CORRECT,), 3, "slices are of groups and features, found correct"),
    ):
        with pytest.raises(ValueError, match=said):
            SliceNeed(view, axes, depth=depth)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(1, 30), min_size=1, max_size=9), st.integers(1, 3), st.integers(1, 5000)
)
def test_a_cover_holds_every_combination_once(sizes: list[int], depth: int, cells: int) -> None:
    found = cover(sizes, depth, cells)
    held = [one for inside in found.values() for one in inside]
    assert sorted(held) == sorted(combinations_of(len(sizes), depth))
    for table, inside in found.items():
        assert all(set(one) <= set(table) for one in inside)
        if len(table) > min(depth, len(sizes)):
            assert np.prod([sizes[place] for place in table]) <= cells


def test_a_cover_of_small_axes_is_much_smaller() -> None:
    assert len(cover([5] * 15, 3, 1 << 12)) < 100


def test_levels_are_the_most_frequent_ones() -> None:
    values = pd.Series([f"l{i}" for i in range(40) for _ in range(i + 1)])
    kept = frequent_labels(values)
    assert kept == (*sorted(f"l{i}" for i in range(20, 40)), "(missing)", "(other)")
    assert len(kept) == MOST_LEVELS + 2
    # Which of equally frequent ones are kept does not depend on the order of the rows.
    even = pd.Series([f"l{i}" for i in range(40)])
    assert frequent_labels(even) == frequent_labels(even[::-1])
    assert labels_of_values(pd.Series([1.0, None, 2.5])).tolist() == ["1", "(missing)", "2.5"]


def test_fewer_edges() -> None:
    assert coarser((1.0, 2.0)) == (1.0, 2.0)
    assert coarser(tuple(range(1, 16))) == (2, 4, 6, 8, 10, 12, 14)
    assert len(coarser(tuple(range(11)))) == 7
    assert sorted(set(coarser(tuple(range(8))))) == list(coarser(tuple(range(8))))
