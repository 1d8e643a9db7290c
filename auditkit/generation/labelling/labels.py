"""What people said of answers: a file of JSON lines that only ever grows."""

from __future__ import annotations

import json
import os
import unicodedata
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from auditkit.errors import DataError, OutputError
from auditkit.generation.labelling.shown_answers import ShownAnswer

LONGEST_NAME = 60


class Said(StrEnum):
    """What a person can say of an answer."""

    RIGHT = "right"
    WRONG = "wrong"
    UNCLEAR = "unclear"


@dataclass(frozen=True)
class Label:
    """What one person said of one answer.

    Attributes:
        id: of the row.
        digest: of question and answer, see `ShownAnswer.digest`.
        rater: name of the person, as `rater_name` has it.
        said: of the answer.
        at: when, ISO 8601 in UTC; "" where that is not known.
    """

    id: str
    digest: str
    rater: str
    said: Said
    at: str = ""


@dataclass(frozen=True)
class LabelFile:
    """The labels beside a file of answers.

    Attributes:
        path: of the file, which need not exist yet.
    """

    path: Path

    @classmethod
    def beside(cls, answers: Path) -> LabelFile:
        """`answers.labels.jsonl` beside `answers.jsonl`."""
        return cls(answers.with_suffix(".labels.jsonl"))

    def add(self, answer: ShownAnswer, rater: str, said: Said) -> None:
        """Append what a person says; it is on the disk when this returns.

        A line that a crash has cut short is closed first, so that it takes no other with it.
        Several people may add at once.

        Raises:
            OutputError: the file cannot be written.
            DataError: the name is empty or too long.
        """
        now = datetime.now(UTC).isoformat(timespec="seconds")
        label = Label(answer.id, answer.digest, rater_name(rater), said, now)
        line = json.dumps(asdict(label)).encode() + b"\n"
        try:
            # Readable for its owner alone: names of people stand in it.
            flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)
            with os.fdopen(os.open(self.path, flags, 0o600), "r+b", buffering=0) as file:
                if file.seek(0, os.SEEK_END) and not _ends_a_line(file):
                    line = b"\n" + line
                file.write(line)
                os.fsync(file.fileno())
        except OSError as error:
            raise OutputError(
                f"The label could not be written to {self.path}: {error.strerror or error}.",
                mend="Make the folder writable, or free some space, and judge this answer again.",
            ) from error

    def read(self) -> tuple[tuple[Label, ...], int]:
        """All labels in the order in which they were given, and how many lines are damaged.

        Raises:
            DataError: the file is there and cannot be read.
        """
        try:
            lines = self.path.read_bytes().split(b"\n")
        except FileNotFoundError:
            return (), 0
        except OSError as error:
            raise DataError(
                f"The labels {self.path} cannot be read: {error.strerror or error}.",
                mend="Make the file readable.",
            ) from error
        read = [_label(line) for line in lines if line.strip()]
        found = tuple(one for one in read if one is not None)
        return found, len(read) - len(found)


def rater_name(text: str) -> str:
    """A name as it is kept: one form of Unicode, single spaces.

    Raises:
        DataError: it is empty, too long, or holds what cannot be seen.

    Example:
        >>> rater_name("  Ada   Lovelace ")
        'Ada Lovelace'
    """
    name = " ".join(unicodedata.normalize("NFKC", text).split())
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise DataError(
            f"The name has {len(name)} characters; expected 1 to {LONGEST_NAME} that can be seen.",
            mend="Give the name by which your labels are told from those of others.",
        )
    return name


def same_rater(one: str, other: str) -> bool:
    """Whether two names are of one person: case is of no matter."""
    return one.casefold() == other.casefold()


def _ends_a_line(file: Any) -> bool:
    file.seek(-1, os.SEEK_END)
    return bool(file.read(1) == b"\n")


def _label(line: bytes) -> Label | None:
    """None where the line is none."""
    try:
        read = json.loads(line)
        label = Label(
            read["id"], read["digest"], rater_name(read["rater"]), Said(read["said"]),
            str(read.get("at", "")),
        )  # fmt: skip
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, DataError):
        return None
    return label if isinstance(label.id, str) and isinstance(label.digest, str) else None


__all__ = ["LONGEST_NAME", "Label", "LabelFile", "Said", "rater_name", "same_rater"]
