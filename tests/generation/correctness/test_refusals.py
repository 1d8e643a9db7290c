"""Who refuses has not answered, and who guesses has."""

from __future__ import annotations

import pytest

from auditkit.errors import ConfigurationError
from auditkit.generation.correctness.refusals import Refusals

REFUSING = [
    "", " \n", "...", "I don't know.", "I don’t know", "i dont know", "I do not know the answer.",
    "I'm sorry, but I cannot answer that question.", "Sorry, I can't help with that.",
    "As an AI language model, I don't have access to real-time information.",
    "As an AI, I cannot provide medical advice.", "Unfortunately, I have no information on this.",
    "Unknown", "unanswerable.", "N/A", "Cannot be determined.", "Not enough information",
    "The question cannot be answered.", "The context does not mention the founder.",
    "The provided text doesn't say.", "It is unknown.", "There is no mention of it.",
    "The date of his birth is not known.", "I am not sure.", "I must decline.",
    "I really don't know who founded it", "It is impossible to say", "I'm sorry.",
    "Can't be determined",
]  # fmt: skip
ANSWERING = [
    "Paris", "I don't know, but I think it is Paris.", "I am not sure, maybe Paris",
    "This is not true.", "As an AI language model, I can tell you that Paris is the capital.",
    "The capital is Paris.", "Nobody knows de trouble", "The tomb of the unknown soldier",
    "No", "It is not Paris.", "I know", "The text says Paris.", "I can", "A", "0", "Well.", "&",
    "I am Spartacus", "There is no spoon", "It was Rome",
]  # fmt: skip


@pytest.mark.parametrize("text", REFUSING)
def test_english_refusals_are_known(text: str) -> None:
    assert Refusals()(text)


@pytest.mark.parametrize("text", ANSWERING)
def test_answers_are_no_refusals(text: str) -> None:
    assert not Refusals()(text)


def test_patterns_of_the_users_replace_the_built_in_ones_and_are_of_a_whole_answer() -> None:
    refusals = Refusals(["keine ahnung.*", "weiß (ich )?nicht"])
    assert refusals("Keine Ahnung, leider")
    assert refusals("WEIß nicht")
    assert refusals("")
    assert not refusals("Ich habe keine Ahnung")
    assert not refusals("I don't know.")


@pytest.mark.parametrize("pattern", ["(", "*a", 3])
def test_what_is_no_pattern_is_refused(pattern: object) -> None:
    with pytest.raises(ConfigurationError, match=r"generation\.refusals"):
        Refusals([pattern])  # type: ignore[list-item]


@pytest.mark.parametrize(
    "pattern", ["(a+)+$", "(a|aa)*b", "((ab*)c)+", r"(?:\w+\s?){2,}!", "(a?)*"]
)
def test_a_pattern_that_may_search_for_ages_is_refused(pattern: str) -> None:
    with pytest.raises(ConfigurationError, match="repeats a group"):
        Refusals([pattern])


@pytest.mark.parametrize("pattern", ["(ab)+", "(a|b)c?", r"\(a+\)+", "[(a+)]+", "(no )?idea.*"])
def test_harmless_patterns_are_taken(pattern: str) -> None:
    Refusals([pattern])


def test_a_long_answer_is_read_in_no_time() -> None:
    assert not Refusals(["a*a*a*b"])("a" * 1_000_000)
    assert Refusals()("I don't know " + "a" * 1_000_000)
    assert not Refusals()("sorry, " * 40 + "x" * 1_000_000)
