"""The user's own code, named in a configuration: it runs only where the user allows it."""

from __future__ import annotations

import hashlib
import importlib
import importlib.abc
import importlib.util
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

from auditkit.errors import ConfigurationError, UntrustedFileError


@dataclass(frozen=True)
class UserCode:
    """A callable of the user's.

    Attributes:
        function: what the reference names.
        reference: `module:callable` or `path/to/file.py:callable`.
        digest: `sha256:…` of the source file that defines it; None where there is none to read.
            Code that this file imports is not covered.
    """

    function: Callable[..., Any]
    reference: str
    digest: str | None


def load_code(reference: str, *, allow_code: bool, base: Path | None = None) -> UserCode:
    """The callable that a reference names. Importing it is running the user's code.

    Args:
        reference: `module:callable`, importable from here or from `base`, or
            `path/to/file.py:callable`, relative to `base`.
        allow_code: whether the user has said that it may run.
        base: folder of the configuration that names it; the working directory by default.

    Raises:
        UntrustedFileError: running it was not allowed; nothing was imported.
        ConfigurationError: no such file, module or callable, or it raised on import.
    """
    place, _, name = reference.rpartition(":")
    if not place or not name:
        raise ConfigurationError(
            f"{reference!r} names no code; expected 'module:callable' or 'path/file.py:callable'.",
            mend="Write the module or file, a colon, and the name in it.",
        )
    if not allow_code:
        raise UntrustedFileError(
            f"{reference!r} is code of yours, and nobody has said that it may run.",
            mend="Give allow_code=True (--allow-code, or allow_code: true) if you know it.",
        )
    base = Path.cwd() if base is None else base
    is_file = place.endswith(".py")
    module, digest = _from_file(base / place) if is_file else _from_name(place, base)
    return UserCode(_attribute(module, name, reference), reference, digest)


def _attribute(module: ModuleType, name: str, reference: str) -> Callable[..., Any]:
    found: Any = module
    for part in name.split("."):
        found = getattr(found, part, None)
    if not callable(found):
        kind = "nothing" if found is None else f"a {type(found).__name__}"
        raise ConfigurationError(
            f"{reference!r} names {kind}; expected something callable.",
            mend="Name a function or class that the module defines.",
        )
    return found  # type: ignore[no-any-return]


class _BytesLoader(importlib.abc.SourceLoader):
    """Compiles the very bytes that the digest was taken of, and reads no cached bytecode."""

    def __init__(self, path: Path, source: bytes) -> None:
        self._path, self._source = path, source

    def get_filename(self, fullname: str) -> str:  # noqa: ARG002 - importlib's signature
        return str(self._path)

    def get_data(self, path: str | bytes) -> bytes:
        if path != str(self._path):
            raise OSError(f"{path!r} is not loaded from here")
        return self._source


def _from_file(path: Path) -> tuple[ModuleType, str]:
    try:
        source = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(
            f"The code file {path} can't be read ({error.strerror}).", mend="Correct the path."
        ) from error
    digest = hashlib.sha256(source).hexdigest()
    # The name depends on the content: another version of the file does not meet the cached module.
    key = hashlib.sha256(str(path.resolve()).encode() + source).hexdigest()[:16]
    name = f"auditkit_user_code_{path.stem}_{key}"
    if name not in sys.modules:
        loader = _BytesLoader(path, source)
        spec = importlib.util.spec_from_file_location(name, path, loader=loader)
        assert spec is not None  # it has a loader
        _execute(spec, path)
    return sys.modules[name], f"sha256:{digest}"


def _execute(spec: ModuleSpec, path: Path) -> None:
    module = importlib.util.module_from_spec(spec)
    assert spec.loader is not None
    # Before it runs: its own dataclasses and pickles look it up there.
    sys.modules[spec.name] = module
    try:
        with _importable(path.parent):
            spec.loader.exec_module(module)
    except BaseException as error:
        del sys.modules[spec.name]
        if not isinstance(error, Exception):
            raise
        raise _failed(str(path), error) from error


def _from_name(name: str, base: Path) -> tuple[ModuleType, str | None]:
    try:
        with _importable(base):
            module = importlib.import_module(name)
    except Exception as error:  # the module is the user's code: it may raise anything
        raise _failed(name, error) from error
    origin = getattr(module, "__file__", None)
    if origin is None or not origin.endswith(".py"):
        return module, None
    return module, "sha256:" + hashlib.sha256(Path(origin).read_bytes()).hexdigest()


def _failed(what: str, error: Exception) -> ConfigurationError:
    return ConfigurationError(
        f"The code {what} can't be imported ({type(error).__name__}: {error}).",
        mend="Correct the name, install what it needs, or mend it.",
    )


@contextmanager
def _importable(folder: Path) -> Iterator[None]:
    """The user's code finds its neighbours, as it would if it were run there."""
    entry = str(folder.resolve())
    sys.path.insert(0, entry)
    try:
        yield
    finally:
        if entry in sys.path:
            sys.path.remove(entry)
