"""Both simple rivals: every kind of output, hostile features, and the same again."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from auditkit.learners import Unteachable
from auditkit.learners.boosting import rounds
from auditkit.models.head import Decision, Head, Outputs, Task
from tests.learners.lessons import BINARY, LABELS, NUMBER, THREE, mixed, taught

RIVALS = pytest.mark.parametrize("name", ["logistic", "boosting"])


@RIVALS
def test_a_line_is_learnt(name: str) -> None:
    frame = mixed(2000)
    rng = np.random.default_rng(1)
    odds = 2 * frame["x"] + 2 * (frame["job"] == "nurse")
    target = (odds + rng.logistic(size=2000) > 0).astype(int)
    learnt, unseen = taught(name, frame[:1000], target[:1000], BINARY), frame[1000:]
    probability = learnt(unseen.reset_index(drop=True))
    assert probability.shape == (1000, 1)
    right = ((probability[:, 0] >= 0.5) == target[1000:]).mean()
    best = ((odds[1000:] >= 0) == target[1000:]).mean()
    assert right > best - 0.03
    assert abs(probability.mean() - target[1000:].mean()) < 0.05


def test_a_product_is_learnt_by_trees_alone() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(2000, 2)), columns=["a", "b"])
    target = (frame["a"] * frame["b"] > 0).astype(int)
    line, trees = (
        (taught(name, frame, target, BINARY)(frame)[:, 0] >= 0.5) == target
        for name in ("logistic", "boosting")
    )
    assert line.mean() < 0.7
    assert trees.mean() > 0.95


@RIVALS
def test_probabilities_of_classes_come_as_declared(name: str) -> None:
    frame, target = mixed(300), np.arange(300) % 3
    frame["x"] += target
    shares = taught(name, frame, target, THREE)(frame)
    assert shares.shape == (300, 3)
    assert shares.sum(axis=1) == pytest.approx(np.ones(300))
    logits = Head("", Task.MULTICLASS, Outputs.LOGITS, classes=THREE.classes)
    assert np.exp(taught(name, frame, target, logits)(frame)) == pytest.approx(shares)
    assert (shares.argmax(axis=1) == target).mean() > 0.5


@RIVALS
def test_a_class_that_never_occurred_is_rare_and_not_impossible(name: str) -> None:
    frame = mixed(98)
    shares = taught(name, frame, np.arange(98) % 2, THREE)(frame)
    assert shares[:, 2] == pytest.approx(np.full(98, 1 / 101))
    assert shares.sum(axis=1) == pytest.approx(np.ones(98))


@RIVALS
def test_each_label_is_learnt_by_itself(name: str) -> None:
    frame = mixed(400)
    target = np.stack([frame["x"] > 0, np.zeros(400)], axis=1).astype(int)
    shares = taught(name, frame, target, LABELS)(frame)
    assert ((shares[:, 0] >= 0.5) == target[:, 0]).mean() > 0.9
    # It never occurred among 400.
    assert shares[:, 1] == pytest.approx(np.full(400, 1 / 402))


@RIVALS
def test_numbers_are_learnt(name: str) -> None:
    frame = mixed(1500)
    truth = 1e6 * (frame["x"] + (frame["job"] == "smith"))
    found = taught(name, frame, truth.to_numpy(), NUMBER)(frame)
    assert found.shape == (1500, 1)
    assert np.abs(found[:, 0] - truth).mean() < 0.2 * np.abs(truth - truth.mean()).mean()
    several = Head("", Task.REGRESSION, classes=("one", "other"))
    both = taught(name, frame, np.stack([truth, -truth], axis=1), several)(frame)
    assert both.shape == (1500, 2)


@RIVALS
def test_quantiles_are_learnt(name: str) -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": rng.normal(size=1500)})
    truth = frame["x"].to_numpy() + rng.normal(size=1500)
    head = Head("", Task.REGRESSION, quantiles=(0.1, 0.5, 0.9))
    found = taught(name, frame, truth, head)(frame)
    assert found.shape == (1500, 3)
    assert (truth[:, None] <= found).mean(axis=0) == pytest.approx([0.1, 0.5, 0.9], abs=0.03)


@RIVALS
def test_what_was_never_seen_is_answered_for(name: str) -> None:
    frame = mixed(300)
    learnt = taught(name, frame, (frame["x"] > 0).astype(int), BINARY)
    strange = pd.DataFrame(
        {
            "x": [np.nan, np.inf, 1e300, -1e300],
            "gappy": [np.inf, -np.inf, np.nan, 0.0],
            "income": ["much", None, "1", "2"],
            "job": [3, "king", None, "clerk"],
        }
    )
    found = learnt(strange)
    assert found.shape == (4, 1)
    assert ((found >= 0) & (found <= 1)).all()
    assert found[2] > 0.5 > found[3]


@RIVALS
@pytest.mark.parametrize(
    ("frame", "target", "head", "reason"),
    [
        (mixed(50), np.ones(50, int), BINARY, "are of one class"),
        (mixed(50)[["constant"]], np.arange(50) % 2, BINARY, "No feature varies"),
        (mixed(50), np.r_[np.nan, np.ones(49)], NUMBER, "not finite"),
        (mixed(50), np.arange(50) % 2, Head("", Task.BINARY), "neither logits nor probabilities"),
        (
            mixed(50),
            np.arange(50) % 2,
            Head("", Task.BINARY, Outputs.VALUES, decision=Decision(threshold=3.0)),
            "neither logits nor probabilities",
        ),
        (
            mixed(50),
            np.zeros(50),
            Head("", Task.CUSTOM, unit_metrics=lambda output, target: output),
            "unit_metrics alone",
        ),
        (
            mixed(50),
            np.arange(50),
            Head("", Task.MULTICLASS, Outputs.LOGITS, classes=tuple(map(str, range(201)))),
            "more than 200 classes",
        ),
    ],
)
def test_what_cannot_be_learnt_is_a_reason(name, frame, target, head: Head, reason: str) -> None:
    with pytest.raises(Unteachable, match=reason):
        taught(name, frame, target, head)


@RIVALS
def test_the_same_lesson_teaches_the_same(name: str) -> None:
    frame = mixed(1200)
    target = (frame["x"] + np.random.default_rng(0).normal(size=1200) > 0).astype(int)
    once, again = (taught(name, frame, target, BINARY, seed=7)(frame) for _ in range(2))
    assert np.array_equal(once, again)


@RIVALS
def test_a_class_of_one_unit_is_no_obstacle(name: str) -> None:
    frame = mixed(1200)
    target = np.r_[2, np.arange(1199) % 2]
    assert taught(name, frame, target, THREE)(frame).shape == (1200, 3)


@RIVALS
def test_threads_are_torchs(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from threadpoolctl import ThreadpoolController

    asked: list[int] = []
    real = ThreadpoolController.limit

    def limit(found: ThreadpoolController, *, limits: int) -> object:
        asked.append(limits)
        # What is limited are the libraries that scikit-learn computes with.
        assert {"openmp", "blas"} <= {one["user_api"] for one in found.info()}
        return real(found, limits=limits)

    monkeypatch.setattr(ThreadpoolController, "limit", limit)
    taught(name, mixed(60), np.arange(60) % 2, BINARY)(mixed(60))
    assert asked == [torch.get_num_threads()] * 2


def test_a_wide_table_is_narrowed_to_what_tells_most() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(300, 2500)), columns=[f"x{i}" for i in range(2500)])
    target = (frame["x2400"] + 0.3 * rng.normal(size=300) > 0).astype(int)
    for name in ("logistic", "boosting"):
        found = taught(name, frame, target, BINARY)(frame)[:, 0]
        assert ((found >= 0.5) == target).mean() > 0.9


def test_a_fit_that_ends_early_gives_no_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("auditkit.learners.logistic._WORK", 1.0)
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(200, 40)))
    frame.columns = frame.columns.map(str)
    assert np.isfinite(taught("logistic", frame, np.arange(200) % 2, BINARY)(frame)).all()


def test_the_line_is_that_of_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(400, 3))
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    target = (x[:, 0] + rng.normal(size=400) > 0).astype(int)
    peer = LogisticRegression(max_iter=200).fit(x, target).predict_proba(x)[:, 1]
    found = taught("logistic", pd.DataFrame(x, columns=["a", "b", "c"]), target, BINARY)
    assert found(pd.DataFrame(x, columns=["a", "b", "c"]))[:, 0] == pytest.approx(peer, abs=1e-6)


@pytest.mark.parametrize(("units", "columns", "trees"), [(100, 4, 1), (10_000, 500, 200)])
def test_rounds_have_limits(units: int, columns: int, trees: int) -> None:
    assert 20 <= rounds(units, columns, trees) <= 100


def test_small_tables_take_little_time() -> None:
    frame = mixed(300)
    started = time.process_time()
    for name in ("logistic", "boosting"):
        taught(name, frame, np.arange(300) % 3, THREE)(frame)
    # About .1 s on an idle core; scikit-learn was imported before.
    assert time.process_time() - started < 1.5


CELLS = {
    "number": st.one_of(st.floats(allow_nan=True, allow_infinity=True), st.just(0.0)),
    "word": st.one_of(st.none(), st.sampled_from(["a", "b", "c"]), st.text(max_size=3)),
}
HEADS = {
    "binary": (BINARY, st.integers(0, 1)),
    "classes": (THREE, st.integers(0, 2)),
    "number": (NUMBER, st.floats(-1e6, 1e6)),
    "quantiles": (
        Head("", Task.REGRESSION, quantiles=(0.1, 0.5)),
        st.floats(-1e6, 1e6),
    ),
}


@RIVALS
@settings(max_examples=25, deadline=None)
@given(data=st.data(), n=st.integers(1, 40), kind=st.sampled_from(sorted(HEADS)))
def test_any_table_is_learnt_or_a_reason(name: str, data: st.DataObject, n: int, kind) -> None:
    head, outcomes = HEADS[kind]
    columns = data.draw(st.lists(st.sampled_from(sorted(CELLS)), min_size=1, max_size=4))
    frame = pd.DataFrame(
        {
            f"{column} {place}": pd.Series(
                data.draw(st.lists(CELLS[column], min_size=n, max_size=n)),
                dtype="float64" if column == "number" else "object",
            )
            for place, column in enumerate(columns)
        }
    )
    target = np.array(data.draw(st.lists(outcomes, min_size=n, max_size=n)))
    try:
        learnt = taught(name, frame, target, head)
    except Unteachable:
        return
    found = learnt(frame)
    assert found.shape == (n, head.numbers if kind != "binary" else 1)
    assert np.isfinite(found).all()
