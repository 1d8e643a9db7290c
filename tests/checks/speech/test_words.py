"""Words, errors, loops: what counts as which."""

from __future__ import annotations

import zlib

import pytest

from auditkit.checks.speech.repetition import TIMES, compression_ratio, loops
from auditkit.checks.speech.words import heard_text, word_errors, words_of


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", []),
        ("...?! —", []),
        ("'Hello', she said.", ["hello", "she", "said"]),
        ("rock 'n' roll", ["rock", "n", "roll"]),
        ("3.5 ﬁsh", ["3", "5", "fish"]),
        ("STRASSE Straße", ["strasse", "strasse"]),
        ("नमस्ते दुनिया", ["नमस्ते", "दुनिया"]),
        ("Café Cafe\u0301", ["café", "café"]),
    ],
)
def test_words(text: str, words: list[str]) -> None:
    assert words_of(text) == words


def test_exact_words_are_as_they_stand() -> None:
    assert words_of("Hello,  World", exact=True) == ["Hello,", "World"]
    assert word_errors(("Hello, World",), "hello world", exact=True) == (2, 2)


@pytest.mark.parametrize(
    ("references", "text", "expected"),
    [
        (("a b c",), "a b c", (0, 3)),
        (("a b c",), "", (3, 3)),
        (("a",), "a b c d", (3, 1)),
        (("a b c", "a b d e"), "a b d", (1, 4)),
        (("It's fine.",), "its fine", (1, 2)),
    ],
)
def test_errors(references: tuple[str, ...], text: str, expected: tuple[int, int]) -> None:
    assert word_errors(references, text) == expected


@pytest.mark.parametrize(
    "text", ["", " . ", "[BLANK_AUDIO]", "(music)", "<noise>", "*coughs*", "♪"]
)
def test_what_is_no_speech(text: str) -> None:
    assert not heard_text(text)
    assert heard_text(f"{text} you")


def test_compression_is_whispers() -> None:
    text = "I see, I see, I see. "
    for times in (1, 10, 50):
        content = (text * times).encode("utf-8")
        assert compression_ratio(text * times) == len(content) / len(zlib.compress(content))
    assert compression_ratio("") is None
    assert compression_ratio("\ud800") is not None


def literal(words: list[str]) -> bool:
    """As the definition says it: some part, so many times, one after the other."""
    for size in range(1, 13):
        for start in range(len(words)):
            part = words[start : start + size]
            if len(part) == size and words[start : start + size * TIMES] == part * TIMES:
                return True
    return False


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", False),
        ("a a a", False),
        ("a a a a", True),
        ("b a c a c a c a c b", True),
        ("a b a b a b a", False),
        ("a b a b a b a b", True),
        ("x a b c d e f g h i j k l " * 4, False),
        ("a b c d e f g h i j k l " * 4, True),
        ("a a b a a b a a b", False),
    ],
)
def test_loops(text: str, expected: bool) -> None:
    assert loops(text.split()) is expected
    assert literal(text.split()) is expected
