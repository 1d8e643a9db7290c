"""A model file: its bytes, read once, their digest and their format."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import fsspec

from auditkit.errors import ConfigurationError, ModelError
from auditkit.models.formats import Format, detect
from auditkit.models.trust import sha256_of
from auditkit.packages import SCHEME, PackageFileError, package_file

# What a user may declare a file to be, and which formats that allows.
DECLARED = {
    "auto": tuple(Format),
    "safetensors": (Format.SAFETENSORS,),
    "state_dict": (Format.TORCH_ZIP, Format.TORCH_LEGACY),
    "legacy_pickle": (Format.TORCH_LEGACY, Format.TORCH_ZIP),
    "torchscript": (Format.TORCHSCRIPT,),
    "exported": (Format.EXPORTED,),
    "pickle": (Format.PICKLE, Format.TORCH_ZIP, Format.TORCH_LEGACY),
}


@dataclass(frozen=True)
class ModelFile:
    """A model file that has been read, once."""

    name: str
    data: bytes
    digest: str
    format: Format


def read_file(path: str | Path, base: Path | None, declared: str) -> ModelFile:
    """Read a file and tell its format.

    Args:
        path: a path, `package://PACKAGE/path/in/it`, or a URL that fsspec opens.
        base: folder that relative paths start from; the working directory by default.
        declared: a key of `DECLARED`.

    Raises:
        ModelError: it is missing, or its bytes are not what was declared.
        ConfigurationError: no such key.
    """
    if declared not in DECLARED:
        raise ConfigurationError(
            f"format is {declared!r}; expected one of {', '.join(DECLARED)}.", mend="Correct it."
        )
    data = _read(str(path), Path.cwd() if base is None else base)
    name = str(path)
    found = detect(data, name)
    if found not in DECLARED[declared]:
        raise ModelError(
            f"{name} is declared as {declared}; its bytes are a {found}.",
            mend="Remove format, or get the file that was meant.",
        )
    return ModelFile(name, data, sha256_of(data), found)


def _read(path: str, base: Path) -> bytes:
    try:
        if path.startswith(SCHEME):
            return package_file(path).read_bytes()
        if "://" in path:
            with fsspec.open(path, "rb") as stream:
                return bytes(stream.read())
        place = base / path
        if place.exists() and not place.is_file() and not place.is_dir():
            # A pipe would be waited for, a device would be read without end.
            raise ModelError(f"The model file {path} is no regular file.", mend="Correct the path.")
        return place.read_bytes()
    except PackageFileError as error:
        raise ModelError(
            f"The model file {path} can't be read. {error.problem}", mend=error.mend
        ) from error
    except (OSError, ImportError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise ModelError(
            f"The model file {path} can't be read ({why}).", mend="Correct the path."
        ) from error
