"""Files of a record, written whole or not at all.

Everything goes into a folder beside, `records/.incoming-…`, each file is forced to the disk, and
the folder is renamed into place: a rename is atomic, so a process killed at any moment leaves
either the whole folder or a leftover, which is swept when the store is opened again.

A leftover is known by the process that its name bears: dead, if it ran on this machine and in this
container, or an hour without a change otherwise. On Windows folders can't be forced to the disk,
so a power cut (not a kill) may lose the last rename there.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import platform
import re
import secrets
import shutil
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from auditkit.errors import StoreError

INCOMING = ".incoming-"
STALE_SECONDS = 3600.0
_LEFTOVER = re.compile(re.escape(INCOMING) + r".*-([0-9a-f]{8})-([0-9]+)-[0-9a-f]{8}")


@contextlib.contextmanager
def incoming(records: Path, name: str, files: Mapping[str, bytes]) -> Iterator[Path]:
    """A temporary folder with these files, all forced to the disk.

    The body moves it into place with `publish`; whatever is left at the end is removed, also when
    the body raises or Ctrl-C is pressed.

    Args:
        records: the folder in which it shall stand in the end.
        name: the name it shall have in the end.
        files: file name → content.

    Raises:
        StoreError: the files cannot be written; names the place and the mend.
    """
    folder = _beside(records, name)
    try:
        with writing(folder):
            folder.mkdir()
            for file, content in files.items():
                _write(folder / file, content)
            sync_folder(folder)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def publish(folder: Path, target: Path) -> None:
    """Rename a whole folder into place, and force that to the disk.

    Raises:
        StoreError: it cannot be renamed, for example because the target exists.
    """
    with writing(target):
        if target.exists():  # an empty folder would silently be replaced
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
        folder.rename(target)
        sync_folder(target.parent)


def retract(target: Path) -> None:
    """Undo `publish`, if it came to that: out of the way in one step, then gone."""
    aside = _beside(target.parent, target.name)
    with contextlib.suppress(OSError):
        target.rename(aside)
    shutil.rmtree(aside, ignore_errors=True)


def sweep(records: Path) -> None:
    """Remove the leftovers of processes that were killed."""
    for folder in records.glob(f"{INCOMING}*"):
        if _is_abandoned(folder):
            shutil.rmtree(folder, ignore_errors=True)


def sync_folder(folder: Path) -> None:
    """Force a folder's entries to the disk, where the system can do that."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def writing(place: Path) -> Iterator[None]:
    """Turn an `OSError` of the body into a `StoreError` that names the place and the mend."""
    try:
        yield
    except OSError as error:
        problem = f"{place} cannot be written: {error.strerror or error}."
        raise StoreError(f"{problem} Nothing was stored.", mend=_mend(error, place)) from error


def _mend(error: OSError, place: Path) -> str:
    if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
        return f"Free some space on the disk of {place.parent}, or choose another with --store."
    if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
        return f"Make {place.parent} writable for this user, or choose another with --store."
    if error.errno == errno.EEXIST:
        return "A record is never overwritten: run the audit again, or choose another --store."
    return "Check the path, or choose another folder with --store."


def _beside(records: Path, name: str) -> Path:
    return records / f"{INCOMING}{name}-{_machine()}-{os.getpid()}-{secrets.token_hex(4)}"


def _write(path: Path, content: bytes) -> None:
    with path.open("xb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def _machine() -> str:
    """Eight characters for this machine and container: within it, process ids mean something."""
    space = ""
    with contextlib.suppress(OSError):
        space = str(Path("/proc/self/ns/pid").readlink())
    with contextlib.suppress(OSError):
        space += Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii")
    return hashlib.sha256(f"{platform.node()} {space}".encode()).hexdigest()[:8]


def _is_abandoned(folder: Path) -> bool:
    try:
        age = time.time() - folder.stat().st_mtime
    except OSError:
        return False  # somebody else swept it, or it has just been renamed into place
    match = _LEFTOVER.fullmatch(folder.name)
    if age > STALE_SECONDS or match is None:
        return age > STALE_SECONDS
    machine, process = match.groups()
    return machine == _machine() and not _is_alive(int(process))


def _is_alive(process: int) -> bool:
    if os.name == "nt":  # there, signal 0 would be Ctrl-C; age decides alone
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True
