"""Rows of outputs beside outcomes: what the model gave, whole clusters, as each view sees them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.special import expit, softmax

from auditkit.data import Dataset
from auditkit.evidence import LocalEngine, Options, SplitNeed, make_plan
from auditkit.evidence.asking import predicted
from auditkit.evidence.hashing import blocks
from auditkit.evidence.outcome_rows import OutcomeRows, outcome_need, outcome_rows
from auditkit.models.wrapped import WrappedModel
from auditkit.subjects import probe
from tests.checks.audits import BINARY, DECIDING, data_of, scored, stored

CLASSES = ("a", "b", "c")


def collected(model: WrappedModel, data: Dataset, label: str = "") -> OutcomeRows | str:
    with model.opened():
        probed = probe(model, data, seed=0, batch_size=100)
        subject = probed.subject
        (view,) = [view for view in subject.main_views if view.key.label == label]
        need = outcome_need(subject, view)
        plan = make_plan([SplitNeed("evaluation", need)], subject)
        options = Options(batch_size=100, edges=probed.edges, quiet=True)
        evidence = LocalEngine().run(plan, subject, model, data, options)
        return outcome_rows(evidence, need, view, "evaluation")


def rows_of(model: WrappedModel, data: Dataset, label: str = "") -> OutcomeRows:
    found = collected(model, data, label)
    assert isinstance(found, OutcomeRows), found
    return found


def table(n: int = 400, **columns: Any) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    raw = {f"score{name}": rng.normal(size=n) for name in CLASSES}
    return pd.DataFrame({**raw, "y": rng.choice(CLASSES, n), **columns})


def multiclass(outputs: str = "logits") -> WrappedModel:
    names = [f"score{name}" for name in CLASSES]
    return stored(names, task="multiclass", outputs=outputs, classes=CLASSES)


def test_probabilities_of_several_classes() -> None:
    frame = table()
    found = rows_of(multiclass(), data_of(frame))
    raw = frame[[f"score{name}" for name in CLASSES]].to_numpy(np.float32).astype(float)
    np.testing.assert_allclose(np.sort(found.outputs, axis=0), np.sort(raw, axis=0))
    np.testing.assert_allclose(found.probabilities, softmax(found.outputs, axis=1))
    np.testing.assert_array_equal(found.logits, found.outputs)
    codes = frame["y"].map({name: place for place, name in enumerate(CLASSES)})
    assert found.correct.mean() == (raw.argmax(axis=1) == codes).mean()
    again = predicted(torch.from_numpy(found.outputs), found.view.head)
    np.testing.assert_array_equal(again, found.prediction)


def test_a_single_column_is_two_classes() -> None:
    frame = scored(300)
    found = rows_of(stored(**DECIDING), data_of(frame))
    assert found.probabilities.shape == found.logits.shape == (300, 2)
    np.testing.assert_allclose(found.probabilities.sum(axis=1), 1)
    np.testing.assert_allclose(
        np.sort(found.probabilities[:, 1]), np.sort(frame["score"]), atol=1e-7
    )
    np.testing.assert_allclose(expit(found.logits[:, 1]), found.probabilities[:, 1])
    assert (found.logits[:, 0] == 0).all()
    again = predicted(torch.from_numpy(found.outputs[:, 0]), found.view.head)
    np.testing.assert_array_equal(again, found.prediction)


def test_certain_probabilities_have_finite_logits() -> None:
    frame = scored(40).assign(score=[0.0, 1.0] * 20)
    found = rows_of(stored(**DECIDING), data_of(frame))
    assert np.isfinite(found.logits).all()


def test_without_a_decision_nothing_is_predicted() -> None:
    found = rows_of(stored(**BINARY), data_of(scored(50)))
    assert found.prediction is None
    with pytest.raises(ValueError, match="declares no decision"):
        _ = found.correct


def test_values_are_no_probabilities() -> None:
    found = rows_of(stored(task="binary", outputs="values"), data_of(scored(50)))
    with pytest.raises(ValueError, match="not declared as logits or probabilities"):
        _ = found.probabilities


def test_each_label_of_several_has_its_own_column() -> None:
    frame = scored(200).assign(other=0.25, z=1)
    model = stored(
        ["score", "other"], task="multilabel", outputs="probabilities", classes=("cat", "dog"),
        decision={"threshold": 0.5},
    )  # fmt: skip
    data = data_of(frame, label=("y", "z"), features=("score", "other"))
    dog = rows_of(model, data, "dog")
    assert (dog.outputs == 0.25).all()
    assert (dog.target == 1).all()
    assert not dog.correct.any()


def test_numbers_of_a_regression() -> None:
    frame = scored(80).assign(price=lambda rows: rows["score"] * 3)
    found = rows_of(stored(task="regression"), data_of(frame, label="price"))
    np.testing.assert_allclose(found.target, found.outputs[:, 0] * 3, rtol=1e-6)
    assert found.prediction is None


def test_whole_clusters_lie_in_one_half_and_in_their_block() -> None:
    frame = scored(600).assign(person=np.arange(600) // 6, sex=["F", "M"] * 300)
    found = rows_of(stored(**DECIDING), data_of(frame, cluster="person", groups=("sex",)))
    assert found.clusters is not None
    halves = pd.Series(found.held_out).groupby(found.clusters).nunique()
    assert (halves == 1).all()
    assert found.sample.clusters == 100
    assert 0.3 < found.held_out.mean() < 0.7
    expected = np.sort(blocks(frame["person"].to_numpy()))
    np.testing.assert_array_equal(np.sort(found.blocks), expected)
    assert sorted(np.unique(found.groups["sex"])) == ["F", "M"]


def test_a_part_keeps_what_belongs_together() -> None:
    frame = scored(300).assign(sex=["F", "M", "M"] * 100)
    found = rows_of(stored(**DECIDING), data_of(frame, groups=("sex",)))
    women = found.part(found.groups["sex"] == "F")
    assert len(women) == 100
    expected = frame.loc[frame["sex"] == "F"]
    assert women.correct.mean() == pytest.approx(
        ((expected["score"] >= 0.5) == expected["y"]).mean()
    )


def test_rows_without_a_label_are_left_out() -> None:
    frame = scored(300)
    frame["y"] = frame["y"].where(frame.index % 3 > 0)
    found = rows_of(stored(**DECIDING), data_of(frame, labelled="two thirds"))
    assert len(found) == 200


def test_wide_outputs_keep_fewer_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("auditkit.evidence.row_recorder.MAX_BYTES", 12_000)
    found = rows_of(multiclass(), data_of(table(4000)))
    assert 40 < len(found) < 300
    assert found.drawn.startswith("A random sample of")


def test_a_large_cluster_keeps_its_share(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("auditkit.evidence.row_recorder.MAX_BYTES", 40_000)
    person = np.where(np.arange(5000) < 4500, 0, np.arange(5000))
    found = rows_of(
        stored(**DECIDING), data_of(scored(5000).assign(person=person), cluster="person")
    )
    assert 300 < len(found) < 2000
    _, sizes = np.unique(found.clusters, return_counts=True)
    assert sizes.max() / len(found) == pytest.approx(0.9, abs=0.04)
