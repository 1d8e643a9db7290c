"""A comparison of two versions in the terminal: the answer, then where it comes from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from auditkit.cli.terminal import console
from auditkit.reports.comparison_view import (
    MULTIPLE,
    STATUSES,
    ComparedRow,
    facts,
    other_rows,
    rows_of,
)
from auditkit.versions import ComparedHead, VersionComparison

_STYLES = {
    "pass": "bold green",
    "fail": "bold red",
    "inconclusive": "bold yellow",
    "unjudged": "dim",
}


def print_comparison(comparison: VersionComparison, written: Sequence[Path]) -> None:
    """The answer in a sentence, what was compared, and a table for each output."""
    out = console()
    style = _STYLES[STATUSES[comparison.word]]
    out.print(f"[{style}]{comparison.word.upper()}[/] {escape(comparison.answer)}\n")
    for term, text in facts(comparison):
        out.print(f"[dim]{term}[/dim] {escape(text)}")
    for head in comparison.heads:
        _print_head(out, head)
    out.print(f"\n[dim]{MULTIPLE}[/dim]")
    for note in comparison.notes:
        out.print(f"[dim]note[/dim] {escape(note)}")
    for path in written:
        out.print(f"report  {path}", soft_wrap=True)


def _print_head(out: Console, head: ComparedHead) -> None:
    of = f" of {escape(head.title)}" if head.title else ""
    out.print(f"\n[bold]{head.measure}{of}[/bold]")
    for sentence in head.answer[1:]:
        out.print(escape(sentence))
    rows = rows_of(head)
    flips = head.whole.wins is not None
    out.print(_table(rows, "of", flips=flips))
    for row in rows:
        if row.note:
            out.print(f"[dim]{escape(row.title)}[/dim] {escape(row.note)}")
    if head.others:
        out.print(_table(other_rows(head), "of all rows", flips=False))


def _table(rows: Sequence[ComparedRow], heading: str, *, flips: bool) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    names = [heading, "B stands to A", "B better by", "90 % interval", "n"]
    for name in [*names, *(["B alone right", "A alone right"] if flips else [])]:
        table.add_column(name, overflow="fold")
    for row in rows:
        told = row.word if row.status != "unjudged" else "not told"
        table.add_row(
            escape(row.title),
            f"[{_STYLES[row.status]}]{told}[/]",
            row.difference,
            row.span,
            row.n,
            *([row.gained, row.lost] if flips else []),
        )
    return table
