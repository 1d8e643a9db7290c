"""Outside text: no character that breaks or reorders a document, no two names made one."""

from __future__ import annotations

from xml.etree import ElementTree
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditkit.reports.text import clean, distinct, shorten, visible

ANYTHING = st.text(st.characters(), max_size=80)


@given(ANYTHING)
def test_whatever_is_visible_may_stand_in_xml(text: str) -> None:
    shown = visible(text)
    shown.encode("utf-8")
    parsed = ElementTree.fromstring(f"<a>{escape(shown)}</a>").text or ""
    assert parsed == shown


@given(ANYTHING)
def test_visible_text_stays_as_it_is(text: str) -> None:
    assert visible(visible(text)) == visible(text)


@pytest.mark.parametrize("text", ["Zürich 東京 עברית العربية 👩‍🚀", "naïve\ttab\nline"])
def test_honest_text_in_any_script_is_left_alone(text: str) -> None:
    assert visible(text) == text


@pytest.mark.parametrize(
    "character",
    ["\x00", "\x1b", "\x7f", "\u202e", "\u2066", "\u200f", "\u200b", "\ufeff", "\ud800"],
)
def test_characters_that_hide_or_reorder_are_shown_by_their_code_point(character: str) -> None:
    assert visible(f"a{character}b") == f"a⟨U+{ord(character):04X}⟩b"


@given(st.lists(st.text(st.sampled_from("ab ()2…\u200b"), max_size=30), max_size=12), st.just(8))
def test_different_names_stay_different(names: list[str], limit: int) -> None:
    labels = distinct(names, limit)
    assert len(labels) == len(names)
    assert len(set(labels)) == len(labels)
    assert all(labels)


@given(ANYTHING, st.integers(5, 40))
def test_shortened_text_is_one_line_and_short_enough(text: str, limit: int) -> None:
    line = shorten(text, limit)
    assert len(line) <= limit
    assert len(line.splitlines()) <= 1


def test_a_long_name_keeps_both_ends() -> None:
    assert shorten("start" + "x" * 10_000 + "end", 20).startswith("start")
    assert shorten("start" + "x" * 10_000 + "end", 20).endswith("end")


def test_plain_data_is_cleaned_to_the_bottom() -> None:
    dirty = {"a\x00": [{"b": "c\x00"}, float("inf"), True, 3, None]}
    assert clean(dirty) == {"a⟨U+0000⟩": [{"b": "c⟨U+0000⟩"}, None, True, 3, None]}
