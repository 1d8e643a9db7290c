"""Text from records, shown letter by letter: in Markdown nothing of it may mean anything.

Streamlit shows no raw HTML, but it does read Markdown: an image in a column's name would make the
reviewer's browser fetch it. Here all punctuation is escaped. Some things are found after parsing,
in plain text, where no escape helps: web addresses, names of emoji and icons between colons, and
arrows made of signs. A word joiner, which is invisible, keeps these from being recognised; it is
put nowhere else, so that digests can be copied.
"""

from __future__ import annotations

import re

from auditkit.reports.text import shorten, visible

_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
_SIGNAL = re.compile(r"(?<=:)(?=[\w+/-]+:|//)|(?<=www)(?=\.)|(?<=[-<>~=])(?=[-<>=])", re.IGNORECASE)
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
