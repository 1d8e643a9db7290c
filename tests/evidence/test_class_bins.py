"""Class bins of a pass: the same in every way of reading the rows, and as one by one."""

from __future__ import annotations

from functools import reduce

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from auditkit.data import Columns
from auditkit.evidence import ViewKey
from auditkit.evidence.class_bin_accumulators import (
    ClassBinAccumulator,
    entries_by_mask,
    entries_by_rank,
)
from auditkit.evidence.collector import SplitCollector
from auditkit.evidence.hashing import blocks
from auditkit.evidence.merging import from_bytes, merge, to_bytes
from auditkit.evidence.needs import ClassBinsNeed, rests_on_labels
from auditkit.evidence.subject import Labels
from auditkit.statistics.class_bins import INTEGERS, SUMS, ClassBins
from tests.evidence.passes import (
    answering,
    binary,
    collect,
    cut,
    finished,
    of_columns,
    plan_of,
    subject_of,
)
from tests.evidence.test_collector import counted_reads
from tests.statistics.test_class_bins import literal

NEED = ClassBinsNeed(ViewKey(""))
NAMES = ("cat", "dog", "owl", "yak")
SCORES = ["s0", "s1", "s2", "s3"]
CPU = torch.device("cpu")


def table(n: int = 80, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    p = rng.dirichlet(np.full(4, 0.3), n)
    frame = pd.DataFrame(p, columns=[f"s{i}" for i in range(4)])
    drawn = (p.cumsum(axis=1) < rng.random(n)[:, None]).sum(axis=1).clip(0, 3)
    return frame.assign(
        id=np.arange(n), y=np.array(NAMES)[drawn], person=rng.integers(0, 30, n), known=True
    )


TABLE = table()
MODEL = of_columns(SCORES, task="multiclass", outputs="probabilities", classes=NAMES)
CLUSTERED = Columns(label="y", cluster="person", row_id="id")
SUBJECT = subject_of(MODEL, CLUSTERED)
PLAN = plan_of([NEED], SUBJECT)


def expected(frame: pd.DataFrame, of: int) -> ClassBins:
    codes = np.array([NAMES.index(label) for label in frame["y"]])
    places = blocks(frame["person"].to_numpy()) if of > 1 else np.zeros(len(frame), dtype=int)
    return literal(frame[SCORES].to_numpy(), codes, places, of)


def assert_same(one: ClassBins, other: ClassBins) -> None:
    for name in INTEGERS:
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
    for name in SUMS:
        np.testing.assert_allclose(getattr(one, name), getattr(other, name), rtol=1e-12, atol=1e-12)


def passed(parts):
    return finished(SplitCollector(SUBJECT, PLAN, MODEL, {}, 0), MODEL, parts, CLUSTERED)


@settings(max_examples=25)
@given(
    st.lists(st.integers(0, 80), min_size=2, max_size=2),
    st.permutations(range(3)),
    st.booleans(),
    st.integers(1, 30),
)
def test_workers_and_batches_do_not_matter(cuts, order, grouped, size) -> None:
    one, other = sorted(cuts)
    frames = [TABLE.iloc[:one], TABLE.iloc[one:other], TABLE.iloc[other:]]
    parts = [passed(cut(frames[place], [size] * 90)) for place in order]
    sent = [from_bytes(to_bytes(part, PLAN), PLAN) for part in parts]
    merged = merge(sent[0], merge(sent[1], sent[2])) if grouped else reduce(merge, sent)
    assert_same(merged.class_bins[NEED], expected(TABLE, 64))


def test_independent_rows_are_one_block() -> None:
    found = collect(TABLE, MODEL, [NEED]).class_bins[NEED]
    assert found.classes == NAMES
    assert found.blocks == 1
    assert_same(found, expected(TABLE, 1))


def test_only_labelled_rows_are_added() -> None:
    frame = TABLE.assign(known=TABLE["id"] % 3 == 0)
    frame["y"] = frame["y"].where(frame["known"])
    # A whole batch without any label comes first.
    frame = frame.sort_values("known", kind="stable")
    for cluster in (None, "person"):
        columns = Columns(label="y", labelled="known", cluster=cluster, row_id="id")
        found = collect(
            frame, MODEL, [NEED], columns=columns, batches=(20, 40), labels=Labels.SOME
        ).class_bins[NEED]
        assert_same(found, expected(frame[frame["known"]], 64 if cluster else 1))
    assert rests_on_labels(NEED)


@pytest.mark.parametrize("classes", [2, 5, 15, 16, 200])
@pytest.mark.parametrize("clustered", [False, True])
def test_both_ways_to_the_entries_give_the_same_bins(classes: int, clustered: bool) -> None:
    rng = np.random.default_rng(classes)
    p = torch.from_numpy(rng.dirichlet(np.full(classes, 3 / classes), 300)).float()
    # Probabilities on the very edges, and as many as can be of one fifteenth.
    p[:4] = 0.0
    p[0, 0], p[1, :2], p[2, : min(classes, 15)] = 1.0, 0.5, 1 / 15
    p[3, :2] = torch.tensor([14 / 15, 1 / 15])
    truth = torch.from_numpy(rng.integers(0, classes, 300))
    of_blocks = torch.from_numpy(rng.integers(0, 64, 300)) if clustered else None
    names = tuple(map(str, range(classes)))
    states = []
    for entries in (entries_by_mask, entries_by_rank):
        state = ClassBinAccumulator(names, 64 if clustered else 1, CPU)
        state.entries = entries
        for start in range(0, 300, 64):
            piece = slice(start, start + 64)
            some = None if of_blocks is None else of_blocks[piece]
            state.add(p[piece], truth[piece], some)
        states.append(state.bins())
    assert_same(*states)
    np.testing.assert_array_equal(states[0].scores, states[1].scores)
    # Bins as of single precision, in which the probabilities came.
    binned = (p.numpy() * np.float32(15)).astype(int).clip(max=14)
    counts = np.stack([np.bincount(column, minlength=15) for column in binned.T])
    np.testing.assert_array_equal(states[0].counts.sum(axis=0), counts)
    double = p.numpy().astype(float)
    np.testing.assert_allclose(states[0].squares.sum(axis=0), (double**2).sum(axis=0), rtol=1e-13)
    np.testing.assert_allclose(states[0].scores.sum(axis=(0, 2)), double.sum(axis=0), rtol=1e-13)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_widened_first(dtype: torch.dtype) -> None:
    model = answering(
        lambda given: given, task="multiclass", outputs="probabilities", classes=NAMES,
        device="cpu", preprocess=lambda frame: torch.tensor(frame[SCORES].to_numpy()).to(dtype),
    )  # fmt: skip
    found = collect(TABLE, model, [NEED]).class_bins[NEED]
    frame = TABLE.copy()
    frame[SCORES] = torch.tensor(frame[SCORES].to_numpy()).to(dtype).float().numpy()
    assert_same(found, expected(frame, 1))


def test_classes_that_nobody_has_or_gets_are_counted_too() -> None:
    frame = TABLE.assign(s0=0.0, s1=1.0, s2=0.0, s3=0.0, y="cat")
    found = collect(frame, MODEL, [NEED]).class_bins[NEED]
    assert found.counts[0, :, 0].tolist() == [80, 0, 80, 80]
    assert found.positives.sum(axis=2).tolist() == [[80, 0, 0, 0]]
    assert found.truth_scores.tolist() == [[0.0] * 4]
    assert found.scores[0, :, 0].tolist() == [0.0] * 4


def test_no_rows_leave_empty_bins() -> None:
    assert collect(TABLE.iloc[:0], MODEL, [NEED]).class_bins[NEED] == ClassBins.zeros(NAMES)


def test_no_batch_is_read_by_the_host() -> None:
    state = ClassBinAccumulator(tuple("abcdefghijklmnopqrst"), 64, CPU)
    state.entries = entries_by_rank
    p = torch.randn(50, 20).softmax(dim=1)
    truth, of_blocks = torch.randint(0, 20, (50,)), torch.randint(0, 64, (50,))
    with counted_reads() as reads:
        for _ in range(70):
            state.add(p, truth, of_blocks)
    assert reads == {"operators": 0}
    assert state.bins().units == 3500


def test_only_multiclass_probabilities_have_bins() -> None:
    with pytest.raises(ValueError, match="class bins are of multiclass probabilities"):
        collect(TABLE.assign(score=0.5), binary(TABLE), [NEED])
    raw = of_columns(SCORES, task="multiclass", outputs="values", classes=NAMES)
    with pytest.raises(ValueError, match="class bins are of multiclass probabilities"):
        collect(TABLE, raw, [NEED])
