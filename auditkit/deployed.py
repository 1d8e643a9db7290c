"""What is deployed, a file or a folder, as a digest: without torch, since `auditkit gate` asks."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

_OF_A_MODEL = (".safetensors", ".json", ".txt", ".model", ".jinja")
"""Weights, configuration, vocabulary, template of a chat: what transformers reads of a folder."""


def deployed_digest(place: Path) -> str:
    """`sha256:…` of a file's bytes, or of the files of a model that lie in a folder.

    Notes and hidden files beside a model do not change what it says, and are left out; so are
    the names of folders, since a model may be copied.

    Raises:
        OSError: something cannot be read.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "config.json").write_text("{}")
    >>> before = deployed_digest(folder)
    >>> _ = (folder / "README.md").write_text("A model.")
    >>> deployed_digest(folder) == before
    True
    """
    if not place.is_dir():
        return f"sha256:{_hexdigest(place)}"
    parts = {file.name: _hexdigest(file) for file in place.iterdir() if _of_model(file)}
    return f"sha256:{hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()}"


def _of_model(file: Path) -> bool:
    return file.suffix in _OF_A_MODEL and not file.name.startswith(".") and file.is_file()


def _hexdigest(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


__all__ = ["deployed_digest"]
