"""The report as one HTML file that needs nothing else: no request, no script, no font, no image."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from auditkit.measurement import Figure
from auditkit.policy.verdict import Judgement, VerdictStatus
from auditkit.records.record import AuditRecord
from auditkit.reports.advice_view import AdviceView, advice_views
from auditkit.reports.facts import audited, flattened
from auditkit.reports.figures import picture, tables
from auditkit.reports.figures.plain_table import Table
from auditkit.reports.findings import cautions, headline
from auditkit.reports.formatting import moment
from auditkit.reports.measurement_view import absent_by_reason, readable_families
from auditkit.reports.text import shorten, visible
from auditkit.reports.verdict_view import ordered_figures, requirements
from auditkit.reports.wording import VERDICTS

LONGEST_POLICY = 40_000
"""Characters of the policy's text that are shown."""


@dataclass(frozen=True)
class ShownFigure:
    """A figure with its drawing; `svg` is empty where only a table can be shown."""

    title: str
    caption: str
    svg: Markup
    tables: list[Table]


def render(record: AuditRecord) -> str:
    """The whole report of a record as HTML.

    Every text that came from outside is escaped, and made visible where it holds characters that
    reorder or hide others. The page allows itself no script and no request by a content security
    policy.
    """
    return (
        environment()
        .get_template("report.html.j2")
        .render(
            record=record,
            headline=headline(record),
            cautions=cautions(record),
            audited=audited(record),
            requirements=requirements(record),
            statuses=_statuses(record.judgement),
            figures=[shown_figure(figure, record.judgement) for figure in ordered_figures(record)],
            advice=[_with_drawing(view, record.judgement) for view in advice_views(record)],
            families=readable_families(record),
            absent=absent_by_reason(record),
            not_applicable=record.judgement.not_applicable if record.judgement else (),
            descriptions=_descriptions(record),
            contents=_contents(record),
        )
    )


def render_summary(record: AuditRecord) -> str:
    """Outcome and verdict table alone, for a notebook; styled inline, without a style sheet."""
    return (
        environment()
        .get_template("summary.html.j2")
        .render(record=record, headline=headline(record), requirements=requirements(record))
    )


@cache
def environment() -> Environment:
    """The templates, with the filters of every page; all text is escaped and made visible."""
    made = Environment(
        loader=PackageLoader("auditkit.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_finalised,
    )
    made.filters.update(
        short=shorten,
        short_block=lambda text: visible(text[:LONGEST_POLICY]),
        moment=moment,
        lower_first=lambda text: text[:1].lower() + text[1:] if text[1:2].islower() else text,
        colour=_colour,
    )
    return made


def _finalised(value: Any) -> Any:
    """Applied to every expression of a template, before it is escaped."""
    return visible(value) if type(value) is str else value


def _colour(status: str) -> str:
    return VERDICTS[VerdictStatus(status)].colour if status != "unjudged" else "#56616d"


def shown_figure(figure: Figure, judgement: Judgement | None = None) -> ShownFigure:
    """A figure with its drawing, for a template."""
    # Marked as safe, since it was rebuilt from harmless elements and attributes alone.
    drawing = Markup(picture(figure, judgement) or "")
    return ShownFigure(figure.title, figure.caption, drawing, tables(figure))


def _with_drawing(view: AdviceView, judgement: Judgement | None) -> dict[str, Any]:
    """An advice with its figure drawn."""
    shown = {one.name: getattr(view, one.name) for one in fields(view)}
    figure = None if view.figure is None else shown_figure(view.figure, judgement)
    return {**shown, "figure": figure}


def _statuses(judgement: Judgement | None) -> list[tuple[str, Any]]:
    present = {verdict.status for verdict in judgement.verdicts} if judgement else set()
    return [(status.value, words) for status, words in VERDICTS.items() if status in present]


def _descriptions(record: AuditRecord) -> list[tuple[str, list[tuple[str, str]]]]:
    timing = {name: f"{seconds:.2f} s" for name, seconds in record.timing.items()}
    return [
        ("Model", list(flattened(record.model))),
        ("Data", list(flattened(record.data))),
        ("Settings", list(flattened(record.settings))),
        ("Versions", [("auditkit", record.version), *flattened(record.environment)]),
        ("Time taken", list(flattened(timing))),
    ]


def _contents(record: AuditRecord) -> list[tuple[str, str]]:
    judgement = record.judgement
    entries = [
        ("audited", "What was audited", 1),
        ("why", "Why", 1 if judgement else 0),
        ("mending", "What would mend it", len(record.advice)),
        ("figures", f"Figures ({len(record.figures)})", len(record.figures)),
        ("measurements", f"Measurements ({len(record.measurements)})", 1),
        ("not-tested", f"Not tested ({len(record.not_tested)})", 1),
        ("small-groups", "Groups listed", len(judgement.small_groups) if judgement else 0),
        ("notes", f"Notes ({len(record.notes)})", len(record.notes)),
        ("provenance", "Provenance", 1),
    ]
    return [(anchor, title) for anchor, title, present in entries if present]
