"""Is this folder on a network file system? SQLite's locks do not hold there.

Write-ahead logging needs memory shared between processes, which two machines don't have; and the
file locks of NFS and SMB are known to lie. A store there would lose records without a word.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from auditkit.errors import StoreError

_SERVERS = ("nfs", "nfs4", "cifs", "smb", "smb2", "smb3", "smbfs", "ncpfs", "afs", "coda", "davfs")
_CLUSTERS = ("ceph", "glusterfs", "lustre", "gpfs", "beegfs")
_FUSE = ("sshfs", "s3fs", "rclone", "gcsfuse", "goofys", "glusterfs", "ceph", "ceph-fuse", "davfs2")
_MORE_FUSE = ("blobfuse", "blobfuse2", "mount-s3", "juicefs", "smbnetfs", "curlftpfs")
NETWORK_TYPES = frozenset(
    (*_SERVERS, *_CLUSTERS, *(f"fuse.{name}" for name in (*_FUSE, *_MORE_FUSE)))
)
MOUNTS = Path("/proc/self/mounts")


def refuse_network(folder: Path, mounts: Path = MOUNTS) -> None:
    """Refuse a folder that other machines may mount as well.

    Where the system has no table of mounts (macOS), only Windows' network paths are known.

    Args:
        folder: an absolute path, which need not exist yet.
        mounts: the kernel's table of mounts.

    Raises:
        StoreError: names the folder, the kind of file system, and the mend.
    """
    kind = network_kind(folder, mounts)
    if kind is not None:
        raise StoreError(
            f"The store {folder} lies on a network file system ({kind}), where SQLite's locks "
            "don't hold and records would get lost.",
            mend="Choose a folder on a local disk with --store, and copy reports or whole records "
            "to the shared place.",
        )


def network_kind(folder: Path, mounts: Path = MOUNTS) -> str | None:
    """The network file system that `folder` lies on; None if it is local or unknown."""
    if os.name == "nt":
        return _windows_kind(folder)
    try:
        table = mounts.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return None
    kind = _file_system(folder, table)
    return kind if kind in NETWORK_TYPES else None


def _file_system(folder: Path, table: str) -> str | None:
    """The type of the innermost mount around `folder`; of two on one place, the later one."""
    found: tuple[int, str] | None = None
    for line in table.splitlines():
        fields = line.split(" ")
        if len(fields) < 3:
            continue
        place = Path(_unescape(fields[1]))
        depth = len(place.parts)
        if folder.is_relative_to(place) and (found is None or depth >= found[0]):
            found = (depth, fields[2])
    return None if found is None else found[1]


def _unescape(place: str) -> str:
    r"""A path as the kernel escapes it.

    >>> _unescape(r"/mnt/two\040words")
    '/mnt/two words'
    """
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match.group(1), 8)), place)


def _windows_kind(folder: Path) -> str | None:
    if folder.drive.startswith("\\\\"):
        return "a UNC path"
    import ctypes

    remote = 4  # DRIVE_REMOTE of the Windows API
    kernel = getattr(ctypes, "windll").kernel32  # noqa: B009 - there only on Windows
    is_remote = kernel.GetDriveTypeW(folder.drive + "\\") == remote
    return f"the network drive {folder.drive}" if is_remote else None
