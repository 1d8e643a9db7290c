"""Every performance metric against scikit-learn, with intervals that SciPy gives too."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.special import softmax
from scipy.stats import t as student
from sklearn import metrics as sk

from auditkit.data import dataset
from auditkit.measurement import Status
from auditkit.models import stored_predictions, wrap
from auditkit.statistics.auc import delong
from tests.checks.audits import (
    BINARY,
    DECIDING,
    data_of,
    findings,
    found,
    interval,
    scored,
    stored,
    value,
)

N = 2000


def test_binary_scores() -> None:
    frame = scored(N)
    truth, score = frame["y"], frame["score"]
    predicted = (score >= 0.5).astype(int)
    result = findings("performance", stored(**DECIDING), data_of(frame))
    expected = {
        "accuracy": sk.accuracy_score(truth, predicted),
        "balanced_accuracy": sk.balanced_accuracy_score(truth, predicted),
        "f1": sk.f1_score(truth, predicted),
        "log_loss": sk.log_loss(truth, score),
        "brier": sk.brier_score_loss(truth, score),
        "units": N,
    }
    for name, number in expected.items():
        assert value(result, f"performance.{name}") == pytest.approx(number, rel=1e-12)
    auc = found(result, "performance.auc")
    exact = delong(score[truth == 1], score[truth == 0])
    assert auc.value == pytest.approx(sk.roc_auc_score(truth, score), abs=1e-4)
    slack = auc.estimate.parameters["slack"]
    assert abs(auc.value - exact.value) <= slack < 2e-3
    assert auc.estimate.parameters["se"] == pytest.approx(exact.se, rel=1e-2)


def test_intervals_of_means_and_shares() -> None:
    frame = scored(N)
    result = findings("performance", stored(**DECIDING), data_of(frame))
    p = np.where(frame["y"] == 1, frame["score"], 1 - frame["score"])
    losses = -np.log(p)
    half = student.ppf(0.95, N - 1) * losses.std(ddof=1) / math.sqrt(N)
    found_interval = interval(result, "performance.log_loss")
    assert found_interval.level == 0.9
    assert found_interval.low == pytest.approx(losses.mean() - half, rel=1e-9)
    assert found_interval.high == pytest.approx(losses.mean() + half, rel=1e-9)
    accuracy = found(result, "performance.accuracy")
    hits = int(((frame["score"] >= 0.5) == frame["y"]).sum())
    assert (accuracy.interval.method, accuracy.rows, accuracy.units) == ("wilson", N, N)
    assert accuracy.estimate.parameters == {"successes": hits, "n": N}


@pytest.mark.parametrize("outputs", ["probabilities", "logits", None])
def test_multiclass_scores(outputs: str | None) -> None:
    rng = np.random.default_rng(1)
    raw = rng.normal(size=(N, 4))
    truth = np.array([rng.choice(4, p=p) for p in softmax(1.5 * raw, axis=1)])
    shares = softmax(raw, axis=1)
    names = [f"score{i}" for i in range(4)]
    frame = pd.DataFrame(shares if outputs == "probabilities" else raw, columns=names)
    frame["y"] = np.array(["ant", "bee", "cat", "dog"])[truth]
    model = stored(names, task="multiclass", outputs=outputs, classes=("ant", "bee", "cat", "dog"))
    result = findings("performance", model, data_of(frame))
    predicted = raw.argmax(axis=1)
    assert value(result, "performance.accuracy") == pytest.approx(
        sk.accuracy_score(truth, predicted), rel=1e-12
    )
    assert value(result, "performance.balanced_accuracy") == pytest.approx(
        sk.balanced_accuracy_score(truth, predicted), rel=1e-12
    )
    assert value(result, "performance.f1") == pytest.approx(
        sk.f1_score(truth, predicted, average="macro"), rel=1e-12
    )
    ranked = shares if outputs else raw
    for index, name in enumerate(("ant", "bee", "cat", "dog")):
        auc = found(result, "performance.auc", label=name)
        expected = sk.roc_auc_score(truth == index, ranked[:, index])
        assert abs(auc.value - expected) <= auc.estimate.parameters["slack"] < 3e-3
    if outputs:
        assert value(result, "performance.log_loss") == pytest.approx(
            sk.log_loss(truth, shares), rel=1e-12
        )
        assert value(result, "performance.brier") == pytest.approx(
            ((shares - np.eye(4)[truth]) ** 2).sum() / N, rel=1e-12
        )
    else:
        for name in ("log_loss", "brier"):
            unmet = found(result, f"performance.{name}")
            assert unmet.status is Status.NOT_APPLICABLE
            assert "declare outputs" in unmet.reason


def test_multilabel_scores() -> None:
    rng = np.random.default_rng(2)
    shares = rng.random((N, 2))
    truth = (rng.random((N, 2)) < shares).astype(int)
    frame = pd.DataFrame(np.hstack([shares, truth]), columns=["score0", "score1", "cat", "dog"])
    model = stored(
        ["score0", "score1"], task="multilabel", outputs="probabilities", classes=("cat", "dog"),
        decision={"threshold": 0.3},
    )  # fmt: skip
    result = findings("performance", model, data_of(frame, label=("cat", "dog")))
    for index, name in enumerate(("cat", "dog")):
        predicted = shares[:, index] >= 0.3
        assert value(result, "performance.f1", label=name) == pytest.approx(
            sk.f1_score(truth[:, index], predicted), rel=1e-12
        )
        assert value(result, "performance.brier", label=name) == pytest.approx(
            sk.brier_score_loss(truth[:, index], shares[:, index]), rel=1e-12
        )


@pytest.mark.parametrize("numbers", [1, 2])
def test_regression_scores(numbers: int) -> None:
    rng = np.random.default_rng(3)
    truth = rng.normal(50, 10, (N, numbers))
    scores = truth + rng.normal(1, 3, (N, numbers))
    names, labels = [f"score{i}" for i in range(numbers)], [f"y{i}" for i in range(numbers)]
    frame = pd.DataFrame(np.hstack([scores, truth]), columns=names + labels)
    classes = ("x", "z")[:numbers] if numbers > 1 else ()
    model = stored(names, task="regression", classes=classes)
    data = data_of(frame, label=tuple(labels) if numbers > 1 else "y0")
    result = findings("performance", model, data)
    for index in range(numbers):
        label = classes[index] if classes else ""
        pair = truth[:, index], scores[:, index]
        expected = {
            "mae": sk.mean_absolute_error(*pair),
            "rmse": sk.root_mean_squared_error(*pair),
            "r2": sk.r2_score(*pair),
        }
        for name, number in expected.items():
            measured = found(result, f"performance.{name}", label=label)
            assert measured.value == pytest.approx(number, rel=1e-10)
            assert measured.interval.low < number < measured.interval.high


def test_custom_scores() -> None:
    images = torch.rand(50, 3, 3)
    masks = (torch.rand(50, 3, 3) < images).float()

    def quality(output, target):
        difference = (output - target).abs()
        return {"mean error": difference.mean(dim=(1, 2)), "worst": difference.amax(dim=(1, 2))}

    model = wrap(lambda x: x, task="custom", unit_metrics=quality)
    data = dataset(evaluation=list(zip(images, masks, strict=True)))
    result = findings("performance", model, data)
    for name, numbers in quality(images, masks).items():
        measured = found(result, "performance.unit_metric", label=name)
        assert measured.value == pytest.approx(float(numbers.double().mean()), rel=1e-12)
        sd = float(numbers.double().std())
        assert measured.estimate.parameters["se"] == pytest.approx(sd / math.sqrt(50), rel=1e-9)


def test_several_heads_are_told_apart() -> None:
    frame = scored(400).assign(price=np.arange(400.0), cost=np.arange(400.0) + 2)
    model = stored_heads()
    data = dataset(
        evaluation=frame, label={"risk": "y", "cost": "cost"}, features=("score", "price")
    )
    result = findings("performance", model, data)
    assert value(result, "performance.mae", head="cost") == 2.0
    assert value(result, "performance.brier", head="risk") == pytest.approx(
        sk.brier_score_loss(frame["y"], frame["score"]), rel=1e-12
    )


def stored_heads():
    return stored_predictions(
        {"risk": "score", "cost": "price"},
        heads={"risk": DECIDING, "cost": {"task": "regression"}},
    )


def test_both_splits_are_measured() -> None:
    frame, training = scored(300), scored(500, seed=5)
    result = findings("performance", stored(**DECIDING), data_of(frame, training))
    assert value(result, "performance.units", split="training") == 500
    assert value(result, "performance.brier", split="training") == pytest.approx(
        sk.brier_score_loss(training["y"], training["score"]), rel=1e-12
    )
    assert value(result, "performance.brier", split="evaluation") == pytest.approx(
        sk.brier_score_loss(frame["y"], frame["score"]), rel=1e-12
    )


def test_a_count_has_no_interval() -> None:
    units = found(
        findings("performance", stored(**BINARY), data_of(scored(30))), "performance.units"
    )
    assert (units.status, units.value, units.interval) == (Status.MEASURED, 30, None)
    assert units.reason == "A count; it has no interval."
    assert units.estimate.method == "exact"


def test_no_decision_predicts_no_class() -> None:
    result = findings("performance", stored(**BINARY), data_of(scored(100)))
    for name in ("accuracy", "balanced_accuracy", "f1"):
        unmet = found(result, f"performance.{name}")
        assert (unmet.status, unmet.value) == (Status.NOT_APPLICABLE, None)
        assert "declare decision" in unmet.reason
    assert found(result, "performance.auc").status is Status.MEASURED


def test_one_class_alone() -> None:
    frame = scored(100)
    frame["y"] = 0
    result = findings("performance", stored(**DECIDING), data_of(frame))
    for name, reason in (
        ("auc", "There are no units of the class 1."),
        ("balanced_accuracy", "There are no units of the class 1."),
    ):
        measured = found(result, f"performance.{name}")
        assert (measured.status, measured.value) == (Status.UNDEFINED, None)
        assert measured.reason == reason
    assert value(result, "performance.f1") == 0
    frame["score"] = 0.1
    result = findings("performance", stored(**DECIDING), data_of(frame))
    none = found(result, "performance.f1")
    assert (none.status, none.reason) == (
        Status.UNDEFINED, "There are neither positive units nor positive predictions."
    )  # fmt: skip


def test_one_positive_has_no_auc() -> None:
    frame = scored(50)
    frame["y"] = [1] + [0] * 49
    auc = found(findings("performance", stored(**DECIDING), data_of(frame)), "performance.auc")
    assert auc.status is Status.UNDEFINED
    assert auc.reason == "An AUC needs two positives and two negatives, found 1 and 49."


def test_a_single_row() -> None:
    result = findings("performance", stored(**DECIDING), data_of(scored(1)))
    assert found(result, "performance.log_loss").status is Status.TOO_FEW
    assert found(result, "performance.accuracy").status is Status.MEASURED
    assert interval(result, "performance.accuracy").low < 0.3


def test_a_class_that_neither_occurs_nor_is_predicted() -> None:
    frame = pd.DataFrame({"score0": [0.9, 0.1] * 50, "score1": [0.1, 0.9] * 50, "score2": 0.0})
    frame["y"] = ["a", "b"] * 50
    model = stored(
        ["score0", "score1", "score2"], task="multiclass", outputs="probabilities",
        classes=("a", "b", "c"),
    )  # fmt: skip
    result = findings("performance", model, data_of(frame))
    assert found(result, "performance.f1").reason == "The class c neither occurs nor is predicted."
    assert found(result, "performance.balanced_accuracy").reason == (
        "There are no units of the class c."
    )
    assert value(result, "performance.accuracy") == 1.0


def test_a_constant_target_has_no_r2() -> None:
    frame = pd.DataFrame({"score": np.arange(50.0), "y": 1e6 / 3})
    result = findings("performance", stored(task="regression"), data_of(frame))
    assert found(result, "performance.r2").reason == "The target does not vary."
    assert found(result, "performance.mae").status is Status.MEASURED


def test_auc_of_many_classes_says_why_there_is_none() -> None:
    rng = np.random.default_rng(0)
    names = [f"score{i}" for i in range(21)]
    frame = pd.DataFrame(rng.random((100, 21)), columns=names)
    frame["y"] = rng.integers(0, 21, 100)
    model = stored(names, task="multiclass", classes=tuple(map(str, range(21))))
    unmet = found(findings("performance", model, data_of(frame)), "performance.auc")
    assert unmet.status is Status.NOT_APPLICABLE
    assert unmet.reason == (
        "The AUC of each class against the rest is measured up to 20 classes; there are 21."
    )


def test_losses_without_spread_are_no_certainty() -> None:
    frame = pd.DataFrame({"score": 0.5, "y": [0, 1] * 50})
    measured = found(
        findings("performance", stored(**DECIDING), data_of(frame)), "performance.brier"
    )
    assert measured.value == 0.25
    assert (measured.status, measured.interval, measured.estimate) == (Status.MEASURED, None, None)
    assert measured.reason == (
        "All units agree, so that nothing shows how far others would differ."
    )
