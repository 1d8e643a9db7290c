"""Text from records, shown letter by letter: in Markdown nothing of it may mean anything.

Streamlit shows no raw HTML, but it does read Markdown: an image in a column's name would make the
reviewer's browser fetch it. Here all punctuation is escaped. Three things are found after parsing,
in plain text, where no escape helps: links without brackets, emoji names and icon names. A word
joiner, which is invisible, keeps these from being recognised.
"""

from __future__ import annotations

import re

from auditkit.reports.text import shorten, visible

_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
_SIGNAL = re.compile(r"(?<=:)(?=[\w+/.-])|(?<=www)(?=\.)|(?<=@)(?=\w)|(?<=[-<~=])(?=[-<>=])", re.I)
_JOINER = "\u2060"


def literal(text: str, limit: int | None = None) -> str:
    """Markdown that shows exactly this text.

    Args:
        text: any text.
        limit: where given, a single line of at most so many characters.

    >>> literal("![x](http://a)")
    '\\\\!\\\\[x\\\\]\\\\(http\\\\:\\u2060\\\\/\\\\/a\\\\)'
    """
    shown = visible(text) if limit is None else shorten(text, limit)
    escaped = [_line(line) for line in shown.split("\n")]
    return "  \n".join(escaped)


def _line(line: str) -> str:
    marked = _SIGNAL.sub(_JOINER, " ".join(line.split()))
    return _PUNCTUATION.sub(r"\\\1", marked)
