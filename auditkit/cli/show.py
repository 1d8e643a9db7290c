"""`auditkit show`: one record in the terminal."""

from __future__ import annotations

from pathlib import Path

import click

from auditkit.cli.options import store_option


@click.command("show")
@click.argument("record", default="latest")
@store_option
@click.option("--measurements", is_flag=True, help="List every number with its interval and n.")
def command(record: str, store: Path | None, measurements: bool) -> None:
    """Show RECORD (an id, `latest`, or a record.json)."""
    from auditkit.cli.records import find_record, signatures_of
    from auditkit.cli.terminal import print_measurements, print_record, print_signatures

    found = find_record(record, store)
    print_record(found)
    print_signatures(signatures_of(record, store))
    if measurements:
        print_measurements(found)
