"""Records of audits: what one is, the store that keeps them, and the sign-off log.

Nothing is imported before it is used, so that reading one record needs no database.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from auditkit.records.identifiers import new_id
    from auditkit.records.record import AuditRecord
    from auditkit.records.record_file import load_record_file
    from auditkit.records.runs import RunFilter, RunSummary
    from auditkit.records.signatures import Signature, SignOff
    from auditkit.records.store import Store, open_store

__all__ = [
    "AuditRecord",
    "RunFilter",
    "RunSummary",
    "SignOff",
    "Signature",
    "Store",
    "load_record_file",
    "new_id",
    "open_store",
]

_HOMES = {
    "AuditRecord": "record",
    "RunFilter": "runs",
    "RunSummary": "runs",
    "SignOff": "signatures",
    "Signature": "signatures",
    "Store": "store",
    "load_record_file": "record_file",
    "new_id": "identifiers",
    "open_store": "store",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
