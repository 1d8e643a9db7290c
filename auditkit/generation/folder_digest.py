"""What is in a folder of an encoder, as a digest: its name says nothing of what it holds."""

from __future__ import annotations

import hashlib
from pathlib import Path


def folder_digest(folder: str | Path) -> str:
    """`sha256:…` of the names and bytes of the files in a folder, not of where it lies.

    Folders within it are not looked at: nothing is read from them.

    Returns:
        "" where there is no such folder, or a file of it cannot be read.
    """
    place = Path(folder).expanduser()
    found = hashlib.sha256()
    try:
        for file in sorted(one for one in place.iterdir() if one.is_file()):
            with file.open("rb") as content:
                digest = hashlib.file_digest(content, "sha256").hexdigest()
            found.update(f"{digest}  {file.name}\n".encode(errors="surrogateescape"))
    except OSError:
        return ""
    return f"sha256:{found.hexdigest()}"


__all__ = ["folder_digest"]
