from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from reviewing.literal import literal

from auditkit.reports.text import visible
from tests.samples import HOSTILE, HOSTILE_MARKDOWN

# What GitHub-flavoured Markdown, Streamlit's icons, emoji and arrows would make of plain text.
SIGNALS = re.compile(r"https?://|www\.\w|:[\w+/-]+:|<-|->|--|<=|>=|~=", re.IGNORECASE)
WORDS = st.lists(
    st.sampled_from(
        [
            "![x](http://evil/)", "http://evil", "www.evil.org", "a@b.org", ":smile:", "$x$", "~~",
            ":material/check:", ":red[x]", "<b>", "&lt;", "&#58;", "`", "``", "**", "__", "[x]: y",
            "#", "1.", "-", "+", ">", "|", "|--|", "\\", "\n", "    ", "\t", "->", "<=", "--", "a",
            ":", "x:y:z", "ftp://x", "[^1]", "- [ ]", "===", "---", "</script>", "{}", "\u202e",
        ]
    ),
    max_size=8,
)  # fmt: skip


def leaves(text: str) -> list[tuple[str, str]]:
    """Kind and content of each piece that a Markdown parser finds in the text."""
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    tokens = parser.parse(literal(text))
    wrapped = {token.type for token in tokens}
    assert wrapped <= {"paragraph_open", "inline", "paragraph_close"}
    return [(leaf.type, leaf.content) for token in tokens for leaf in token.children or []]


@given(WORDS.map(" ".join) | WORDS.map("".join) | st.text())
def test_it_is_read_as_nothing_but_the_text(text: str) -> None:
    pieces = leaves(text)
    assert {kind for kind, _ in pieces} <= {"text", "text_special", "hardbreak"}
    shown = " ".join(content for _, content in pieces).replace("\u2060", "")
    assert shown.split() == visible(text).split() or "".join(shown.split()) == "".join(
        visible(text).split()
    )


@given(WORDS.map("".join) | st.text())
def test_no_signal_is_left_in_the_text_that_is_shown(text: str) -> None:
    shown = "".join(content for kind, content in leaves(text) if kind != "hardbreak")
    assert SIGNALS.search(shown) is None


@pytest.mark.parametrize("text", ["http://a", "www.a.org", ":x:", "->", ">="])
def test_the_search_above_can_find(text: str) -> None:
    assert SIGNALS.search(text)


@given(WORDS.map(" ".join))
def test_a_limit_makes_one_line(text: str) -> None:
    shown = "".join(content for _, content in leaves(text))
    assert "\n" not in literal(text, 20)
    assert len(re.sub(r"\\(.)", r"\1", literal(text, 20)).replace("\u2060", "")) <= 20
    assert shown is not None


@pytest.mark.parametrize(
    "text", ["sha256:" + "0a" * 32, "ada@example.org", "a: b", "12:30", "C:\\x"]
)
def test_what_people_copy_has_nothing_invisible(text: str) -> None:
    assert re.sub(r"\\(.)", r"\1", literal(text)) == text


def test_lines_stay_lines() -> None:
    assert literal("a\n    b") == "a  \nb"


@pytest.mark.parametrize("text", [HOSTILE, HOSTILE_MARKDOWN])
def test_hostile_labels(text: str) -> None:
    assert "".join(content for _, content in leaves(text)).replace("\u2060", "") == text
