"""The check of labels: planted wrong labels are found and listed, clean ones are not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from auditkit.checks import Findings
from auditkit.checks.labels.check import CHECK
from auditkit.data import Dataset
from auditkit.evidence import LocalEngine, Options, make_plan
from auditkit.evidence.aims import Aims
from auditkit.evidence.needs import ReviewNeed
from auditkit.measurement import Status
from auditkit.models.wrapped import WrappedModel
from auditkit.statistics.confident_joint import confident_classes
from auditkit.subjects import probe
from tests.checks.audits import BINARY, DECIDING, data_of, found, interval, stored, value

SHARE = "labels.contradicted_share"
NAMES = ("cat", "dog", "owl")
COLUMNS = ["score0", "score1", "score2"]
THREE = stored(COLUMNS, task="multiclass", outputs="probabilities", classes=NAMES)


def findings(model: WrappedModel, data: Dataset, *, review: int = 0, **settings: Any) -> Findings:
    aims = Aims(review=review)
    with model.opened():
        probed = probe(model, data, seed=0, batch_size=256, aims=aims)
        assert CHECK.unmet(probed.subject) == ""
        plan = make_plan(CHECK.needs(probed.subject), probed.subject)
        options = Options(batch_size=256, edges=probed.edges, quiet=True, **settings)
        evidence = LocalEngine().run(plan, probed.subject, model, data, options)
        return CHECK.measure(probed.subject, evidence)


def animals(n: int = 1500, seed: int = 0, wrong: float = 0.0, **columns: Any) -> pd.DataFrame:
    """A model that is sure and nearly always right; of some labels another was written down."""
    rng = np.random.default_rng(seed)
    scores = np.exp(rng.normal(scale=8.0, size=(n, 3)))
    scores /= scores.sum(axis=1, keepdims=True)
    labels = (scores.cumsum(axis=1) < rng.random(n)[:, None]).sum(axis=1).clip(0, 2)
    planted = rng.random(n) < wrong
    given = np.where(planted, (labels + 1) % 3, labels)
    frame = pd.DataFrame(scores, columns=COLUMNS)
    return frame.assign(
        y=np.array(NAMES)[given], planted=planted, id=[f"picture {i}" for i in range(n)], **columns
    )


def people(n: int = 1200, seed: int = 0, wrong: float = 0.0, **columns: Any) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    score = 1 / (1 + np.exp(-rng.normal(scale=6, size=n)))
    y = (rng.random(n) < score).astype(int)
    planted = rng.random(n) < wrong
    return pd.DataFrame(
        {"score": score, "y": np.where(planted, 1 - y, y), "planted": planted, **columns}
    )


def test_wrong_labels_are_found_and_clean_ones_are_not() -> None:
    clean = findings(THREE, data_of(animals()))
    planted = findings(THREE, data_of(animals(wrong=0.1)))
    assert interval(clean, SHARE, label="").high < 0.05
    assert interval(planted, SHARE, label="").low > 0.05
    assert 0.08 < value(planted, SHARE, label="") < 0.15
    assert [one.key.label for one in planted.measurements] == ["", *NAMES]


def test_labels_of_one_class_are_told_apart() -> None:
    frame = animals()
    turned = (frame["y"] == "cat") & (frame.index % 4 == 0)
    frame.loc[turned, "y"] = "owl"
    measured = findings(THREE, data_of(frame))
    assert interval(measured, SHARE, label="owl").low > 0.1
    for name in ("cat", "dog"):
        assert interval(measured, SHARE, label=name).high < 0.1


def test_the_numbers_are_those_of_all_rows() -> None:
    frame = animals(400, wrong=0.2)
    measured = findings(THREE, data_of(frame))
    labels = frame["y"].map(NAMES.index).to_numpy()
    # Outputs are kept in single precision.
    confident = confident_classes(frame[COLUMNS].to_numpy(np.float32), labels)
    off = (confident >= 0) & (confident != labels)
    assert value(measured, SHARE, label="") == pytest.approx(off.mean())
    for place, name in enumerate(NAMES):
        assert value(measured, SHARE, label=name) == pytest.approx(off[labels == place].mean())
        assert found(measured, SHARE, label=name).units == (labels == place).sum()


def test_it_is_said_whose_word_it_is() -> None:
    (metric,) = CHECK.metrics
    measured = found(findings(THREE, data_of(animals(100))), SHARE, label="")
    assert (metric.gateable, measured.estimate) == (False, None)
    assert measured.reason == (
        "This is the model's word against the label's: a contradicted label may be right and the "
        "model wrong, and a model that has memorised its labels contradicts none."
    )
    assert "memorised" in CHECK.not_tested[0]
    assert "Every row counts alike, whatever weight is declared." in CHECK.not_tested


def test_a_model_that_memorised_its_labels_contradicts_none() -> None:
    frame = animals(wrong=0.3)
    frame[COLUMNS] = np.eye(3)[frame["y"].map(NAMES.index)] * 0.97 + 0.01
    assert value(findings(THREE, data_of(frame)), SHARE, label="") == 0


@pytest.mark.parametrize("declared", [BINARY, DECIDING])
def test_two_classes_with_or_without_a_decision(declared: dict[str, Any]) -> None:
    model = stored(**declared)
    clean, planted = (findings(model, data_of(people(wrong=wrong))) for wrong in (0.0, 0.15))
    assert interval(clean, SHARE, label="").high < 0.07
    assert interval(planted, SHARE, label="").low > 0.07
    assert [one.key.label for one in clean.measurements] == ["", "0", "1"]


def test_several_labels_are_looked_at_one_by_one() -> None:
    frame = people(wrong=0.15).rename(columns={"score": "score_a"})
    other = people(seed=1).rename(columns={"score": "score_b", "y": "z"}).drop(columns="planted")
    model = stored(
        ["score_a", "score_b"], task="multilabel", outputs="probabilities", classes=("a", "b"),
        decision={"threshold": 0.5},
    )  # fmt: skip
    measured = findings(model, data_of(frame.join(other), label=("y", "z")), review=3)
    assert [one.key.label for one in measured.measurements] == ["a", "b"]
    assert interval(measured, SHARE, label="a").low > 0.07
    assert interval(measured, SHARE, label="b").high < 0.07
    assert [figure.title[:11] for figure in measured.figures] == ["Labels of a", "Labels of b"]


def test_clusters_widen_the_interval() -> None:
    frame = people(wrong=0.1, person=np.arange(1200))
    doubled = pd.concat([frame] * 4, ignore_index=True)
    model = stored(**BINARY)
    alone = found(findings(model, data_of(doubled)), SHARE, label="")
    together = found(findings(model, data_of(doubled, cluster="person")), SHARE, label="")
    assert together.units == 1200
    assert together.value == pytest.approx(alone.value)
    widths = [one.interval.high - one.interval.low for one in (alone, together)]
    assert widths[1] > 1.5 * widths[0]


def test_few_clusters_have_no_interval() -> None:
    frame = people(200, wrong=0.1, person=np.arange(200) % 6)
    measured = found(findings(stored(**BINARY), data_of(frame, cluster="person")), SHARE, label="")
    assert (measured.status, measured.interval) == (Status.TOO_FEW, None)
    assert measured.reason.startswith("There are 6 clusters; an interval needs at least 10")


def test_rows_are_listed_where_they_are_asked_for() -> None:
    frame = animals(wrong=0.1)
    none = findings(THREE, data_of(frame, row_id="id"))
    assert (none.figures, none.notes) == ((), ())
    (figure,) = findings(THREE, data_of(frame, row_id="id"), review=30).figures
    assert (figure.kind, figure.check, figure.data["n"]) == ("review_list", "labels", 30)
    rows = figure.data["rows"]
    assert len(rows) == 30
    planted = frame.set_index("id")["planted"]
    assert planted.loc[[row["row"] for row in rows]].mean() > 0.9
    first = frame.set_index("id").loc[rows[0]["row"]]
    assert rows[0]["given"] == first["y"]
    assert rows[0]["predicted"] == NAMES[first[COLUMNS].to_numpy(float).argmax()]
    assert rows[0]["p_predicted"] == pytest.approx(first[COLUMNS].max())
    odds = [row["p_given"] / row["p_predicted"] for row in rows]
    assert odds == sorted(odds)
    assert "read the original before changing any" in figure.caption


def test_only_asked_for_rows_leave_the_pass() -> None:
    model, data = THREE, data_of(animals(100))
    with model.opened():
        for review, needs in ((0, 0), (5, 1)):
            probed = probe(model, data, seed=0, batch_size=64, aims=Aims(review=review))
            asked = [one.need for one in CHECK.needs(probed.subject)]
            assert sum(isinstance(need, ReviewNeed) for need in asked) == needs


def test_an_empty_list_is_said() -> None:
    frame = animals(200)
    frame["y"] = np.array(NAMES)[frame[COLUMNS].to_numpy().argmax(axis=1)]
    measured = findings(THREE, data_of(frame), review=5)
    assert measured.figures == ()
    assert measured.notes == (
        "There is nothing to review: every unit's label is the class that the model holds most "
        "probable.",
    )


def test_three_people_are_too_few_to_tell_of() -> None:
    frame = animals(600)
    frame.loc[frame["y"] == "owl", "y"] = "dog"
    frame.loc[[3, 4, 5], "y"] = "owl"
    measured = found(findings(THREE, data_of(frame)), SHARE, label="owl")
    assert (measured.status, measured.value, measured.rows) == (Status.TOO_FEW, None, 0)
    assert "The class owl has too few units" in measured.reason


def test_a_class_that_nobody_is_labelled_as_is_not_measured() -> None:
    frame = animals(300)
    frame.loc[frame["y"] == "owl", "y"] = "dog"
    measured = found(findings(THREE, data_of(frame)), SHARE, label="owl")
    assert measured.value is None
    assert found(findings(THREE, data_of(frame)), SHARE, label="cat").value is not None


def test_one_label_alone_contradicts_nothing() -> None:
    measured = findings(THREE, data_of(animals(200).assign(y="dog")))
    (only,) = measured.measurements
    assert (only.status, only.value) == (Status.UNDEFINED, None)
    assert only.reason == "All labels are of one class, so that no other is known."


def test_few_rows_have_no_number() -> None:
    (only,) = findings(THREE, data_of(animals(19))).measurements
    assert (only.status, only.reason) == (
        Status.TOO_FEW,
        "Means of each class need at least 20 labelled units.",
    )


def test_only_labelled_rows_are_looked_at() -> None:
    frame = people(600, wrong=0.1)
    frame["y"] = frame["y"].where(frame.index % 3 > 0)
    data = data_of(frame, labelled="two thirds")
    measured = found(findings(stored(**BINARY), data, review=5), SHARE, label="")
    assert measured.rows == 400


def test_part_of_a_split_is_marked() -> None:
    measured = findings(THREE, data_of(animals(600)), limit=256)
    assert all(one.sampled for one in measured.measurements)


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (stored("score0", task="regression"), "No output gives the probability of a class."),
        (
            stored("score0", task="binary", outputs="values"),
            "The outputs are not declared as probabilities or logits; declare outputs for it.",
        ),
    ],
)
def test_what_cannot_be_asked(model: WrappedModel, reason: str) -> None:
    frame = animals(60).assign(y=np.arange(60) % 2)
    with model.opened():
        subject = probe(model, data_of(frame), seed=0, batch_size=64).subject
    assert CHECK.unmet(subject) == reason


def test_without_labels_there_is_nothing_to_contradict() -> None:
    with THREE.opened():
        data = data_of(animals(60).drop(columns="y"), label=None)
        subject = probe(THREE, data, seed=0, batch_size=64).subject
    assert CHECK.unmet(subject).startswith("No label is declared")
