"""`auditkit runs`: what the store holds."""

from __future__ import annotations

from pathlib import Path

import click

from auditkit.cli.options import store_folder, store_option


@click.command("runs")
@store_option
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True)
def command(store: Path | None, limit: int) -> None:
    """List the stored records, the newest first."""
    from rich.markup import escape
    from rich.table import Table

    from auditkit.cli.terminal import console
    from auditkit.records import open_store

    opened = open_store(store_folder(store), create=False)
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("record", "when (UTC)", "name", "verdict", "policy", "rows", "signed"):
        table.add_column(column, overflow="fold")
    for run in opened.runs(limit=limit):
        table.add_row(
            run.id,
            run.created[:16].replace("T", " "),
            escape(run.name),
            run.outcome or "not judged",
            run.policy or "",
            "" if run.rows is None else f"{run.rows:,}",
            str(run.signed or ""),
        )
    console().print(table)
