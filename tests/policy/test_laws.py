"""The policies that follow a law: what passes, what does not, and whose the limits are."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from auditkit.measurement import Estimate, Measurement, MeasurementKey, Slice, Status
from auditkit.policy import (
    Attestation,
    ExitCode,
    Judgement,
    VerdictStatus,
    judge,
    load_policy,
    shipped_policies,
)
from auditkit.policy.schema import Policy
from tests.policy.cases import exact, rates, share

NYC, CREDIT, EU = (load_policy(name) for name in ("nyc-ll144", "credit-us", "eu-ai-act-high-risk"))
WORD = Attestation("A. Person", "sha256:" + "0" * 64, "2026-01-01")
BINARY = {"": "binary"}
Counts = dict[tuple[str, ...], tuple[int, int]]


def attested(policy: Policy) -> dict[str, Attestation]:
    return {one.id: WORD for one in policy.requirements if one.kind == "attested"}


def blocked(found: Judgement) -> set[str]:
    return {one.requirement for one in found.verdicts if one.blocks}


@pytest.mark.parametrize("name", shipped_policies())
def test_no_limit_is_said_to_be_law_and_every_source_has_its_clause(name: str) -> None:
    for one in load_policy(name).requirements:
        # The four fifths of the Guidelines are the only limit that a public source states.
        assert one.kind != "bound" or one.basis in ("convention", "organisation", "guidance")
        assert (one.kind == "bound" and one.basis == "guidance") == (
            name == "employment-us" and one.id == "four-fifths"
        )
        assert one.clause or one.basis in ("convention", "organisation")


# --- New York City ------------------------------------------------------------------------------

SEXES, RACES = ("F", "M"), ("Asian", "Black", "White")
FAIR: Counts = {(s, r): (300, 1000) for s in SEXES for r in RACES}
UNFAIR: Counts = FAIR | {("F", "Black"): (20, 1000)}


def nyc(counts: Counts) -> list[Measurement]:
    """What the bias check makes of people; their scores fall as the decisions on them do."""
    names = ("sex", "race_ethnicity")
    found = [exact(float(sum(n for _, n in counts.values())))]
    for attributes in ((0,), (1,), (0, 1)):
        cells: dict[str, tuple[int, int]] = {}
        slices: dict[str, Slice] = {}
        for key, (x, n) in counts.items():
            label = "/".join(key[place] for place in attributes)
            before = cells.get(label, (0, 0))
            cells[label] = before[0] + x, before[1] + n
            slices[label] = Slice.of({names[place]: key[place] for place in attributes})
        for measurement in rates("cell", cells):
            found.extend(_renamed(measurement, slices))
    return found


def _renamed(measurement: Measurement, slices: dict[str, Slice]) -> list[Measurement]:
    """For the decision and for the score; as the check has it, the unknown are not compared."""
    key = measurement.key
    part = slices[dict(key.slice.conditions)["cell"]]
    reference = key.reference
    if reference is not None and "cell" in dict(reference.conditions):
        reference = slices[dict(reference.conditions)["cell"]]
    if reference is not None and not (part.known and reference.known):
        return []
    metrics = {
        "bias.selection_rate": ("bias.selection_rate", "bias.scoring_rate"),
        "bias.impact_ratio": ("bias.impact_ratio", "bias.scoring_rate_ratio"),
    }[key.metric]
    return [
        dataclasses.replace(measurement, key=MeasurementKey(metric, part, reference))
        for metric in metrics
    ]


def in_new_york(measured: list[Measurement], **more: Any) -> Judgement:
    options = {"attestations": attested(NYC), "tasks": BINARY, **more}
    return judge(
        NYC, measured, declared_references={"sex": None, "race_ethnicity": None}, **options
    )


def test_new_york_asks_for_numbers_and_sets_no_limit() -> None:
    assert {one.kind for one in NYC.requirements} == {"reported", "attested"}
    assert {one.basis for one in NYC.requirements} == {"law"}
    assert NYC.max_age == 365
    assert NYC.minimum_share == 0.02
    for counts in (FAIR, UNFAIR):
        found = in_new_york(nyc(counts))
        assert found.outcome is VerdictStatus.PASS, blocked(found)


def test_new_york_compares_each_category_with_the_highest() -> None:
    found = in_new_york(nyc(FAIR | {("M", "White"): (600, 1000)}))
    ratios = [one.measurement for one in found.verdicts if one.requirement.endswith("ratios")]
    references = {str(one.key.reference) for one in ratios if one is not None}
    assert references == {"sex=M", "race_ethnicity=White", "race_ethnicity=White, sex=M"}
    assert len(ratios) == 2 * (1 + 2 + 5)


@pytest.mark.parametrize(
    ("lost", "requirement"),
    [
        ("bias.selection_rate", "selection-rates"),
        ("bias.impact_ratio", "selection-impact-ratios"),
        ("bias.scoring_rate", "scoring-rates"),
        ("bias.scoring_rate_ratio", "scoring-impact-ratios"),
        ("performance.units", "applicants-reported"),
    ],
)
def test_what_was_not_measured_is_missing_in_new_york(lost: str, requirement: str) -> None:
    found = in_new_york([m for m in nyc(FAIR) if m.key.metric != lost])
    assert blocked(found) == {requirement}
    assert found.exit_code is ExitCode.FAILED


def test_new_york_wants_both_attributes_and_their_intersection() -> None:
    alone = [m for m in nyc(FAIR) if len(m.key.slice.conditions) < 2]
    found = in_new_york(alone)
    assert len(blocked(found)) == 4
    assert any("No group of sex × race_ethnicity was measured" in v.reason for v in found.verdicts)
    of_sex = [m for m in alone if "race_ethnicity" not in m.key.slice.attributes]
    found = judge(NYC, of_sex, declared_references={"sex": None}, attestations=attested(NYC))
    assert any("The data have no attribute race_ethnicity" in v.reason for v in found.verdicts)


def test_a_category_under_two_per_cent_shows_its_rate_and_needs_no_ratio() -> None:
    counts = FAIR | {("F", "Islander"): (0, 30), ("M", "Islander"): (0, 40)}
    found = in_new_york(nyc(counts))
    assert found.outcome is VerdictStatus.PASS
    rates_shown = [v.reason for v in found.verdicts if v.requirement == "selection-rates"]
    assert any("race_ethnicity=Islander" in reason and "70" in reason for reason in rates_shown)
    ratios = [v.subject for v in found.verdicts if v.requirement == "selection-impact-ratios"]
    assert not any("Islander" in subject for subject in ratios)
    (sentence,) = [s for s in found.small_groups if s.startswith("race_ethnicity=Islander holds")]
    assert "(70 rows)" in sentence
    assert sentence.endswith("(selection-impact-ratios, scoring-impact-ratios).")


def test_people_of_unknown_category_are_counted() -> None:
    found = in_new_york(nyc(FAIR | {("(missing)", "White"): (90, 300)}))
    assert found.outcome is VerdictStatus.PASS
    shown = [v.subject for v in found.verdicts if v.requirement == "selection-rates"]
    assert any("sex=(missing)" in subject for subject in shown)
    assert any(
        note.startswith("sex=(missing): for 300 rows (4.8 %)") for note in found.small_groups
    )


def test_a_rate_of_three_people_is_not_kept_and_does_not_block() -> None:
    three = Slice.of(race_ethnicity="Islander")
    few = share(1, 3, "bias.selection_rate", three, share=0.0005)
    few = dataclasses.replace(
        few, status=Status.TOO_FEW, value=None, estimate=None, reason="There are 3 people."
    )
    found = in_new_york([*nyc(FAIR), few])
    (shown,) = [
        v for v in found.verdicts if v.requirement == "selection-rates" and "Islander" in v.subject
    ]
    assert (shown.status, shown.blocks) == (VerdictStatus.INCONCLUSIVE, False)
    assert "There are 3 people." in shown.reason


def test_a_tool_that_only_scores_is_not_asked_for_selection() -> None:
    measured = [
        m for m in nyc(FAIR) if "selection" not in m.key.metric and "impact" not in m.key.metric
    ]
    found = in_new_york(measured, tasks={"": "regression"})
    assert found.outcome is VerdictStatus.PASS
    assert len(found.not_applicable) == 2


def test_no_measurement_makes_an_auditor_independent() -> None:
    found = in_new_york(nyc(FAIR), attestations={})
    assert blocked(found) == {
        "independent-auditor",
        "data-explained",
        "summary-published",
        "candidates-notified",
    }


# --- Credit -------------------------------------------------------------------------------------


def proxied(ratio: float) -> list[Measurement]:
    black, white = Slice.of(race="Black"), Slice.of(race="White")
    values = {
        ("bias.proxy_selection_rate", black, None): 0.6 * ratio,
        ("bias.proxy_selection_rate", white, None): 0.6,
        ("bias.proxy_impact_ratio", black, white): ratio,
        ("bias.proxy_selection_rate_difference", black, white): 0.6 * ratio - 0.6,
    }
    return [
        Measurement(
            MeasurementKey(metric, part, reference),
            Status.MEASURED,
            value,
            estimate=Estimate("normal", {"value": value, "se": 0.02}),
            units=5000,
            rows=5000,
            share=0.4,
        )
        for (metric, part, reference), value in values.items()
    ]


def lending(measured: list[Measurement], known: bool = True, **more: Any) -> Judgement:
    references = {"race": "White", **({"age": "old"} if known else {})}
    options = {"attestations": attested(CREDIT), "tasks": BINARY, **more}
    return judge(
        CREDIT,
        [exact(10_000.0), *measured],
        declared_references=references,
        declared_proxies={"race"},
        **options,
    )


AGES = rates("age", {"old": (3000, 5000), "young": (2950, 5000)})


def test_lenders_may_know_groups_or_only_their_probabilities() -> None:
    assert lending([*AGES, *proxied(0.95)]).outcome is VerdictStatus.PASS
    assert lending(proxied(0.95), known=False).outcome is VerdictStatus.PASS
    assert blocked(lending([*AGES, *proxied(0.6)])) == {"four-fifths"}
    young = rates("age", {"old": (3000, 5000), "young": (1500, 5000)})
    assert blocked(lending([*young, *proxied(0.95)])) == {"four-fifths"}


def test_a_lender_who_declares_no_group_does_not_pass() -> None:
    found = judge(
        CREDIT,
        [exact(10_000.0)],
        declared_references={},
        attestations=attested(CREDIT),
        tasks=BINARY,
    )
    assert blocked(found) == {"approval-rates-reported", "four-fifths"}


def test_what_regulation_b_wants_on_paper_blocks_without_it() -> None:
    found = lending([*AGES, *proxied(0.95)], attestations={})
    assert blocked(found) == {"no-prohibited-basis", "reasons-are-specific", "records-kept"}
    law = {one.id for one in CREDIT.requirements if one.basis == "law"}
    assert all(one.kind == "attested" for one in CREDIT.requirements if one.id in law)


# --- The European Union -------------------------------------------------------------------------


def test_every_limit_under_the_ai_act_is_the_organisations_and_only_warns() -> None:
    limits = [one for one in EU.requirements if one.kind == "bound"]
    assert [one.id for one in limits] == ["group-ratio", "group-accuracy"]
    assert {(one.basis, one.severity) for one in limits} == {("organisation", "warn")}
    assert all(one.clause for one in EU.requirements if one.basis == "law")


def test_the_ai_act_is_mostly_evidence_and_attestation() -> None:
    measured = [
        exact(2000.0),
        share(1700, 2000),
        *rates("sex", {"F": (100, 1000), "M": (500, 1000)}),
        *(
            share(800, 1000, metric, Slice.of(sex=sex), share=0.5)
            for sex in "FM"
            for metric in ("bias.accuracy", "bias.base_rate")
        ),
    ]
    references: dict[str, str | None] = {"sex": "M"}
    found = judge(
        EU, measured, declared_references=references, attestations=attested(EU), tasks=BINARY
    )
    assert found.outcome is VerdictStatus.PASS, blocked(found)
    failed = {v.requirement for v in found.verdicts if v.status is VerdictStatus.FAIL}
    assert failed == {"group-ratio"}  # it is shown, and warns
    silent = judge(EU, measured, declared_references=references, tasks=BINARY)
    assert {"risk-management", "data-governance", "human-oversight"} <= blocked(silent)
    blind = judge(EU, measured[:2], attestations=attested(EU), tasks=BINARY)
    assert {"accuracy-of-groups-reported", "outcomes-in-the-data-reported"} <= blocked(blind)
