"""Why one decision was taken: the few features that moved it most, in order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import altair as alt

from auditkit.measurement import Figure
from auditkit.reports.figures import panels, style, trust
from auditkit.reports.figures.heat import Heat
from auditkit.reports.figures.plain_table import Table, bounded, cell
from auditkit.reports.figures.sheet import LINE, SMALL, STRONG, Sheet, Type, wrapped
from auditkit.reports.formatting import Scale, count
from auditkit.reports.text import shorten

WIDTH, BAR, ROW, GAP, COLUMNS, MOST_REASONS = 320, 9, 48, 34, 3, 8
SHARE = Scale({"unit": "share"})
TOWARDS, AGAINST = Heat(1.0, signed=True).hexes([0.6, -0.6])
DIRECTIONS: Mapping[str, tuple[str, str]] = {"towards": ("▲", TOWARDS), "against": ("▼", AGAINST)}


def draw(figure: Figure) -> alt.TopLevelMixin:
    """For each decision a bar a reason, the strongest first, with its interval and stability."""
    items = [dict(item) for item in figure.data["items"]]
    drawn = items[: panels.MOST]
    notes = [
        f"n = {count(figure.data['n'])}. Bars: share of all that moved the decision; "
        "dark lines: 90 % intervals.",
        "▲ towards the decision, ▼ against it. Stable: how often the reason is among the "
        "strongest again when the input is a little other.",
        panels.left_out(len(drawn), len(items), "decisions"),
    ]
    sheet, y = Sheet(), 0.0
    most = _most(drawn)
    for start in range(0, len(drawn), COLUMNS):
        line = enumerate(drawn[start : start + COLUMNS])
        ends = [_item(sheet, item, (place * (WIDTH + GAP), y), most) for place, item in line]
        y = max(ends) + GAP
    return sheet.chart(style.title(figure.title, notes))


def _most(items: list[dict[str, Any]]) -> float:
    """The longest bar or interval of all decisions, so that they can be compared."""
    reasons = [reason for item in items for reason in _reasons(item)]
    ends = [style.finite(reason.get(end)) for reason in reasons for end in ("share", "high")]
    return max((abs(end) for end in ends if end is not None), default=0.0) or 1.0


def _reasons(item: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The reasons with their share, the largest first; none of a decision that is withheld."""
    if trust.trust_of(item).withheld:
        return []
    return sorted((dict(one) for one in item["reasons"]), key=lambda one: -_size(one))


def _size(reason: Mapping[str, Any]) -> float:
    return abs(style.finite(reason["share"]) or 0.0)


def _item(sheet: Sheet, item: dict[str, Any], at: tuple[float, float], most: float) -> float:
    """One decision; returns where it ends."""
    (x, y), label = at, trust.trust_of(item)
    y = sheet.paragraph((x, y), wrapped(str(item["title"]), WIDTH, STRONG.size, 2), STRONG)
    y = sheet.paragraph((x, y), wrapped(f"decision: {item['decision']}", WIDTH, 12, 2), Type())
    if label.withheld:
        trust.put_instead(sheet, (x, y + 4, WIDTH, 3 * ROW - 10), label)
        return trust.put_label(sheet, (x, y + 3 * ROW), label)
    y = trust.put(sheet, (x, y), label, WIDTH) + 6
    reasons = _reasons(item)
    for reason in reasons[:MOST_REASONS]:
        _bar(sheet, reason, (x, y), most)
        y += ROW
    left = len(reasons) - MOST_REASONS
    return sheet.paragraph((x, y), [f"… and {left} more."], SMALL) if left > 0 else y


def _bar(sheet: Sheet, reason: Mapping[str, Any], at: tuple[float, float], most: float) -> None:
    x, y = at
    mark, colour = DIRECTIONS.get(str(reason["direction"]), ("", style.BAND))
    value, interval = style.finite(reason["share"]), style.interval_of(reason)
    number = style.NOT_MEASURED if value is None else SHARE.value(value, interval)
    sheet.write(x, y + LINE / 2, f"{mark} {shorten(str(reason['feature']), 34)}", Type(12))
    sheet.write(x + WIDTH, y + LINE / 2, number, Type(12, align="right"))
    length = WIDTH * abs(value or 0.0) / most
    sheet.box((x, y + LINE + 2, length, BAR), colour)
    if interval is not None:
        ends = [min(max(abs(end) / most, 0.0), 1.0) for end in (interval.low, interval.high)]
        middle = y + LINE + 2 + BAR / 2
        sheet.line((x + WIDTH * ends[0], middle), (x + WIDTH * ends[1], middle), "bold")
    sheet.write(x, y + LINE + BAR + 3 + LINE / 2, _said(reason, value or 0.0), SMALL)


def _said(reason: Mapping[str, Any], value: float) -> str:
    interval, stability = style.interval_of(reason), style.finite(reason.get("stability"))
    span = f", {SHARE.span(interval, value)}" if interval else ""
    stable = "stability unknown" if stability is None else f"stable in {SHARE.value(stability)}"
    return f"{shorten(str(reason['direction']), 20)}{span}, {stable}"


def tables(figure: Figure) -> list[Table]:
    """The decisions with their labels; then every reason of each."""
    items = [dict(item) for item in figure.data["items"]]
    fields = ("feature", "direction", "share", "low", "high", "stability")
    rows = [
        [cell(item["title"]), *(cell(reason.get(field)) for field in fields)]
        for item in items
        for reason in _reasons(item)
    ]
    first = trust.table(items, ("title", "decision"))
    return [first, (["reasons of", *fields], bounded(rows))] if rows else [first]
