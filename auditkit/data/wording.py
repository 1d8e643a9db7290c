"""Pieces of the texts of errors: names and near misses."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(name: str, known: Iterable[str]) -> str:
    """` Did you mean 'x'?` where some known name is close, else nothing.

    Example:
        >>> nearest("incme", ["income", "age"])
        " Did you mean 'income'?"
    """
    names = {known_name.casefold(): known_name for known_name in known}
    close = difflib.get_close_matches(name.casefold(), names, n=3, cutoff=0.6)
    return f" Did you mean {' or '.join(repr(names[key]) for key in close)}?" if close else ""


def quoted(value: object) -> str:
    """A value as an error shows it: text in quotes, NumPy's numbers as plain ones.

    Example:
        >>> import numpy as np
        >>> quoted(np.int64(3)), quoted("a")
        ('3', "'a'")
    """
    return repr(value.item() if hasattr(value, "item") else value)


def listed(names: Iterable[object], most: int = 12) -> str:
    """Names for an error's text: the first few, and how many more there are.

    Example:
        >>> listed("abcd", most=2)
        "'a', 'b' and 2 more"
    """
    shown = [quoted(name) for name in names]
    if not shown:
        return "none"
    more = f" and {len(shown) - most} more" if len(shown) > most else ""
    return ", ".join(shown[:most]) + more
