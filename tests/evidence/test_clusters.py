"""Distinct clusters by group: exact where they are few, close where they are many."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditkit.evidence import clusters
from auditkit.evidence.clusters import Clusters, ClusterTally
from auditkit.evidence.hashing import hashes
from auditkit.measurement import Slice

ROWS = st.lists(
    st.tuples(st.integers(0, 15), st.sampled_from("FM"), st.sampled_from("abc")), max_size=60
)
SLICES = [
    Slice(),
    Slice.of(sex="F"),
    Slice.of(town="b"),
    Slice.of(sex="M", town="c"),
    Slice.of(sex="nobody"),
]


def tallied(rows: list[tuple[int, str, str]], size: int = 7) -> Clusters:
    vocabulary: tuple[list[str], list[str]] = [], []
    tally = ClusterTally(2)
    for start in range(0, len(rows), size):
        part = rows[start : start + size]
        codes = []
        for column, known in enumerate(vocabulary):
            levels = [row[column + 1] for row in part]
            known.extend(level for level in dict.fromkeys(levels) if level not in known)
            codes.append(np.array([known.index(level) for level in levels]))
        tally.add(hashes(np.array([row[0] for row in part])), codes)
    return tally.clusters(dict(zip(("sex", "town"), vocabulary, strict=True)))


def same(one: Clusters, other: Clusters) -> bool:
    return (
        one.levels == other.levels
        and np.array_equal(one.codes, other.codes)
        and np.array_equal(one.keys, other.keys)
    )


@given(ROWS, st.integers(1, 20))
def test_clusters_are_counted_as_pandas_counts_them(rows, size: int) -> None:
    found = tallied(rows, size)
    table = pd.DataFrame(rows, columns=["id", "sex", "town"])
    for where in SLICES:
        part = table
        for name, level in where.conditions:
            part = part[part[name] == level]
        assert found.number(where) == part["id"].nunique()
    either = table[(table["sex"] == "F") | (table["town"] == "b")]
    assert found.number(SLICES[1], SLICES[2]) == either["id"].nunique()
    assert found.number() == 0


@given(ROWS, st.lists(st.integers(0, 60), min_size=2, max_size=2), st.permutations(range(3)))
def test_parts_merge_to_the_whole(rows, cuts: list[int], order: list[int]) -> None:
    one, other = sorted(cuts)
    parts = [tallied(part) for part in (rows[:one], rows[one:other], rows[other:])]
    first, second, third = (parts[place] for place in order)
    assert same(first.merged(second).merged(third), tallied(rows))
    assert same(first.merged(second.merged(third)), tallied(rows))


def test_many_clusters_are_estimated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clusters, "MOST_KEPT", 4096)
    monkeypatch.setattr(clusters, "_FIRST_COMPACTION", 1 << 14)
    ids = np.arange(200_000)
    codes = (ids % 10 == 0).astype(np.int64)
    codes[:30] = 2  # a rare group beside the large ones

    def part(rows: slice) -> Clusters:
        tally = ClusterTally(1)
        for start in range(rows.start, rows.stop, 10_000):
            batch = slice(start, start + 10_000)
            tally.add(hashes(ids[batch]), [codes[batch]])
            tally.add(hashes(ids[batch]), [codes[batch]])
        return tally.clusters({"g": ("large", "tenth", "rare")})

    whole = part(slice(0, 200_000))
    merged = part(slice(120_000, 200_000)).merged(part(slice(0, 120_000)))
    assert same(whole, merged)
    assert len(whole.keys) == 2 * 4096 + 30
    # A standard error of 1 / √4096, 1.6 %; the rare group is counted exactly.
    for where, expected in [
        (Slice(), 200_000),
        (Slice.of(g="large"), 179_973),
        (Slice.of(g="tenth"), 19_997),
    ]:
        assert whole.number(where) == pytest.approx(expected, rel=0.06)
    assert whole.number(Slice.of(g="rare")) == 30
    assert not whole.exact
    assert tallied([(1, "F", "a")]).exact


def test_without_groups_all_rows_are_one_slice() -> None:
    tally = ClusterTally(0)
    tally.add(hashes(np.array(["a", "b", "a"], dtype=object)), [])
    found = tally.clusters({})
    assert found.number(Slice()) == 2
    assert same(found.merged(ClusterTally(0).clusters({})), found)


def test_hashes_are_stable() -> None:
    # A record can be compared with a later one only while these stay.
    assert hashes(np.array([1, 2])).tolist() == [8841707400507832957, 5974825227474435752]
    assert hashes(np.array(["a", "é"])).tolist() == [4331099054663464410, 3437983464070210205]
    numbers = np.arange(100_000)
    spread = np.bincount((hashes(numbers) % np.uint64(64)).astype(int), minlength=64)
    assert spread.min() > 1300
    assert not np.array_equal(hashes(numbers[:5], 1), hashes(numbers[:5], 2))
    # The same value hashes alike, whatever batch it comes in.
    assert hashes(np.array([7]))[0] == hashes(np.array([3, 7, 9]))[1]
    words = np.array(["x", "y"], dtype=object)
    assert hashes(words)[1] == hashes(np.array(["y"]))[0]
