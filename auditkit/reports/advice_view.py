"""Advice as the report shows it: what would mend a finding, option by option, and its cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from auditkit.measurement import Figure, Measurement, MeasurementKey, Slice
from auditkit.mending import Advice, Option
from auditkit.records.record import AuditRecord
from auditkit.reports.formatting import is_exact, scale_of, size
from auditkit.reports.text import shorten
from auditkit.reports.wording import ABSENCES, metric_title, values_of


@dataclass(frozen=True)
class Cell:
    """One number of one option; both texts are empty where the option has none."""

    value: str = ""
    span: str = ""
    note: str = ""


@dataclass(frozen=True)
class OptionRow:
    """One thing measured, under every option."""

    name: str
    n: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class AdviceView:
    """One advice as the report shows it; every text is still to be escaped."""

    title: str
    sentences: tuple[str, ...]
    cost: tuple[str, ...]
    caution: str
    limits: tuple[str, ...]
    options: tuple[str, ...]
    rows: tuple[OptionRow, ...]
    figure: Figure | None


def advice_views(record: AuditRecord) -> list[AdviceView]:
    """All advice of a record, in its order."""
    return [
        AdviceView(
            advice.title,
            advice.sentences,
            advice.cost,
            advice.caution,
            advice.limits,
            tuple(option.title for option in advice.options),
            tuple(_rows(advice, record)),
            advice.figure,
        )
        for advice in record.advice
    ]


def advice_line(record: AuditRecord) -> str:
    """One line for a terminal; "" where there is no advice."""
    if not record.advice:
        return ""
    titles = "; ".join(advice.title for advice in record.advice)
    return f"What would mend it, and what that costs, is in the report: {titles}."


def _rows(advice: Advice, record: AuditRecord) -> list[OptionRow]:
    """The numbers of all options side by side, in the order of the last, which has the most."""
    by_option = [_by_key(option) for option in advice.options]
    keys = dict.fromkeys(key for numbers in reversed(by_option) for key in numbers)
    return [_row(key, [numbers.get(key) for numbers in by_option], advice, record) for key in keys]


def _by_key(option: Option) -> dict[MeasurementKey, Measurement]:
    return {replace(one.key, split=""): one for one in option.measurements}


def _row(
    key: MeasurementKey, numbers: list[Measurement | None], advice: Advice, record: AuditRecord
) -> OptionRow:
    definitions = {**record.definitions, **advice.definitions}
    title = metric_title(key.metric, definitions).removesuffix(" of a group")
    about = "" if key.slice == Slice() else f": {values_of(key.slice)}"
    against = "" if key.reference is None else f" compared with {values_of(key.reference)}"
    sizes = [size(one) for one in numbers if one is not None]
    return OptionRow(
        name=f"{shorten(title)}{about}{against}",
        n=sizes[0] if sizes else "",
        cells=tuple(_cell(one, definitions) for one in numbers),
    )


def _cell(number: Measurement | None, definitions: Mapping[str, Mapping[str, Any]]) -> Cell:
    if number is None:
        return Cell()
    scale = scale_of(number.key.metric, definitions)
    if number.value is None:
        return Cell(ABSENCES[number.status], note=number.reason)
    interval = None if is_exact(number) else number.interval
    span = "" if interval is None else scale.span(interval, number.value)
    return Cell(scale.value(number.value, interval), span, number.reason)
