"""Planted failures of conformal sets and their clean control; what is said where units are few."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.special import softmax

from auditkit.checks import Findings
from auditkit.checks.conformal.check import CHECK
from auditkit.checks.conformal.figure import shared_bars
from auditkit.checks.conformal.methods import drawn, methods_of
from auditkit.data import Dataset, Group
from auditkit.errors import AuditkitError
from auditkit.evidence import Evidence, Subject
from auditkit.evidence.outcome_rows import OutcomeRows, outcome_need, outcome_rows
from auditkit.evidence.subject import Aims
from auditkit.measurement import Measurement, Status
from auditkit.models.wrapped import WrappedModel
from auditkit.statistics.conformal import APS, adaptive_sets, lac_scores, lac_sets
from auditkit.statistics.conformal_thresholds import threshold, thresholds
from auditkit.statistics.rounding import rounded_up
from tests.checks.audits import (
    BINARY,
    collected,
    data_of,
    found,
    inside,
    outside,
    scored,
    stored,
    value,
)

PROMISED = (0.88, 1.0)
CLASSES = 8
NAMES = [f"score{i}" for i in range(CLASSES)]
SEX = Group("sex", "sex", "F")


def model_of(classes: int = CLASSES) -> WrappedModel:
    names = tuple(map(str, range(classes)))
    return stored(NAMES[:classes], task="multiclass", outputs="logits", classes=names)


def classified(n: int, seed: int = 0, classes: int = CLASSES, **columns: Any) -> pd.DataFrame:
    """An over-confident model's logits, and classes drawn from the true ones."""
    rng = np.random.default_rng(seed)
    true = rng.normal(size=(n, classes)) * 1.5
    truth = (true + rng.gumbel(size=true.shape)).argmax(axis=1)
    return pd.DataFrame(2 * true, columns=NAMES[:classes]).assign(y=truth, **columns)


def audited(
    model: WrappedModel, data: Dataset, aims: Aims | None = None, **settings: Any
) -> tuple[Subject, Evidence, Findings]:
    subject, evidence = collected(CHECK, model, data, **settings)
    subject = replace(subject, aims=aims or Aims())
    assert CHECK.unmet(subject) == ""
    return subject, evidence, CHECK.measure(subject, evidence)


def findings(model: WrappedModel, data: Dataset, **settings: Any) -> Findings:
    return audited(model, data, **settings)[2]


def rows_of(subject: Subject, evidence: Evidence) -> OutcomeRows:
    view = subject.main_views[0]
    rows = outcome_rows(evidence, outcome_need(subject, view), view, "evaluation")
    assert isinstance(rows, OutcomeRows)
    return rows


def of_metric(result: Findings, name: str) -> list[Measurement]:
    return [one for one in result.measurements if one.key.metric == f"conformal.{name}"]


# -- clean control and planted defects ----------------------------------------------------------


def test_sets_of_exchangeable_units_pass_even_if_the_model_is_overconfident() -> None:
    result = findings(model_of(), data_of(classified(12_000)))
    for label in ("LAC", "APS", "RAPS"):
        assert inside(found(result, "conformal.coverage", label=label), *PROMISED)
        assert value(result, "conformal.consistency", label=label) > 0.01
    assert len(of_metric(result, "class_coverage")) == CLASSES
    assert not any(outside(one, *PROMISED) for one in of_metric(result, "class_coverage"))
    smallest = value(result, "conformal.set_size", label="LAC")
    assert smallest < value(result, "conformal.set_size", label="APS")


def test_a_shift_between_the_halves_fails() -> None:
    """The outcome of a third of the held-out units is drawn anew: the model knows less of them."""
    table = classified(6000)
    subject, evidence, _ = audited(model_of(), data_of(table))
    rows = rows_of(subject, evidence)
    held = set(rows.outputs[rows.held_out, 0].astype(np.float32).tolist())
    rng = np.random.default_rng(1)
    shifted = table["score0"].astype(np.float32).isin(held) & (rng.random(6000) < 0.33)
    assert 600 < shifted.sum() < 1400
    table.loc[shifted, "y"] = rng.integers(0, CLASSES, shifted.sum())
    result = findings(model_of(), data_of(table))
    for label in ("LAC", "APS", "RAPS"):
        assert outside(found(result, "conformal.coverage", label=label), *PROMISED)
        assert value(result, "conformal.consistency", label=label) < 1e-6


def test_a_group_that_the_model_knows_little_of_is_found_and_its_own_threshold_mends_it() -> None:
    table = classified(8000)
    rng = np.random.default_rng(2)
    table["sex"] = np.where(rng.random(8000) < 0.2, "M", "F")
    strange = (table["sex"] == "M") & (rng.random(8000) < 0.5)
    table.loc[strange, "y"] = rng.integers(0, CLASSES, strange.sum())
    result = findings(model_of(), data_of(table, groups=(SEX,)))
    assert inside(found(result, "conformal.coverage", label="LAC"), *PROMISED)
    few = found(result, "conformal.group_coverage", {"sex": "M"}, label="LAC")
    assert outside(few, *PROMISED)
    assert few.value < 0.8
    assert inside(found(result, "conformal.group_coverage", {"sex": "F"}), *PROMISED)
    own = found(result, "conformal.group_conditional_coverage", {"sex": "M"})
    assert not outside(own, *PROMISED)
    assert own.value > 0.87
    assert own.share == few.share == pytest.approx((table["sex"] == "M").mean())
    assert "Calibrated on the units of sex=M in the other half" in own.reason


def test_a_number_that_is_harder_to_predict_in_one_group() -> None:
    rng = np.random.default_rng(3)
    sex = np.where(rng.random(6000) < 0.25, "M", "F")
    score = rng.normal(size=6000)
    price = score + rng.normal(size=6000) * np.where(sex == "M", 3.0, 1.0)
    table = pd.DataFrame({"score": score, "y": price, "sex": sex})
    result = findings(stored(task="regression"), data_of(table, groups=(SEX,)))
    assert inside(found(result, "conformal.coverage", label="residual"), *PROMISED)
    assert outside(found(result, "conformal.group_coverage", {"sex": "M"}), *PROMISED)
    assert not outside(
        found(result, "conformal.group_conditional_coverage", {"sex": "M"}), *PROMISED
    )
    width = found(result, "conformal.interval_width")
    assert width.estimate.method == "exact"
    assert width.reason.startswith("All intervals have this width")
    assert result.figures == ()


def test_quantiles_are_widened_or_narrowed_until_they_hold() -> None:
    rng = np.random.default_rng(4)
    scale = rng.uniform(0.2, 3, 12_000)
    table = pd.DataFrame({"score0": -scale, "score1": 0.0, "score2": 0.6 * scale})
    table["y"] = scale * rng.normal(size=12_000)
    model = stored(list(table)[:3], task="regression", quantiles=(0.05, 0.5, 0.95))
    subject, evidence, result = audited(model, data_of(table))
    assert inside(found(result, "conformal.coverage", label="CQR"), *PROMISED)
    rows = rows_of(subject, evidence)
    low, high = rows.outputs[:, 0], rows.outputs[:, 2]
    scores = np.maximum(low - rows.target, rows.target - high)
    limit = rounded_up(threshold(scores[~rows.held_out], 0.9))
    mean = (high - low + 2 * limit)[rows.held_out].mean()
    assert value(result, "conformal.interval_width", label="CQR") == pytest.approx(mean)
    assert found(result, "conformal.interval_width").interval.method == "student"


def test_the_width_of_intervals_is_nobodys_residual() -> None:
    """The threshold is rounded outward, and the coverage is that of the intervals so widened."""
    rng = np.random.default_rng(8)
    table = pd.DataFrame({"score": np.zeros(900), "y": rng.normal(size=900) * 37})
    subject, evidence, result = audited(stored(task="regression"), data_of(table))
    rows = rows_of(subject, evidence)
    residuals = np.abs(rows.target)
    limit = threshold(residuals[~rows.held_out], 0.9)
    width = found(result, "conformal.interval_width")
    assert width.value is not None
    assert 0 < width.value / 2 - limit < 0.01 * limit
    assert width.value / 2 == round(width.value / 2, 1)
    assert np.abs(residuals - width.value / 2).min() > 1e-6
    covered = (residuals <= width.value / 2)[rows.held_out].mean()
    assert value(result, "conformal.coverage") == pytest.approx(covered)
    assert "rounded up to three digits" in width.reason
    assert "if anything, too large" in found(result, "conformal.consistency").reason


def test_one_quantile_alone_has_intervals_around_it() -> None:
    table = pd.DataFrame({"score": np.arange(100.0), "y": np.arange(100.0) + 1})
    result = findings(stored(["score"], task="regression", quantiles=(0.5,)), data_of(table))
    assert {one.key.label for one in result.measurements} == {"residual"}
    assert value(result, "conformal.interval_width") == pytest.approx(2.0)


# -- literal twins ------------------------------------------------------------------------------


def test_numbers_are_those_of_the_definitions() -> None:
    subject, evidence, result = audited(model_of(), data_of(classified(1500)))
    rows = rows_of(subject, evidence)
    shares = softmax(rows.outputs, axis=1)
    held, truth = rows.held_out, rows.target
    own = 1 - shares[np.arange(1500), truth]
    limit = np.sort(own[~held])[int(np.ceil(0.9 * ((~held).sum() + 1))) - 1]
    sets = lac_sets(shares[held], limit)
    hits = sets[np.arange(held.sum()), truth[held]]
    assert value(result, "conformal.coverage", label="LAC") == pytest.approx(hits.mean())
    sizes = sets.sum(axis=1)
    assert value(result, "conformal.set_size", label="LAC") == pytest.approx(sizes.mean())
    assert value(result, "conformal.singleton_share", label="LAC") == (sizes == 1).mean()
    assert value(result, "conformal.empty_share", label="LAC") == (sizes == 0).mean()
    limits = thresholds(own[~held], truth[~held], CLASSES, 0.9)
    for name in range(CLASSES):
        mine = truth[held] == name
        measured = found(result, "conformal.class_coverage", label=f"LAC · {name}")
        assert measured.value == pytest.approx((own[held][mine] <= limits[name]).mean())
        assert measured.rows == mine.sum()


def test_the_picture_counts_each_held_out_set_once() -> None:
    subject, evidence, result = audited(model_of(), data_of(classified(1500)))
    (figure,) = result.figures
    rows = rows_of(subject, evidence)
    assert figure.kind == "set_sizes"
    assert (figure.data["n"], figure.data["aim"]) == (rows.held_out.sum(), 0.9)
    assert [one["method"] for one in figure.data["methods"]] == ["LAC", "APS", "RAPS"]
    for one in figure.data["methods"]:
        assert sum(bar["share"] for bar in one["bars"]) == pytest.approx(1)
        assert all(bar["low"] <= bar["covered"] <= bar["high"] for bar in one["bars"])
        assert sum(bar["n"] for bar in one["bars"]) == figure.data["n"]
        hits = sum(bar["covered"] * bar["n"] for bar in one["bars"]) / figure.data["n"]
        whole = value(result, "conformal.coverage", label=one["method"])
        assert hits == pytest.approx(whole)
    assert "hold the true class" in figure.caption


@pytest.mark.parametrize("n", [20, 60, 150, 400])
def test_no_bar_holds_fewer_than_five_sets(n: int) -> None:
    for seed in range(3):
        (figure,) = findings(model_of(), data_of(classified(n, seed))).figures
        for one in figure.data["methods"]:
            assert all(bar["n"] >= 5 and bar["covered"] is not None for bar in one["bars"])
            assert sum(bar["n"] for bar in one["bars"]) == figure.data["n"]
    assert "Sizes of fewer than five sets share a bar with a neighbour." in figure.caption


@pytest.mark.parametrize(
    ("sizes", "bars"),
    [
        ([[0, 0] + [1] * 9 + [2] * 3], [(0, 2)]),
        ([[0] * 3 + [1] * 9 + [2] * 9], [(0, 1), (2, 2)]),
        ([[1] * 9 + [2] * 9 + [4] * 4], [(0, 0), (1, 1), (2, 4)]),
        ([[1] * 9 + [3] * 9], [(0, 0), (1, 1), (2, 2), (3, 3)]),
        ([[1] * 18, [1] * 5 + [2] * 9 + [3] * 4], [(0, 0), (1, 1), (2, 3)]),
        ([[1] * 9 + [13] * 2], [(0, 0), (1, 13)]),
        ([[2] * 5], [(0, 0), (1, 1), (2, 2)]),
    ],
)
def test_sizes_of_few_sets_share_a_bar(sizes: list[list[int]], bars: list[tuple[int, int]]) -> None:
    assert shared_bars([np.array(one) for one in sizes]) == bars


def test_fewer_than_five_held_out_sets_have_no_picture() -> None:
    seen = set()
    for n in range(6, 13):
        subject, evidence, result = audited(
            model_of(), data_of(classified(n)), aims=Aims(coverage=0.5)
        )
        held_out = int(rows_of(subject, evidence).held_out.sum())
        assert found(result, "conformal.coverage", label="LAC").value is not None
        assert bool(result.figures) == (held_out >= 5)
        seen.add(held_out >= 5)
    assert seen == {False, True}


def test_weights_are_not_heeded_and_that_is_said() -> None:
    assert "Every row counts alike, whatever weight is declared." in CHECK.not_tested


def test_sets_do_not_depend_on_the_order_of_the_rows() -> None:
    table = classified(800).assign(id=[f"row {i}" for i in range(800)])
    shuffled = table.sample(frac=1, random_state=0)
    results = [findings(model_of(), data_of(one, row_id="id")) for one in (table, shuffled)]
    assert results[0] == results[1]


def test_the_seed_decides_the_random_part_of_adaptive_sets_alone() -> None:
    data = data_of(classified(800))
    values = [
        [value(findings(model_of(), data, seed=seed), "conformal.set_size", label=label)
         for label in ("LAC", "APS")]
        for seed in (0, 1)
    ]  # fmt: skip
    assert values[0][0] == values[1][0]
    assert values[0][1] != values[1][1]


def test_random_parts_are_uniform_and_independent_of_the_half() -> None:
    subject, evidence, _ = audited(model_of(), data_of(classified(6000)))
    one = drawn(rows_of(subject, evidence), 0)
    for half in (one.rows.held_out, ~one.rows.held_out):
        assert one.parts[half].mean() == pytest.approx(0.5, abs=0.02)
        assert np.histogram(one.parts[half], 10, (0, 1))[0].min() > 240
    assert not np.array_equal(one.parts, drawn(one.rows, 1).parts)
    aps = methods_of(one.rows.view)[1]
    sets = adaptive_sets(one.rows.probabilities, one.parts, 0.8, APS)
    np.testing.assert_array_equal(aps.extents(one, 0.8), sets.sum(axis=1))


def test_another_coverage_is_aimed_at() -> None:
    result = findings(model_of(), data_of(classified(6000)), aims=Aims(coverage=0.7))
    for label in ("LAC", "APS", "RAPS"):
        coverage = found(result, "conformal.coverage", label=label)
        assert inside(coverage, 0.66, 0.74)
    assert "70 % of all sets" in result.figures[0].caption


# -- binary, several labels, clusters -----------------------------------------------------------


def test_few_classes_have_no_raps() -> None:
    result = findings(stored(**BINARY), data_of(scored(4000)))
    assert {one.key.label for one in of_metric(result, "coverage")} == {"LAC", "APS"}
    assert {one.key.label for one in of_metric(result, "class_coverage")} == {"LAC · 0", "LAC · 1"}
    for label in ("LAC", "APS"):
        assert not outside(found(result, "conformal.coverage", label=label), *PROMISED)


def test_each_label_of_several_has_sets_of_its_own() -> None:
    rng = np.random.default_rng(5)
    shares = rng.random((4000, 2))
    truth = (rng.random((4000, 2)) < shares).astype(int)
    table = pd.DataFrame(np.hstack([shares, truth]), columns=["score0", "score1", "cat", "dog"])
    model = stored(
        ["score0", "score1"], task="multilabel", outputs="probabilities", classes=("cat", "dog")
    )
    result = findings(model, data_of(table, label=("cat", "dog")))
    for label in ("cat", "dog"):
        assert inside(found(result, "conformal.coverage", label=f"{label} · LAC"), 0.86, 0.94)
    assert len(result.figures) == 2


def test_more_classes_than_anybody_reads_are_measured_for_those_most_often_true() -> None:
    rng = np.random.default_rng(6)
    classes = 60
    columns = [f"score{i:02d}" for i in range(classes)]
    truth = rng.integers(0, classes, 3000)
    truth[:1000] = rng.integers(0, 50, 1000)
    raw = rng.normal(size=(3000, classes)) + 3 * np.eye(classes)[truth]
    table = pd.DataFrame(raw, columns=columns).assign(y=truth)
    names = tuple(map(str, range(classes)))
    model = stored(columns, task="multiclass", outputs="logits", classes=names)
    result = findings(model, data_of(table))
    of_classes = of_metric(result, "class_coverage")
    assert len(of_classes) == 50
    (note,) = result.notes
    assert "for the 50 with the most held-out units, of 60 classes" in note
    assert [int(one.key.label.partition(" · ")[2]) for one in of_classes] == sorted(
        int(one.key.label.partition(" · ")[2]) for one in of_classes
    )


def test_clusters_lie_on_one_side_and_are_the_units() -> None:
    table = classified(3000).assign(person=np.repeat(np.arange(300), 10))
    subject, evidence, result = audited(model_of(), data_of(table, cluster="person"))
    rows = rows_of(subject, evidence)
    sides = [set(rows.clusters[side]) for side in (rows.held_out, ~rows.held_out)]
    assert not sides[0] & sides[1]
    coverage = found(result, "conformal.coverage", label="LAC")
    assert coverage.units == len(sides[0])
    assert coverage.rows == rows.held_out.sum()
    assert "exchangeable clusters" in coverage.reason
    assert found(result, "conformal.set_size", label="LAC").interval.method == "student"
    law = found(result, "conformal.consistency", label="LAC")
    assert law.status is Status.NOT_APPLICABLE
    assert "come in clusters" in law.reason


def test_what_clusters_share_widens_the_interval() -> None:
    """Ten copies of each row are one unit."""
    table = classified(400)
    tenfold = pd.concat([table] * 10, ignore_index=True)
    tenfold["person"] = tenfold.index % 400
    coverage = found(
        findings(model_of(), data_of(tenfold, cluster="person")), "conformal.coverage", label="LAC"
    )
    effective = coverage.estimate.parameters["n"]
    assert effective < 1.5 * coverage.units < 0.2 * coverage.rows


def test_few_clusters_have_no_interval() -> None:
    table = classified(900).assign(site=np.arange(900) % 12)
    result = findings(model_of(), data_of(table, cluster="site"))
    coverage = found(result, "conformal.coverage", label="LAC")
    assert coverage.status is Status.TOO_FEW
    assert coverage.estimate is None
    assert coverage.interval is None


# -- few, and hostile ---------------------------------------------------------------------------


@pytest.mark.parametrize("n", [3, 14])
def test_too_few_to_calibrate_on_says_how_many_are_needed(n: int) -> None:
    table = classified(n, sex=["F", "M"] * (n // 2) + ["F"] * (n % 2))
    result = findings(model_of(), data_of(table, groups=(SEX,)))
    assert {one.status for one in result.measurements} == {Status.TOO_FEW}
    assert all("need at least 9 units" in one.reason for one in result.measurements)
    assert {one.value for one in result.measurements} == {None}
    assert result.figures == ()


def test_a_higher_aim_needs_more_units() -> None:
    result = findings(model_of(), data_of(classified(60)), aims=Aims(coverage=0.99))
    assert {one.reason.partition(";")[0] for one in result.measurements} == {
        "To hold the truth with 99 % probability, sets need at least 99 units to be calibrated on"
    }


def test_a_class_that_is_rarely_or_never_true() -> None:
    table = classified(600, classes=4)
    table = table[(table["y"] != 3) | (table.index % 20 == 0)].reset_index(drop=True)
    table["y"] = table["y"].replace(2, 1)
    result = findings(model_of(4), data_of(table))
    absent = found(result, "conformal.class_coverage", label="LAC · 2")
    assert absent.status is Status.TOO_FEW
    assert "fewer than 5 are not kept" in absent.reason
    assert absent.rows == 0
    rare = found(result, "conformal.class_coverage", label="LAC · 3")
    assert rare.status is Status.TOO_FEW
    assert rare.value is None
    assert found(result, "conformal.class_coverage", label="LAC · 1").status is Status.MEASURED


def test_a_class_with_too_few_to_calibrate_on_is_in_every_set_and_says_so() -> None:
    table = classified(2000, classes=4)
    subject, evidence, _ = audited(model_of(4), data_of(table))
    rows = rows_of(subject, evidence)
    first = rows.outputs[~rows.held_out, 0].astype(np.float32)
    calibrated = table["score0"].astype(np.float32).isin(first.tolist())
    mine = table.index[calibrated & (table["y"] == 3)]
    table.loc[mine[4:], "y"] = 0
    measured = found(
        findings(model_of(4), data_of(table)), "conformal.class_coverage", label="LAC · 3"
    )
    assert measured.status is Status.TOO_FEW
    assert measured.value is None
    assert measured.reason == (
        "Fewer than 9 units of the class 3 are in the half that is calibrated on, which a "
        "threshold of its own needs, so that every set holds it."
    )


def test_a_group_of_three_people_is_not_told() -> None:
    sex = np.where(np.arange(2000) < 3, "X", np.where(np.arange(2000) % 2, "F", "M"))
    result = findings(model_of(), data_of(classified(2000, sex=sex), groups=(SEX,)))
    for name in ("group_coverage", "group_conditional_coverage"):
        few = found(result, f"conformal.{name}", {"sex": "X"})
        assert (few.status, few.value, few.rows, few.units) == (Status.TOO_FEW, None, 0, 0)
        assert found(result, f"conformal.{name}", {"sex": "F"}).status is Status.MEASURED


def test_a_group_of_a_few_more_has_no_threshold_of_its_own() -> None:
    sex = np.where(np.arange(2000) < 14, "X", "F")
    result = findings(model_of(), data_of(classified(2000, sex=sex), groups=(SEX,)))
    own = found(result, "conformal.group_conditional_coverage", {"sex": "X"})
    assert own.status is Status.TOO_FEW
    assert own.value is None


def test_probabilities_with_ties_still_hold() -> None:
    """One of three values for each class: LAC holds more than promised, never less."""
    rng = np.random.default_rng(7)
    shares = np.array([[0.6, 0.2, 0.2], [0.2, 0.6, 0.2], [1 / 3, 1 / 3, 1 / 3]])
    table = pd.DataFrame(shares[rng.integers(0, 3, 6000)], columns=NAMES[:3])
    cumulative = table.to_numpy().cumsum(axis=1)
    table["y"] = (cumulative < rng.random((6000, 1))).sum(axis=1).clip(0, 2)
    model = stored(NAMES[:3], task="multiclass", outputs="probabilities", classes=("0", "1", "2"))
    result = findings(model, data_of(table))
    for label in ("LAC", "APS"):
        assert inside(found(result, "conformal.coverage", label=label), *PROMISED)
    assert found(result, "conformal.coverage", label="APS").value == pytest.approx(0.9, abs=0.03)


def test_a_constant_model_has_one_set_for_all_and_no_interval_of_their_size() -> None:
    table = scored(400).assign(score=0.5)
    result = findings(stored(**BINARY), data_of(table))
    size = found(result, "conformal.set_size", label="LAC")
    assert (size.value, size.interval) == (2.0, None)
    assert size.reason.startswith("All units agree")
    assert value(result, "conformal.coverage", label="LAC") == 1.0


def test_outputs_that_are_not_finite_are_refused() -> None:
    table = classified(100)
    table.loc[7, "score3"] = np.nan
    with pytest.raises(AuditkitError, match="finite"):
        findings(model_of(), data_of(table))


def test_a_sample_of_the_rows_says_so() -> None:
    result = findings(model_of(), data_of(classified(900)), limit=300, batch_size=100)
    assert all(one.sampled for one in result.measurements)


def test_outputs_that_are_no_probabilities_and_no_numbers() -> None:
    undeclared = stored(task="multiclass", columns=["score", "x"], classes=("0", "1"))
    subject, _ = collected(CHECK, stored(**BINARY), data_of(scored(50)))
    assert CHECK.unmet(subject) == ""
    subject, _ = collected(
        replace(CHECK, needs=lambda _: ()), undeclared, data_of(scored(50).assign(x=0.1))
    )
    assert CHECK.unmet(subject).startswith("The outputs are not declared as probabilities")


def test_lac_scores_are_read_from_the_probabilities_of_the_view() -> None:
    subject, evidence, _ = audited(stored(**BINARY), data_of(scored(50)))
    rows = rows_of(subject, evidence)
    (lac, _) = methods_of(rows.view)
    given = np.where(rows.target == 1, rows.outputs[:, 0], 1 - rows.outputs[:, 0])
    np.testing.assert_allclose(lac.scores(drawn(rows, 0)), 1 - given)
    np.testing.assert_allclose(lac_scores(rows.probabilities, rows.target), 1 - given)
