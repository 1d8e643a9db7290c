"""Levels met on the way: the same are kept whatever the order, and nothing is lost."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditkit.data.columns import MISSING
from auditkit.evidence import levels
from auditkit.evidence.levels import NOT_A_NUMBER, OTHER, Bins, Vocabulary, settled
from auditkit.statistics.counts import Axis, Counts


def counted(parts: list[list[str]], limit: int | None, name: str = "feature:town") -> Counts:
    """Counts of text met part by part."""
    vocabulary = Vocabulary(limit)
    total: Counter[str] = Counter()
    for part in parts:
        places, names = pd.factorize(np.array(part, dtype=object))
        codes = vocabulary.encode(places, list(names))
        total.update(vocabulary.labels[code] for code in codes)
    axis = Axis(name, vocabulary.labels, open=True)
    return settled(Counts((axis,), [total[label] for label in vocabulary.labels]))


def test_codes_are_given_in_order_of_appearance() -> None:
    vocabulary = Vocabulary()
    assert vocabulary.encode(np.array([0, 1, 0]), ["b", "a"]).tolist() == [0, 1, 0]
    assert vocabulary.encode(np.array([1, -1, 0]), ["c", "a"]).tolist() == [1, 3, 2]
    assert vocabulary.labels == ("b", "a", "c", MISSING)
    assert vocabulary.encode(np.zeros(0, dtype=np.int64), []).shape == (0,)


@given(
    st.lists(st.sampled_from([f"town {i}" for i in range(40)]), max_size=120),
    st.permutations(range(4)),
    st.data(),
)
def test_many_levels_are_kept_alike_in_every_order(
    towns: list[str], order: list[int], data: st.DataObject
) -> None:
    limit = levels.MAX_LEVELS
    levels.MAX_LEVELS = 8
    try:
        cuts = sorted(data.draw(st.lists(st.integers(0, len(towns)), min_size=3, max_size=3)))
        parts = [towns[a:b] for a, b in zip([0, *cuts], [*cuts, len(towns)], strict=True)]
        whole = counted([towns], 8)
        shuffled = counted([parts[place] for place in order], 8)
        merged = [counted([parts[place]], 8) for place in order]
        together = settled(merged[0] + merged[1])
        for part in merged[2:]:
            together = settled(together + part)
    finally:
        levels.MAX_LEVELS = limit
    assert shuffled == whole
    assert together == whole
    assert whole.total == len(towns)
    assert len([label for label in whole.axes[0].labels if label != OTHER]) <= 8


def test_levels_kept_apart_have_all_their_units() -> None:
    towns = [f"town {i % 1000}" for i in range(5000)]
    found = counted([towns[start : start + 100] for start in range(0, 5000, 100)], 200)
    by_label = dict(zip(found.axes[0].labels, found.values.tolist(), strict=True))
    assert len(by_label) == 201
    assert by_label.pop(OTHER) == 4000
    assert set(by_label.values()) == {5}


def test_the_memory_of_a_vocabulary_is_bounded() -> None:
    vocabulary = Vocabulary(200)
    names = [f"person {i}" for i in range(100_000)]
    vocabulary.encode(np.arange(len(names)), names)
    # 200 (1 + ln(100,000 / 200)) levels are admitted on average.
    assert len(vocabulary) < 2000


def test_groups_are_never_put_together() -> None:
    found = counted([[f"level {i}" for i in range(300)]], None, name="group:town")
    assert found.values.shape == (300,)
    assert OTHER not in found.axes[0].labels


def test_labels_are_put_in_order_with_their_counts() -> None:
    axes = (Axis("outcome", ("no", "yes")), Axis("group:sex", ("M", "F"), open=True))
    found = settled(Counts(axes, [[1, 2], [3, 4]]))
    assert found.axes[1].labels == ("F", "M")
    assert found.values.tolist() == [[2, 1], [4, 3]]


def test_numbers_fall_between_edges() -> None:
    bins = Bins([0.0, 10.0])
    values = pd.Series([-1.0, 0.0, 9.99, 10.0, np.nan, np.inf])
    assert bins.encode(values).tolist() == [0, 1, 1, 2, 3, 4]
    assert bins.labels == ("under 0", "0 to 10", "10 and over", MISSING, NOT_A_NUMBER)
    assert len(bins) == len(bins.labels)


@pytest.mark.parametrize("kind", ["Int64", "Float32", "int64", "object", "int64[pyarrow]"])
def test_numbers_of_every_type(kind: str) -> None:
    assert Bins([2.0]).encode(pd.Series([1, 2, 3], dtype=kind)).tolist() == [0, 1, 1]


def test_what_is_missing_and_what_is_no_number_are_told_apart() -> None:
    bins = Bins([2.0])
    assert bins.encode(pd.Series([1, None], dtype="Int64")).tolist() == [0, 2]
    assert bins.encode(pd.Series(["1", "many", None], dtype=object)).tolist() == [0, 3, 2]


def test_text_has_its_levels() -> None:
    bins = Bins(None)
    assert bins.encode(pd.Series(["a", None, "", "a"], dtype="string")).tolist() == [0, 2, 1, 0]
    assert bins.labels == ("a", "(empty)", MISSING)
    assert bins.encode(pd.Series([True, False, None], dtype=object)).tolist() == [3, 4, 2]
    assert not bins.numeric


def test_close_edges_have_different_labels() -> None:
    labels = levels.numeric_labels([1.00001, 1.00002, 2.0])
    assert len(set(labels)) == len(labels)
    assert labels[0] == "under 1.00001"
