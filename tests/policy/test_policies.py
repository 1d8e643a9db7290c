"""The shipped policies: well-formed, honest about their basis, and passable by a sound model."""

from __future__ import annotations

import json

import numpy as np
import pytest
import yaml

from auditkit.checks.registry import catalogue, load_checks
from auditkit.measurement import (
    Estimate,
    Measurement,
    MeasurementKey,
    Metric,
    Slice,
    Status,
)
from auditkit.policy import (
    Attestation,
    ExitCode,
    Judgement,
    VerdictStatus,
    check_metrics,
    judge,
    load_policy,
    shipped_policies,
)
from auditkit.policy.json_schema import policy_schema, policy_schema_text
from auditkit.resources import policies_folder
from tests.policy.cases import exact, rates, share

REPETITIONS = 100
N = 20_000
BASELINE = load_policy("baseline")
ATTESTED = Attestation("A. Person", "sha256:" + "0" * 64, "2026-01-01")


@pytest.fixture(scope="module")
def metrics() -> dict[str, Metric]:
    return dict(catalogue(load_checks()[0]))


@pytest.mark.parametrize("name", shipped_policies())
def test_shipped_policies_ask_for_metrics_that_exist(name: str, metrics: dict[str, Metric]) -> None:
    check_metrics(load_policy(name), metrics)


@pytest.mark.parametrize("name", shipped_policies())
def test_shipped_policies_claim_no_compliance_and_point_editors_to_the_schema(name: str) -> None:
    found = load_policy(name)
    assert found.id == name
    assert "complian" not in found.text.lower()
    assert found.text.startswith("# yaml-language-server: $schema=policy.schema.json\n")
    assert yaml.safe_load(found.text)["requirements"]  # plain YAML for every other reader too


def test_the_schema_file_is_what_the_types_say() -> None:
    shipped = (policies_folder() / "policy.schema.json").read_text(encoding="utf-8")
    assert shipped == policy_schema_text(), "run: python -m auditkit.policy.json_schema"


def test_the_schema_explains_every_field() -> None:
    schema = json.loads(policy_schema_text())
    for properties in (schema["properties"], schema["$defs"]["Requirement"]["properties"]):
        assert [name for name, one in properties.items() if not one.get("description")] == []
    assert policy_schema()["additionalProperties"] is False
    assert schema["$defs"]["Requirement"]["properties"]["severity"]["enum"] == ["block", "warn"]


def test_numbers_are_of_the_basis_that_they_have() -> None:
    """Four fifths is guidance in employment and a convention anywhere else."""
    bases = {one.id: one.basis for one in load_policy("baseline").requirements}
    assert set(bases.values()) == {"convention"}
    employment = {one.id: one for one in load_policy("employment-us").requirements}
    assert employment["four-fifths"].basis == "guidance"
    assert employment["four-fifths"].clause == "29 CFR 1607.4(D)"
    assert employment["four-fifths"].reference == "highest"
    assert employment["smaller-differences"].basis == "organisation"
    assert load_policy("employment-us").minimum_share == 0.02


def sound(generator: np.random.Generator, task: str = "binary") -> list[Measurement]:
    """What the checks would measure of a fair, calibrated model that has not overfitted."""
    right = int(generator.binomial(N, 0.8))
    selected = generator.binomial(N // 2, 0.3, size=2)
    counts = {name: (int(x), N // 2) for name, x in zip("AB", selected, strict=True)}
    gap = generator.normal(0, 0.004)
    error = generator.normal(0, 4e-5)
    drifted = abs(generator.normal(0.01, 0.004))
    found = [
        share(right, N),
        exact(float(N)),
        share(int(generator.binomial(500, 0.995)), 500, "explanation.converged_share"),
        _normal("calibration.confidence_gap", generator.normal(0, 0.003), 0.003),
        _normal("overfitting.accuracy_gap", gap, 0.004, "training→evaluation"),
        _normal("drift.total_variation", drifted, 0.004, "training→evaluation"),
        Measurement(
            MeasurementKey("calibration.squared_error"),
            Status.MEASURED,
            error,
            estimate=Estimate("squared_error", {"value": error, "sd": 4e-5}),
            units=N,
            rows=N,
        ),
    ]
    return found + (rates("group", counts) if task == "binary" else [])


def _normal(metric: str, value: float, se: float, split: str = "evaluation") -> Measurement:
    return Measurement(
        MeasurementKey(metric, split=split),
        Status.MEASURED,
        value,
        estimate=Estimate("normal", {"value": value, "se": se}),
        units=N,
        rows=N,
    )


def judged(measured: list[Measurement]) -> Judgement:
    return judge(
        BASELINE,
        measured,
        declared_references={"group": "A"},
        tasks={"": "binary"},
    )


def test_a_fair_model_passes_the_baseline() -> None:
    generator = np.random.default_rng(1)
    outcomes = [judged(sound(generator)).outcome for _ in range(REPETITIONS)]
    assert outcomes.count(VerdictStatus.PASS) >= 0.8 * REPETITIONS
    assert outcomes.count(VerdictStatus.FAIL) <= 0.02 * REPETITIONS


def test_an_unfair_model_fails_the_baseline() -> None:
    measured = [m for m in sound(np.random.default_rng(1)) if not m.key.slice.conditions]
    unfair = rates("group", {"A": (3000, 10_000), "B": (1500, 10_000)})
    found = judged(measured + unfair)
    assert found.outcome is VerdictStatus.FAIL
    (verdict,) = [one for one in found.verdicts if one.blocks]
    assert verdict.requirement == "group-ratio"
    assert verdict.basis == "convention"


def test_only_what_says_so_blocks_in_the_baseline() -> None:
    bad = [
        m
        if m.key.metric in ("performance.accuracy", "performance.units") or m.key.slice.conditions
        else _normal(m.key.metric, 0.9, 0.001, m.key.split)
        for m in sound(np.random.default_rng(1))
    ]
    found = judged(bad)
    failed = {one.requirement for one in found.verdicts if one.status is VerdictStatus.FAIL}
    assert failed >= {"calibration-error", "confidence-gap", "overfitting", "drift"}
    assert found.outcome is VerdictStatus.PASS


@pytest.mark.parametrize(
    ("task", "reported"),
    [
        ("regression", "performance.mae"),
        ("custom", "performance.unit_metric"),
        ("multiclass", "performance.accuracy"),
    ],
)
def test_models_without_a_yes_or_no_decision_are_not_asked_for_a_ratio(
    task: str, reported: str
) -> None:
    measured = [_normal(reported, 3.2, 0.1), exact(float(N))]
    found = judge(load_policy("baseline"), measured, tasks={"": task})
    assert found.outcome is VerdictStatus.PASS
    assert any("(group-ratio) does not apply" in text for text in found.not_applicable)
    kept = {one.requirement for one in found.verdicts}
    left_out = {text.split("(")[1].split(")")[0] for text in found.not_applicable}
    assert kept | left_out == {one.id for one in load_policy("baseline").requirements}


def test_a_binary_model_without_declared_groups_does_not_pass_the_baseline() -> None:
    measured = [m for m in sound(np.random.default_rng(1)) if not m.key.slice.conditions]
    found = judge(load_policy("baseline"), measured, tasks={"": "binary"})
    assert found.exit_code is ExitCode.FAILED
    (verdict,) = [one for one in found.verdicts if one.blocks]
    assert verdict.status is VerdictStatus.MISSING
    assert "The data declare no group." in verdict.reason


def _differences(counts: dict[str, tuple[int, int]]) -> list[Measurement]:
    found = []
    for one, (x1, n1) in counts.items():
        for other, (x2, n2) in counts.items():
            if one != other:
                key = MeasurementKey(
                    "bias.selection_rate_difference", Slice.of(sex=one), Slice.of(sex=other)
                )
                estimate = Estimate("newcombe", {"x1": x1, "n1": n1, "x2": x2, "n2": n2})
                difference = x1 / n1 - x2 / n2
                found.append(
                    Measurement(
                        key, Status.MEASURED, difference, estimate=estimate, units=n1, rows=n1
                    )
                )
    return found


@pytest.mark.parametrize(
    ("counts", "outcome"),
    [
        ({"F": (2400, 8000), "M": (2400, 8000)}, VerdictStatus.PASS),
        ({"F": (1200, 8000), "M": (2400, 8000)}, VerdictStatus.FAIL),
        # A ratio of .5 among a few people may be chance, and twenty people are no clearance.
        ({"F": (2, 20), "M": (4, 20)}, VerdictStatus.INCONCLUSIVE),
        ({"F": (6, 20), "M": (6, 20)}, VerdictStatus.INCONCLUSIVE),
    ],
)
def test_employment(counts: dict[str, tuple[int, int]], outcome: VerdictStatus) -> None:
    measured = [exact(1.0), *rates("sex", counts), *_differences(counts)]
    words = {"records-kept": ATTESTED, "job-related": ATTESTED}
    found = judge(load_policy("employment-us"), measured, attestations=words)
    assert found.outcome is outcome
    silent = judge(load_policy("employment-us"), measured)
    assert silent.exit_code is ExitCode.FAILED


def test_employment_lists_groups_under_two_per_cent() -> None:
    counts = {"F": (2400, 8000), "M": (2400, 8000), "X": (0, 100)}
    measured = [exact(1.0), *rates("sex", counts), *_differences(counts)]
    words = {"records-kept": ATTESTED}
    found = judge(load_policy("employment-us"), measured, attestations=words)
    assert found.outcome is VerdictStatus.PASS
    assert found.small_groups == (
        "sex=X holds 0.62 % of the rows (100 rows), under the minimum share of 2 %: listed, not "
        "judged (four-fifths, smaller-differences).",
    )
    reported = [one for one in found.verdicts if one.requirement == "selection-rates-reported"]
    assert any("sex=X" in one.subject for one in reported)
