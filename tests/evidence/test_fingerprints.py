"""Fingerprints are of the same units in any order, batch size and number of workers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditkit.data import Columns
from auditkit.data.batch import Batch
from auditkit.evidence import FingerprintNeed
from auditkit.evidence.fingerprinting import Fingerprinter
from auditkit.evidence.fingerprints import Fingerprints, nothing_seen, together
from auditkit.evidence.hashing import hashes
from auditkit.evidence.merging import from_bytes, merge, to_bytes
from tests.evidence.passes import binary, collect, plan_of, subject_of

IDS = np.random.default_rng(0).permutation(500)[:90]
NEED = FingerprintNeed(20)


def batch(ids: np.ndarray) -> Batch:
    frame = pd.DataFrame({"a": ids % 7, "b": [f"text {one % 5}" for one in ids]})
    times = np.datetime64("2026-01-01") + ids.astype("timedelta64[h]")
    return Batch(frame, None, ids, {}, ids // 10, frame=frame, times=times)


def taken(parts: list[np.ndarray], need: FingerprintNeed = NEED, seed: int = 3) -> Fingerprints:
    fingerprinter = Fingerprinter(need, seed)
    for ids in parts:
        fingerprinter.add(batch(ids))
    return fingerprinter.fingerprints


def same(one: Fingerprints, other: Fingerprints) -> bool:
    arrays = ("row_ids", "keys", "content", "vectors", "clusters", "times")
    alike = [np.array_equal(getattr(one, name), getattr(other, name)) for name in arrays]
    return all(alike) and (one.seen, one.size, one.lacking) == (
        other.seen, other.size, other.lacking,
    )  # fmt: skip


WHOLE = taken([IDS])


def test_the_units_with_the_smallest_keys_are_kept() -> None:
    keys = hashes(IDS, 3)
    order = np.argsort(keys)[:20]
    np.testing.assert_array_equal(WHOLE.row_ids, IDS[order])
    np.testing.assert_array_equal(WHOLE.keys, keys[order])
    np.testing.assert_array_equal(WHOLE.clusters, hashes(IDS[order] // 10))
    assert WHOLE.times is not None
    hours = (WHOLE.times - WHOLE.times.min()) / 3600
    np.testing.assert_array_equal(hours, WHOLE.row_ids - WHOLE.row_ids.min())
    assert (len(WHOLE), WHOLE.seen, WHOLE.sampled) == (20, 90, True)
    assert WHOLE.drawn == "A random sample of 20 of 90 rows, drawn by a keyed hash of their ids."
    few = taken([IDS], FingerprintNeed())
    assert (len(few), few.sampled, few.drawn) == (90, False, "")


@given(st.permutations(list(range(len(IDS)))), st.lists(st.integers(1, 40), min_size=1, max_size=9))
def test_any_order_and_batches(order: list[int], sizes: list[int]) -> None:
    parts = np.split(IDS[order], np.unique(np.minimum(np.cumsum(sizes), len(IDS))))
    assert same(taken([part for part in parts if len(part)]), WHOLE)


@given(st.integers(1, 89), st.integers(1, 89), st.permutations(range(3)))
def test_any_workers(first: int, second: int, order: list[int]) -> None:
    parts = [taken([ids]) for ids in np.split(IDS, sorted({first, second})) if len(ids)]
    parts = [parts[place] for place in order if place < len(parts)]
    merged = parts[0]
    for part in parts[1:]:
        merged = merged.merged(part)
    assert same(merged, WHOLE)
    assert same(together(parts), WHOLE)


def test_a_row_that_two_workers_read_is_there_once() -> None:
    merged = taken([IDS[:50]]).merged(taken([IDS[40:]]))
    np.testing.assert_array_equal(merged.row_ids, WHOLE.row_ids)


@pytest.mark.parametrize("text", [False, True])
def test_there_and_back(text: bool) -> None:
    found = WHOLE
    if text:
        ids = np.array([f"row {one}" for one in WHOLE.row_ids], dtype=object)
        found = Fingerprints(
            ids, WHOLE.keys, WHOLE.content, WHOLE.vectors[:, :0], None, None, 20, 90, "Why not."
        )
    back = Fingerprints.from_bytes(found.to_bytes())
    assert back.row_ids.dtype == found.row_ids.dtype
    assert back.vectors.shape == found.vectors.shape
    assert back.vectors.dtype == np.float16
    assert back.to_bytes() == found.to_bytes()
    assert same(back, found) or text
    none = Fingerprints.from_bytes(nothing_seen(20).to_bytes())
    assert (len(none), none.seen, none.size, none.content.shape) == (0, 0, 20, (0, 2))
    assert same(none.merged(back), back) or text


def test_a_part_without_vectors_leaves_none() -> None:
    without = Fingerprints(
        WHOLE.row_ids + 1000, WHOLE.keys + np.uint64(1), WHOLE.content, WHOLE.vectors[:, :0],
        WHOLE.clusters, None, 20, 20, "There is nothing.",
    )  # fmt: skip
    for merged in (WHOLE.merged(without), without.merged(WHOLE)):
        assert merged.vectors.shape == (20, 0)
        assert merged.lacking == "There is nothing."
        assert merged.times is None
        assert merged.clusters is not None


def table(rows: int = 60) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "id": np.arange(rows),
            "score": rng.random(rows),
            "y": rng.integers(0, 2, rows),
            "age": rng.integers(20, 60, rows),
            "person": rng.integers(0, 9, rows),
        }
    )


COLUMNS = Columns(label="y", cluster="person", row_id="id")


def test_a_pass_takes_them_and_workers_merge_theirs() -> None:
    frame, model = table(), binary(table())
    frame["score"] = 0.25
    plan = plan_of((NEED,), subject_of(model, COLUMNS))
    whole = collect(frame, model, (NEED,), columns=COLUMNS)
    parts = [collect(frame[a:b], model, (NEED,), columns=COLUMNS) for a, b in ((0, 17), (17, 60))]
    sent = [from_bytes(to_bytes(part, plan), plan) for part in parts]
    assert same(merge(*sent).fingerprints[NEED], whole.fingerprints[NEED])
    assert len(whole.fingerprints[NEED]) == 20
    # The model's answers are no content.
    frame["score"] = 0.75
    other = collect(frame, model, (NEED,), columns=COLUMNS).fingerprints[NEED]
    np.testing.assert_array_equal(other.content, whole.fingerprints[NEED].content)


def test_of_no_rows() -> None:
    with pytest.raises(ValueError, match="at least one row, found 0"):
        FingerprintNeed(0)
