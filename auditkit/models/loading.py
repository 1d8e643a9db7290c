"""The ladder of safe loading: tensors and a factory, plain layers, or a file that is trusted.

1. A state dict or safetensors file holds tensors alone. The model they belong to is built by a
   factory, which is the user's own code and needs their leave.
2. A whole-module pickle of plain torch layers is taken apart without running it, where the user
   asks for that (`legacy_pickle`).
3. Anything else (other pickles, TorchScript, exported programs) can run code. It is refused, unless
   the user trusts the file by its sha256.

The file is read once: the bytes whose digest is recorded are the bytes that are loaded.
"""

from __future__ import annotations

import io
import pickle
import struct
import warnings
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor, nn

from auditkit.errors import ModelError
from auditkit.models.factories import load_code
from auditkit.models.formats import (
    ZIP_DAMAGE,
    Format,
    describe_names,
    pickled_names,
    printable,
)
from auditkit.models.inert_pickle import is_known
from auditkit.models.legacy_pickle import read_plain_module
from auditkit.models.model_file import ModelFile, read_file
from auditkit.models.state import fill
from auditkit.models.trust import check_pin, is_trusted, load_trusted, refusal

_TORCH = (Format.TORCH_ZIP, Format.TORCH_LEGACY)
# Under these keys training scripts keep the state dict in a larger checkpoint.
_NESTED = ("state_dict", "model_state_dict")
_DAMAGE = (
    RuntimeError,
    ValueError,
    EOFError,
    KeyError,
    IndexError,
    TypeError,
    AttributeError,
    AssertionError,
    NotImplementedError,
    MemoryError,
    OverflowError,
    struct.error,
)


@dataclass(frozen=True)
class LoadedModel:
    """A model from a file.

    Attributes:
        module: ready to be wrapped.
        digest: `sha256:…` of the file's bytes, those that were loaded.
        path_taken: which rung of the ladder; a phrase for the record.
        factory_digest: of the source of the factory's file; None without a factory or a source.
        bytes: size of the file.
    """

    module: nn.Module
    digest: str
    path_taken: str
    factory_digest: str | None = None
    bytes: int = 0


def load_model(
    path: str | Path,
    *,
    format: str = "auto",  # noqa: A002 - the word that audit.yaml uses
    factory: str | None = None,
    legacy_pickle: bool = False,
    trust: str | None = None,
    sha256: str | None = None,
    allow_code: bool = False,
    base: Path | None = None,
) -> LoadedModel:  # one argument for each permission that a user gives on its own
    """A trained model from a file, without running code that nobody allowed.

    Args:
        path: a path, `package://PACKAGE/path/in/it`, or a URL that fsspec opens.
        format: what the file is declared to be, a key of `DECLARED`.
        factory: `module:callable` or `file.py:callable`; returns the module that a state dict
            belongs to.
        legacy_pickle: whether a whole-module pickle of plain torch layers may be taken apart.
        trust: sha256 of a file that may run code.
        sha256: sha256 that the file must have; gives no permission.
        allow_code: whether the factory, code of the user's, may run.
        base: folder that relative paths start from; the working directory by default.

    Raises:
        UntrustedFileError: reading it, or the factory, would run code that nobody allowed.
        ModelError: it is missing, damaged, another file than the pinned one, or does not fit the
            factory's module.
        ConfigurationError: an argument is no sha256, format or reference.
    """
    file = read_file(path, base, format)
    check_pin(file.digest, sha256, file.name)
    trusted = is_trusted(file.digest, trust, file.name)
    content, path_taken = _content(file, trusted, legacy_pickle)
    if isinstance(content, nn.Module) and factory is None:
        return LoadedModel(content, file.digest, path_taken, bytes=len(file.data))
    state = _state(content, file)
    if factory is None:
        raise ModelError(
            f"{file.name} is a {file.format} that holds {len(state)} tensors and no architecture.",
            mend="Name a factory, 'module:callable' or 'file.py:callable', that builds the module.",
        )
    code = load_code(factory, allow_code=allow_code, base=base)
    module = fill(code, state, file.name)
    taken = f"{path_taken} into {factory}"
    return LoadedModel(module, file.digest, taken, code.digest, len(file.data))


def _content(file: ModelFile, trusted: bool, legacy_pickle: bool) -> tuple[Any, str]:
    """What the file holds, and how it was read: by the safest rung that can."""
    if file.format is Format.SAFETENSORS:
        return _safetensors(file), "safetensors"
    if file.format is Format.UNKNOWN:
        raise ModelError(
            f"{file.name} has no format of a model that is known here.",
            mend="Save the model's state_dict() as safetensors or with torch.save.",
        )
    if file.format in _TORCH:
        try:
            return _weights_only(file), "state dict"
        except pickle.UnpicklingError as error:
            if legacy_pickle and not trusted:
                rebuilt = read_plain_module(file.data, file.format, file.name)
                return rebuilt, "whole-module pickle, rebuilt from plain layers"
            if not trusted:
                raise _refused_pickle(file) from error
    if not trusted:
        raise _refused(file)
    return load_trusted(file.data, file.format, file.name), f"trusted {file.format}"


def _safetensors(file: ModelFile) -> dict[str, Tensor]:
    try:
        return safetensors.torch.load(file.data)
    except (SafetensorError, *_DAMAGE) as error:
        raise _damaged(file, error) from error


def _weights_only(file: ModelFile) -> Any:
    try:
        with warnings.catch_warnings():
            # Of a pickle that looks odd: it either fails below, or holds tensors all the same.
            warnings.simplefilter("ignore")
            return torch.load(io.BytesIO(file.data), map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        raise  # it holds more than tensors
    except _DAMAGE as error:
        raise _damaged(file, error) from error


def _damaged(file: ModelFile, error: Exception) -> ModelError:
    said = printable((str(error).strip().splitlines() or ["no message"])[0])
    return ModelError(
        f"{file.name}, a {file.format}, is damaged or truncated ({type(error).__name__}: {said}).",
        mend="Copy or save it again.",
    )


def _refused_pickle(file: ModelFile) -> ModelError:
    """Why a torch file with more than tensors in it was refused, and what may be done."""
    names = [name for name in pickled_names(_pickle_of(file)) if not _is_of_tensors(name)]
    if not names:
        return _damaged(file, EOFError("its pickle ends too early, or is none of torch.save's"))
    kind = f"a {file.format} that holds objects rather than tensors alone"
    if file.format is Format.TORCH_LEGACY:
        kind = "a legacy whole-module pickle"
    safer = "Save model.state_dict(), and name a factory that builds the model."
    if all(is_known(*name.rpartition(".")[::2]) for name in names):
        safer += (
            " It names plain torch layers only: legacy_pickle=True reads it without running it."
        )
    why = f"it names {describe_names(names)}, and unpickling it could run code"
    return refusal(file.name, file.digest, kind, why, safer)


def _pickle_of(file: ModelFile) -> bytes:
    if file.format is Format.TORCH_LEGACY:
        return file.data
    try:
        with zipfile.ZipFile(io.BytesIO(file.data)) as archive:
            name = next(name for name in archive.namelist() if name.endswith("data.pkl"))
            return archive.read(name)
    except ZIP_DAMAGE:
        return b""  # torch read what Python does not: it names nothing that could be said


def _is_of_tensors(name: str) -> bool:
    """Whether torch itself reads this name with `weights_only=True`."""
    owner = name.rpartition(".")[0]
    rebuilds = owner == "torch._utils" and "._rebuild_" in name
    plain = name in ("collections.OrderedDict", "builtins.set", "__builtin__.set")
    return plain or rebuilds or name.endswith("Storage")


_WHY = {
    Format.TORCHSCRIPT: ("TorchScript can read and write files when it runs", "a"),
    Format.EXPORTED: ("reading it can run code that was hidden in it", "an"),
    Format.PICKLE: ("unpickling it could run code", "a"),
}


def _refused(file: ModelFile) -> ModelError:
    why, article = _WHY[file.format]
    if file.format is Format.PICKLE and (names := pickled_names(file.data)):
        why = f"it names {describe_names(names)}, and {why}"
    safer = "Save the model's state_dict(), and name a factory that builds the model."
    return refusal(file.name, file.digest, f"{article} {file.format}", why, safer)


def _state(content: Any, file: ModelFile) -> Mapping[str, Tensor]:
    """The state dict that a file holds, also under the usual key of a checkpoint.

    Raises:
        ModelError: it holds something else.
    """
    if isinstance(content, nn.Module):
        return content.state_dict()
    if isinstance(content, Mapping):
        nested = next((content[k] for k in _NESTED if isinstance(content.get(k), Mapping)), content)
        if nested and all(isinstance(value, Tensor) for value in nested.values()):
            return nested
    found = type(content).__name__
    if isinstance(content, Mapping):
        found += f" with the keys {describe_names([str(key) for key in content])}"
    raise ModelError(
        f"{file.name} holds a {found}; expected a module or a state dict.",
        mend="Save model.state_dict() alone, or under the key 'state_dict'.",
    )
