"""A record named on the command line: in the store, or a file of its own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from auditkit.cli.options import store_folder
from auditkit.records.record import AuditRecord

if TYPE_CHECKING:
    from auditkit.records import Signature


def find_record(reference: str, store: Path | None) -> AuditRecord:
    """The record that `reference` names: an id, the start of one, `latest`, or a record.json.

    Raises:
        StoreError: there is no such record, or it was changed after it was written.
    """
    path = Path(reference)
    if path.suffix == ".json":
        from auditkit.records import load_record_file

        # The store keeps a digest of what it wrote; a file has nothing to be held against.
        click.echo(f"note: {path} was read from outside a store, unprotected from edits", err=True)
        return load_record_file(path)
    from auditkit.records import open_store

    return open_store(store_folder(store), create=False).load(reference)


def signatures_of(reference: str, store: Path | None) -> tuple[Signature, ...]:
    """The decisions on a record, oldest first; none for a record.json, which has no log."""
    from auditkit.records import open_store

    if Path(reference).suffix == ".json":
        return ()
    return open_store(store_folder(store), create=False).signatures(reference)
