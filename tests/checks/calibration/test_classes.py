"""Calibration class by class: a planted class that is promised too often, and many classes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import softmax

from auditkit.checks import Findings
from auditkit.checks.calibration.classes import MOST_CLASSES
from auditkit.measurement import Status
from tests.checks.audits import data_of, findings, found, inside, outside, stored, value

CLASSES = ("cat", "dog", "owl", "rare")


def animals(n: int = 6000, promised: float = 0.0, seed: int = 0) -> pd.DataFrame:
    """Probabilities of four classes and the true one; the owl is promised too often by a shift."""
    rng = np.random.default_rng(seed)
    raw = rng.normal(size=(n, 4)) * 1.5 - np.array([0.0, 0.0, 0.0, 4.0])
    shares = softmax(raw, axis=1)
    truth = (shares.cumsum(axis=1) < rng.random((n, 1))).sum(axis=1).clip(max=3)
    raw[:, 2] += promised
    table = pd.DataFrame(softmax(raw, axis=1), columns=[f"score{i}" for i in range(4)])
    return table.assign(y=np.array(CLASSES)[truth])


def audited(table: pd.DataFrame, classes: tuple[str, ...] = CLASSES, **roles: str) -> Findings:
    model = stored(
        [name for name in table if str(name).startswith("score")],
        task="multiclass", outputs="probabilities", classes=classes,
    )  # fmt: skip
    return findings("calibration", model, data_of(table, **roles))


def test_calibrated_classes_pass() -> None:
    result = audited(animals())
    for name in CLASSES:
        assert inside(found(result, "calibration.class_gap", label=name), -0.03, 0.03)
        error = found(result, "calibration.class_squared_error", label=name)
        assert inside(error, -1.0, 0.03**2)
    assert result.notes == ()


def test_a_class_that_is_promised_too_often_fails() -> None:
    table = animals(promised=0.6)
    result = audited(table)
    owl = found(result, "calibration.class_gap", label="owl")
    assert outside(owl, -0.03, 0.03)
    assert owl.value == pytest.approx(table["score2"].mean() - (table["y"] == "owl").mean())
    assert outside(found(result, "calibration.class_squared_error", label="owl"), -1.0, 0.03**2)
    assert value(result, "calibration.class_gap", label="cat") < 0


def test_the_class_wise_error_is_the_literal_one() -> None:
    table = animals(promised=0.6)
    total = 0.0
    for place, name in enumerate(CLASSES):
        given, own = table[f"score{place}"], table["y"] == name
        bins = np.minimum((given * 15).astype(int), 14)
        total += (given - own).groupby(bins).sum().abs().sum()
    error = found(audited(table), "calibration.classwise_ece")
    assert error.value == pytest.approx(total / len(table) / 4, rel=1e-9)
    assert (error.estimate, error.interval) == (None, None)
    assert "a perfectly calibrated model would show about" in error.reason


def test_the_figure_has_a_row_for_each_class_the_most_common_first() -> None:
    table = animals(promised=0.6)
    table.loc[table["y"] == "rare", "y"] = "cat"
    table.loc[table.index[:3], "y"] = "rare"
    result = audited(table)
    (figure,) = [one for one in result.figures if one.kind == "class_gaps"]
    rows = {row["class"]: row for row in figure.data["rows"]}
    assert list(rows) == list(table["y"].value_counts().index)
    owl = found(result, "calibration.class_gap", label="owl")
    ends = (rows["owl"]["low"], rows["owl"]["high"])
    assert (rows["owl"]["gap"], *ends) == (owl.value, owl.interval.low, owl.interval.high)
    error = found(result, "calibration.class_squared_error", label="owl")
    assert rows["owl"]["error"] == error.value
    assert rows["owl"]["most"] == pytest.approx(np.sqrt(error.interval.high))
    assert rows["owl"]["n"] == (table["y"] == "owl").sum()
    # Of fewer than five units it is not told how many they are.
    assert rows["rare"]["n"] is None
    assert (figure.data["n"], figure.data["classes"]) == (6000, 4)


def test_clusters_are_the_units() -> None:
    table = animals(400).assign(person=np.arange(400) % 40)
    table = table.loc[table.index.repeat(5)].reset_index(drop=True)
    clustered, naive = audited(table, cluster="person"), audited(table)
    for name in ("cat", "owl"):
        wide, narrow = (
            found(result, "calibration.class_gap", label=name) for result in (clustered, naive)
        )
        assert wide.value == pytest.approx(narrow.value)
        assert wide.units == 40
        span = [one.interval.high - one.interval.low for one in (wide, narrow)]
        assert span[0] > 1.5 * span[1]
        error = found(clustered, "calibration.class_squared_error", label=name)
        assert error.estimate.method == "student"


def test_few_clusters_are_too_few() -> None:
    table = animals(400).assign(person=np.arange(400) % 9)
    result = audited(table, cluster="person")
    by_class = [m for m in result.measurements if "class" in m.key.metric]
    assert len(by_class) == 9
    assert {m.status for m in by_class} == {Status.TOO_FEW}
    (figure,) = [one for one in result.figures if one.kind == "class_gaps"]
    assert {row["low"] for row in figure.data["rows"]} == {None}


def test_of_many_classes_the_most_common_are_listed() -> None:
    rng = np.random.default_rng(1)
    count, n = 60, 3000
    shares = softmax(rng.normal(size=(n, count)) - 0.02 * np.arange(count), axis=1)
    truth = (shares.cumsum(axis=1) < rng.random((n, 1))).sum(axis=1).clip(max=count - 1)
    names = tuple(f"c{i:02d}" for i in range(count))
    table = pd.DataFrame(shares, columns=[f"score{i:02d}" for i in range(count)])
    table = table.assign(y=np.array(names)[truth])
    result = audited(table, classes=names)
    listed = {m.key.label for m in result.measurements if m.key.metric == "calibration.class_gap"}
    common = table["y"].value_counts().reindex(names, fill_value=0)
    assert len(listed) == MOST_CLASSES
    assert common[sorted(listed)].min() >= common.drop(sorted(listed)).max()
    assert result.notes == (
        "Calibration by class: the 50 of 60 classes that have the most units are listed one by "
        "one; the class-wise error is over all of them.",
    )
    assert found(result, "calibration.classwise_ece").status is Status.MEASURED


def test_few_units_are_too_few() -> None:
    result = audited(animals(29))
    assert {m.status for m in result.measurements} == {Status.TOO_FEW}
    assert {m.key.label for m in result.measurements} == {""}


def test_only_outputs_of_several_classes_have_them() -> None:
    table = animals(200).assign(score=lambda t: t["score0"], y=lambda t: (t["y"] == "cat") * 1)
    model = stored("score", task="binary", outputs="probabilities")
    result = findings("calibration", model, data_of(table))
    assert not [m for m in result.measurements if "class" in m.key.metric]
    assert [figure.kind for figure in result.figures] == ["reliability"]
