"""When an answer is right, what a refusal is, and who says so."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from auditkit.errors import ConfigurationError
from auditkit.generation.correctness.judging import outcomes_of
from auditkit.generation.correctness.outcome import Outcome
from auditkit.generation.evidence import GenerationEvidence
from auditkit.generation.generations import Generations
from auditkit.generation.settings import GenerationSettings, Matching
from tests.generation.made import answer, question

RIGHT, WRONG, REFUSED, UNJUDGED = Outcome


def judged(text: str, references: Sequence[str], kind: str = "normalised", **known: Any) -> Outcome:
    """The outcome of one answer."""
    matching = Matching(kind, known.pop("least", None), "", known.pop("function", None))
    refusals = tuple(known.pop("refusals", ()))
    row = GenerationEvidence(question(0, references=tuple(references), **known), answer(text))
    settings = GenerationSettings(correctness=matching, refusals=refusals)
    return Outcome(int(outcomes_of(Generations.of([row]), settings)[0]))


@pytest.mark.parametrize(
    ("text", "references", "kind", "outcome"),
    [
        ("Paris", ["Paris"], "exact", RIGHT),
        (" Paris\n", ["Paris"], "exact", RIGHT),
        ("paris", ["Paris"], "exact", WRONG),
        ("The PARIS.", ["London", "paris"], "normalised", RIGHT),
        ("ﬁne café", ["Fine cafe\u0301"], "normalised", RIGHT),
        ("35", ["3.5"], "normalised", WRONG),
        ("A", ["The"], "normalised", WRONG),
        ("Paris, in France", ["Paris"], "normalised", WRONG),
        ("Paris", [], "normalised", UNJUDGED),
    ],
)
def test_an_answer_is_right_by_one_of_its_references(
    text: str, references: list[str], kind: str, outcome: Outcome
) -> None:
    assert judged(text, references, kind) is outcome


@pytest.mark.parametrize(
    ("label", "text", "outcome"),
    [
        (True, "x", RIGHT), (False, "x", WRONG), (None, "x", UNJUDGED),
        (False, "I don't know.", REFUSED), (True, "I don't know.", RIGHT),
    ],
)  # fmt: skip
def test_people_judge_where_they_are_asked_and_where_there_is_no_reference(
    label: bool | None, text: str, outcome: Outcome
) -> None:
    assert judged(text, ["y"], "label", label=label) is outcome
    assert judged(text, [], "normalised", label=label) is outcome


def test_refusing_is_an_outcome_of_its_own_unless_the_question_has_no_answer() -> None:
    assert judged("I don't know.", ["Paris"]) is REFUSED
    assert judged("", ["Paris"]) is REFUSED
    assert judged("I cannot answer that.", ["unanswerable"]) is RIGHT
    assert judged("", [""]) is RIGHT
    assert judged("Paris", ["unanswerable"]) is WRONG


def test_a_function_of_the_users_judges() -> None:
    def starts(text: str, references: tuple[str, ...]) -> bool:
        return any(text.startswith(one) for one in references)

    assert judged("Paris is it", ["Paris"], "function", function=starts) is RIGHT
    assert judged("Not Paris", ["Paris"], "function", function=starts) is WRONG


def test_a_function_that_fails_or_gives_no_bool_is_named_with_its_row() -> None:
    def failing(text: str, references: tuple[str, ...]) -> bool:
        raise KeyError("claims")

    def scoring(text: str, references: tuple[str, ...]) -> float:
        return 0.7

    with pytest.raises(ConfigurationError, match=r"failing.*row '0'.*KeyError"):
        judged("x", ["y"], "function", function=failing)
    with pytest.raises(ConfigurationError, match=r"scoring.*0\.7.*True or False"):
        judged("x", ["y"], "function", function=scoring)


def test_answers_are_judged_once_for_all_checks() -> None:
    calls = []

    def counted(text: str, references: tuple[str, ...]) -> bool:
        calls.append(text)
        return True

    rows = [GenerationEvidence(question(0, references=("y",)), answer("x"))]
    generations = Generations.of(rows)
    settings = GenerationSettings(correctness=Matching("function", function=counted))
    first = outcomes_of(generations, settings)
    assert outcomes_of(generations, settings) is first
    assert calls == ["x"]
    assert first.dtype.name == "int8"
    assert not first.flags.writeable


def test_no_rows_have_no_outcomes() -> None:
    assert outcomes_of(Generations.of([]), GenerationSettings()).shape == (0,)
