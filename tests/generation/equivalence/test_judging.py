"""Which answers mean the same."""

from __future__ import annotations

import pytest

from auditkit.errors import ConfigurationError
from auditkit.generation.equivalence.classes import Classes
from auditkit.generation.equivalence.judging import classes_of
from auditkit.generation.evidence import GenerationEvidence
from auditkit.generation.generations import Generations
from auditkit.generation.settings import GenerationSettings, Matching
from tests.generation.made import answer, question


def classes(rows: list[list[str]], matching: Matching) -> Classes | None:
    """Of prompts with a greedy answer and samples each."""
    made = [
        GenerationEvidence(question(place), answer(texts[0]), tuple(map(answer, texts[1:])))
        for place, texts in enumerate(rows)
    ]
    return classes_of(Generations.of(made), GenerationSettings(equivalence=matching))


def numbers(rows: list[list[str]], matching: Matching) -> list[list[int]]:
    found = classes(rows, matching)
    assert found is not None
    return [one.tolist() for one in found.of]


def surface(text: str) -> str:
    """The two value tokens of `a b`, `b of a`, `the great a b`."""
    words = text.removeprefix("the great ").split()
    return " ".join(reversed(words) if "of" in words else words).replace(" of ", " ")


def test_forms_sort_answers_in_the_order_of_their_first_appearance() -> None:
    rows = [["Paris", "paris.", "Paris", "Rome"], ["x", "y"], ["z"]]
    assert numbers(rows, Matching("exact")) == [[0, 1, 0, 2], [0, 1], [0]]
    assert numbers(rows, Matching("normalised")) == [[0, 0, 0, 1], [0, 1], [0]]


def test_a_canonical_form_is_a_perfect_judge_of_surface_forms() -> None:
    rows = [["p q", "q of p", "the great p q", "q p", "noise"]]
    assert numbers(rows, Matching("canonical", function=surface)) == [[0, 0, 0, 1, 2]]


def test_without_samples_nothing_agrees_with_anything() -> None:
    assert classes([["x"], ["y"]], Matching()) is None
    assert classes([], Matching()) is None


def test_a_canonical_function_that_fails_or_gives_no_text_is_named() -> None:
    def failing(text: str) -> str:
        raise ValueError("no form")

    with pytest.raises(
        ConfigurationError, match=r"failing of generation.* failed: ValueError in line"
    ):
        classes([["x", "y"]], Matching("canonical", function=failing))
    with pytest.raises(ConfigurationError, match="expected a text"):
        classes([["x", "y"]], Matching("canonical", function=lambda text: None))
    with pytest.raises(ConfigurationError, match="no function"):
        classes([["x", "y"]], Matching("canonical"))


def test_rows_are_judged_once_for_all_checks() -> None:
    calls = []

    def counted(text: str) -> str:
        calls.append(text)
        return text

    rows = [GenerationEvidence(question(0), answer("x"), (answer("y"), answer("x")))]
    settings = GenerationSettings(equivalence=Matching("canonical", function=counted))
    for _ in range(2):
        assert classes_of(Generations.of(rows), settings) is not None
    assert calls == ["x", "y"]


def test_words_in_common_sort_by_the_most_frequent() -> None:
    rows = [["p q r", "r q x", "q r", "x"], ["p", "q"]]
    found = classes(rows, Matching("token_f1"))
    assert found is not None
    assert [one.tolist() for one in found.of] == [[0, 1, 0, 2], [0, 1]]
    assert found.judge == "at least 0.7 of their words in common (F1)"
    loose = numbers(rows, Matching("token_f1", 0.0))
    assert loose == [[0, 0, 0, 0], [0, 0]]


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"'rouge'; there are exact, .*, nli"):
        classes([["x", "y"]], Matching("rouge"))
