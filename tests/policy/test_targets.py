"""Whom a policy compares with whom: proxies, the unknown, the highest, and small groups."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from auditkit.errors import PolicyError
from auditkit.measurement import (
    REST,
    Direction,
    Estimate,
    Measurement,
    MeasurementKey,
    Metric,
    Slice,
    Status,
)
from auditkit.policy import Judgement, VerdictStatus, check_metrics, judge, plan
from auditkit.policy.schema import Requirement
from tests.policy.cases import FOUR_FIFTHS, changed, policy, rates, share

KNOWN = rates("sex", {"F": (450, 1000), "M": (500, 1000)})
REFERENCES = {"sex": "M", "race": "White"}
EITHER = changed(FOUR_FIFTHS, proxy_metric="bias.proxy_impact_ratio")
IMPACT, PROXY = (
    Metric(name, name, "", "ratio", Direction.ONE, low=0, comparison=True)
    for name in ("bias.impact_ratio", "bias.proxy_impact_ratio")
)
CATALOGUE = {IMPACT.id: IMPACT}
RATES = {
    "id": "rates",
    "title": "Rates are known",
    "kind": "reported",
    "metric": "bias.selection_rate",
    "slices": "groups",
    "basis": "convention",
    "explanation": "For a test.",
}
RATIOS = changed(RATES, id="ratios", metric="bias.impact_ratio", reference="highest")


def proxy(level: str, value: float, se: float = 0.02, reference: str = "White") -> Measurement:
    key = MeasurementKey("bias.proxy_impact_ratio", Slice.of(race=level), Slice.of(race=reference))
    estimate = Estimate("normal", {"value": value, "se": se})
    return Measurement(
        key, Status.MEASURED, value, estimate=estimate, units=2000, rows=2000, share=0.1
    )


def judged(measured: list[Measurement], *asked: dict[str, Any], **more: Any) -> Judgement:
    options = {name: more.pop(name) for name in ("minimum_share",) if name in more}
    return judge(policy(*asked, **options), measured, **{"declared_references": REFERENCES, **more})


def statuses(found: Judgement) -> dict[str, str]:
    return {one.subject: one.status.value for one in found.verdicts}


# --- Groups of which only probabilities are declared ----------------------------------------------


def test_known_groups_and_proxies_are_asked_by_the_metric_of_each() -> None:
    found = judged([*KNOWN, proxy("Black", 0.95)], EITHER, declared_proxies={"race"})
    assert statuses(found) == {
        "bias.impact_ratio · sex=F against sex=M · on evaluation": "pass",
        "bias.proxy_impact_ratio · race=Black against race=White · on evaluation": "pass",
    }


def test_a_bad_proxy_ratio_fails_the_same_requirement() -> None:
    found = judged([*KNOWN, proxy("Black", 0.5)], EITHER, declared_proxies={"race"})
    assert found.outcome is VerdictStatus.FAIL
    (bad,) = [one for one in found.verdicts if one.blocks]
    assert (bad.requirement, bad.status) == ("four-fifths", VerdictStatus.FAIL)


def test_a_declared_proxy_that_was_not_measured_is_missing() -> None:
    found = judged(KNOWN, EITHER, declared_proxies={"race"})
    assert found.outcome is VerdictStatus.FAIL
    (gap,) = [one for one in found.verdicts if one.blocks]
    assert "No group of race was measured." in gap.reason


def test_a_plain_metric_is_not_asked_of_proxies_nor_a_proxy_metric_of_known_groups() -> None:
    everything = [*KNOWN, proxy("Black", 0.5)]
    plain = judged(everything, FOUR_FIFTHS, declared_proxies={"race"})
    assert list(statuses(plain).values()) == ["pass"]
    of_proxies = changed(FOUR_FIFTHS, metric="bias.proxy_impact_ratio", slices="proxies")
    found = judged(everything, of_proxies, declared_proxies={"race"})
    assert list(statuses(found).values()) == ["fail"]


@pytest.mark.parametrize(
    ("asked", "proxies", "says"),
    [
        (FOUR_FIFTHS, {"race"}, "only probabilities of race: the policy can ask for these with"),
        (
            changed(FOUR_FIFTHS, metric="bias.proxy_impact_ratio", slices="proxies"),
            set(),
            "The data declare no proxy group.",
        ),
        (EITHER, set(), "The data declare no group."),
    ],
)
def test_a_family_that_the_data_lack_is_missing(
    asked: dict[str, Any], proxies: set[str], says: str
) -> None:
    measured = [proxy("Black", 1.0)] if proxies else [share(8, 10)]
    references = {"race": "White"} if proxies else {}
    found = judged(measured, asked, declared_references=references, declared_proxies=proxies)
    assert found.outcome is VerdictStatus.FAIL
    assert says in found.verdicts[0].reason


def test_with_proxies_alone_the_plain_metric_is_not_missing() -> None:
    found = judged(
        [proxy("Black", 1.0)],
        EITHER,
        declared_references={"race": "White"},
        declared_proxies={"race"},
    )
    assert list(statuses(found).values()) == ["pass"]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"slices": "intersections"}, "it goes with slices: groups"),
        ({"slices": {"each": ["race"]}}, "it goes with slices: groups"),
        ({"proxy_metric": "bias.impact_ratio"}, "proxy_metric is the metric itself"),
        ({"proxy_metric": "impact"}, "String should match pattern"),
        ({"small_groups": "hide"}, "Input should be 'list', 'block' or 'judge'"),
    ],
)
def test_what_contradicts_itself(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        Requirement.model_validate({**EITHER, **changes})


def test_a_plan_counts_known_groups_and_says_what_it_cannot_plan() -> None:
    rows = {Slice(): 4000, Slice.of(sex="F"): 2000, Slice.of(sex="M"): 2000}
    found = plan(policy(EITHER), rows, declared_references=REFERENCES, declared_proxies={"race"})
    assert [row.subject for row in found.rows] == ["sex=F against sex=M"]
    assert not found.missing
    (sentence,) = found.unplanned
    assert "bias.proxy_impact_ratio" in sentence


# --- Slices of unknown value ----------------------------------------------------------------------

UNKNOWN = share(20, 100, "bias.selection_rate", Slice.of(sex="(missing)"), share=100 / 2100)


@pytest.mark.parametrize(
    "asked",
    [
        FOUR_FIFTHS,
        changed(FOUR_FIFTHS, reference="highest", between=None, at_least=0.8),
        changed(FOUR_FIFTHS, reference="rest"),
        RATIOS,
    ],
)
def test_people_of_unknown_group_are_compared_with_nobody_and_counted(
    asked: dict[str, Any],
) -> None:
    measured = [*KNOWN, UNKNOWN]
    found = judged(measured, asked, declared_references={"sex": "M"})
    assert found.outcome is VerdictStatus.PASS
    assert not any("missing" in one.subject for one in found.verdicts)
    (note,) = found.small_groups
    assert note == (
        "sex=(missing): for 100 rows (4.8 %) a value is unknown, so that they are compared with "
        f"nobody ({asked['id']})."
    )


def test_fewer_than_five_unknown_are_not_counted_out() -> None:
    few = share(1, 3, "bias.selection_rate", Slice.of(sex="(missing)"), share=0.0015)
    found = judged([*KNOWN, few], FOUR_FIFTHS, declared_references={"sex": "M"})
    assert found.small_groups == (
        "sex=(missing): for fewer than 5 rows a value is unknown, so that they are compared with "
        "nobody (four-fifths).",
    )


@pytest.mark.parametrize("rule", ["list", "judge"])
def test_of_a_group_of_few_nothing_but_that_is_told(rule: str) -> None:
    """As the checks have it: no number, no size, and the largest share that four can be."""
    whom = MeasurementKey("bias.selection_rate", Slice.of(sex="X"))
    few = Measurement(whom, Status.TOO_FEW, share=0.002, reason="There are too few.")
    asked = changed(RATES, small_groups=rule, min_units=30)
    found = judged([*KNOWN, few], asked, declared_references={"sex": "M"}, minimum_share=0.02)
    if rule == "list":
        assert found.small_groups == (
            "sex=X holds at most 0.2 % of the rows (fewer than 5 rows), under the minimum share of "
            "2 %: listed, not judged (rates).",
        )
        return
    (verdict,) = [one for one in found.verdicts if one.measurement is few]
    assert verdict.status is VerdictStatus.INCONCLUSIVE
    assert "is not kept (number of rows not told)" in verdict.reason


def test_the_rate_of_the_unknown_is_reported_like_any_other() -> None:
    found = judged([*KNOWN, UNKNOWN], RATES, declared_references={"sex": "M"})
    assert len(found.verdicts) == 3
    assert not found.small_groups


def test_one_known_group_beside_the_unknown_is_alone() -> None:
    alone = [m for m in KNOWN if m.key.slice == Slice.of(sex="F") and m.key.reference is None]
    for reference in ("declared", "highest"):
        asked = changed(RATIOS, reference=reference)
        found = judged([*alone, UNKNOWN], asked, declared_references={"sex": "F"})
        assert found.outcome is VerdictStatus.FAIL
        assert "no other group that sex=F could be compared with" in found.verdicts[0].reason


# --- The group that is highest in these data ------------------------------------------------------

COUNTS = {"A": (300, 1000), "B": (420, 1000), "C": (100, 500), "D": (0, 60)}


def without_division_by_zero(measured: list[Measurement]) -> list[Measurement]:
    """As the check has it: nothing is a multiple of a rate that is zero."""
    return [
        dataclasses.replace(m, status=Status.UNDEFINED, value=None, estimate=None)
        if m.key.reference == Slice.of(race="D")
        else m
        for m in measured
    ]


def test_what_is_only_reported_is_compared_with_the_highest_of_the_data() -> None:
    measured = without_division_by_zero(rates("race", COUNTS))
    found = judged(measured, RATIOS, declared_references={"race": None})
    assert found.outcome is VerdictStatus.PASS
    assert {one.measurement.key.reference for one in found.verdicts if one.measurement} == {
        Slice.of(race="B")
    }
    assert len(found.verdicts) == 3  # B itself is what the others are compared with


@given(st.lists(st.integers(0, 60), min_size=2, max_size=7, unique=True))
def test_the_highest_is_the_one_with_the_highest_rate(favoured: list[int]) -> None:
    """Against the rates themselves, which the comparison never sees."""
    counts = {f"g{place}": (x, 60 + place % 3) for place, x in enumerate(favoured)}
    highest = max(counts, key=lambda name: counts[name][0] / counts[name][1])
    measured = [
        dataclasses.replace(m, status=Status.UNDEFINED, value=None, estimate=None)
        if m.value is not None and math.isnan(m.value)
        else m
        for m in rates("race", counts)
    ]
    found = judged(measured, RATIOS, declared_references={"race": None})
    assert found.outcome is VerdictStatus.PASS
    references = [one.measurement.key.reference for one in found.verdicts if one.measurement]
    values = [one.measurement.value for one in found.verdicts if one.measurement]
    assert references == [Slice.of(race=highest)] * (len(counts) - 1)
    assert max(value for value in values if value is not None) <= 1


def test_a_judged_limit_keeps_all_pairs() -> None:
    asked = changed(FOUR_FIFTHS, reference="highest", between=None, at_least=0.8)
    measured = without_division_by_zero(rates("race", COUNTS))
    found = judged(measured, asked, declared_references={"race": None})
    assert len(found.verdicts) == 12


def test_each_attribute_has_its_own_highest() -> None:
    measured = [*rates("race", COUNTS), *KNOWN]
    found = judged(measured, RATIOS, declared_references={})
    references = {one.measurement.key.reference for one in found.verdicts if one.measurement}
    assert references == {Slice.of(race="B"), Slice.of(sex="M")}


def test_differences_find_the_same_highest() -> None:
    measured = [
        Measurement(
            MeasurementKey(
                "bias.selection_rate_difference", Slice.of(race=one), Slice.of(race=other)
            ),
            Status.MEASURED,
            COUNTS[one][0] / COUNTS[one][1] - COUNTS[other][0] / COUNTS[other][1],
            estimate=Estimate("normal", {"value": 0.0, "se": 1.0}),
        )
        for one in COUNTS
        for other in COUNTS
        if one != other
    ]
    asked = changed(RATIOS, metric="bias.selection_rate_difference")
    found = judged(measured, asked, declared_references={"race": None})
    references = {one.measurement.key.reference for one in found.verdicts if one.measurement}
    assert references == {Slice.of(race="B")}


def test_where_nothing_was_measured_every_pair_is_missing() -> None:
    undefined = [
        dataclasses.replace(m, status=Status.UNDEFINED, value=None, estimate=None)
        if m.key.reference is not None
        else m
        for m in rates("race", {"A": (0, 100), "B": (0, 100)})
    ]
    found = judged(undefined, RATIOS, declared_references={"race": None})
    assert [one.status for one in found.verdicts] == [VerdictStatus.MISSING] * 2


def test_a_comparison_with_the_highest_that_was_lost_is_missing() -> None:
    measured = [
        m
        for m in rates("race", COUNTS)
        if (m.key.slice, m.key.reference) != (Slice.of(race="A"), Slice.of(race="B"))
    ]
    found = judged(measured, RATIOS, declared_references={"race": None})
    (gap,) = [one for one in found.verdicts if one.blocks]
    assert gap.status is VerdictStatus.MISSING
    assert "race=A against race=B" in gap.subject


# --- Small groups, as one requirement says --------------------------------------------------------


def test_a_requirement_can_ask_of_small_groups_what_the_policy_only_lists() -> None:
    measured = rates("race", {"A": (500, 1000), "B": (480, 990), "C": (3, 10)})
    asked = changed(RATES, small_groups="judge")
    found = judged(measured, asked, RATIOS, declared_references={}, minimum_share=0.02)
    subjects = [str(one.measurement.key.slice) for one in found.verdicts if one.measurement]
    assert subjects.count("race=C") == 1
    assert found.small_groups == (
        "race=C holds 0.5 % of the rows (10 rows), under the minimum share of 2 %: listed, not "
        "judged (ratios).",
    )


def test_a_requirement_can_block_small_groups_that_the_policy_only_lists() -> None:
    measured = rates("race", {"A": (500, 1000), "C": (5, 10)})
    asked = changed(RATES, small_groups="block")
    found = judged(measured, asked, declared_references={}, minimum_share=0.02)
    (blocking,) = [one for one in found.verdicts if one.blocks]
    assert "race=C" in blocking.subject
    assert "the policy lets no such group pass" in blocking.reason
    assert not found.small_groups


def test_the_proxy_metric_must_exist_and_compare() -> None:
    asked = policy(changed(EITHER, proxy_metric="bias.proxy_imapct_ratio"))
    with pytest.raises(PolicyError, match=r"Did you mean bias.proxy_impact_ratio\?"):
        check_metrics(asked, {**CATALOGUE, PROXY.id: PROXY})
    alone = dataclasses.replace(PROXY, comparison=False)
    with pytest.raises(PolicyError, match=r"and bias\.proxy_impact_ratio compares nothing"):
        check_metrics(policy(EITHER), {**CATALOGUE, PROXY.id: alone})
    check_metrics(policy(EITHER), {**CATALOGUE, PROXY.id: PROXY})


def test_of_very_many_groups_the_highest_is_not_guessed_from_some() -> None:
    """Of comparisons with one reference alone, that one would come out highest."""
    some = [m for m in rates("race", COUNTS) if m.key.reference in (None, REST, Slice.of(race="A"))]
    bounded = changed(FOUR_FIFTHS, reference="highest", between=None, at_least=0.8)
    for asked in (RATIOS, bounded):
        (verdict,) = judged(some, asked, declared_references={"race": "A"}).verdicts
        assert verdict.status is VerdictStatus.MISSING
        assert "Nothing was compared with 3 of the groups of race" in verdict.reason
