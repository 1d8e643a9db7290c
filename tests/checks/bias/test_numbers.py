"""AUC, calibration and losses by group against scikit-learn; classes; what is planted is found."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import (
    balanced_accuracy_score,
    log_loss,
    precision_score,
    recall_score,
    roc_auc_score,
)

from auditkit.data import Group
from auditkit.measurement import REST, Status
from tests.checks.audits import (
    DECIDING,
    data_of,
    findings,
    found,
    inside,
    outside,
    scored,
    stored,
    value,
)

SEX = (Group("sex", "sex", "M"),)
BOTH = ({"sex": "F"}, {"sex": "M"})
CLASSES = ("a", "b", "c")


def people(n: int = 3000, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return scored(n, seed, sex=rng.choice(["F", "M"], n, p=[0.4, 0.6]), person=np.arange(n) // 4)


def test_auc_and_log_loss_of_groups() -> None:
    table = people()
    result = findings("bias", stored(**DECIDING), data_of(table, groups=SEX))
    areas, losses = {}, {}
    for level, part in table.groupby("sex"):
        areas[level] = roc_auc_score(part["y"], part["score"])
        losses[level] = log_loss(part["y"], part["score"])
        measured = found(result, "bias.auc", {"sex": level})
        assert abs(measured.value - areas[level]) <= measured.estimate.parameters["slack"]
        assert measured.estimate.parameters["slack"] < 1e-3
        assert value(result, "bias.log_loss", {"sex": level}) == pytest.approx(losses[level])
    gap = value(result, "bias.auc_difference", *BOTH)
    assert gap == pytest.approx(areas["F"] - areas["M"], abs=1e-3)
    gap = value(result, "bias.log_loss_difference", *BOTH)
    assert gap == pytest.approx(losses["F"] - losses["M"])


def test_calibration_gap_of_groups() -> None:
    table = people()
    result = findings("bias", stored(**DECIDING), data_of(table, groups=SEX))
    gaps = (table["score"] - table["y"]).groupby(table["sex"]).mean()
    assert value(result, "bias.calibration_gap", {"sex": "F"}) == pytest.approx(gaps["F"])
    gap = value(result, "bias.calibration_gap_difference", *BOTH)
    assert gap == pytest.approx(gaps["F"] - gaps["M"])


@pytest.mark.parametrize("cluster", [None, "person"])
def test_a_miscalibrated_group_is_found_and_the_clean_control_passes(cluster: str | None) -> None:
    clean = people(24_000, 3)
    bad = clean.copy()
    women = bad["sex"] == "F"
    bad.loc[women, "score"] = 0.15 + 0.7 * bad.loc[women, "score"] + 0.1
    for table, error, gap in ((clean, inside, inside), (bad, outside, outside)):
        result = findings("bias", stored(**DECIDING), data_of(table, groups=SEX, cluster=cluster))
        assert error(found(result, "bias.calibration_error", {"sex": "F"}), -1, 0.0025)
        assert gap(found(result, "bias.calibration_gap_difference", *BOTH), -0.05, 0.05)
        # Men are as they were.
        assert inside(found(result, "bias.calibration_error", {"sex": "M"}), -1, 0.0025)


@pytest.mark.parametrize("cluster", [None, "person"])
def test_a_group_that_is_ranked_worse_is_found(cluster: str | None) -> None:
    clean = people(12_000, 4)
    bad = clean.copy()
    women = np.flatnonzero(bad["sex"] == "F")
    shuffled = np.random.default_rng(0).permutation(women[: len(women) // 2])
    bad.loc[women[: len(women) // 2], "score"] = bad.loc[shuffled, "score"].to_numpy()
    for table, judge in ((clean, inside), (bad, outside)):
        result = findings("bias", stored(**DECIDING), data_of(table, groups=SEX, cluster=cluster))
        assert judge(found(result, "bias.auc_difference", *BOTH), -0.04, 0.04)


def test_a_group_of_one_class_has_no_auc() -> None:
    table = people(400)
    table.loc[table["sex"] == "F", "y"] = 0
    result = findings("bias", stored(**DECIDING), data_of(table, groups=SEX))
    none = found(result, "bias.auc", {"sex": "F"})
    assert (none.status, none.value) == (Status.UNDEFINED, None)
    assert none.reason == "There are no positive units, so that no order can be right or wrong."
    assert found(result, "bias.auc_difference", *BOTH).status is Status.UNDEFINED
    assert found(result, "bias.auc", {"sex": "M"}).status is Status.MEASURED


def test_few_units_have_no_calibration() -> None:
    table = people(400)
    table.loc[:19, "sex"] = "X"
    result = findings("bias", stored(**DECIDING), data_of(table, groups=SEX))
    few = found(result, "bias.calibration_error", {"sex": "X"})
    assert (few.status, few.value) == (Status.TOO_FEW, None)
    assert few.reason == ("Calibration needs at least 30 units, two for each bin; there are 20.")


def classified(n: int = 3000, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 3, n)
    scores = rng.normal(size=(n, 3))
    scores[np.arange(n), truth] += 1.0
    table = pd.DataFrame(scores, columns=["score0", "score1", "score2"])
    table["y"] = np.array(CLASSES)[truth]
    table["sex"] = rng.choice(["F", "M"], n)
    table["predicted"] = np.array(CLASSES)[scores.argmax(axis=1)]
    return table


def model_of_classes() -> object:
    return stored(
        ["score0", "score1", "score2"], task="multiclass", outputs="logits", classes=CLASSES
    )


def test_classes_and_their_mean_by_group() -> None:
    table = classified()
    result = findings("bias", model_of_classes(), data_of(table, groups=SEX))
    for level, part in table.groupby("sex"):
        where, truth, predicted = {"sex": level}, part["y"], part["predicted"]
        recalls = recall_score(truth, predicted, labels=CLASSES, average=None)
        precisions = precision_score(truth, predicted, labels=CLASSES, average=None)
        for place, label in enumerate(CLASSES):
            recall = value(result, "bias.class_recall", where, label=label)
            assert recall == pytest.approx(recalls[place], rel=1e-12)
            precision = value(result, "bias.class_precision", where, label=label)
            assert precision == pytest.approx(precisions[place], rel=1e-12)
            share = value(result, "bias.class_predicted_share", where, label=label)
            assert share == pytest.approx((predicted == label).mean(), rel=1e-12)
            others = truth != label
            wrong = value(result, "bias.class_false_positive_rate", where, label=label)
            assert wrong == pytest.approx((predicted[others] == label).mean(), rel=1e-12)
        balanced = value(result, "bias.balanced_accuracy", where)
        assert balanced == pytest.approx(balanced_accuracy_score(truth, predicted), rel=1e-12)


def test_a_class_that_is_missed_in_one_group_is_found() -> None:
    clean = classified(12_000, 5)
    bad = clean.copy()
    missed = (bad["sex"] == "F") & (bad["y"] == "b")
    bad.loc[missed, "score1"] -= 1.0
    for table, judge in ((clean, inside), (bad, outside)):
        result = findings("bias", model_of_classes(), data_of(table, groups=SEX))
        gap = found(result, "bias.class_recall_difference", *BOTH, label="b")
        assert judge(gap, -0.08, 0.08)
        assert judge(found(result, "bias.balanced_accuracy_difference", *BOTH), -0.05, 0.05)
        other = found(result, "bias.class_recall_difference", *BOTH, label="c")
        assert inside(other, -0.08, 0.08)


def test_a_class_that_does_not_occur_leaves_the_mean_undefined() -> None:
    table = classified(600)
    table = table[(table["sex"] == "M") | (table["y"] != "c")].reset_index(drop=True)
    result = findings("bias", model_of_classes(), data_of(table, groups=SEX))
    none = found(result, "bias.balanced_accuracy", {"sex": "F"})
    assert (none.status, none.value) == (Status.UNDEFINED, None)
    assert none.reason.startswith("1 of the 3 classes do not occur")


@pytest.mark.parametrize("cluster", [None, "person"])
def test_a_mean_over_classes_tells_no_recall_of_a_class_of_few(cluster: str | None) -> None:
    """Less the recalls of the other classes, it would be that of the three."""
    table = classified(900)
    table["person"] = np.arange(len(table)) // 2
    table["town"] = np.array(["v", "w", "x"])[np.arange(len(table)) % 3]
    few = table.index[(table["town"] == "v") & (table["y"] == "c")]
    table.loc[few[3:], "town"] = "w"
    data = data_of(table, groups=(Group("town", "town", "x"),), cluster=cluster)
    result = findings("bias", model_of_classes(), data)
    for metric in ("class_recall", "balanced_accuracy"):
        label = "c" if metric == "class_recall" else ""
        tiny = found(result, f"bias.{metric}", {"town": "v"}, label=label)
        assert (tiny.status, tiny.value, tiny.estimate) == (Status.TOO_FEW, None, None)
        rest = found(result, f"bias.{metric}_difference", {"town": "w"}, REST, label=label)
        assert (rest.status, rest.value, rest.estimate) == (Status.TOO_FEW, None, None)
        assert rest.reason.startswith("All other groups together hold town=v")
        told = found(result, f"bias.{metric}_difference", {"town": "w"}, {"town": "x"}, label=label)
        assert told.status is Status.MEASURED


def test_labels_of_a_multilabel_model() -> None:
    rng = np.random.default_rng(6)
    table = pd.DataFrame(rng.random((900, 2)), columns=["score0", "score1"])
    table = table.assign(cat=rng.integers(0, 2, 900), dog=rng.integers(0, 2, 900))
    table["sex"] = rng.choice(["F", "M"], 900)
    model = stored(
        ["score0", "score1"], task="multilabel", outputs="probabilities", classes=("cat", "dog"),
        decision={"threshold": 0.5},
    )  # fmt: skip
    result = findings("bias", model, data_of(table, label=("cat", "dog"), groups=SEX))
    women = table[table["sex"] == "F"]
    for place, label in enumerate(("cat", "dog")):
        predicted = women[f"score{place}"] >= 0.5
        recall = value(result, "bias.class_recall", {"sex": "F"}, label=label)
        assert recall == pytest.approx(predicted[women[label] == 1].mean(), rel=1e-12)
        area = value(result, "bias.auc", {"sex": "F"}, label=label)
        assert area == pytest.approx(roc_auc_score(women[label], women[f"score{place}"]), abs=2e-3)


def test_residuals_of_groups() -> None:
    rng = np.random.default_rng(7)
    table = pd.DataFrame({"score": rng.normal(size=2000), "sex": rng.choice(["F", "M"], 2000)})
    table["y"] = table["score"] + rng.normal(size=2000) + 0.5 * (table["sex"] == "F")
    result = findings("bias", stored(task="regression"), data_of(table, groups=SEX))
    residual = (table["score"] - table["y"]).groupby(table["sex"]).mean()
    assert value(result, "bias.residual", {"sex": "F"}) == pytest.approx(residual["F"])
    assert outside(found(result, "bias.residual_difference", *BOTH), -0.2, 0.2)
    errors = (table["score"] - table["y"]).abs().groupby(table["sex"]).mean()
    assert value(result, "bias.error", {"sex": "M"}) == pytest.approx(errors["M"])
