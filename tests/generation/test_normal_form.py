"""What does not change the meaning of a short answer, and what does."""

from __future__ import annotations

import pytest

from auditkit.generation.normal_form import normalised, words
from auditkit.generation.token_overlap import token_f1


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("The Cat", "cat!"), ("a  b\tc", "b c"), ("ﬁsh", "FISH"), ("１２", "12"),
        ("1,000", "1000"), ("«Paris»", "paris"), ("ß", "SS"), ("U.S.", "us"),
    ],
)  # fmt: skip
def test_the_same(first: str, second: str) -> None:
    assert normalised(first) == normalised(second)


@pytest.mark.parametrize(
    ("first", "second"),
    [("3.5", "35"), ("-5", "5"), ("1/2", "12"), ("½", "12"), ("A", "the"), ("?", "!"), ("a", "")],
)
def test_not_the_same(first: str, second: str) -> None:
    assert normalised(first) != normalised(second)


def test_words_part_at_marks_but_not_in_numbers() -> None:
    assert words("well-known: −3.5, 1,000 & the U.S.") == (
        "well",
        "known",
        "−3.5",
        "1000",
        "u",
        "s",
    )
    assert words("The") == ("the",)
    assert words("?!") == ()


def test_words_in_common_are_counted_as_often_as_they_occur() -> None:
    assert token_f1("x x y", "x y y") == pytest.approx(2 / 3)
    assert token_f1("x", "y") == 0
    assert token_f1("", "x") == 0
    assert token_f1("", "") == 1
