"""What a policy may say, and what contradicts itself."""

from __future__ import annotations

import math
from typing import Any

import pytest
from pydantic import ValidationError

from auditkit.policy.schema import Policy, Requirement
from tests.policy.cases import ATTESTED, BOUND, FOUR_FIFTHS, changed, policy


def complaint(**changes: Any) -> str:
    base = changes.pop("base", BOUND)
    with pytest.raises(ValidationError) as raised:
        Requirement.model_validate(changed(base, **changes))
    return "; ".join(error["msg"] for error in raised.value.errors())


@pytest.mark.parametrize(
    ("changes", "region"),
    [
        ({"at_least": 0.8}, (0.8, math.inf)),
        ({"at_least": None, "at_most": 1}, (-math.inf, 1.0)),
        ({"at_least": None, "between": [0.8, 1.25]}, (0.8, 1.25)),
    ],
)
def test_regions(changes: dict[str, Any], region: tuple[float, float]) -> None:
    assert Requirement.model_validate(changed(BOUND, **changes)).region == region


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"at_least": None}, "exactly one of at_least, at_most and between, and this has 0"),
        ({"at_most": 0.9}, "exactly one of at_least, at_most and between, and this has 2"),
        ({"at_least": None, "between": [1.25, 0.8]}, "the first number, 1.25, must be smaller"),
        ({"at_least": None, "between": [0.8, 0.8]}, "must be smaller than the second, 0.8"),
        ({"kind": "reported"}, "a requirement that is reported has no at_least"),
        ({"metric": None}, "a requirement that is bound names a metric"),
        ({"basis": "law"}, "basis is law, so clause must say where it is written"),
        ({"basis": "guidance", "clause": " "}, "basis is guidance, so clause must say"),
        ({"reference": "rest"}, "reference compares groups, and slices is all"),
        (
            {"base": FOUR_FIFTHS, "between": None, "at_least": 0.8},
            "write between: [0.8, 1.25] in place of 0.8, or reference: highest",
        ),
        (
            {
                "base": FOUR_FIFTHS,
                "metric": "bias.selection_rate_difference",
                "between": None,
                "at_most": 0.1,
            },
            "write between: [-0.1, 0.1] in place of 0.1",
        ),
        ({"base": ATTESTED, "metric": "a.b"}, "an attested requirement names no metric"),
        ({"base": ATTESTED, "slices": "groups"}, "an attested requirement has no slices"),
        ({"base": ATTESTED, "min_units": 3}, "an attested requirement has no min_units"),
        ({"base": ATTESTED, "proxy_metric": "a.b"}, "an attested requirement has no proxy_metric"),
        (
            {"base": ATTESTED, "small_groups": "judge"},
            "attested requirement has no small_groups",
        ),
    ],
)
def test_contradictions(changes: dict[str, Any], says: str) -> None:
    assert says in complaint(**changes)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("at_least", True),
        ("at_least", "0.8"),
        ("at_least", math.nan),
        ("at_least", math.inf),
        ("waivable", "no"),
        ("waivable", 0),
        ("min_units", 0),
        ("min_units", 10.5),
        ("severity", "blocking"),
        ("severity", True),
        ("metric", "accuracy"),
        ("metric", 3),
        ("id", "has space"),
        ("title", ""),
        ("slices", "everything"),
        ("slices", 3),
        ("slices", {}),
        ("slices", {"smoker": True}),
        ("slices", {"each": []}),
        ("slices", {"each": [3]}),
        ("slices", {"each": [["one"]]}),
        ("reference", "best"),
        ("reference", {}),
        ("tasks", ["classification"]),
        ("severty", "block"),
    ],
)
def test_wrong_types_and_unknown_keys_are_refused(field: str, value: object) -> None:
    with pytest.raises(ValidationError):
        Requirement.model_validate({**BOUND, field: value})


def test_slices_of_every_form() -> None:
    def read(value: object) -> object:
        return Requirement.model_validate({**BOUND, "slices": value}).slices

    assert read("intersections") == "intersections"
    assert read("proxies") == "proxies"
    assert read({"gender": "Female"}) == {"gender": "Female"}
    assert read({"children": 3}) == {"children": "3"}
    assert read({"each": "Female"}) == {"each": "Female"}  # an attribute of that name
    assert read({"each": ["gender", ["gender", "ethnicity"]]}).each == (  # type: ignore[attr-defined]
        "gender",
        ("gender", "ethnicity"),
    )


def test_one_sided_comparisons_are_for_all_pairs() -> None:
    highest = changed(FOUR_FIFTHS, between=None, at_least=0.8, reference="highest")
    assert Requirement.model_validate(highest).region == (0.8, math.inf)


@pytest.mark.parametrize(
    "changes",
    [
        {"alpha": 0.0},
        {"alpha": 0.3},
        {"alpha": "0.05"},
        {"minimum_share": 0},
        {"minimum_share": 2},
        {"small_groups": "hide"},
        {"max_age": 0},
        {"requirements": []},
        {"version": 1.0},
        {"requirement": []},
    ],
)
def test_policies_that_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        policy(**changes)


def test_two_requirements_of_one_id_are_refused() -> None:
    with pytest.raises(ValidationError, match="two requirements have the id accuracy"):
        policy(BOUND, BOUND)


def test_nothing_can_be_changed_afterwards() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        policy().alpha = 0.2  # type: ignore[misc]


def test_digest_is_of_the_text_it_was_read_from() -> None:
    made = policy()
    read = made.with_source("# a comment\n" + made.text)
    assert read.text.startswith("# a comment")
    assert read.digest != made.digest
    assert read.digest == made.with_source("# a comment\r\n" + made.text).digest
    assert read.digest.startswith("sha256:")
    assert len(read.digest) == len("sha256:") + 64


def test_a_changed_copy_does_not_pass_for_what_was_read() -> None:
    read = policy().with_source("the text")
    looser = read.model_copy(update={"alpha": 0.2})
    assert looser.text != "the text"
    assert looser.digest != read.digest
    assert '"alpha": 0.2' in looser.text


def test_a_policy_made_in_python_can_be_read_back() -> None:
    made = policy(FOUR_FIFTHS, ATTESTED, minimum_share=0.02)
    from auditkit.policy import policy_from_text

    again = policy_from_text(made.text)
    assert again == made.with_source(made.text)
    assert again.digest == made.digest
    assert isinstance(again, Policy)


def test_a_distance_is_bounded_from_above_whatever_the_reference() -> None:
    requirement = {
        "id": "odds", "title": "Errors are alike", "metric": "bias.equalised_odds_difference",
        "slices": "groups", "reference": "declared", "at_most": 0.1, "basis": "organisation",
        "explanation": "Both kinds of error.",
    }  # fmt: skip
    assert Requirement.model_validate(requirement).region == (-math.inf, 0.1)
