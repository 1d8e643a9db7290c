"""How far an explanation can be trusted: the label beside every picture of one.

A mark, a word and a colour, so that a print in grey and every kind of colour vision keep it, and
the reason in a sentence. A map that is withheld is not drawn: its reason stands in its place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt

from auditkit.measurement import Figure
from auditkit.reports.figures import style
from auditkit.reports.figures.plain_table import Table, bounded, cell
from auditkit.reports.figures.sheet import LINE, SMALL, Sheet, Type, wrapped
from auditkit.reports.text import shorten, visible

NO_REASON = "No reason was recorded."
NEVER_JUDGED = "Nobody recorded how far this can be trusted, so it is not drawn."
LONGEST_REASON = 400


@dataclass(frozen=True)
class Trust:
    """The label of one explanation.

    Attributes:
        label: `converged`, `tested`, `limited` or `withheld`.
        reason: a full sentence.
    """

    label: str
    reason: str

    @property
    def words(self) -> str:
        """The mark and the word: `● converged`."""
        return f"{_LOOKS[self.label][0]} {self.label}"

    @property
    def colour(self) -> str:
        """Dark enough for text on white."""
        return _LOOKS[self.label][1]

    @property
    def withheld(self) -> bool:
        """True where nothing is to be drawn."""
        return self.label == "withheld"


_LOOKS: Mapping[str, tuple[str, str]] = {
    "converged": ("●", "#0b5e8a"),
    "tested": ("●", "#0b5e8a"),
    "limited": ("◆", "#7a5200"),
    "withheld": ("✕", "#b3350c"),
}


def trust_of(item: Mapping[str, Any]) -> Trust:
    """The label of an item; what has none that is known is withheld.

    Example:
        >>> trust_of({"trust": {"label": "limited", "reason": "It was not tested."}}).words
        '◆ limited'
        >>> trust_of({"trust": None}).label
        'withheld'
    """
    given = item.get("trust")
    label = given.get("label") if isinstance(given, Mapping) else None
    if not isinstance(given, Mapping) or not isinstance(label, str) or label not in _LOOKS:
        return Trust("withheld", NEVER_JUDGED)
    reason = str(given.get("reason") or "").strip()
    return Trust(label, shorten(visible(reason), LONGEST_REASON) or NO_REASON)


def table(items: Sequence[Mapping[str, Any]], names: Sequence[str]) -> Table:
    """Each item with its label and the whole reason; `names` are its columns before these."""
    rows = []
    for item in items:
        trust = trust_of(item)
        rows.append([*(cell(item[name]) for name in names), trust.label, trust.reason])
    return [*names, "trust", "reason"], bounded(rows)


def put_label(sheet: Sheet, place: tuple[float, float], trust: Trust) -> float:
    """Mark and word on a sheet; returns where they end."""
    x, y = place
    sheet.write(x, y + LINE / 2, trust.words, Type(11.5, trust.colour, weight="bold"))
    return y + LINE + 1


def put(sheet: Sheet, place: tuple[float, float], trust: Trust, width: float) -> float:
    """The label with its reason under it, on a sheet; returns where it ends."""
    below = put_label(sheet, place, trust)
    return sheet.paragraph((place[0], below), wrapped(trust.reason, width, 11, 4), SMALL)


def put_instead(sheet: Sheet, place: tuple[float, float, float, float], trust: Trust) -> None:
    """The reason in the place of a map that is withheld: left, top, width and height."""
    left, top, width, height = place
    sheet.box(place, style.FEWEST, style.BAND)
    lines = wrapped(trust.reason, width - 16, SMALL.size, max(int((height - 12) / LINE), 1))
    sheet.paragraph((left + 8, top + 6), lines, Type(11, style.INK))


def panel_title(name: str, trust: Trust, width: float, detail: str = "") -> alt.TitleParams:
    """The title of a panel with axes: its name, and the label with its reason under it.

    The reason of what is withheld is not repeated here, since it stands in the panel.
    """
    reason = [] if trust.withheld else wrapped(trust.reason, width, 11, 3)
    return alt.TitleParams(
        text=wrapped(name, width, 13, 2),
        subtitle=[f"{trust.words}{f' · {detail}' if detail else ''}", *reason],
        fontSize=13,
        subtitleFontSize=11,
        subtitleLineHeight=LINE - 1,
        subtitleColor=trust.colour,
        anchor="start",
        frame="group",
        offset=8,
    )


def panel_instead(size: tuple[float, float], trust: Trust, title: alt.TitleParams) -> alt.Chart:
    """A panel with the reason in it, in the place of one that is withheld."""
    sheet = Sheet()
    put_instead(sheet, (0, 0, *size), trust)
    return sheet.chart(title)


def spoken(figure: Figure) -> str:
    """The title, and for each labelled item its name and label: what a screen reader says.

    Example:
        >>> map_ = {"title": "digit 3", "trust": {"label": "converged", "reason": "It did."}}
        >>> spoken(Figure("heat_maps", "Maps", "", "explanation", {"items": [map_]}))
        'Maps. digit 3: converged.'
    """
    items = [
        item
        for name in ("items", "rows")
        for item in _rows(figure.data.get(name))
        if "trust" in item
    ]
    told = [f"{_name(item)}: {trust_of(item).label}" for item in items[:MOST_SPOKEN]]
    left = len(items) - len(told)
    rest = [f"and {left} more"] if left > 0 else []
    return f"{figure.title}. {'; '.join([*told, *rest])}." if told else figure.title


MOST_SPOKEN = 12


def _rows(value: Any) -> list[Mapping[str, Any]]:
    rows = value if isinstance(value, list | tuple) else ()
    return [row for row in rows if isinstance(row, Mapping)]


def _name(item: Mapping[str, Any]) -> str:
    return shorten(" ".join(str(item[key]) for key in ("title", "method", "curve") if key in item))
