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

    with pytest.raises(
        ConfigurationError, match=r"failing of generation.* failed: KeyError in line"
    ) as failed:
        judged("x", ["y"], "function", function=failing)
    assert failed.value.__notes__ == ["It was called for the row 0."]
    assert "claims" not in str(failed.value)  # it may be an answer, and go into a record
    with pytest.raises(ConfigurationError, match=r"scoring.*gave a float, no bool"):
        judged("x", ["y"], "function", function=scoring)


def test_rows_are_judged_once_for_all_checks() -> None:
    calls = []

    def counted(text: str, references: tuple[str, ...]) -> bool:
        calls.append(text)
        return True

    rows = [GenerationEvidence(question(0, references=("y",)), answer("x"))]
    settings = GenerationSettings(correctness=Matching("function", function=counted))
    for _ in range(2):
        found = outcomes_of(Generations.of(rows), settings)
        assert found.dtype.name == "int8"
    assert calls == ["x"]


@pytest.mark.parametrize(
    ("text", "references", "outcome"),
    [
        ("It is 42.", ["42"], RIGHT), ("3 + 4 = 7", ["7"], RIGHT), ("6 or 8", ["7"], WRONG),
        ("about $1.5 million", ["1,500,000"], RIGHT), ("45 %", ["0.45"], RIGHT),
        ("forty-two", ["42"], RIGHT), ("none at all", ["42"], WRONG), ("41.99", ["42"], WRONG),
        ("I don't know, there are 7 of them.", ["7"], REFUSED), ("7", ["seven"], RIGHT),
        ("7", ["Paris"], UNJUDGED), ("7", ["unknown"], WRONG), ("unknown", ["n/a"], RIGHT),
    ],
)  # fmt: skip
def test_numbers(text: str, references: list[str], outcome: Outcome) -> None:
    assert judged(text, references, "numeric") is outcome


def test_numbers_within_a_tolerance() -> None:
    assert judged("101", ["100"], "numeric", least=0.01) is RIGHT
    assert judged("102", ["100"], "numeric", least=0.01) is WRONG
    assert judged("0.001", ["0"], "numeric", least=0.01) is WRONG


CITIES = ("Rome", "Paris", "Oslo", "Cannot be determined")


@pytest.mark.parametrize(
    ("text", "references", "outcome"),
    [
        ("(B)", ["Paris"], RIGHT), ("B.", ["b"], RIGHT), ("The answer is B", ["Paris"], RIGHT),
        ("Paris", ["B"], RIGHT), ("It must be Paris.", ["B"], RIGHT), ("A", ["B"], WRONG),
        ("A or B", ["B"], WRONG), ("Answer: A or B", ["B"], WRONG), ("B. Rome", ["B"], WRONG),
        ("Rome or Paris", ["B"], WRONG), ("Berlin", ["B"], WRONG), ("B", ["Berlin"], UNJUDGED),
        ("Cannot be determined", ["D"], RIGHT), ("D", ["Cannot be determined"], RIGHT),
        ("I don't know.", ["B"], REFUSED), ("I don't know.", ["Cannot be determined"], RIGHT),
        ("B", ["Cannot be determined"], WRONG),
    ],
)  # fmt: skip
def test_choices(text: str, references: list[str], outcome: Outcome) -> None:
    assert judged(text, references, "choice", choices=CITIES) is outcome


@pytest.mark.parametrize(
    ("text", "references", "outcome"),
    [
        ("It is Paris, in France", ["Rome", "paris"], RIGHT), ("parisian", ["Paris"], WRONG),
        ("I cannot say whether it is Paris.", ["Paris"], REFUSED), ("13.5", ["5"], WRONG),
        ("Unknown to many, Bob wrote it", ["unknown"], WRONG), ("Paris/France", ["France"], RIGHT),
        ("x", ["&"], UNJUDGED), ("1,000 m", ["1000"], RIGHT),
    ],
)  # fmt: skip
def test_contains(text: str, references: list[str], outcome: Outcome) -> None:
    assert judged(text, references, "contains") is outcome


def test_words_in_common() -> None:
    assert judged("in Paris, France", ["Rome", "Paris"], "token_f1") is RIGHT
    assert judged("in Paris, France", ["Paris"], "token_f1", least=0.51) is WRONG
    assert judged("I don't know", ["I don't know it"], "token_f1") is RIGHT
    assert judged("I don't know", ["I don't care"], "token_f1") is REFUSED


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"'rouge'; there are exact, normalised"):
        judged("x", ["y"], "rouge")


def test_no_rows_have_no_outcomes() -> None:
    assert outcomes_of(Generations.of([]), GenerationSettings()).shape == (0,)
