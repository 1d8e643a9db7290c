"""Reports to files: whole, or not at all."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path

from auditkit.errors import OutputError
from auditkit.records.record import AuditRecord

Renderer = Callable[[AuditRecord], str]


def write_report(
    record: AuditRecord,
    path: str | Path,
    format: str | None = None,  # noqa: A002 (the word that users expect)
) -> Path:
    """Write a report, atomically: a reader never sees half of one, an old one stays until the end.

    Args:
        record: what to report.
        path: the file; missing folders are made.
        format: `html`, `junit` or `json`; by default after the path's suffix (`.html`, `.xml`,
            `.json`).

    Returns:
        The path written.

    Raises:
        OutputError: the format is unknown, or the file cannot be written; nothing is left behind.
    """
    target = Path(path)
    text = renderer_for(target, format)(record)
    write_text(target, text)
    return target


def renderer_for(path: Path, name: str | None = None) -> Renderer:
    """What renders a report for this path, or in this format.

    Raises:
        OutputError: neither the format nor the suffix is one that there is.
    """
    chosen = name or SUFFIXES.get(path.suffix.lower(), "")
    if chosen in RENDERERS:
        return RENDERERS[chosen]
    if name:
        raise OutputError(
            f"A report can be {', '.join(RENDERERS)}; found the format {name!r}.",
            mend="Choose one of these.",
        )
    raise OutputError(
        f"The suffix of {str(path)!r} names no format of a report: expected one of "
        f"{', '.join(SUFFIXES)}.",
        mend="Rename the file, or name the format.",
    )


def _html(record: AuditRecord) -> str:
    from auditkit.reports.html import render

    return render(record)


def _junit(record: AuditRecord) -> str:
    from auditkit.reports.junit import render

    return render(record)


def _json(record: AuditRecord) -> str:
    from auditkit.reports.json_report import render

    return render(record)


RENDERERS: Mapping[str, Renderer] = {"html": _html, "junit": _junit, "json": _json}
SUFFIXES: Mapping[str, str] = {".html": "html", ".htm": "html", ".xml": "junit", ".json": "json"}


def write_text(path: Path, text: str, *, called: str = "report") -> None:
    """Write a text file, `called` so for people, by way of a temporary one beside it.

    Raises:
        OutputError: it cannot be written; nothing is left behind, and an older file stays as it is.
    """
    temporary = path.parent / f".auditkit-{secrets.token_hex(8)}.tmp"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(temporary, text.encode("utf-8", errors="backslashreplace"))
        temporary.replace(path)
    except (OSError, ValueError) as error:  # ValueError: a path with a NUL character
        raise _output_error(path, error, called) from error
    finally:
        _remove(temporary)


def _write(path: Path, content: bytes) -> None:
    # O_EXCL: never through a file or link that somebody has laid there. The mode leaves the
    # decision to the user's umask, which a file from `tempfile` would not.
    descriptor = os.open(
        path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666
    )
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except (OSError, ValueError):
        return  # whatever kept the file from being written is already being reported


def _output_error(path: Path, error: OSError | ValueError, called: str) -> OutputError:
    mends = {
        errno.ENOSPC: "Free some space there, or name another folder.",
        errno.EDQUOT: "Free some of your quota, or name another folder.",
        errno.EFBIG: "Raise the limit on the size of files, or name another folder.",
        errno.EISDIR: "Name a file, not a folder.",
    }
    number, reason = getattr(error, "errno", None), getattr(error, "strerror", None) or error
    mend = mends.get(number or 0, "Name a folder that you may write to.")
    return OutputError(
        f"The {called} {str(path)!r} cannot be written: {reason}. Nothing was written.",
        mend=mend,
    )
