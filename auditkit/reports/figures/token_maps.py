"""Which words moved the output: a text with its words marked."""

from __future__ import annotations

from typing import Any

import altair as alt
import numpy as np

from auditkit.measurement import Figure
from auditkit.reports.figures import panels, style, trust
from auditkit.reports.figures.heat import Heat, numbers
from auditkit.reports.figures.plain_table import Table, bounded, cell
from auditkit.reports.figures.sheet import LINE, SMALL, STRONG, Sheet, Type, columns, wrapped
from auditkit.reports.formatting import count, plain
from auditkit.reports.text import shorten

WIDTH, HEIGHT, ROW, GAP = 720, 20, 38, 30
LETTER, NUMBER, MOST_TOKENS, LONGEST_TOKEN, NUMBERED, HOTTEST = 7.9, 32.0, 120, 28, 8, 25
MONO = "DejaVu Sans Mono, Menlo, Consolas, monospace"
WORD = Type(13, style.INK, "center", family=MONO)
MARKED = 0.1
"""Of the strongest possible heat: what lies under it carries no line and no number."""


def draw(figure: Figure) -> alt.TopLevelMixin:
    """Each text with its words on their colours, a line under each that matters.

    A solid line says towards, a dashed one against, so that a print in grey keeps the direction;
    the words that matter most have their number under them. A token is written as it is, never
    interpreted.
    """
    items = [dict(item) for item in figure.data["items"]]
    drawn = items[: panels.MOST]
    notes = [
        f"n = {count(figure.data['n'])}. Orange and a solid line: towards the output. "
        "Blue and a dashed line: against it.",
        "The number under a word: its heat, from −1 to 1, for the words that matter most.",
        panels.left_out(len(drawn), len(items), "texts"),
    ]
    sheet, y = Sheet(), 0.0
    for item in drawn:
        y = _item(sheet, item, y) + GAP
    return sheet.chart(style.title(figure.title, notes))


def _item(sheet: Sheet, item: dict[str, Any], y: float) -> float:
    """One text with its label; returns where it ends."""
    label = trust.trust_of(item)
    y = sheet.paragraph((0, y), wrapped(str(item["title"]), WIDTH, STRONG.size, 2), STRONG)
    y = sheet.paragraph((0, y), [f"n = {count(item['n'])}"], SMALL) + 4
    if label.withheld:
        trust.put_instead(sheet, (0, y, WIDTH, 48), label)
        return trust.put_label(sheet, (0, y + 54), label)
    y = _text(sheet, _tokens(item), y)
    return trust.put(sheet, (0, y), label, WIDTH)


def _tokens(item: dict[str, Any]) -> list[tuple[str, float]]:
    """Words and their heat, an absent one being none.

    Raises:
        ValueError: there are not as many numbers as words.
    """
    tokens = list(item["tokens"])
    heat = numbers(item["heat"]) if tokens else np.zeros(len(item["heat"]))
    if len(tokens) != len(heat):
        raise ValueError(f"{len(tokens)} tokens, but {len(heat)} numbers")
    return list(zip(map(shown, tokens), np.nan_to_num(heat).tolist(), strict=True))


def shown(token: Any) -> str:
    r"""A token as it is read on paper: what is blank gets a sign, what is endless an ellipsis.

    >>> shown(" "), shown("\n"), shown(""), shown("<b>")
    ('␣', '⏎', '∅', '<b>')
    """
    text = str(token)
    blank = "".join("⏎" if letter == "\n" else "␣" for letter in text[:LONGEST_TOKEN])
    return shorten(text, LONGEST_TOKEN) or blank or "∅"


def _text(sheet: Sheet, tokens: list[tuple[str, float]], y: float) -> float:
    if not tokens:
        return sheet.paragraph((0, y), ["(no words)"], SMALL)
    drawn = tokens[:MOST_TOKENS]
    sizes = sorted((abs(heat) for _, heat in drawn), reverse=True)
    numbered = max(sizes[min(NUMBERED, len(sizes)) - 1], MARKED)
    # Half of the scale, since letters must be read on its strongest colour.
    scale = Heat(2.0 * max(1.0, sizes[0]), signed=True)
    x = 0.0
    for (word, heat), colour in zip(drawn, scale.hexes([heat for _, heat in drawn]), strict=True):
        told = abs(heat) >= numbered
        width = max((columns(word) + 1) * LETTER, NUMBER if told else 0.0)
        if x > 0 and x + width > WIDTH:
            x, y = 0.0, y + ROW
        _word(sheet, (x, y, width), (word, heat, told), colour)
        x += width + 3
    y += ROW
    left = len(tokens) - len(drawn)
    return sheet.paragraph((0, y), [f"… and {count(left)} more tokens."], SMALL) if left else y


def _word(
    sheet: Sheet, place: tuple[float, float, float], token: tuple[str, float, bool], colour: str
) -> None:
    (x, y, width), (word, heat, numbered) = place, token
    if abs(heat) >= MARKED:
        sheet.box((x, y, width, HEIGHT), colour)
        sheet.line(
            (x, y + HEIGHT + 1), (x + width, y + HEIGHT + 1), "bold" if heat > 0 else "dashed"
        )
    sheet.write(x + width / 2, y + HEIGHT / 2, word, WORD)
    if numbered:
        middle = Type(10, style.QUIET, "center")
        sheet.write(x + width / 2, y + HEIGHT + 3 + LINE / 2, plain(heat, 2), middle)


def tables(figure: Figure) -> list[Table]:
    """The texts with their labels; then the words of each that matter most, counted from 1."""
    items = [dict(item) for item in figure.data["items"]]
    rows = [
        [cell(item["title"]), cell(place + 1), word, cell(heat)]
        for item in items
        if not trust.trust_of(item).withheld
        for place, (word, heat) in _hottest(_tokens(item))
    ]
    first = trust.table(items, ("title", "n"))
    return [first, (["text", "place", "token", "heat"], bounded(rows))] if rows else [first]


def _hottest(tokens: list[tuple[str, float]]) -> list[tuple[int, tuple[str, float]]]:
    return sorted(enumerate(tokens), key=lambda one: -abs(one[1][1]))[:HOTTEST]
