"""Whatever a policy names and the record lacks is missing: nothing is left out in silence."""

from __future__ import annotations

import dataclasses
from dataclasses import replace
from typing import Any

import pytest

from auditkit.measurement import REST, Measurement, MeasurementKey, Slice, Status
from auditkit.policy.selection import Selection, select
from auditkit.policy.slices import Universe, expand
from auditkit.policy.targets import targets_of
from tests.policy.cases import BOUND, FOUR_FIFTHS, changed, exact, policy, rates, share

MALE, FEMALE = Slice.of(gender="Male"), Slice.of(gender="Female")
GENDER = rates("gender", {"Male": (500, 1000), "Female": (450, 1000)})
ETHNICITY = rates("ethnicity", {"A": (500, 1000), "B": (300, 700), "C": (130, 300)})
REFERENCES = {"gender": "Male", "ethnicity": "A"}


def chosen(
    measurements: list[Measurement],
    requirement: dict[str, Any],
    references: dict[str, str | None] | None = None,
    tasks: dict[str, str] | None = None,
    **more: Any,
) -> Selection:
    asked = policy(requirement, **more)
    universe = Universe.of(measurements, REFERENCES if references is None else references)
    return select(asked.requirements[0], asked, measurements, universe, tasks or {})


def pairs(selection: Selection) -> set[tuple[str, str]]:
    return {(str(m.key.slice), str(m.key.reference)) for m in selection.found}


def gaps(selection: Selection) -> str:
    return "\n".join(f"{gap.subject}: {gap.reason}" for gap in selection.gaps)


def test_declared_reference_compares_every_other_group_with_it() -> None:
    selection = chosen(GENDER + ETHNICITY, FOUR_FIFTHS)
    assert pairs(selection) == {
        ("gender=Female", "gender=Male"),
        ("ethnicity=B", "ethnicity=A"),
        ("ethnicity=C", "ethnicity=A"),
    }
    assert not selection.gaps


def test_rest_compares_every_group_with_all_others() -> None:
    selection = chosen(GENDER, changed(FOUR_FIFTHS, reference="rest"))
    assert pairs(selection) == {("gender=Male", str(REST)), ("gender=Female", str(REST))}


def test_highest_is_all_ordered_pairs() -> None:
    selection = chosen(GENDER + ETHNICITY, changed(FOUR_FIFTHS, reference="highest"))
    assert len(pairs(selection)) == 2 + 6
    assert not selection.gaps


def test_an_explicit_reference_holds_for_its_attribute_only() -> None:
    asked = changed(FOUR_FIFTHS, reference={"ethnicity": "B"}, slices={"each": ["ethnicity"]})
    assert pairs(chosen(ETHNICITY, asked)) == {
        ("ethnicity=A", "ethnicity=B"),
        ("ethnicity=C", "ethnicity=B"),
    }
    both = changed(FOUR_FIFTHS, reference={"ethnicity": "B"})
    assert gaps(chosen(GENDER + ETHNICITY, both)) == (
        "every group of gender: The policy compares with ethnicity=B, which is no group of gender."
    )


def test_one_explicit_slice() -> None:
    asked = changed(FOUR_FIFTHS, slices={"gender": "Female"})
    assert pairs(chosen(GENDER + ETHNICITY, asked)) == {("gender=Female", "gender=Male")}


def test_intersections() -> None:
    cells = [
        share(10, 50, "bias.selection_rate", Slice.of(gender=g, ethnicity=e))
        for g in ("Male", "Female")
        for e in ("A", "B")
    ]
    asked = changed(
        BOUND, metric="bias.selection_rate", slices="intersections", at_least=0.1, between=None
    )
    assert len(chosen(cells + GENDER, asked).found) == 4
    named = changed(asked, slices={"each": [["ethnicity", "gender"]]})
    assert len(chosen(cells + GENDER, named).found) == 4
    assert gaps(chosen(GENDER, asked)) == ("every intersection: The data declare no intersection.")
    assert "No group of gender × ethnicity was measured" in gaps(
        chosen(GENDER + ETHNICITY, changed(asked, slices={"each": [["gender", "ethnicity"]]}))
    )


@pytest.mark.parametrize(
    ("measurements", "requirement", "says"),
    [
        ([], BOUND, "performance.accuracy · all: performance.accuracy was not measured."),
        ([], FOUR_FIFTHS, "every group of gender: No group of gender was measured."),
        (GENDER, FOUR_FIFTHS, "every group of ethnicity: No group of ethnicity was measured."),
        (
            GENDER,
            changed(FOUR_FIFTHS, slices={"gender": "female"}),
            "gender=female: The data have no slice gender=female; they have gender=Male, "
            "gender=Female.",
        ),
        (
            GENDER,
            changed(FOUR_FIFTHS, slices={"each": ["gendre"]}),
            "The data have no attribute gendre (declared are gender, ethnicity). Did you mean "
            "gender?",
        ),
        (
            GENDER,
            changed(FOUR_FIFTHS, slices={"age": "old"}),
            "age=old: The data have no attribute age",
        ),
        (
            GENDER,
            changed(FOUR_FIFTHS, slices={"gender": "Male"}),
            "gender=Male: There is no other group that gender=Male could be compared with.",
        ),
        (
            [share(8, 10, label="cat"), share(9, 10, label="dog")],
            changed(BOUND, label="cow"),
            "performance.accuracy was not measured for the label cow, only for cat, dog.",
        ),
        (
            [share(8, 10, split="training")],
            BOUND,
            "was not measured for the split evaluation, only for training.",
        ),
        ([share(8, 10)], changed(BOUND, head="x"), "for the head x, only for (none)."),
        (
            [share(8, 10, value=None, estimate=None, reason="No context is given.")],
            changed(BOUND, label="shift"),
            "performance.accuracy was not measured. No context is given.",
        ),
        (
            GENDER,
            changed(FOUR_FIFTHS, metric="bias.selection_rate", slices={"each": ["gender"]}),
            "was not measured on the slices named, compared as the policy asks",
        ),
    ],
)
def test_what_is_not_there_is_a_gap(
    measurements: list[Measurement], requirement: dict[str, Any], says: str
) -> None:
    selection = chosen(measurements, requirement)
    assert says in gaps(selection)
    assert not selection.found or "ethnicity" in gaps(selection)


def test_no_declared_group_at_all_is_a_gap() -> None:
    selection = chosen([share(8, 10)], FOUR_FIFTHS, references={})
    assert gaps(selection) == "every group: The data declare no group."


def test_an_undeclared_reference_is_one_gap_for_the_attribute() -> None:
    selection = chosen(ETHNICITY, FOUR_FIFTHS, references={"ethnicity": None})
    assert len(selection.gaps) == 1
    assert "the data configuration declares none for ethnicity: add `reference`" in gaps(selection)


def test_a_reference_that_the_data_lack_is_a_gap() -> None:
    selection = chosen(GENDER, FOUR_FIFTHS, references={"gender": "male"})
    assert "The data have no slice gender=male; they have gender=Male" in gaps(selection)


def test_an_attribute_of_a_single_group_cannot_be_compared() -> None:
    alone = [share(5, 10, "bias.selection_rate", MALE)]
    for reference in ("declared", "highest"):
        selection = chosen(alone, changed(FOUR_FIFTHS, reference=reference), {"gender": "Male"})
        assert "no other group that gender=Male could be compared with" in gaps(selection)


def test_each_comparison_that_is_lost_is_missing() -> None:
    """A group known from any other measurement is still asked of this one."""
    full = GENDER + ETHNICITY
    for reference in ("declared", "rest", "highest"):
        asked = changed(FOUR_FIFTHS, reference=reference)
        for lost in chosen(full, asked).found:
            selection = chosen([m for m in full if m is not lost], asked)
            assert [gap.subject for gap in selection.gaps] == [str(lost.key)]
            assert selection.gaps[0].part == lost.key.slice


def test_a_label_measured_on_one_group_is_asked_of_all() -> None:
    metric = "bias.error_difference"
    measured = [
        dataclasses.replace(m, key=dataclasses.replace(m.key, metric=metric, label=label))
        for m in ETHNICITY
        if m.key.metric == "bias.impact_ratio"
        for label in ("iou", "dice")
    ]
    asked = changed(FOUR_FIFTHS, metric=metric)
    everything = ETHNICITY + measured
    assert len(chosen(everything, asked, {"ethnicity": "A"}).found) == 4
    lost = next(
        m
        for m in measured
        if m.key.label == "dice"
        and str(m.key.slice) == "ethnicity=B"
        and m.key.reference == Slice.of(ethnicity="A")
    )
    selection = chosen([m for m in everything if m is not lost], asked, {"ethnicity": "A"})
    assert [gap.subject for gap in selection.gaps] == [str(lost.key)]


def test_default_split_is_evaluation_alone_or_compared() -> None:
    on = {
        split: share(8, 10, split=split)
        for split in ("evaluation", "training", "training→evaluation", "evaluation→live")
    }
    found = chosen(list(on.values()), BOUND).found
    assert found == (on["evaluation"], on["training→evaluation"])
    arrow = chosen(list(on.values()), changed(BOUND, split="training->evaluation"))
    assert arrow.found == (on["training→evaluation"],)
    assert chosen(list(on.values()), changed(BOUND, split="training")).found == (on["training"],)


def test_every_head_is_asked_and_one_of_another_task_is_not() -> None:
    tasks = {"sex": "binary", "age": "regression", "job": "multiclass"}
    measured = [share(8, 10, head="sex")]
    assert "It was not measured for the head age." in gaps(chosen(measured, BOUND, tasks=tasks))
    binary = chosen(measured, changed(BOUND, tasks=["binary"]), tasks=tasks)
    assert not binary.gaps
    assert len(binary.found) == 1
    both = changed(BOUND, tasks=["binary", "multiclass"])
    assert "head job" in gaps(chosen(measured, both, tasks=tasks))
    assert not chosen(measured, changed(BOUND, head="sex"), tasks=tasks).gaps
    # A number that is about no head is not asked of each.
    headless = chosen([exact(10.0)], changed(BOUND, metric="performance.units"), tasks=tasks)
    assert not headless.gaps


def test_measurements_of_heads_out_of_scope_are_not_judged() -> None:
    tasks = {"sex": "binary", "job": "multiclass"}
    measured = [share(8, 10, head="sex"), share(1, 10, head="job")]
    found = chosen(measured, changed(BOUND, tasks=["binary"]), tasks=tasks).found
    assert [m.key.head for m in found] == ["sex"]


def test_two_measurements_of_one_key_are_both_judged() -> None:
    twice = [share(9, 10), share(1, 10)]
    assert len(chosen(twice, BOUND).found) == 2


def test_small_groups_are_listed_and_neither_judged_nor_missing() -> None:
    counts = {"A": (500, 1000), "B": (480, 990), "C": (3, 10)}
    measured = rates("ethnicity", counts)
    for reference, expected in (("declared", 1), ("rest", 2), ("highest", 2)):
        asked = changed(FOUR_FIFTHS, reference=reference)
        selection = chosen(measured, asked, {"ethnicity": "A"}, minimum_share=0.02)
        assert [str(part) for part in selection.small] == ["ethnicity=C"]
        assert len(selection.found) == expected
        assert not selection.gaps
    blocking = chosen(
        measured, FOUR_FIFTHS, {"ethnicity": "A"}, minimum_share=0.02, small_groups="block"
    )
    assert [str(part) for part in blocking.small] == ["ethnicity=C"]
    assert len(blocking.found) == 2


def test_a_small_group_named_by_its_value_is_judged() -> None:
    measured = rates("ethnicity", {"A": (500, 1000), "C": (3, 10)})
    asked = changed(FOUR_FIFTHS, slices={"ethnicity": "C"})
    selection = chosen(measured, asked, {"ethnicity": "A"}, minimum_share=0.02)
    assert len(selection.found) == 1
    assert not selection.small


def test_where_every_group_is_small_nothing_passes() -> None:
    measured = rates("ethnicity", dict.fromkeys("ABCDEF", (2, 10)))
    asked = changed(BOUND, metric="bias.selection_rate", slices="groups", at_least=0.1)
    selection = chosen(measured, asked, {}, minimum_share=0.2)
    assert len(selection.small) == 6
    assert "Nothing is left to judge" in gaps(selection)


def test_a_group_without_a_known_share_is_judged() -> None:
    measured = [dataclasses.replace(m, share=None) for m in GENDER]
    selection = chosen(measured, FOUR_FIFTHS, {"gender": "Male"}, minimum_share=0.4)
    assert len(selection.found) == 1
    assert not selection.small


def test_shares_of_other_splits_do_not_count() -> None:
    part = Slice.of(gender="Male")
    training = Measurement(
        MeasurementKey("bias.selection_rate", part, split="training"),
        Status.MEASURED,
        0.5,
        share=0.001,
    )
    both = replace(
        training, key=replace(training.key, split="training→evaluation"), rows=10**6, share=0.25
    )
    universe = Universe.of([training, *GENDER, both], {})
    assert universe.shares[part] == 0.5
    assert universe.rows[part] < 10**6


def test_expansion_and_targets_agree_on_nothing() -> None:
    asked = policy(FOUR_FIFTHS)
    requirement = asked.requirements[0]
    assert expand(requirement, Universe({}))[0] == []
    assert targets_of(requirement, asked, Universe({})).wanted == ()
