"""The review: the clearest contradictions of all rows, however these are read."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import log_softmax, softmax

from auditkit.data import Columns
from auditkit.evidence import ViewKey
from auditkit.evidence.collector import SplitCollector
from auditkit.evidence.hashing import hashes
from auditkit.evidence.merging import from_bytes, merge, to_bytes
from auditkit.evidence.needs import ReviewNeed, rests_on_labels
from auditkit.evidence.review import Review
from auditkit.evidence.subject import Labels
from auditkit.models import wrap
from tests.evidence.passes import batch_of, collect, cut, finished, of_columns, plan_of, subject_of
from tests.evidence.test_collector import counted_reads

NEED = ReviewNeed(ViewKey(""), count=7)
NAMES = ("cat", "dog", "owl")
SCORES = ["s0", "s1", "s2"]
CLUSTERED = Columns(label="y", cluster="person", row_id="id")


def table(n: int = 90, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    logits = rng.normal(scale=2, size=(n, 3)).round(1)  # rounded, so that margins tie
    labels = np.where(rng.random(n) < 0.6, logits.argmax(axis=1), rng.integers(0, 3, n))
    return pd.DataFrame(logits, columns=SCORES).assign(
        id=[f"row {i}" for i in range(n)],
        y=np.array(NAMES)[labels],
        person=rng.integers(0, 30, n),
        known=True,
    )


TABLE = table()
MODEL = of_columns(SCORES, task="multiclass", outputs="logits", classes=NAMES)
SUBJECT = subject_of(MODEL, CLUSTERED)
PLAN = plan_of([NEED], SUBJECT)


def expected(frame: pd.DataFrame, count: int) -> list[tuple[str, str, str, float, float]]:
    """The definition, row by row."""
    found = []
    for row in frame.to_dict("records"):
        logits = np.array([row[name] for name in SCORES])
        given = NAMES.index(row["y"])
        others = np.where(np.arange(3) == given, -np.inf, logits)
        rival = int(others.argmax())
        margin = log_softmax(logits)[given] - log_softmax(logits)[rival]
        if margin < -1e-9:
            key = int(hashes(np.array([row["id"]], dtype=object))[0])
            p = softmax(logits)
            found.append((round(margin, 9), key, row["id"], given, rival, p[given], p[rival]))
    return [one[2:] for one in sorted(found)[:count]]


def listed(review: Review) -> list[tuple]:
    return list(
        zip(review.rows, review.given.tolist(), review.predicted.tolist(),
            review.p_given.tolist(), review.p_predicted.tolist(), strict=True)
    )  # fmt: skip


def assert_listed(review: Review, wanted: list[tuple]) -> None:
    found = listed(review)
    assert [one[:3] for one in found] == [one[:3] for one in wanted]
    for one, other in zip(found, wanted, strict=True):
        assert one[3:] == pytest.approx(other[3:], rel=1e-6)


def passed(parts):
    return finished(SplitCollector(SUBJECT, PLAN, MODEL, {}, 0), MODEL, parts, CLUSTERED)


@settings(max_examples=25)
@given(
    st.lists(st.integers(0, 90), min_size=2, max_size=2),
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
    found = merged.review[NEED]
    assert_listed(found, expected(TABLE, 7))
    by_id = TABLE.set_index("id")["person"]
    np.testing.assert_array_equal(found.clusters, hashes(by_id.loc[list(found.rows)].to_numpy()))


def test_rows_of_which_the_model_agrees_are_not_listed() -> None:
    need = ReviewNeed(ViewKey(""), count=500)
    found = collect(TABLE, MODEL, [need]).review[need]
    assert found.clusters is None
    wrong = TABLE[TABLE[SCORES].to_numpy().argmax(axis=1) != TABLE["y"].map(NAMES.index)]
    assert 10 < len(found) <= len(wrong)
    assert_listed(found, expected(TABLE, 500))


def test_only_labelled_rows_are_listed() -> None:
    frame = TABLE.assign(known=np.arange(90) % 2 == 0).sort_values("known", kind="stable")
    frame["y"] = frame["y"].where(frame["known"])
    columns = Columns(label="y", labelled="known", row_id="id")
    found = collect(frame, MODEL, [NEED], columns=columns, labels=Labels.SOME).review[NEED]
    assert_listed(found, expected(frame[frame["known"]], 7))
    assert rests_on_labels(NEED)


@pytest.mark.parametrize("outputs", ["logits", "probabilities"])
def test_binary_heads_need_no_decision(outputs: str) -> None:
    rng = np.random.default_rng(1)
    odds = rng.normal(scale=2, size=40)
    p = 1 / (1 + np.exp(-odds))
    labels = rng.integers(0, 2, 40)
    frame = pd.DataFrame({"id": np.arange(40), "y": labels})
    frame["score"] = odds if outputs == "logits" else p
    model = of_columns(["score"], task="binary", outputs=outputs)
    found = collect(frame, model, [NEED]).review[NEED]
    margin = np.where(labels == 1, odds, -odds)
    order = margin.argsort()[:7]
    assert found.rows == tuple(map(str, order))
    np.testing.assert_allclose(found.margin, margin[order], rtol=1e-6)
    np.testing.assert_array_equal(found.predicted, 1 - labels[order])
    np.testing.assert_allclose(found.p_given, np.where(labels, p, 1 - p)[order], rtol=1e-6)
    np.testing.assert_allclose(found.p_given + found.p_predicted, 1.0)


def test_each_label_of_several_has_its_own_list() -> None:
    frame = pd.DataFrame({"id": [0, 1], "a": [0.9, 0.2], "b": [0.1, 0.3], "ya": [0, 0]})
    frame["yb"] = [0, 1]
    model = of_columns(["a", "b"], task="multilabel", outputs="probabilities", classes=("a", "b"))
    needs = [ReviewNeed(ViewKey("", label)) for label in ("a", "b")]
    found = collect(frame, model, needs, columns=Columns(label=("ya", "yb"))).review
    assert [found[need].rows for need in needs] == [("0",), ("1",)]


def test_probabilities_of_zero_come_first() -> None:
    frame = pd.DataFrame(
        {"id": [0, 1, 2], "s0": [0.0, 0.1, 1.0], "s1": [1.0, 0.9, 0.0], "s2": 0.0, "y": "cat"}
    )
    model = of_columns(SCORES, task="multiclass", outputs="probabilities", classes=NAMES)
    found = collect(frame, model, [NEED]).review[NEED]
    assert found.rows == ("0", "1")
    assert found.margin[0] == -np.inf
    assert Review.from_bytes(found.to_bytes()).margin[0] == -np.inf


def test_the_device_is_read_every_64th_batch() -> None:
    torch.manual_seed(0)
    model = wrap(
        torch.nn.Linear(3, 3), task="multiclass", outputs="logits", classes=NAMES, device="cpu"
    )
    subject = subject_of(model, CLUSTERED)
    collector = SplitCollector(subject, plan_of([NEED], subject), model, {}, 0)
    big = table(2000)
    batches = []
    for part in cut(big, [10] * 200):
        batch = batch_of(part, CLUSTERED)
        targets = torch.tensor([NAMES.index(label) for label in part["y"]])
        inputs = torch.tensor(part[SCORES].to_numpy(np.float32))
        batches.append(replace(batch, inputs=inputs, targets=targets))
    with model.opened():
        with counted_reads() as reads:
            for batch in batches:
                collector.update(batch)
        found = collector.finish().review[NEED]
    # 200 targets are looked at in the host's memory; the guard reads four times.
    assert reads == {"cpu": 200 + 3, "tolist": 4, "operators": 0}
    assert len(found) == 7


def test_no_rows_leave_an_empty_list() -> None:
    nothing = collect(TABLE.iloc[:0], MODEL, [NEED], columns=CLUSTERED).review[NEED]
    assert (len(nothing), len(nothing.clusters)) == (0, 0)
    whole = passed([TABLE]).review[NEED]
    assert listed(nothing.merged(whole)) == listed(whole) == listed(whole.merged(nothing))


def test_what_cannot_be_reviewed_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one unit, found 0"):
        ReviewNeed(ViewKey(""), count=0)
    raw = of_columns(SCORES, task="multiclass", outputs="values", classes=NAMES)
    with pytest.raises(ValueError, match="a review is of probabilities"):
        collect(TABLE, raw, [NEED])
    with pytest.raises(ValueError, match="damaged review"):
        Review.from_bytes(passed([TABLE]).review[NEED].to_bytes().replace(b'"size"', b'"sise"'))
    some = passed([TABLE]).review[NEED]
    with pytest.raises(ValueError, match="differ in length"):
        replace(some, rows=some.rows[:2])
