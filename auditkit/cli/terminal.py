"""A run in the terminal: the verdict, why, and where to read more."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from auditkit.policy import Judgement, Verdict, VerdictStatus
from auditkit.records.record import AuditRecord
from auditkit.reports.advice_view import advice_line
from auditkit.run import Run

if TYPE_CHECKING:
    from auditkit.policy import Plan, Policy
    from auditkit.records import Signature

_STYLE = {
    VerdictStatus.PASS: "bold green",
    VerdictStatus.FAIL: "bold red",
    VerdictStatus.MISSING: "bold red",
    VerdictStatus.INCONCLUSIVE: "bold yellow",
    VerdictStatus.WAIVED: "bold cyan",
}
_REASONS = 12
_UNMET = (VerdictStatus.FAIL, VerdictStatus.MISSING, VerdictStatus.INCONCLUSIVE)


def console() -> Console:
    """Standard output, as wide as the terminal, and readable where it is none."""
    found = Console(highlight=False)
    return found if found.is_terminal else Console(highlight=False, width=110)


def print_record(record: AuditRecord, *, stored: bool = False) -> None:
    """Verdict, reasons and what was not tested."""
    out = console()
    out.print(f"[bold]{escape(record.name)}[/bold]  record {record.id}")
    if stored:
        out.print("The same model, data, policy and seed were judged before: the stored verdict.")
    if record.judgement is None:
        out.print("Measured; no policy was asked.")
    else:
        _print_judgement(out, record.judgement)
    if line := advice_line(record):
        out.print(f"\n[bold]advice[/bold] {escape(line)}")
    for note in record.notes:
        out.print(f"[dim]note[/dim] {escape(note)}")
    if record.not_tested:
        out.print(f"\n[bold]Not tested[/bold] ({len(record.not_tested)} points, in the report)")
        for sentence in record.not_tested[:6]:
            out.print(f"  [dim]·[/dim] {escape(sentence)}")


def print_run(run: Run, written: Sequence[Path]) -> None:
    """A run, and where its record and reports lie."""
    print_record(run.record, stored=run.stored)
    out = console()
    out.print()
    for path in written:
        out.print(f"report  {path}", soft_wrap=True)
    if run.store is not None:
        out.print(f"record  {run.record.id} in {run.store}", soft_wrap=True)


def _print_judgement(out: Console, judgement: Judgement) -> None:
    style = _STYLE[judgement.outcome]
    look = "" if judgement.look == 1 else f" (look {judgement.look} at this model)"
    exploratory = ", exploratory" if judgement.exploratory else ""
    warned = {v.requirement for v in judgement.verdicts if not v.blocks and v.status in _UNMET}
    if warned and judgement.outcome is VerdictStatus.PASS:
        exploratory += f"; {len(warned)} only warn: {', '.join(sorted(warned))}"
    out.print(
        f"[{style}]{judgement.outcome.value.upper()}[/{style}] under "
        f"{escape(judgement.policy)}{look}{exploratory}\n"
    )
    table = Table(box=None, pad_edge=False, show_header=True, header_style="dim")
    for column in ("verdict", "blocks", "requirement", "on"):
        table.add_column(column, overflow="fold")
    verdicts = sorted(judgement.verdicts, key=_rank)
    for verdict in verdicts:
        table.add_row(
            f"[{_STYLE[verdict.status]}]{verdict.status.value}[/]",
            "yes" if verdict.blocks else "",
            escape(verdict.requirement),
            escape(verdict.subject),
        )
    out.print(table)
    _print_reasons(out, verdicts)
    for sentence in judgement.small_groups:
        out.print(f"[dim]not judged[/dim] {escape(sentence)}")


def _print_reasons(out: Console, verdicts: Sequence[Verdict]) -> None:
    unmet = [verdict for verdict in verdicts if verdict.status is not VerdictStatus.PASS]
    for verdict in unmet[:_REASONS]:
        out.print(f"\n[{_STYLE[verdict.status]}]{verdict.status.value}[/] {escape(verdict.reason)}")
    if len(unmet) > _REASONS:
        out.print(f"\n… and {len(unmet) - _REASONS} more, in the report.")


def _rank(verdict: Verdict) -> tuple[bool, int, str]:
    worst_first = {VerdictStatus.FAIL: 0, VerdictStatus.MISSING: 1, VerdictStatus.INCONCLUSIVE: 2}
    return not verdict.blocks, worst_first.get(verdict.status, 3), verdict.requirement


def print_measurements(record: AuditRecord) -> None:
    """Every number with its interval and n, or the reason why it has none."""
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("measurement", "value", "90 % interval", "n"):
        table.add_column(column, overflow="fold")
    for measurement in record.measurements:
        interval = measurement.interval
        table.add_row(
            escape(str(measurement.key)),
            measurement.status.value if measurement.value is None else f"{measurement.value:.4g}",
            escape(measurement.reason)
            if interval is None
            else f"{interval.low:.4g} to {interval.high:.4g}",
            "not told" if measurement.uncounted else f"{measurement.units:,}",
        )
    console().print(table)


def print_plan(policy: Policy, planned: Plan) -> None:
    """What can be decided, and how many units would decide the rest."""
    out = console()
    out.print(f"[bold]{escape(policy.title)}[/bold] ({escape(policy.id)})\n")
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("requirement", "on", "units", "to pass a fine value", "to fail a bad one"):
        table.add_column(column, overflow="fold")
    for row in planned.rows:
        table.add_row(
            escape(row.requirement),
            escape(row.subject),
            "unknown" if row.units is None else f"{row.units:,}",
            _needed(row.to_pass, row.fine, enough=row.can_pass),
            _needed(row.to_fail, row.bad, enough=row.can_fail),
        )
    if planned.rows:
        out.print(table)
        out.print(
            f"\n{len(planned.undecidable)} of {len(planned.rows)} could not pass even if all were "
            f"fine (with probability {planned.power:g})."
        )
    else:
        out.print("How many rows decide cannot be told before the run, of any requirement:")
    for title, sentences in (
        ("will be missing", planned.missing),
        ("small group", planned.small_groups),
        ("does not apply", planned.not_applicable),
        ("cannot be planned", planned.unplanned),
    ):
        for sentence in sentences:
            out.print(f"[dim]{title}[/dim] {escape(sentence)}")


def _needed(units: int | None, value: float, *, enough: bool) -> str:
    if units is None:
        return f"{value:g}: no number would"
    style = "green" if enough else "yellow"
    return f"[{style}]{units:,}[/] (at {value:g})"


def print_signatures(signatures: Sequence[Signature]) -> None:
    """Who decided what, and why."""
    out = console()
    for one in signatures:
        out.print(
            f"signed {one.at[:16].replace('T', ' ')} by {escape(one.who)}: "
            f"[bold]{escape(str(one.decision))}[/bold], {escape(one.reason)}"
        )
