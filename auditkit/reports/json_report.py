"""The record as JSON, for programs."""

from __future__ import annotations

import json
import math
from typing import Any

from auditkit.records.record import AuditRecord, record_to_plain


def render(record: AuditRecord) -> str:
    """All of a record as JSON text with sorted keys, so that two reports can be compared by line.

    JSON has no infinity and no NaN: such numbers become null.
    """
    plain = _strict(record_to_plain(record))
    return json.dumps(plain, indent=1, sort_keys=True, ensure_ascii=True, allow_nan=False) + "\n"


def _strict(value: Any) -> Any:
    """The same value made of JSON's own types; anything else becomes its text."""
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, dict):
        return {str(key): _strict(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_strict(item) for item in value]
    return _strict(value.tolist()) if hasattr(value, "tolist") else str(value)
