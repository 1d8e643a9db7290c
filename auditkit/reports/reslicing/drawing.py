"""Charts of a crossing, in the look of the report's figures of group rates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import altair as alt

from auditkit.reports.figures import group_rates, style
from auditkit.reports.formatting import Scale, count
from auditkit.reports.reslicing.cells import Resliced
from auditkit.reports.reslicing.questions import Cell
from auditkit.reports.reslicing.stored_tables import is_group
from auditkit.reports.text import distinct, shorten
from auditkit.statistics.group_rates import GROUP_RATES

WITHHELD = "withheld"
NOT_DEFINED = "not defined"

_LABELS = 34
_WHOLE = (0.0, 100.0)
_PREPOSITIONS = {"ratio": "to", "difference": "from"}
_COLOUR, _SHAPE = style.QUIET, "circle"


@dataclass(frozen=True)
class Compared:
    """How the cells of a crossing compare.

    Attributes:
        cells: `Resliced.compared(reference, form)`.
        reference: with what, one level for each attribute of `anchored`.
        form: `ratio` or `difference`.
    """

    cells: Sequence[Cell]
    reference: tuple[str, ...]
    form: str

    @classmethod
    def of(cls, sliced: Resliced, reference: tuple[str, ...], form: str) -> Compared:
        """Every cell against its reference."""
        return cls(sliced.compared(reference, form), reference, form)


def rate_scale() -> Scale:
    """How rates are written."""
    return Scale({"unit": "share"})


def compared_scale(form: str) -> Scale:
    """How ratios, or differences, are written."""
    return Scale({"unit": "share", "comparison": True} if form == "difference" else {})


def cell_names(sliced: Resliced, cells: Sequence[Cell]) -> list[str]:
    """What each cell is called: its levels, those of controls first."""
    names = []
    for cell in cells:
        by_attribute = dict(zip(sliced.crossed, cell.levels, strict=True))
        groups = ", ".join(level for name, level in by_attribute.items() if is_group(name))
        controls = ", ".join(level for name, level in by_attribute.items() if not is_group(name))
        names.append(": ".join(part for part in (controls, groups) if part))
    return names


def absence(cell: Cell) -> str:
    """Why a cell has no value, in a word or two; "" if it has one."""
    if cell.value is not None:
        return ""
    return WITHHELD if cell.n is None else NOT_DEFINED


def rate_chart(
    sliced: Resliced, cells: Sequence[Cell], compared: Compared | None = None
) -> alt.TopLevelMixin:
    """The rate of each cell; beside it, where it is compared, how it compares.

    Args:
        sliced: which rate, by which attributes.
        cells: its `cells()`.
        compared: how they compare; None where nothing is compared.
    """
    others = [Cell((), None)] * len(cells) if compared is None else compared.cells
    names = distinct(cell_names(sliced, cells), _LABELS)[: group_rates.MOST_GROUPS]
    form = "" if compared is None else compared.form
    rows = [
        {"label": name, **_rate(cell), **_comparison(other, form)}
        for name, cell, other in zip(names, cells, others, strict=False)
    ]
    title = GROUP_RATES[sliced.rate].title
    left = group_rates.rates_panel(rows, title, rate_scale(), _WHOLE)
    notes = list(_notes(cells, len(rows)))
    if compared is not None and len(sliced.anchored) < len(sliced.crossed):
        notes.append("Compared with the reference at the same level of every control.")
    heading = style.title(title, notes)
    if compared is None:
        return style.finished(left.properties(title=heading))
    axis = f"{form.capitalize()} {_PREPOSITIONS[form]} {shorten(', '.join(compared.reference), 30)}"
    right = group_rates.comparisons_panel(rows, axis, compared_scale(form), None)
    return style.finished(alt.hconcat(left, right, spacing=20, title=heading))


def _notes(cells: Sequence[Cell], drawn: int) -> Iterator[str]:
    without = " without what is withheld" if any(cell.n is None for cell in cells) else ""
    yield f"n = {count(sum(cell.n or 0 for cell in cells))}{without}; lines: 90 % intervals."
    if drawn < len(cells):
        yield f"The first {drawn} of {count(len(cells))} cells are drawn."


def _rate(cell: Cell) -> style.Row:
    row = style.drawn(_numbers(cell), rate_scale())
    words = absence(cell) or row["text"]
    return {**row, "text": words if cell.n is None else f"{words},  n = {count(cell.n)}"}


def _comparison(cell: Cell, form: str) -> style.Row:
    half = style.drawn(_numbers(cell), compared_scale(form))
    if cell.value is None:
        half["text"] = "reference" if cell.reference else "not compared"
    row = {f"c_{name}": value for name, value in half.items()}
    return {**row, "colour": _COLOUR, "shape": _SHAPE}


def _numbers(cell: Cell) -> Mapping[str, float | None]:
    if cell.interval is None:
        return {"value": cell.value}
    return {"value": cell.value, "low": cell.interval.low, "high": cell.interval.high}
