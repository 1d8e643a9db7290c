"""Small multiples: how many are drawn, in how many columns, and what is said of the rest."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt

from auditkit.reports.formatting import count

MOST = 12
"""Panels of one figure; more are in its table."""


def left_out(drawn: int, given: int, what: str) -> str:
    """That only the first are drawn, where that is so; else empty.

    >>> left_out(12, 1200, "maps"), left_out(3, 3, "maps")
    ('The first 12 of 1,200 maps are drawn.', '')
    """
    return f"The first {drawn} of {count(given)} {what} are drawn." if given > drawn else ""


def in_rows(panels: Sequence[alt.TopLevelMixin], columns: int) -> alt.VConcatChart:
    """Charts from left to right, so many in a row."""
    lines = [
        alt.hconcat(*panels[start : start + columns], spacing=18)
        for start in range(0, len(panels), columns)
    ]
    return alt.vconcat(*lines, spacing=22)
