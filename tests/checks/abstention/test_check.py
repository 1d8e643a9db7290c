"""A threshold is found where confidence tells errors apart, and says whom it leaves unanswered."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from auditkit.checks import Findings
from auditkit.checks.abstention.check import CHECK
from auditkit.checks.abstention.figures import curve_figure
from auditkit.checks.abstention.halves import AbstentionHalves
from auditkit.checks.abstention.numbers import numbers_of
from auditkit.checks.confidence.check import confident_rows
from auditkit.checks.confidence.probes import confidence
from auditkit.data import Dataset
from auditkit.evidence.aims import Aims
from auditkit.measurement import Status
from auditkit.models.wrapped import WrappedModel
from auditkit.statistics.abstention import Threshold, certified_threshold
from auditkit.statistics.rounding import coarse_confidences
from tests.checks.audits import (
    BINARY,
    DECIDING,
    collected,
    data_of,
    found,
    inside,
    outside,
    scored,
    stored,
    value,
)

OF_ALL = ("threshold", "coverage", "error")


def sorted_out(n: int = 4000, seed: int = 0, **columns: Any) -> pd.DataFrame:
    """Scores that err next to never where they are sure, and half the time where they are not."""
    rng = np.random.default_rng(seed)
    score = rng.random(n)
    sure = np.abs(score - 0.5) * 2
    wrong = rng.random(n) < 0.5 * (1 - sure) ** 3
    return pd.DataFrame({"score": score, "y": ((score >= 0.5) ^ wrong).astype(int), **columns})


def measured(
    data: Dataset, model: WrappedModel | None = None, aims: Aims | None = None, **settings: Any
) -> Findings:
    subject, evidence = collected(CHECK, model or stored(**DECIDING), data, **settings)
    assert CHECK.unmet(subject) == ""
    return CHECK.measure(subject if aims is None else replace(subject, aims=aims), evidence)


def test_a_model_that_knows_when_it_is_wrong_answers_most_and_errs_rarely() -> None:
    result = measured(data_of(sorted_out()))
    assert inside(found(result, "abstention.coverage"), 0.5, 1)
    assert inside(found(result, "abstention.error"), 0, 0.06)
    threshold = found(result, "abstention.threshold")
    assert threshold.value is not None
    assert 0.5 < threshold.value < 0.8
    assert (threshold.interval, threshold.estimate) == (None, None)
    assert "no estimate, and has no interval" in threshold.reason
    words = "it keeps the error at most 5 % with confidence 90 % for units like these"
    assert words in threshold.reason
    (metric,) = [one for one in CHECK.metrics if one.id == "abstention.threshold"]
    assert not metric.gateable


def test_a_model_whose_confidence_says_nothing_answers_nothing() -> None:
    frame = sorted_out()
    said = frame["score"] >= 0.5
    frame["y"] = (said ^ (np.random.default_rng(1).random(4000) < 0.2)).astype(int)
    result = measured(data_of(frame))
    for name in OF_ALL:
        absent = found(result, f"abstention.{name}")
        assert (absent.status, absent.value) == (Status.UNDEFINED, None)
        assert "no threshold was found that keeps the error at most 5 %" in absent.reason
        assert "more of them would not do" in absent.reason
    (figure,) = result.figures
    assert "mark" not in figure.data
    assert "No threshold was found" in figure.caption


def test_the_threshold_comes_from_one_half_and_the_numbers_from_the_other() -> None:
    subject, evidence = collected(CHECK, stored(**DECIDING), data_of(sorted_out()))
    (view,) = subject.main_views
    rows = confident_rows(subject, evidence, view)
    assert not isinstance(rows, str)
    sure, held = rows.probabilities.max(axis=1), rows.held_out
    coarse = coarse_confidences(sure[~held])
    expected = certified_threshold(coarse, ~rows.correct[~held], 0.05, 0.1)
    assert expected is not None
    result = CHECK.measure(subject, evidence)
    assert value(result, "abstention.threshold") == pytest.approx(expected.above, abs=1e-12)
    answered = held & (sure > value(result, "abstention.threshold"))
    assert value(result, "abstention.coverage") == pytest.approx(answered.sum() / held.sum())
    assert value(result, "abstention.error") == pytest.approx(1 - rows.correct[answered].mean())
    assert found(result, "abstention.coverage").rows == held.sum()
    assert found(result, "abstention.error").rows == answered.sum()


def test_the_aims_are_the_users() -> None:
    strict = measured(data_of(sorted_out()), aims=Aims(error=0.02, violation=0.05))
    usual = measured(data_of(sorted_out()))
    assert value(strict, "abstention.coverage") < value(usual, "abstention.coverage")
    reason = found(strict, "abstention.coverage").reason
    assert "at most 2 % with confidence 95 %" in reason


def test_a_model_that_hardly_errs_answers_everybody() -> None:
    frame = sorted_out()
    frame["y"] = ((frame["score"] >= 0.5) ^ (frame.index % 100 == 0)).astype(int)
    result = measured(data_of(frame))
    assert value(result, "abstention.threshold") == 0
    assert value(result, "abstention.coverage") == 1
    assert "All units can be answered." in found(result, "abstention.threshold").reason


def test_too_few_units_are_told_how_many_it_takes() -> None:
    result = measured(data_of(sorted_out(60)))
    for name in OF_ALL:
        absent = found(result, f"abstention.{name}")
        assert (absent.status, absent.value) == (Status.TOO_FEW, None)
        assert "takes 45 units in the half that it is chosen on" in absent.reason


def test_where_errors_are_nearly_rare_enough_it_says_about_how_many_more() -> None:
    """More units than there are, so that a judge may wait for them and need not fail."""
    for n in (400, 700, 1500):
        frame = sorted_out(n, sex=np.arange(n) % 2)
        frame["y"] = ((frame["score"] >= 0.5) ^ (frame.index % 25 == 0)).astype(int)
        result = measured(data_of(frame, groups=("sex",)))
        absent = found(result, "abstention.coverage")
        assert absent.status is Status.TOO_FEW
        words = r"On the ([\d,]+) units .* as they are, about ([\d,]+) units in that half"
        match = re.search(words, absent.reason)
        assert match is not None
        there, needed = (int(number.replace(",", "")) for number in match.groups())
        assert there < needed < 100 * there
        group = found(result, "abstention.group_coverage", {"sex": "1"})
        assert (group.status, group.rows > 0) == (Status.TOO_FEW, True)


def uneven(large: int, wrong: float = 0.3) -> pd.DataFrame:
    """Clusters of one row that hardly err, and some of 200 rows that do."""
    rng = np.random.default_rng(5)
    person = np.concatenate([np.arange(2000), 2000 + np.repeat(np.arange(large), 200)])
    score = rng.random(len(person))
    errs = rng.random(len(person)) < np.where(person < 2000, 0.005, wrong)
    return pd.DataFrame({"score": score, "y": ((score >= 0.5) ^ errs) * 1, "person": person})


def test_a_promise_for_one_row_of_each_cluster_that_all_rows_break_is_told_loudly() -> None:
    result = measured(data_of(uneven(40), cluster="person"))
    error = found(result, "abstention.error")
    assert outside(error, 0, 0.05)
    for name in OF_ALL:
        reason = found(result, f"abstention.{name}").reason
        assert "The promise is broken on the other half of the rows" in reason
        assert "with confidence 90 % for one row drawn from each cluster." in reason
        assert "units like these" not in reason
    assert "All units can be" not in found(result, "abstention.threshold").reason
    (note,) = result.notes
    assert "wrong (90 % interval " in note
    assert "where at most 5 % should be" in note
    assert "large clusters have more of them" in note
    (figure,) = result.figures
    assert "for one row drawn from each cluster. The promise is broken" in figure.caption
    assert any("one row drawn from each cluster" in one for one in CHECK.not_tested)


def test_a_promise_that_is_kept_makes_no_noise() -> None:
    for result in (
        measured(data_of(uneven(40, wrong=0.005), cluster="person")),
        measured(data_of(sorted_out())),
    ):
        assert result.notes == ()
        assert "broken" not in found(result, "abstention.error").reason


def test_a_promise_broken_by_independent_rows_is_told_too() -> None:
    frame = sorted_out()
    subject, evidence = collected(CHECK, stored(**DECIDING), data_of(frame))
    rows = confident_rows(subject, evidence, subject.main_views[0])
    assert not isinstance(rows, str)
    held = frame["score"].astype(np.float32).isin(rows.outputs[rows.held_out, 0].tolist())
    turned = held & (np.random.default_rng(6).random(4000) < 0.2)
    frame["y"] = np.where(turned, 1 - frame["y"], frame["y"])
    (note,) = measured(data_of(frame)).notes
    assert "The two halves are not alike" in note


def test_the_threshold_is_no_single_units_confidence() -> None:
    frame = sorted_out(seed=3)
    result = measured(data_of(frame))
    threshold = found(result, "abstention.threshold")
    assert threshold.value is not None
    assert threshold.value == round(threshold.value, 3)
    sure = np.maximum(frame["score"], 1 - frame["score"])
    assert np.abs(sure - threshold.value).min() > 1e-7
    assert "rounded up to three digits" in threshold.reason


def test_a_saturated_model_has_a_threshold_that_can_be_told() -> None:
    """Confidences that differ only from the fifth digit on are still told apart."""
    frame = sorted_out()
    sure = np.abs(frame["score"] - 0.5) * 2
    logit = np.where(frame["score"] >= 0.5, 1, -1) * (10 + 4 * sure)
    model = stored(task="binary", outputs="logits", classes=("0", "1"), decision={"threshold": 0.5})
    result = measured(data_of(frame.assign(score=logit)), model)
    assert inside(found(result, "abstention.coverage"), 0.5, 0.95)
    (figure,) = result.figures
    assert figure.data["mark"]["text"].startswith("threshold 0.9999")
    assert figure.data["mark"]["text"] != "threshold 1"


def test_a_group_that_nobody_answers_is_seen() -> None:
    frame = sorted_out(sex=np.random.default_rng(2).choice(["F", "M"], 4000))
    women = (frame["sex"] == "F").to_numpy()
    # The model is right about women too, but never sure.
    frame.loc[women, "score"] = 0.5 + (frame.loc[women, "score"] - 0.5) * 0.02
    result = measured(data_of(frame, groups=("sex",)))
    refused = found(result, "abstention.group_coverage", {"sex": "F"})
    assert refused.value == 0
    assert outside(refused, 0.2, 1)
    errors = found(result, "abstention.group_error", {"sex": "F"})
    assert (errors.status, errors.value) == (Status.UNDEFINED, None)
    assert errors.reason == "None of the held-out units of sex=F is answered."
    assert inside(found(result, "abstention.group_coverage", {"sex": "M"}), 0.5, 1)
    assert inside(found(result, "abstention.group_error", {"sex": "M"}), 0, 0.06)


def test_groups_are_treated_alike_where_they_are() -> None:
    frame = sorted_out(sex=np.random.default_rng(2).choice(["F", "M"], 4000))
    result = measured(data_of(frame, groups=("sex",)))
    for sex in ("F", "M"):
        assert inside(found(result, "abstention.group_coverage", {"sex": sex}), 0.5, 1)
        assert inside(found(result, "abstention.group_error", {"sex": sex}), 0, 0.07)


def test_numbers_about_few_people_are_withheld() -> None:
    group = np.array(["M"] * 4000, dtype=object)
    group[:3], group[3:60] = "X", "F"
    frame = sorted_out(sex=group)
    # Of the women only three are sure enough, whatever half they are in.
    frame.loc[3:59, "score"] = 0.51
    frame.loc[3:8, "score"] = 0.99
    result = measured(data_of(frame, groups=("sex",)))
    for name in ("group_coverage", "group_error"):
        few = found(result, f"abstention.{name}", {"sex": "X"})
        assert (few.status, few.value, few.rows) == (Status.TOO_FEW, None, 0)
    few = found(result, "abstention.group_error", {"sex": "F"})
    assert (few.status, few.value, few.rows) == (Status.TOO_FEW, None, 0)
    assert "fewer than 5 are not kept" in few.reason
    assert found(result, "abstention.group_coverage", {"sex": "F"}).value is not None


def test_without_a_threshold_groups_say_so() -> None:
    frame = scored(2000).assign(sex=["F", "M"] * 1000)
    frame["y"] = np.random.default_rng(3).integers(0, 2, 2000)
    result = measured(data_of(frame, groups=("sex",)))
    absent = found(result, "abstention.group_error", {"sex": "F"})
    assert absent.status is Status.UNDEFINED
    assert "no threshold for all units together" in absent.reason


def test_one_row_of_each_cluster_chooses_and_all_are_measured() -> None:
    frame = sorted_out(8000).assign(person=np.arange(8000) // 4)
    subject, evidence = collected(CHECK, stored(**DECIDING), data_of(frame, cluster="person"))
    (view,) = subject.main_views
    rows = confident_rows(subject, evidence, view)
    assert not isinstance(rows, str)
    halves = AbstentionHalves.of(rows, subject.aims)
    assert halves.calibrated.clusters is not None
    assert halves.held_out.clusters is not None
    assert len(np.unique(halves.calibrated.clusters)) == len(halves.calibrated)
    assert not set(halves.calibrated.clusters) & set(halves.held_out.clusters)
    result = CHECK.measure(subject, evidence)
    coverage = found(result, "abstention.coverage")
    assert coverage.rows == 4 * coverage.units
    assert f"{len(halves.calibrated):,} rows, one of each cluster" in coverage.reason
    assert inside(coverage, 0.4, 1)


def test_few_clusters_have_no_interval() -> None:
    frame = sorted_out(4000).assign(person=np.arange(4000) % 8)
    result = measured(data_of(frame, cluster="person"))
    absent = found(result, "abstention.coverage")
    assert absent.status is Status.TOO_FEW
    assert "clusters in the half that it is chosen on" in absent.reason
    aims = Aims(error=0.9, violation=0.9)  # one answer would do
    result = measured(data_of(frame, cluster="person"), aims=aims)
    coverage = found(result, "abstention.coverage")
    assert (coverage.status, coverage.interval) == (Status.TOO_FEW, None)
    assert "an interval needs at least 10" in coverage.reason


def test_the_figure_marks_the_threshold_and_groups_have_theirs() -> None:
    frame = sorted_out(sex=["F", "M"] * 2000)
    curve, coverage, error = measured(data_of(frame, groups=("sex",))).figures
    assert (curve.kind, coverage.kind, error.kind) == ("risk_coverage", *["group_rates"] * 2)
    result = measured(data_of(frame, groups=("sex",)))
    mark = curve.data["mark"]
    assert mark["coverage"] == value(result, "abstention.coverage")
    assert mark["risk"] == value(result, "abstention.error")
    assert mark["low"] <= mark["risk"] <= mark["high"]
    assert curve.data["limit"] == 0.05
    rows = {row["group"]: row for row in coverage.data["rows"]}
    women = found(result, "abstention.group_coverage", {"sex": "F"})
    assert rows["F"]["value"] == women.value
    assert rows["F"]["n"] == women.rows


@pytest.mark.parametrize("n", [200, 260, 700])
def test_no_two_numbers_of_the_figure_tell_about_fewer_than_five(n: int) -> None:
    frame = sorted_out(n)
    frame["y"] = (frame["score"] >= 0.5).astype(int)
    frame.loc[(frame["score"] - 0.5).abs() < 0.01, "y"] ^= 1
    (figure,) = measured(data_of(frame), aims=Aims(error=0.1, violation=0.2)).figures
    told = {
        round(point["coverage"] * figure.data["n"]) for point in figure.data["curves"][0]["points"]
    }
    told.add(round(figure.data["mark"]["coverage"] * figure.data["n"]))
    assert len(told) > 5
    assert np.diff(sorted({0, *told})).min() >= 5


def test_a_figure_that_would_tell_of_the_few_unanswered_is_left_out() -> None:
    frame = sorted_out(400)
    frame["y"] = (frame["score"] >= 0.5).astype(int)
    subject, evidence = collected(CHECK, stored(**DECIDING), data_of(frame))
    rows = confident_rows(subject, evidence, subject.main_views[0])
    assert not isinstance(rows, str)
    halves = AbstentionHalves.of(rows, subject.aims)
    measurements = list(numbers_of(halves))
    assert curve_figure(halves, measurements) is not None
    coarse = np.sort(coarse_confidences(confidence(halves.held_out)))
    for few in (1, 4, 20):
        halves = AbstentionHalves.of(rows, subject.aims)
        halves.__dict__["threshold"] = Threshold(float(coarse[few - 1]), 190, 0, 0.04)
        unanswered = int((~halves.answered).sum())
        assert unanswered < 5 or few == 20
        assert (curve_figure(halves, measurements) is None) == (unanswered < 5)


def test_every_metric_is_declared_and_every_number_has_a_reason_or_an_interval() -> None:
    frame = sorted_out(sex=["F", "M"] * 2000)
    result = measured(data_of(frame, groups=("sex",)))
    assert {one.key.metric for one in result.measurements} == {one.id for one in CHECK.metrics}
    for one in result.measurements:
        assert one.interval is not None or one.reason.endswith(".")


def test_without_a_label_or_a_decision_nothing_is_measured() -> None:
    frame = scored(200)
    subject, _ = collected(CHECK, stored(**DECIDING), data_of(frame, label=None))
    assert CHECK.unmet(subject).startswith("No label is declared")
    subject, _ = collected(CHECK, stored(**BINARY), data_of(frame))
    assert CHECK.unmet(subject).startswith("No decision is declared")


def test_part_of_the_split_cannot_pass() -> None:
    result = measured(data_of(sorted_out()), limit=2000)
    assert all(one.sampled for one in result.measurements)
