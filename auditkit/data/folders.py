"""A folder of files: which there are, and the bytes of each; nothing outside it is read."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from auditkit.data.damage import UnreadableError
from auditkit.data.digests import MANIFEST, SHA256, plain_sha256
from auditkit.data.locations import File, asked, below, file_of, resolve
from auditkit.data.wording import listed
from auditkit.errors import DataError

MOST_BYTES = 2**30
"""Bytes of a file at most: it is read as a whole, and one that never ends would fill the memory."""


class Folder:
    """A folder on this machine, in an installed package, or in a store that fsspec knows.

    Args:
        location: a path, `package://PKG/path`, or the URL of a store.
        storage: options of the fsspec file system.

    Raises:
        DataError: there is no such folder.
        ConfigurationError: the URL's protocol is unknown.
    """

    def __init__(self, location: str | Path, storage: Mapping[str, Any] | None = None) -> None:
        self.uri = str(location)
        self._filesystem, self._path = resolve(self.uri, storage or {})
        self._path = self._path.rstrip("/") or "/"
        self._seen: dict[str, File] = {}
        if not asked(self.uri, self._filesystem.isdir, self._path):
            raise DataError(
                f"There is no folder {self.uri!r}.",
                mend="Check the path, and the folder that it is relative to.",
            )

    def listing(self, suffixes: Sequence[str]) -> tuple[list[str], list[str]]:
        """The files with one of the suffixes, sorted, relative to the folder; and notes.

        Names that start with `.` do not count. A note says which other files there are.

        Raises:
            DataError: there is no such file, a folder among them cannot be listed or is a link to
                another, or a name is no UTF-8.
        """
        self._filesystem.invalidate_cache()
        found = below(self.uri, self._filesystem, self._path)
        names, others = [], []
        for path in sorted(map(str, found)):
            name = self._relative(path)
            if any(part.startswith(".") for part in PurePosixPath(name).parts):
                continue
            self._refuse_linked_folder(name, found[path])
            if name.lower().endswith(tuple(suffixes)):
                self._refuse_no_text(name)
                if not found[path].get("islink"):  # a listing describes the link, not its file
                    self._seen[name] = file_of(self._filesystem, path, found[path], path)
                names.append(name)
            else:
                others.append(name)
        if not names:
            raise DataError(
                f"Folder {self.uri!r} holds no file with the suffix {', '.join(suffixes)}; "
                f"it holds {listed(others, most=3)}.",
                mend="Name the folder that holds the files.",
            )
        return names, _about_others(others, self.uri)

    def read(self, name: Any) -> bytes:
        """The bytes of a file.

        Args:
            name: its path, relative to the folder.

        Raises:
            UnreadableError: it is not there, empty, larger than `MOST_BYTES`, no regular file, lies
                outside the folder, or cannot be read.
            DataError: it has changed since it was first seen.
        """
        file = self._file(name)
        if file.size > MOST_BYTES:
            raise UnreadableError(f"it has {file.size:,} bytes, more than {MOST_BYTES:,}")
        try:
            with file.open() as handle:
                content = handle.read()
        except OSError as error:
            raise UnreadableError(f"it cannot be read: {_said(error)}") from error
        except DataError as error:
            if isinstance(error.__cause__, OSError):
                raise UnreadableError(f"it cannot be read: {_said(error.__cause__)}") from error
            raise
        if not content:
            raise UnreadableError("it is empty (0 bytes)")
        return content

    def digest(self, names: Iterable[Any], pinned: str | None = None) -> tuple[str, list[str]]:
        """The digest of the text `<sha256>  <name>` with one line a file, and notes.

        It is a manifest (of size and version instead of bytes) where the files lie in a store and
        none is pinned. A file that cannot be read has a line that says so. A note says how many
        files hold the same bytes as another.

        Raises:
            DataError: the digest differs from the pinned one.
        """
        by_bytes = pinned is not None or self._is_local
        lines = [(self._line(name, by_bytes=by_bytes), str(name)) for name in names]
        text = "".join(f"{line}  {name}\n" for line, name in lines)
        found = hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()
        if pinned is not None and found != plain_sha256(pinned):
            raise DataError(
                f"The files of {self.uri} have sha256 {found}, but {plain_sha256(pinned)} is "
                "pinned.",
                mend="Restore the files that were pinned, or pin these after looking at what "
                "changed.",
            )
        notes = _about_doubles(lines, self.uri) if by_bytes else []
        return (SHA256 if by_bytes else MANIFEST) + found, notes

    @property
    def _is_local(self) -> bool:
        return "file" in _protocols(self._filesystem)

    def _line(self, name: Any, *, by_bytes: bool) -> str:
        try:
            if by_bytes:
                return hashlib.sha256(self.read(name)).hexdigest()
            file = self._file(name)
        except UnreadableError as error:
            return f"unreadable: {error}"
        return f"{file.size} {file.version}"

    def _file(self, name: Any) -> File:
        if not isinstance(name, str) or not name:
            raise UnreadableError("no file is named")
        if name not in self._seen:
            self._refuse_outside(name)
            path = f"{self._path.rstrip('/')}/{name}"
            try:
                info = self._filesystem.info(path)
            except (OSError, ValueError) as error:
                raise UnreadableError("there is no such file") from error
            self._seen[name] = file_of(self._filesystem, path, info, path)
        file = self._seen[name]
        if file.local:
            self._refuse_link_out(file)
            _refuse_special(file)
        return file

    def _refuse_outside(self, name: str) -> None:
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or "\\" in name or "://" in name:
            raise UnreadableError("it lies outside the folder, or has no path relative to it")

    def _refuse_link_out(self, file: File) -> None:
        if not Path(file.path).resolve().is_relative_to(Path(self._path).resolve()):
            raise UnreadableError("it is a link that leads out of the folder")

    def _refuse_linked_folder(self, name: str, info: Mapping[str, Any]) -> None:
        """A listing does not follow such a link: all files behind it would be missing."""
        if info.get("islink") and Path(str(info["name"])).is_dir():
            raise DataError(
                f"{name!r} in {self.uri!r} is a link to another folder, which is not followed.",
                mend="Put the files there, or name the folder that it leads to.",
            )

    def _refuse_no_text(self, name: str) -> None:
        """A name is a row id, and goes into the record."""
        try:
            name.encode()
        except UnicodeEncodeError as error:
            raise DataError(
                f"{self.uri!r} holds a file whose name is no UTF-8: {name!r}.",
                mend="Rename it.",
            ) from error

    def _relative(self, path: str) -> str:
        return PurePosixPath(path).relative_to(PurePosixPath(self._path)).as_posix()


def _protocols(filesystem: Any) -> tuple[str, ...]:
    named = filesystem.protocol
    return (named,) if isinstance(named, str) else tuple(named)


def _refuse_special(file: File) -> None:
    """Reading a pipe would wait for ever."""
    place = Path(file.path)
    if place.exists() and not place.is_file():
        raise UnreadableError("it is no regular file")


def _said(error: OSError) -> str:
    return error.strerror or type(error).__name__


def _about_others(others: Sequence[str], uri: str) -> list[str]:
    if not others:
        return []
    suffixes = (PurePosixPath(name).suffix.lower() or "no suffix" for name in others)
    counts = Counter(one.encode(errors="backslashreplace").decode() for one in suffixes)
    shown = ", ".join(f"{suffix}: {count}" for suffix, count in counts.most_common(5))
    return [f"Files of other kinds in {uri!r} were not read ({shown})."]


def _about_doubles(lines: Sequence[tuple[str, str]], uri: str) -> list[str]:
    first: dict[str, str] = {}
    doubled: list[tuple[str, str]] = []
    for line, name in lines:
        if line.startswith("unreadable"):
            continue
        if line in first:
            doubled.append((name, first[line]))
        first.setdefault(line, name)
    if not doubled:
        return []
    name, other = doubled[0]
    return [
        f"{len(doubled)} of the {len(lines)} files in {uri!r} hold the same bytes as another, "
        f"first {name!r} as {other!r}: the same unit may have been counted more than once."
    ]
