"""Reading YAML that a stranger may have written: data only, bounded, and each value with its line.

What is read is the core schema of YAML 1.2, not what PyYAML reads by itself (1.1): `1e-3` is a
number, `no` and `on` are words, `1_000` and `12:30` are texts, a date is a text. Refused are
duplicate keys (the last would win in silence), aliases (they can blow up), tags (they can build
objects), several documents, and whatever is larger or deeper than a policy can sensibly be.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from auditkit.errors import PolicyError

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 20

Path_ = tuple[str | int, ...]


@dataclass(frozen=True)
class Document:
    """What a file says.

    Attributes:
        name: of the file, for errors.
        text: as it was read.
        data: mappings, lists, texts, numbers, truth values and None.
        lines: line (from 1) at which the value of each path starts.
    """

    name: str
    text: str
    data: Any
    lines: Mapping[Path_, int]

    def line(self, path: Path_) -> int | None:
        """The line of the longest part of a path that the file has; None for the whole file."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.lines:
                return self.lines[path[:length]]
        return None


class _Refused(yaml.MarkedYAMLError):
    """Well-formed YAML that is not read."""


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader, restricted as the module's docstring says."""

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise _Refused(
                problem="anchors and aliases are not read", problem_mark=event.start_mark
            )
        if getattr(event, "tag", None):
            raise _Refused(
                problem=f"the tag {event.tag} is not read", problem_mark=event.start_mark
            )
        if self.depth >= MAX_DEPTH:
            raise _Refused(
                problem=f"nested deeper than {MAX_DEPTH} levels", problem_mark=event.start_mark
            )
        self.depth += 1
        node: yaml.Node | None = super().compose_node(parent, index)
        self.depth -= 1
        return node

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str | int) or isinstance(key, bool):
                raise _Refused(
                    problem=f"the key {key!r} is no text", problem_mark=key_node.start_mark
                )
            if key in seen:
                raise _Refused(
                    problem=f"the key {key!r} stands here a second time",
                    problem_mark=key_node.start_mark,
                )
            seen.add(key)
        return super().construct_mapping(node, deep=deep)


# The resolvers of PyYAML (YAML 1.1) are dropped, not amended: what is not listed is a text.
_Loader.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("null", r"^(?:~|null|Null|NULL|)$", ["~", "n", "N", ""]),
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", list("tTfF")),
    ("int", r"^[-+]?(?:0|[1-9][0-9]*)$", list("-+0123456789")),
    (
        "float",
        r"^[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*|[0-9]+(?=[eE]))(?:[eE][-+]?[0-9]+)?$",
        list("-+.0123456789"),
    ),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), _first)


def read_file(path: Path, what: str) -> Document:
    """The document in a file.

    Args:
        path: of the file.
        what: what it should be, for errors: `policy`, `waivers`.

    Raises:
        PolicyError: it cannot be read, is too large, or is not YAML as read here.
    """
    if path.exists() and not path.is_file() and not path.is_dir():
        raise PolicyError(f"The {what} file {path} is no regular file.", mend="Check the path.")
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise PolicyError(
            f"The {what} file {path} cannot be read: {error.strerror or error}.",
            mend="Check the path.",
        ) from error
    if len(content) > MAX_BYTES:
        raise PolicyError(
            f"The {what} file {path} is larger than {MAX_BYTES:,} bytes.",
            mend="Name the right file; a policy is a few pages of text.",
        )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise PolicyError(
            f"The {what} file {path} is no text in UTF-8 (byte {error.start}).",
            mend="Save it as UTF-8.",
        ) from error
    return read_text(text, str(path))


def read_text(text: str, name: str) -> Document:
    """The document in a text; `name` stands for the file in errors.

    Raises:
        PolicyError: it is too large, or is not YAML as read here.

    Example:
        >>> read_text("limit: 1e-3\\nsmoker: no", "example").data
        {'limit': 0.001, 'smoker': 'no'}
    """
    if len(text) > MAX_BYTES:
        raise PolicyError(
            f"{name} is larger than {MAX_BYTES:,} characters.", mend="Name the right file."
        )
    loader: _Loader | None = None
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        data = None if node is None else loader.construct_document(node)
    except yaml.YAMLError as error:
        raise PolicyError(f"{name}{_where(error)}: {_problem(error)}.", mend=_MEND) from error
    except ValueError as error:  # a number of thousands of digits
        raise PolicyError(f"{name} holds a value that cannot be read: {error}.", mend=_MEND) from (
            error
        )
    finally:
        if loader is not None:
            loader.dispose()
    lines: dict[Path_, int] = {}
    if node is not None:
        _collect_lines(node, (), lines)
    return Document(name, text, data, lines)


_MEND = "Correct the file; it must be plain YAML 1.2 without tags, aliases or repeated keys."


def _where(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    return "" if mark is None else f", line {mark.line + 1}"


def _problem(error: yaml.YAMLError) -> str:
    parts = [getattr(error, name, None) for name in ("context", "problem", "reason")]
    text = ", ".join(str(part) for part in parts if part) or str(error)
    return text.splitlines()[0].rstrip(".")


def _collect_lines(node: yaml.Node, path: Path_, lines: dict[Path_, int]) -> None:
    lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            # The line of the key: a value may start on the next one.
            lines[(*path, str(key.value))] = key.start_mark.line + 1
            _collect_lines(value, (*path, str(key.value)), lines)
    elif isinstance(node, yaml.SequenceNode):
        for position, value in enumerate(node.value):
            _collect_lines(value, (*path, position), lines)
