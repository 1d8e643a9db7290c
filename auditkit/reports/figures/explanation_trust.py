"""What the explanations of a model passed: each method against each test of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import altair as alt

from auditkit.measurement import Figure
from auditkit.reports.figures import panels, style, trust
from auditkit.reports.figures.plain_table import Table, bounded, cell
from auditkit.reports.figures.sheet import LINE, SMALL, STRONG, Sheet, Type, wrapped
from auditkit.reports.formatting import ABSENT, count, plain
from auditkit.reports.text import shorten

MOST_METHODS, MOST_TESTS = 20, 8
NAMES, CELL, ROW = 236, 106, 58
HOLDS: Mapping[bool | None, tuple[str, str, str]] = {
    True: ("✓", "#0b5e8a", "holds"),
    False: ("✕", "#b3350c", "does not hold"),
    None: (ABSENT, style.QUIET, "not decided"),
}


def draw(figure: Figure) -> alt.TopLevelMixin:
    """A row for each method with its label, a column for each test with its mark and number."""
    rows = [dict(row) for row in figure.data["rows"]]
    tests = _tests(rows)
    shown, columns = rows[:MOST_METHODS], tests[:MOST_TESTS]
    notes = [
        f"n = {count(figure.data['n'])}. ✓: the test holds. ✕: it does not. {ABSENT}: not decided.",
        "In each cell: the number, its 90 % interval, and what it is held against.",
        panels.left_out(len(shown), len(rows), "methods"),
        panels.left_out(len(columns), len(tests), "tests"),
    ]
    sheet = Sheet()
    y = _head(sheet, columns)
    for row in shown:
        y = _row(sheet, row, columns, y)
    return sheet.chart(style.title(figure.title, notes))


def _tests(rows: list[dict[str, Any]]) -> list[str]:
    """Every test that some method was put to, in the order of their first naming."""
    return list(dict.fromkeys(str(test["test"]) for row in rows for test in row["tests"]))


def _head(sheet: Sheet, tests: list[str]) -> float:
    titles = [wrapped(test, CELL - 10, 11.5, 3) for test in tests]
    height = LINE * max(map(len, titles), default=1)
    type_ = Type(11.5, weight="bold")
    for place, lines in enumerate(titles):
        # On the line above the rows, however many lines a title has.
        sheet.paragraph((NAMES + place * CELL, height - LINE * len(lines)), lines, type_)
    return height + 6.0


def _row(sheet: Sheet, row: dict[str, Any], tests: list[str], top: float) -> float:
    """One method; returns where its row ends."""
    sheet.line((0, top), (NAMES + CELL * len(tests), top))
    label = trust.trust_of(row)
    family = shorten(str(row["family"]), 30)
    sheet.write(0, top + 6 + LINE / 2, shorten(str(row["method"]), 30), STRONG)
    below = sheet.paragraph((0, top + 7 + LINE), [family], SMALL)
    ends = [trust.put(sheet, (0, below), label, NAMES - 24), top + ROW]
    given = {str(test["test"]): test for test in row["tests"]}
    for place, test in enumerate(tests):
        ends.append(_cell(sheet, given.get(test), (NAMES + place * CELL, top + 6), label))
    return max(ends) + 6


def _cell(
    sheet: Sheet, test: Mapping[str, Any] | None, at: tuple[float, float], label: trust.Trust
) -> float:
    """Mark, number, interval and reference, or why there is no number; returns where it ends."""
    x, y = at
    reason = str((test or {}).get("reason") or "")
    if test is None or (style.finite(test.get("value")) is None and reason == label.reason):
        return sheet.paragraph(at, ["not run"], SMALL)
    mark, colour, _ = _mark(test)
    sheet.write(x, y + LINE / 2, mark, Type(14, colour, weight="bold"))
    value, interval = style.finite(test.get("value")), style.interval_of(test)
    if value is None:
        lines = wrapped(reason or style.NOT_MEASURED, CELL - 12, 11, 4)
        return sheet.paragraph((x, y + LINE), lines, SMALL)
    sheet.write(x + 16, y + LINE / 2, short(value))
    lines = [_span(interval.low, interval.high)] if interval else []
    return sheet.paragraph((x, y + LINE), [*lines, *_against(test.get("reference"))], SMALL)


def _span(low: float, high: float) -> str:
    """Both ends, to as many decimals as the one that has more."""
    texts = [short(low), short(high)]
    if any(mark in text for text in texts for mark in "e∞"):
        return " to ".join(texts)
    decimals = max(len(text.partition(".")[2]) for text in texts)
    return f"{plain(low, decimals)} to {plain(high, decimals)}"


def short(number: float) -> str:
    """A number in few letters, since its column is narrow; the table has more of it.

    >>> short(0.999982), short(-0.53), short(0.00004), short(0.0), short(1234.5)
    ('1.000', '−0.53', '4e-05', '0', '1,230')
    """
    if abs(number) >= 10 or number == 0 or not math.isfinite(number):
        return plain(float(f"{number:.3g}"), 0)
    if abs(number) < 0.0005:
        return f"{number:.0e}".replace("-", "−", 1 if number < 0 else 0)
    text = plain(number, 3)
    if not float(number).is_integer() and text.endswith(".000"):
        return text  # about one, and not one
    return text.rstrip("0").rstrip(".")


def _mark(test: Mapping[str, Any]) -> tuple[str, str, str]:
    holds = test.get("holds")
    return HOLDS[holds if isinstance(holds, bool) else None]


def _against(reference: Any) -> list[str]:
    if reference is None:
        return []
    number = style.finite(reference)
    text = str(reference) if number is None else short(number)
    return wrapped(f"against {text}", CELL - 12, 11, 2)


def tables(figure: Figure) -> list[Table]:
    """The methods with their labels; then every test of each, with its reason."""
    rows = [dict(row) for row in figure.data["rows"]]
    fields = ("value", "low", "high", "reference")
    tests = [
        [cell(row["method"]), shorten(str(test["test"]))]
        + [cell(test.get(field)) for field in fields]
        + [_mark(test)[2], shorten(str(test.get("reason") or ""), trust.LONGEST_REASON)]
        for row in rows
        for test in row["tests"]
    ]
    columns = ["method", "test", *fields, "verdict", "why"]
    return [trust.table(rows, ("method", "family")), (columns, bounded(tests))]
