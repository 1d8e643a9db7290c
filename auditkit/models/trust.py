"""Files whose reading runs code: refused, unless the user names the sha256 of the very file."""

from __future__ import annotations

import hashlib
import io
import pickle
import re
import warnings
from typing import Any

import torch

from auditkit.errors import ConfigurationError, ModelError, UntrustedFileError
from auditkit.models.formats import Format


def sha256_of(data: bytes) -> str:
    """Digest of a file's bytes, `sha256:` and 64 hexadecimal digits.

    >>> sha256_of(b"")[:19]
    'sha256:e3b0c44298fc'
    """
    return "sha256:" + hashlib.sha256(data).hexdigest()


def parse_sha256(given: str, option: str) -> str:
    """A sha256 that a user wrote, with or without `sha256:` before it.

    Raises:
        ConfigurationError: it is none.
    """
    digits = given.strip().lower().removeprefix("sha256:")
    if not re.fullmatch(r"[0-9a-f]{64}", digits):
        raise ConfigurationError(
            f"{option} is {given!r}; expected a sha256 of 64 hexadecimal digits.",
            mend="`sha256sum FILE` prints it.",
        )
    return "sha256:" + digits


def check_pin(digest: str, pinned: str | None, name: str) -> None:
    """The file must be the one that the user pinned with `sha256`, if they did.

    Raises:
        ModelError: it is another one.
    """
    if pinned is not None and parse_sha256(pinned, "sha256") != digest:
        raise ModelError(
            f"{name} has the digest {digest}; expected {parse_sha256(pinned, 'sha256')}.",
            mend="Get the file that was meant, or correct sha256.",
        )


def is_trusted(digest: str, trust: str | None, name: str) -> bool:
    """Whether the user trusts this very file.

    Raises:
        UntrustedFileError: they trust another file than this one.
    """
    if trust is None:
        return False
    trusted = parse_sha256(trust, "trust")
    if trusted != digest:
        raise UntrustedFileError(
            f"{name} has the digest {digest}, and trust names {trusted}: it is another file.",
            mend="Find out why it differs before you trust it.",
        )
    return True


def refusal(name: str, digest: str, what: str, why: str, safer: str) -> UntrustedFileError:
    """The error for a file whose reading could run code.

    Args:
        name: of the file.
        digest: of its bytes.
        what: it is, with an article.
        why: that is dangerous here; a clause.
        safer: what to do instead; a sentence.
    """
    return UntrustedFileError(
        f"{name} is {what}: {why}. It was not loaded, and nothing in it has run.",
        mend=f"{safer} If you know where it comes from and accept that it runs code, give "
        f"trust='{digest}'.",
    )


def load_trusted(data: bytes, file_format: Format, name: str) -> Any:
    """What a trusted file holds. Code in it runs.

    Args:
        data: the bytes whose digest the user gave as `trust`.
        file_format: how they are to be read.
        name: of the file, for the error.

    Raises:
        ModelError: it is damaged, or needs code that is not installed.
    """
    try:
        with warnings.catch_warnings():
            # TorchScript warns that it is deprecated: true, and nothing the auditor can mend.
            warnings.simplefilter("ignore", DeprecationWarning)
            warnings.simplefilter("ignore", FutureWarning)
            return _read(io.BytesIO(data), file_format)
    except Exception as error:  # a trusted file runs its own code: it may raise anything
        raise ModelError(
            f"{name}, a {file_format} that you trust, can't be loaded ({type(error).__name__}: "
            f"{str(error).strip().splitlines()[0] if str(error).strip() else 'no message'}).",
            mend="Install what it needs, or save it again.",
        ) from error


def _read(stream: io.BytesIO, file_format: Format) -> Any:
    if file_format is Format.TORCHSCRIPT:
        return torch.jit.load(stream, map_location="cpu")  # type: ignore[no-untyped-call]
    if file_format is Format.EXPORTED:
        return torch.export.load(stream).module()
    if file_format in (Format.TORCH_ZIP, Format.TORCH_LEGACY):
        return torch.load(stream, map_location="cpu", weights_only=False)
    if file_format is Format.PICKLE:
        return pickle.load(stream)  # noqa: S301 - the user trusts this very file
    raise ValueError("its format is unknown")
