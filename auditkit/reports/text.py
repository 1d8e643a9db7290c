"""Text that came from outside: column names, group values, labels, reasons.

Escaping is left to whatever writes the document (Jinja, ElementTree, Vega). What is done here comes
before: no character that a document format forbids or that reorders what the reader sees, and no
name so long that it drowns the page.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import Any

# Control characters (not tab and newline), lone surrogates and non-characters make XML malformed
# and crash the SVG renderer. Directional marks and zero-width characters make two different names
# look alike, or a sentence read differently from what is stored.
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff"
    "\ufff9-\ufffb\ufffe\uffff\ud800-\udfff]"
)

LABEL = 60
"""Characters of a name in a table or sentence."""


def visible(text: str) -> str:
    r"""The text with every unsafe character replaced by its code point in brackets.

    Example:
        >>> visible("fe\u202emale\x00")
        'fe⟨U+202E⟩male⟨U+0000⟩'
    """
    lines = text.replace("\r\n", "\n")
    return _UNSAFE.sub(lambda match: f"⟨U+{ord(match.group()):04X}⟩", lines)


def shorten(text: str, limit: int = LABEL) -> str:
    """At most `limit` characters of one line: the middle gives way, since ends tell names apart.

    Example:
        >>> shorten("education_level_of_the_applicant", 16)
        'education…licant'
    """
    line = " ".join(visible(text[: 20 * limit] + text[20 * limit :][-limit:]).split())
    if len(line) <= limit:
        return line
    tail = (limit - 1) * 2 // 5
    return f"{line[: limit - 1 - tail]}…{line[len(line) - tail :]}"


def distinct(names: Iterable[str], limit: int = LABEL) -> list[str]:
    """Short names that stay different where the names are: a chart merges rows of one name.

    Example:
        >>> distinct(["a" * 50, "a" * 51, "b"], 8)
        ['aaaaa…aa', 'aaaaa…aa (2)', 'b']
    """
    seen: set[str] = set()
    labels = []
    for name in names:
        stem = shorten(name, limit) or "(empty)"
        label, count = stem, 1
        while label in seen:
            count += 1
            label = f"{stem} ({count})"
        seen.add(label)
        labels.append(label)
    return labels


def clean(value: Any) -> Any:
    """The same JSON-able value with every string in it made `visible`, keys too; NaN becomes None.

    Example:
        >>> clean({"a": ["b" + chr(0)], "c": float("nan")})
        {'a': ['b⟨U+0000⟩'], 'c': None}
    """
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, dict):
        return {clean(key): clean(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [clean(item) for item in value]
    return value
