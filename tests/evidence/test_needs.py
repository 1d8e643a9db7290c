"""The plan is the union of the needs, and nothing is collected twice."""

from __future__ import annotations

import pytest

from auditkit.data import Columns
from auditkit.evidence import AttributionNeed, Column, CountNeed, SplitNeed, SumNeed, make_plan
from auditkit.evidence.needs import BLOCK, CORRECT, PREDICTION, TARGET, Need, feature, group, serves
from auditkit.evidence.plan import SplitPlan
from auditkit.evidence.subject import Subject, ViewKey

ONE, OTHER = ViewKey("one"), ViewKey("other")


def plan(needs: list[Need], cluster: str | None = None) -> SplitPlan:
    subject = Subject((), ("evaluation",), Columns(label="y", cluster=cluster))
    wanted = [SplitNeed("evaluation", need) for need in needs]
    return make_plan(wanted, subject).splits["evaluation"]


def test_equal_needs_are_one() -> None:
    need, swapped = (CountNeed(ONE, axes) for axes in ((TARGET, CORRECT), (CORRECT, TARGET)))
    assert plan([need, need, swapped]).counts == (CountNeed(ONE, (CORRECT, TARGET)),)


def test_a_marginal_is_not_collected_again() -> None:
    larger = CountNeed(ONE, (PREDICTION, TARGET, group("sex")))
    smaller = [
        CountNeed(ONE, (TARGET,)),
        CountNeed(ONE, (group("sex"), TARGET)),
        CountNeed(None, (group("sex"),)),
        CountNeed(OTHER, (group("sex"),)),
    ]
    for order in ([larger, *smaller], [*smaller, larger]):
        assert [set(need.axes) for need in plan(order).counts] == [set(larger.axes)]


def test_what_is_no_marginal_stays() -> None:
    needs = [
        CountNeed(ONE, (TARGET, group("sex"))),
        CountNeed(OTHER, (TARGET,)),
        CountNeed(ONE, (TARGET, group("age"))),
        CountNeed(None, (feature("sex"),)),
    ]
    assert len(plan(needs).counts) == 4


def test_counts_of_the_data_are_the_same_for_every_output() -> None:
    needs = [CountNeed(view, (group("sex"),)) for view in (ONE, OTHER, None)]
    assert len(plan(needs).counts) == 1


def test_sums_of_other_values_or_outputs_stay_apart() -> None:
    needs: list[Need] = [
        SumNeed(ONE, "brier"),
        SumNeed(ONE, "brier", (group("sex"),)),
        SumNeed(ONE, "log_loss"),
        SumNeed(OTHER, "brier"),
    ]
    found = plan(needs).sums
    assert [(need.view.head, need.value) for need in found] == [
        ("one", "brier"), ("one", "log_loss"), ("other", "brier"),
    ]  # fmt: skip
    # A sum of the data's axes alone is still a sum of one output's values.
    assert not serves(SumNeed(ONE, "brier", (BLOCK,)), SumNeed(OTHER, "brier", (BLOCK,)))


def test_clusters_add_the_block_axis() -> None:
    found = plan([CountNeed(ONE, (TARGET,)), SumNeed(ONE, "brier")], cluster="patient")
    assert found.counts == (CountNeed(ONE, (BLOCK, TARGET)),)
    assert found.sums == (SumNeed(ONE, "brier", (BLOCK,)),)


def test_attributions_and_splits() -> None:
    subject = Subject((), ("evaluation", "training"), Columns(label="y"))
    need = AttributionNeed("one")
    found = make_plan(
        [
            SplitNeed("evaluation", need),
            SplitNeed("training", CountNeed(ONE, (TARGET,))),
            SplitNeed("evaluation", need),
        ],
        subject,
    )
    assert found.splits["evaluation"] == SplitPlan((), (), (need,))
    assert found.splits["training"] == SplitPlan((CountNeed(ONE, (TARGET,)),), (), ())


def test_needs_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ValueError, match="an axis is named twice: target, target"):
        CountNeed(ONE, (TARGET, TARGET))
    with pytest.raises(ValueError, match="axes of an output need its view: target"):
        CountNeed(None, (TARGET,))
    assert str(Column("group", "sex")) == "group:sex"
