from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditkit.generation.grounding.alignment import places_of
from auditkit.generation.grounding.sentences import sentences_of
from auditkit.models.generators.answer import Answer


def _texts(text: str) -> list[str]:
    return [one.text for one in sentences_of(Answer(text))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two! Three? Four", ["One.", "Two!", "Three?", "Four"]),
        ("It costs 3.5 m. Then more.", ["It costs 3.5 m.", "Then more."]),
        ("Dr. Ada and J. Bell met, e.g. there. They left.",
         ["Dr. Ada and J. Bell met, e.g. there.", "They left."]),
        ('He said "no." Then "yes!" (twice.) Done', ['He said "no."', 'Then "yes!"', "(twice.)",
                                                     "Done"]),
        ("the capital is old . the river is new .", ["the capital is old .", "the river is new ."]),
        ("About approx. five. Yes.", ["About approx. five.", "Yes."]),
        ("1. First\n2. Second", ["1. First", "2. Second"]),
        ("一つ。二つ。", ["一つ。", "二つ。"]),
        ("What?! ... No.", ["What?! ...", "No."]),
        ("... so it is.", ["... so it is."]),
    ],
)  # fmt: skip
def test_sentences_end_where_a_reader_ends_them(text: str, expected: list[str]) -> None:
    assert _texts(text) == expected


@pytest.mark.parametrize("text", ["", "  \n ", "...", "?! —"])
def test_an_answer_without_a_word_has_no_sentence(text: str) -> None:
    assert sentences_of(Answer(text)) == ()


@given(st.text())
def test_no_letter_is_lost_whatever_the_text(text: str) -> None:
    kept = "".join("".join(one.split()) for one in _texts(text))
    if any(map(str.isalnum, text)):
        assert kept == "".join(text.split())
    else:
        assert not kept


@pytest.mark.parametrize(
    "pieces",
    [
        ("It", " is", " so", ".", " He", " left", ".", "</s>"),
        ("▁It", "▁is", "▁so", ".", "▁He", "▁left", ".", "</s>"),
        ("ĠIt", "Ġis", "Ġso", ".", "ĠHe", "Ġleft", ".", "<|endoftext|>"),
        ("It", "is", "so", ".", "He", "le", "##ft", "."),
    ],
)
def test_tokens_belong_to_sentences_however_spaces_are_written(pieces: tuple[str, ...]) -> None:
    one, two = sentences_of(_answer("It is so. He left.", pieces))
    assert one.tokens == (0, 4)
    assert two.tokens is not None
    start, end = two.tokens
    # What ends the answer is of no sentence.
    assert (start, pieces[end - 1]) == (4, ".")


def test_bytes_of_a_letter_go_with_the_sentence_they_stand_in() -> None:
    pieces = ("Th", "�", "�", " l", "ived", ".", " Yes", ".")
    one, two = sentences_of(_answer("Thé lived. Yes.", pieces))
    assert (one.tokens, two.tokens) == ((0, 6), (6, 8))


def test_tokens_that_make_up_another_text_are_of_no_sentence() -> None:
    found = sentences_of(_answer("It is so. He left.", ("quite", "another", "thing")))
    assert [one.tokens for one in found] == [None, None]
    assert [one.tokens for one in sentences_of(Answer("It is so."))] == [None]


def test_a_token_across_two_sentences_is_of_the_second() -> None:
    one, two = sentences_of(_answer("It is. He", ("It", " is", ". He")))
    assert (one.tokens, two.tokens) == ((0, 2), (2, 3))


@given(st.lists(st.text(max_size=6), max_size=12), st.text(max_size=40))
def test_places_are_in_the_text_and_in_order(pieces: list[str], text: str) -> None:
    found = places_of(pieces, text)
    if found is not None:
        places = [place for place in found if place is not None]
        assert len(found) == len(pieces)
        assert places == sorted(places)
        assert all(0 <= place < len(text) for place in places)


@given(st.lists(st.text(alphabet="ab. \n", min_size=1, max_size=4), min_size=1, max_size=20))
def test_spans_never_overlap(pieces: list[str]) -> None:
    found = sentences_of(_answer("".join(pieces), tuple(pieces)))
    spans = [one.tokens for one in found if one.tokens is not None]
    assert all(start < end for start, end in spans)
    assert all(one[1] <= other[0] for one, other in pairwise(spans))


def _answer(text: str, pieces: tuple[str, ...]) -> Answer:
    return Answer(text, np.arange(len(pieces), dtype=np.int32), pieces)
