"""Before a run: what so many rows can decide, checked against the judge on simulated runs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from auditkit.errors import PolicyError
from auditkit.measurement import Slice
from auditkit.policy import Policy, VerdictStatus, judge, load_policy, plan
from auditkit.policy.planning import Plan, PlanRow
from auditkit.policy.scenarios import SCENARIOS
from auditkit.statistics.estimates import bounds
from tests.policy.cases import BOUND, FOUR_FIFTHS, changed, policy, rates, ratio, share

ALL = Slice()
MALE, FEMALE = Slice.of(gender="Male"), Slice.of(gender="Female")


def planned(asked: Policy, rows: dict[Slice, int], **more: Any) -> Plan:
    return plan(asked, rows, declared_references={"gender": "Male"}, **more)


def group_row(share_selected: float, women: int = 1000, men: int = 10**7) -> PlanRow:
    asked = policy(
        changed(
            FOUR_FIFTHS,
            between=None,
            at_least=0.8,
            reference="highest",
            slices={"gender": "Female"},
        )
    )
    sizes = {ALL: women + men, FEMALE: women, MALE: men}
    return planned(asked, sizes, rate=share_selected).rows[0]


@pytest.mark.parametrize(("rate", "to_pass"), [(0.5, 158), (0.2, 631), (0.05, 2995)])
def test_sizes_are_those_of_the_closed_formula(rate: float, to_pass: int) -> None:
    """(1.96 + .84)² (1 − p) / p / (ln .8)²: equal rates, large reference, power .8."""
    row = group_row(rate)
    assert row.fine == 1.0
    assert row.bad == pytest.approx(0.6)
    assert row.to_pass == pytest.approx(to_pass, rel=0.25)


@pytest.mark.parametrize(("rate", "to_fail"), [(0.5, 221), (0.2, 695), (0.05, 3066)])
def test_sizes_to_fail_are_those_of_the_closed_formula(rate: float, to_fail: int) -> None:
    assert group_row(rate).to_fail == pytest.approx(to_fail, rel=0.25)


def frequency(asked: Policy, n: int, value: float, status: VerdictStatus) -> float:
    generator = np.random.default_rng(5)
    groups = [
        m for m in rates("gender", {"Male": (1, 2), "Female": (1, 2)}) if m.key.reference is None
    ]
    hits = 0
    for _ in range(150):
        female, male = generator.binomial(n, 0.2 * value), generator.binomial(n, 0.2)
        measured = ratio((int(female), n), (int(male), n), FEMALE, MALE)
        judged = judge(asked, [*groups, measured], declared_references={"gender": "Male"})
        hits += judged.outcome is status
    return hits / 150


def test_the_judge_keeps_what_the_plan_promises() -> None:
    """At the planned sizes a fine value passes, and a bad one fails, about four times of five."""
    asked = policy(FOUR_FIFTHS)
    row = planned(asked, {ALL: 2000, MALE: 1000, FEMALE: 1000}).rows[0]
    assert row.to_pass is not None
    assert row.to_fail is not None
    assert not row.can_pass
    assert 0.7 < frequency(asked, row.to_pass, row.fine, VerdictStatus.PASS) < 0.92
    assert 0.7 < frequency(asked, row.to_fail, row.bad, VerdictStatus.FAIL) < 0.92
    assert frequency(asked, row.to_pass // 4, row.fine, VerdictStatus.PASS) < 0.2


def test_enough_and_too_few_are_told_apart() -> None:
    asked = policy(FOUR_FIFTHS, BOUND)
    many = planned(asked, {ALL: 20_000, MALE: 10_000, FEMALE: 10_000})
    assert all(row.can_pass and row.can_fail for row in many.rows)
    assert many.undecidable == ()
    few = planned(asked, {ALL: 1_050, MALE: 1_000, FEMALE: 50})
    assert [row.requirement for row in few.undecidable] == ["four-fifths"]
    row = few.undecidable[0]
    assert row.subject == "gender=Female against gender=Male"
    assert row.units == 50
    assert row.assumes == "20% of the reference are selected"


def test_more_comparisons_need_more_rows_to_fail_and_none_to_pass() -> None:
    one = planned(policy(BOUND), {ALL: 1000}).rows[0]
    asked = policy(*(changed(BOUND, id=f"r{i}") for i in range(10)))
    ten = planned(asked, {ALL: 1000}).rows[0]
    assert one.to_fail is not None
    assert ten.to_fail is not None
    assert ten.to_fail > one.to_fail
    assert ten.to_pass == one.to_pass
    warned = policy(BOUND, *(changed(BOUND, id=f"r{i}", severity="warn") for i in range(9)))
    assert planned(warned, {ALL: 1000}).rows[0].to_fail == one.to_fail


def test_a_later_look_and_min_units_need_more_rows() -> None:
    first = planned(policy(BOUND), {ALL: 1000}).rows[0]
    third = planned(policy(BOUND), {ALL: 1000}, look=3).rows[0]
    assert first.to_pass is not None
    assert third.to_pass is not None
    assert third.to_pass > first.to_pass
    floor = planned(policy(changed(BOUND, min_units=5000)), {ALL: 1000}).rows[0]
    assert floor.to_pass == 5000
    assert not floor.can_pass


def test_membership_is_planned_from_both_splits() -> None:
    asked = changed(BOUND, metric="privacy.membership_auc", at_least=None, at_most=0.6)
    row = plan(policy(asked), {ALL: 900}, training_rows=9000).rows[0]
    assert (row.fine, round(row.bad, 9)) == (0.5, 0.7)
    assert (row.to_pass, row.can_pass) == (1000, False)
    assert row.to_fail is not None
    assert 200 <= row.to_fail <= 900
    assert plan(policy(asked), {ALL: 900}).rows == ()


def test_what_cannot_be_planned_is_said() -> None:
    asked = policy(
        changed(BOUND, id="drift", metric="drift.total_variation", at_least=None, at_most=0.1),
        changed(BOUND, id="gap", metric="overfitting.accuracy_gap", at_least=None, at_most=0.05),
        changed(BOUND, id="old", slices={"age": "old"}),
        changed(BOUND, id="other", tasks=["regression"]),
        changed(FOUR_FIFTHS, slices={"each": ["gender"]}),
        minimum_share=0.02,
    )
    sizes = {ALL: 1010, MALE: 1000, FEMALE: 10}
    found = planned(asked, sizes, tasks={"": "binary"})
    assert found.unplanned[0].startswith("drift: how many rows drift.total_variation needs")
    assert "gap: there is nothing that all compares with." in found.missing
    assert any(text.startswith("old: The data have no attribute age") for text in found.missing)
    assert found.not_applicable[0].startswith("It is accurate (other) does not apply")
    assert found.small_groups[0].startswith("gender=Female holds 0.99 % of the rows (10 rows)")
    assert found.rows == ()
    trained = planned(asked, sizes, tasks={"": "binary"}, training_rows=5000)
    assert [row.requirement for row in trained.rows] == ["gap"]


@pytest.mark.parametrize("rate", [0.0, 1.0, -1.0])
def test_rates_that_are_none(rate: float) -> None:
    with pytest.raises(ValueError, match="rate must lie between 0 and 1"):
        planned(policy(), {ALL: 10}, rate=rate)


def test_calls_that_are_wrong() -> None:
    with pytest.raises(ValueError, match="must hold the whole split"):
        planned(policy(), {MALE: 10})
    with pytest.raises(PolicyError, match="look must be at least 1"):
        planned(policy(), {ALL: 10}, look=0)


@pytest.mark.parametrize("metric", sorted(SCENARIOS))
@pytest.mark.parametrize(
    "bound",
    [
        {"at_least": 0.8},
        {"at_least": -0.02},
        {"at_most": 0.05},
        {"between": [0.8, 1.25]},
        {"between": [-0.05, 0.05]},
        {"between": [1.1, 1.5]},
    ],
)
def test_every_scenario_gives_estimates_that_the_statistics_read(
    metric: str, bound: dict[str, Any]
) -> None:
    compares = metric.startswith("bias.") and metric.endswith(("_ratio", "_difference"))
    where = {"slices": "groups", "reference": "highest"} if compares else {}
    asked = policy(changed(BOUND, metric=metric, at_least=None) | bound | where)
    found = planned(asked, {ALL: 600, MALE: 400, FEMALE: 200}, training_rows=500, rate=0.3)
    assert found.rows
    for row in found.rows:
        assert row.to_pass is None or row.to_pass >= 2
        assert row.to_fail is None or row.to_fail >= 2
    how = SCENARIOS[metric]
    region = asked.requirements[0].region
    assert region is not None
    from auditkit.policy.scenarios import Numbers

    low, high = bounds(how.estimate(how.fine(region), Numbers(600.0, 400.0, 0.3)), 0.05)
    assert low <= high


def test_twenty_thousand_rows_decide_the_baseline() -> None:
    """What blocks in the shipped default is decidable at the size that it is meant for."""
    asked = load_policy("baseline")
    found = planned(
        asked,
        {ALL: 20_000, MALE: 10_000, FEMALE: 10_000},
        tasks={"": "binary"},
        training_rows=20_000,
    )
    assert {row.requirement for row in found.rows} >= {"group-ratio", "calibration-error"}
    assert found.undecidable == ()
    assert all(row.can_fail for row in found.rows)


def test_a_share_alone() -> None:
    row = planned(policy(BOUND), {ALL: 500}).rows[0]
    assert (row.fine, row.bad) == (pytest.approx(0.9), pytest.approx(0.7))
    assert row.to_pass is not None
    exactly = share(0.9 * row.to_pass, row.to_pass)
    assert judge(policy(BOUND), [exactly]).outcome is VerdictStatus.PASS
