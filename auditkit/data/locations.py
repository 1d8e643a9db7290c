"""Where a table lies: paths, globs, folders, `package://` and every store that fsspec knows."""

from __future__ import annotations

import glob
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any

import fsspec
from fsspec.implementations.local import LocalFileSystem

from auditkit.data.wording import nearest
from auditkit.errors import ConfigurationError, DataError
from auditkit.packages import SCHEME, package_file

Location = str | Path | Sequence[str | Path]


_VERSIONS = (
    "VersionId",
    "version_id",
    "generation",
    "ETag",
    "etag",
    "checksum",
    "mtime",
    "LastModified",
    "last_modified",
    "created",
)
"""What stores call the version of an object, the most telling first."""


@dataclass(frozen=True)
class File:
    """One file as it was when the source was opened.

    Attributes:
        uri: what errors and descriptions call it; `package://` files keep that form.
        path: its path within the file system.
        filesystem: an fsspec file system.
        size: bytes.
        version: version, etag or modification time, whatever the store gives; "" if nothing.
    """

    uri: str
    path: str
    filesystem: Any
    size: int
    version: str

    @property
    def local(self) -> bool:
        """True if its bytes lie on this machine, and can be hashed at little cost."""
        return isinstance(self.filesystem, LocalFileSystem)

    @property
    def name(self) -> str:
        """The last part of its path."""
        return PurePosixPath(self.path).name

    def open(self) -> IO[bytes]:
        """Open for reading bytes.

        Raises:
            DataError: it cannot be opened, or has changed since the source was opened.
        """
        self.filesystem.invalidate_cache()
        now = asked(self.uri, self.filesystem.info, self.path)
        versions = {_version({name: now.get(name)}) for name in _VERSIONS}
        if int(now["size"]) != self.size or (self.version and self.version not in versions):
            raise DataError(
                f"{self.uri} has changed since the audit opened it "
                f"({self.size} bytes then, {now['size']} bytes now).",
                mend="Let nothing write to the data during an audit, and run it again.",
            )
        handle: IO[bytes] = asked(self.uri, self.filesystem.open, self.path, "rb")
        return handle


def locate(
    location: Location,
    *,
    suffixes: Sequence[str] = (),
    storage: Mapping[str, Any] | None = None,
) -> tuple[File, ...]:
    """The files at a location, sorted by path; each exists and is not empty.

    Args:
        location: a path, glob, folder, URL of a store (`s3://bucket/key`), `package://PKG/path`
            (a file inside an installed package, which is not imported), or a list of these.
        suffixes: which files of a folder count, for example `.parquet`.
        storage: options of the fsspec file system, for example `{"endpoint_url": …}`.

    Raises:
        DataError: nothing is there, it cannot be read, or it is empty.
        ConfigurationError: the URL's protocol is unknown, or its library is not installed.
    """
    if not isinstance(location, (str, Path)):
        if not location:
            raise ConfigurationError("The list of data files is empty.", mend="Name a file.")
        return tuple(
            file for one in location for file in locate(one, suffixes=suffixes, storage=storage)
        )
    uri = str(location)
    filesystem, path = resolve(uri, storage or {})
    found = _expand(filesystem, path, uri, suffixes)
    files = [file_of(filesystem, name, info, uri) for name, info in found.items()]
    for file in files:
        if file.size == 0:
            raise DataError(
                f"{file.uri} is empty (0 bytes).", mend="Check how it was written, or leave it out."
            )
    return tuple(files)


def resolve(uri: str, storage: Mapping[str, Any]) -> tuple[Any, str]:
    """The fsspec file system of a location, and the path within it.

    Raises:
        ConfigurationError: the URL's protocol is unknown, or its library is not installed.
    """
    if uri.startswith(SCHEME):
        return LocalFileSystem(), package_file(uri).as_posix()
    try:
        filesystem, path = fsspec.core.url_to_fs(uri, **storage)
    except ImportError as error:
        raise ConfigurationError(
            f"{uri} needs a library that is not installed: {error}.",
            mend="Install it; for S3 that is the extra 's3' of auditkit-torch.",
        ) from error
    except ValueError as error:
        raise ConfigurationError(
            f"{uri} cannot be understood: {error}.",
            mend="Use a path, a glob, package://…, or a protocol that fsspec knows, as s3://….",
        ) from error
    return filesystem, str(path)


def _expand(
    filesystem: Any, path: str, uri: str, suffixes: Sequence[str]
) -> dict[str, Mapping[str, Any]]:
    """Path → what the store says of it, sorted; a listing is asked for once, not file by file."""
    filesystem.invalidate_cache()
    exists = asked(uri, filesystem.exists, path)
    if not exists and glob.has_magic(path):
        found = asked(uri, filesystem.glob, path, detail=True)
        files = {str(name): found[name] for name in sorted(found) if _is_file(found[name])}
        if not files:
            raise DataError(
                f"No file matches {uri!r}.",
                mend="Check the pattern and the folder it is read from.",
            )
        return files
    if not exists:
        raise DataError(
            f"There is no file {uri!r}.{_neighbours(filesystem, path)}",
            mend="Check the path, and the folder that it is relative to.",
        )
    info = asked(uri, filesystem.info, path)
    if _is_file(info):
        return {path: info}
    found = below(uri, filesystem, path)
    files = {str(name): found[name] for name in sorted(found) if _is_data(str(name), suffixes)}
    if not files:
        raise DataError(
            f"Folder {uri!r} holds no data file ({', '.join(suffixes)}).",
            mend="Name the file, or a glob.",
        )
    return files


def asked(uri: str, call: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    """What a store answers; whatever its client raises becomes an error that names the data."""
    try:
        return call(*arguments, **options)
    except Exception as error:  # a store's client may raise anything
        raise _unreadable(uri, error) from error


def _is_file(info: Mapping[str, Any]) -> bool:
    return info.get("type") != "directory"


def below(uri: str, filesystem: Any, path: str) -> dict[str, Mapping[str, Any]]:
    """Every file below a folder: path → what the store says of it.

    Raises:
        DataError: a folder among them cannot be listed; its files would be missing.
    """
    found: dict[str, Mapping[str, Any]] = {}
    if not isinstance(filesystem, LocalFileSystem):
        found.update(asked(uri, filesystem.find, path, detail=True))
        return found
    waiting = [path]  # fsspec's own search passes over folders that it may not list
    while waiting:
        for info in asked(uri, filesystem.ls, waiting.pop(), detail=True):
            if info["type"] == "directory":
                waiting.append(info["name"])
            else:
                found[info["name"]] = info
    return found


def _is_data(path: str, suffixes: Sequence[str]) -> bool:
    name = PurePosixPath(path).name
    return not name.startswith(("_", ".")) and name.lower().endswith(tuple(suffixes))


def file_of(filesystem: Any, path: str, info: Mapping[str, Any], uri: str) -> File:
    """A file as its store describes it; `uri` is the location that it was found at."""
    if uri.startswith(SCHEME):
        name = uri
    elif isinstance(filesystem, LocalFileSystem):
        name = uri if filesystem._strip_protocol(uri) == path else path
    else:
        name = str(filesystem.unstrip_protocol(path))
    return File(name, path, filesystem, int(info["size"] or 0), _version(info))


def _version(info: Mapping[str, Any]) -> str:
    return next((str(info[name]) for name in _VERSIONS if info.get(name) not in (None, "")), "")


def _neighbours(filesystem: Any, path: str) -> str:
    parent = PurePosixPath(path).parent
    try:
        names = [PurePosixPath(str(name)).name for name in filesystem.ls(str(parent), detail=False)]
    except Exception:  # noqa: BLE001 -- a hint only: without a listing there is no hint
        return ""
    return nearest(PurePosixPath(path).name, names)


def _unreadable(uri: str, error: Exception) -> DataError:
    return DataError(
        f"{uri} cannot be read: {type(error).__name__}: {error}.",
        mend="Check that it exists, the permissions, and the store's credentials and address.",
    )
