"""What holds for every registered check, on every kind of model."""

from __future__ import annotations

import json
import math
import pickle
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import pytest

from auditkit.checks import Check, Findings
from auditkit.checks.registry import catalogue, load_checks
from auditkit.evidence import Evidence, LocalEngine, Options, Subject, make_plan
from auditkit.evidence.aims import Aims
from auditkit.evidence.subject import Kind
from auditkit.generation.settings import GenerationSettings
from auditkit.generator_subjects import probe_generator
from auditkit.measurement import Measurement, Status, from_plain, to_plain
from auditkit.models.generators.wrapped import WrappedGenerator
from auditkit.statistics import estimates
from auditkit.subjects import Probed, probe
from tests.checks.generators import GENERATORS
from tests.checks.subjects import CASES as PREDICTORS
from tests.checks.subjects import SETTINGS

CHECKS, NOTES = load_checks()
AIMS = Aims(review=2, error=0.3)
CASES = {**PREDICTORS, **GENERATORS}


def kind_of(case: str) -> Kind:
    return Kind.GENERATOR if case in GENERATORS else Kind.PREDICTOR


PAIRS = pytest.mark.parametrize(
    ("case", "check"),
    [(case, check) for case in CASES for check in CHECKS if kind_of(case) in check.about],
    ids=lambda part: part if isinstance(part, str) else part.name,
)  # fmt: skip
EACH = pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)


@cache
def audited(case: str) -> tuple[Subject, Evidence]:
    """One pass of all checks, as an audit makes it."""
    checks = [check for check in CHECKS if kind_of(case) in check.about]
    return collected(case, checks, **SETTINGS.get(case, {}))


def collected(case: str, checks: Sequence[Check], **settings: Any) -> tuple[Subject, Evidence]:
    """What some checks need of a case, as an audit collects it."""
    model, data, *generation = CASES[case]()
    with model.opened():
        probed = _probed(model, data, generation, settings)
        subject = probed.subject
        needs = [
            need for check in checks if not check.unmet(subject) for need in check.needs(subject)
        ]
        options = Options(batch_size=64, edges=probed.edges, quiet=True)
        plan = make_plan(needs, subject)
        return subject, LocalEngine().run(plan, subject, model, data, options)


def _probed(model: Any, data: Any, generation: list[Any], settings: dict[str, Any]) -> Probed:
    if isinstance(model, WrappedGenerator):
        wanted = GenerationSettings.of(generation[0])
        return probe_generator(model, data, wanted, seed=0, aims=AIMS, batch_size=64)
    return probe(model, data, seed=0, batch_size=64, **settings)


@cache
def measured(case: str, check: Check) -> Findings:
    subject, evidence = audited(case)
    return Findings() if check.unmet(subject) else check.measure(subject, evidence)


def test_all_checks_come_through_the_door() -> None:
    assert [check.name for check in CHECKS] == [
        "abstention", "answer_explanation", "bias", "calibration", "confidence", "conformal",
        "cost", "data_sufficiency", "drift", "embedding_slices", "explanation", "groundedness",
        "hallucination", "labels", "leakage", "memorisation", "out_of_distribution",
        "overfitting", "performance", "privacy", "prompt_bias", "quantiles", "representation",
        "rival", "robustness", "shortcuts", "slices", "speech",
    ]  # fmt: skip
    assert NOTES == ()


@EACH
def test_metrics_are_defined(check: Check) -> None:
    assert check.question.endswith("?")
    for metric in check.metrics:
        family, _, name = metric.id.partition(".")
        assert family == check.name
        assert name.isidentifier()
        assert metric.definition.endswith(".")
        assert metric.title
        assert metric.unit
        if metric.low is not None and metric.high is not None:
            assert metric.low < metric.high
    assert all(sentence.endswith(".") for sentence in check.not_tested)
    assert check.not_tested


@pytest.mark.parametrize(
    "name", ["hallucination", "groundedness", "speech", "answer_explanation", "abstention"]
)
def test_checks_that_count_rows_alike_say_so(name: str) -> None:
    (check,) = [one for one in CHECKS if one.name == name]
    assert "row counts alike, whatever weight is declared" in " ".join(check.not_tested)


ELSEWHERE = {"cost.peak_bytes", "cost.metered_energy", "cost.metered_emissions"}
"""These need a GPU or a meter that may be read; `test_cost.py` measures them of stand-ins."""


@EACH
def test_every_metric_is_measured_of_some_model(check: Check) -> None:
    seen = {m.key.metric for case in CASES if kind_of(case) in check.about
            for m in measured(case, check).measurements if m.status is Status.MEASURED}  # fmt: skip
    assert seen | ELSEWHERE == {metric.id for metric in check.metrics} | ELSEWHERE


@PAIRS
def test_only_declared_metrics_are_measured_each_once(case: str, check: Check) -> None:
    found = measured(case, check).measurements
    assert {m.key.metric for m in found} <= {metric.id for metric in check.metrics}
    keys = [m.key for m in found]
    repeated = [str(key) for key in keys if keys.count(key) > 1]
    assert not repeated


@PAIRS
def test_every_number_has_its_uncertainty_or_a_reason(case: str, check: Check) -> None:
    for one in measured(case, check).measurements:
        _check_numbers(one)
        if one.reason:
            assert one.reason.endswith("."), one.reason
            assert one.reason[0].isupper() or "=" in one.reason, one.reason


def _check_numbers(one: Measurement) -> None:
    where = str(one.key)
    if one.status is not Status.MEASURED:
        assert one.reason, where
        assert one.interval is None, where
        assert one.estimate is None, where
        return
    assert one.value is not None, where
    assert math.isfinite(one.value), where
    assert one.units > 0, where
    assert one.rows >= one.units or one.rows > 0, where
    if one.interval is None:
        assert one.reason, where
        return
    assert one.interval.level == 0.9, where
    assert one.interval.low <= one.value + 1e-12, where
    assert one.value <= one.interval.high + 1e-12, where
    # What is never judged may be shown with an interval, and needs no estimate for a judge; nor
    # does what is kept from him in this audit, for a reason.
    if one.estimate is None and one.reason:
        return
    if catalogue(CHECKS)[one.key.metric].gateable:
        assert estimates.value(one.estimate) == one.value, where


@PAIRS
def test_values_lie_in_the_range_of_their_metric(case: str, check: Check) -> None:
    metrics = catalogue(CHECKS)
    for one in measured(case, check).measurements:
        metric = metrics[one.key.metric]
        if one.value is not None:
            assert metric.low is None or metric.low <= one.value, str(one.key)
            assert metric.high is None or one.value <= metric.high, str(one.key)
        assert metric.comparison or one.key.reference is None
        if not metric.gateable:
            assert one.estimate is None


@PAIRS
def test_measurements_survive_a_record(case: str, check: Check) -> None:
    findings = measured(case, check)
    for one in findings.measurements:
        plain = json.loads(json.dumps(to_plain(one), allow_nan=False))
        assert from_plain(plain) == one
    for figure in findings.figures:
        json.dumps(dict(figure.data), allow_nan=False)
        assert figure.check == check.name
        assert figure.caption.endswith(".")


@PAIRS
def test_needs_are_pure(case: str, check: Check) -> None:
    subject, _ = audited(case)
    reason = check.unmet(subject)
    assert check.unmet(subject) == reason
    assert reason == "" or reason.endswith(".")
    if reason == "":
        first, second = (tuple(check.needs(subject)) for _ in range(2))
        assert first == second
        assert first
        assert {need.split for need in first} <= set(subject.splits)


@PAIRS
def test_measuring_twice_gives_the_same_and_changes_nothing(case: str, check: Check) -> None:
    subject, evidence = audited(case)
    if check.unmet(subject):
        return
    before = pickle.dumps(_states(evidence))
    again = check.measure(subject, evidence)
    assert repr(again) == repr(measured(case, check))
    assert pickle.dumps(_states(evidence)) == before


def _states(evidence: Evidence) -> list[bytes]:
    states = []
    for split in evidence.splits.values():
        states += [counts.to_bytes() for counts in split.counts.values()]
        states += [moments.to_bytes() for moments in split.sums.values()]
        states += [] if split.clusters is None else [split.clusters.keys.tobytes()]
        for found in split.attributions.values():
            states += [v.numpy().tobytes() for v in getattr(found, "values", ())]
    return states


@EACH
def test_a_check_alone_gets_what_it_needs(check: Check) -> None:
    """Its needs suffice: it must not lean on what another check has asked for."""
    predictors = ("network", "clustered", "multilabel", "custom", "several heads")
    for case in (*predictors, "answers", "answers told by person"):
        if kind_of(case) not in check.about:
            continue
        subject, evidence = collected(case, [check])
        if check.unmet(subject):
            continue
        alone = check.measure(subject, evidence).measurements
        beside = measured(case, check).measurements
        assert [m.key for m in alone] == [m.key for m in beside]
        for one, other in zip(alone, beside, strict=True):
            if _timed(one):
                continue
            # Sums that are marginals of others may differ in their last bits.
            assert (one.status, one.reason) == (other.status, other.reason)
            if one.value is None:
                assert other.value is None
            else:
                assert one.value == pytest.approx(other.value, rel=1e-12, abs=1e-12)


def _timed(one: Measurement) -> bool:
    """Whether its units are calls, each of which takes its own time."""
    return one.key.metric.startswith("cost.") and one.key.label.startswith("batch of")


CLUSTERED = ["clustered", "clustered network", "answers by person", "answers told by person"]


@pytest.mark.parametrize(
    ("case", "check"),
    [(case, check) for case in CLUSTERED for check in CHECKS if kind_of(case) in check.about],
)
def test_clusters_are_the_units(case: str, check: Check) -> None:
    for one in measured(case, check).measurements:
        if _timed(one):
            continue
        assert one.units <= max(one.rows, 2 * 40), str(one.key)
        if one.status is Status.MEASURED:
            assert one.units <= 2 * 40, str(one.key)


@EACH
def test_two_clusters_are_never_measured(check: Check) -> None:
    of_two = "two clusters" if Kind.PREDICTOR in check.about else "answers of two"
    for one in measured(of_two, check).measurements:
        certain = one.estimate is not None and one.estimate.method == "exact"
        if one.status is Status.MEASURED and not certain:
            assert one.key.metric == "calibration.ece"  # shown, never judged


def test_findings_can_be_put_together() -> None:
    findings = [measured("binary", check) for check in CHECKS if Kind.PREDICTOR in check.about]
    together = Findings.together(findings)
    assert len(together.measurements) == sum(len(part.measurements) for part in findings)
    assert len({m.key for m in together.measurements}) == len(together.measurements)
    assert np.all([figure.kind for figure in together.figures])


def test_a_check_of_another_family_is_refused() -> None:
    drift = next(check for check in CHECKS if check.name == "drift")
    with pytest.raises(ValueError, match=r"declares 'drift\.total_variation', of another family"):
        Check("bias", "Why?", drift.metrics, drift.unmet, drift.needs, drift.measure)
    twice = (drift.metrics[0], drift.metrics[0])
    with pytest.raises(ValueError, match=r"declares 'drift\.total_variation' twice"):
        Check("drift", "Why?", twice, drift.unmet, drift.needs, drift.measure)
