"""Where the store lies when nobody names its folder."""

from __future__ import annotations

import os
from pathlib import Path

VARIABLE = "AUDITKIT_STORE"
DEFAULT = Path(".auditkit")


def store_folder(given: Path | None, configured: str | Path | None = None) -> Path:
    """The store's folder: as given, else as configured, else $AUDITKIT_STORE, else `.auditkit`."""
    if given is not None:
        return given
    return Path(configured or os.environ.get(VARIABLE) or DEFAULT)
