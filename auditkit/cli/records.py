"""A record named on the command line: in the store, or a file of its own."""

from __future__ import annotations

from pathlib import Path

from auditkit.cli.options import store_folder
from auditkit.records.record import AuditRecord


def find_record(reference: str, store: Path | None) -> AuditRecord:
    """The record that `reference` names: an id, the start of one, `latest`, or a record.json.

    Raises:
        StoreError: there is no such record, or it was changed after it was written.
    """
    path = Path(reference)
    if path.suffix == ".json":
        from auditkit.records import load_record_file

        return load_record_file(path)
    from auditkit.records import open_store

    return open_store(store_folder(store), create=False).load(reference)
