"""`auditkit sign`: a reviewer's decision, appended to the log beside a record."""

from __future__ import annotations

import getpass
from pathlib import Path

import click

from auditkit.cli.options import store_folder, store_option


@click.command("sign")
@click.argument("record")
@click.option("--decision", type=click.Choice(["approve", "reject", "comment"]), required=True)
@click.option("--reason", required=True, help="Why, in a sentence or more.")
@click.option("--who", default=None, help="Who decides.  [default: the user of this machine]")
@store_option
def command(record: str, decision: str, reason: str, who: str | None, store: Path | None) -> None:
    """Append a decision on RECORD (an id or `latest`) to its log; nothing is overwritten."""
    from auditkit.records import open_store

    signature = open_store(store_folder(store), create=False).sign(
        record, decision, reason, who or getpass.getuser()
    )
    click.echo(f"{signature.who}: {signature.decision} record {signature.record}")
