"""Whether a report can be written, asked before hours of model time rather than after."""

from __future__ import annotations

import tempfile
from pathlib import Path

from auditkit.errors import OutputError
from auditkit.reports.write import renderer_for


def check_writable(path: str | Path) -> None:
    """Refuse a place where no file can be written; nothing stays behind.

    Raises:
        OutputError: names the folder and what the system said, or the suffix that says nothing.
    """
    target = Path(path)
    renderer_for(target)
    check_folder(target)


def check_folder(target: Path) -> None:
    """Refuse a file in whose folder nothing can be written.

    Raises:
        OutputError: names the folder and what the system said.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=target.parent, prefix=".auditkit-"):
            pass
    except OSError as error:
        raise OutputError(
            f"The report {target} cannot be written: {error.strerror or error}.",
            mend="Name another place with --report, or make the folder writable.",
        ) from error
