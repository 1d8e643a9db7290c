"""Words on their heat: readable without colours, and no token is ever anything but text."""

from __future__ import annotations

import dataclasses
from itertools import pairwise
from typing import Any

import pytest

from auditkit.measurement import Figure
from auditkit.reports.figures import picture, tables, token_maps
from auditkit.reports.figures.rendering import ATTRIBUTES, ELEMENTS
from auditkit.reports.figures.sheet import Sheet
from tests.reports.drawn import drawn, texts
from tests.reports.hostile import STRINGS
from tests.sample_maps import CONVERGED
from tests.sample_maps import token_maps as sample


def with_text(tokens: list[Any], heat: list[Any]) -> Figure:
    item = {"title": "a text", "n": 1, "trust": CONVERGED, "tokens": tokens, "heat": heat}
    return dataclasses.replace(sample(), data={"n": 1, "items": [item]})


def lines(figure: Figure) -> list[tuple[str, bool]]:
    """Under each word that matters: the colour of the line, and whether it is dashed."""
    found = [e for e in drawn(figure).iter("line") if e.get("stroke-width") == "2"]
    return [(e.get("stroke", ""), e.get("stroke-dasharray", "1,0") != "1,0") for e in found]


def test_direction_and_size_are_read_without_colours() -> None:
    figure = with_text(["good", "bad", "the"], [0.8, -0.6, 0.02])
    shown = texts(figure)
    assert {"good", "bad", "the", "0.80", "−0.60"} <= set(shown)
    assert "0.02" not in shown
    assert sorted(dashed for _, dashed in lines(figure)) == [False, True]
    assert len({colour for colour, _ in lines(figure)}) == 1


def test_only_the_words_that_matter_most_have_numbers() -> None:
    heat = [0.2 + 0.02 * place for place in range(30)]
    shown = texts(with_text(["word"] * 30, heat))
    assert len([text for text in shown if text.startswith("0.")]) == 8
    assert "0.78" in shown


def test_words_wrap_and_none_sticks_out() -> None:
    sheet = Sheet()
    token_maps._text(sheet, [("a" * (place % 20 + 1), 0.5) for place in range(90)], 0.0)
    assert sheet.size[0] <= token_maps.WIDTH
    boxes = sorted((box["y"], box["x"], box["x2"]) for box in sheet.boxes)
    for (y, _, end), (next_y, start, _) in pairwise(boxes):
        assert y != next_y or end <= start


@pytest.mark.parametrize("text", STRINGS)
def test_a_hostile_token_is_text(text: str) -> None:
    root = drawn(with_text([text, "b"], [1.0, -1.0]))
    assert {element.tag for element in root.iter()} <= ELEMENTS
    assert {n for e in root.iter() for n in e.attrib} <= ATTRIBUTES | {"role", "aria-label"}
    everything = "".join(e.text or "" for e in root.iter())
    assert not {"\u202e", "\u200f", "\x00", "\u200b"} & set(everything)
    assert max(len(e.text or "") for e in root.iter()) < 200


def test_blank_tokens_have_a_sign() -> None:
    shown = texts(with_text([" ", "\n", "", "\t"], [0.5, -0.5, 0.3, 0.2]))
    assert {"␣", "⏎", "∅"} <= set(shown)


def test_long_texts_are_bounded_and_the_reader_is_told() -> None:
    figure = with_text([f"w{i}" for i in range(5000)], [0.1] * 5000)
    shown = texts(figure)
    assert "… and 4,880 more tokens." in shown
    assert "w120" not in shown
    assert len(tables(figure)[1][1]) == 25


def test_a_text_without_words_says_so() -> None:
    assert "(no words)" in texts(with_text([], []))


@pytest.mark.parametrize("heat", [[0.1], [0.1, 0.2, 0.3], None, "ab", [[0.1], [0.2]][:1]])
def test_as_many_numbers_as_words_or_a_table(heat: Any) -> None:
    figure = with_text(["a", "b"], heat)
    assert picture(figure) is None
    assert tables(figure)


def test_absent_heat_is_none() -> None:
    shown = texts(with_text(["a", "b"], [None, 0.5]))
    assert "0.50" in shown


def test_what_is_withheld_shows_neither_words_nor_heat() -> None:
    shown = texts(sample())
    assert "✕ withheld" in shown
    (labels, words) = tables(sample())
    assert labels[1][2][:3] == ["review 21", "1", "withheld"]
    assert "review 21" not in {row[0] for row in words[1]}
    assert words[1][0] == ["review 17", "11", "rushed", "−0.71"]
