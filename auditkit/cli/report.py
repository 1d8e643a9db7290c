"""`auditkit report`: a stored record as a document."""

from __future__ import annotations

from pathlib import Path

import click

from auditkit.cli.options import store_option


@click.command("report")
@click.argument("record", default="latest")
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("report.html"),
    show_default=True,
    help="The suffix says what it becomes: .html, .xml (JUnit) or .json.",
)
@store_option
def command(record: str, output: Path, store: Path | None) -> None:
    """Write RECORD (an id, `latest`, or a record.json) as HTML, JUnit XML or JSON."""
    from auditkit.cli.records import find_record
    from auditkit.reports import write_report

    click.echo(write_report(find_record(record, store), output))
