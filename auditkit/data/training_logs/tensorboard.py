"""TensorBoard's event files, read without TensorBoard: scalars alone, old and new.

Source: the messages Event, Summary and TensorProto of TensorFlow (event.proto, summary.proto,
tensor.proto); their field numbers are fixed for good.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from auditkit.data.training_logs import wire
from auditkit.data.training_logs.curves import MOST_CURVES, MOST_POINTS, Point
from auditkit.data.training_logs.records import records
from auditkit.errors import DataError

MARK = "tfevents"
"""What the name of every event file has in it."""

MOST_FILES = 200
_STEP, _VERSION, _SUMMARY = 2, 3, 5
_VALUE, _TAG, _SIMPLE, _TENSOR = 1, 1, 2, 8
_TYPE, _CONTENT = 1, 4
# Type code → letter of `struct`, and the field that holds single numbers of it.
_TYPES = {1: ("f", 5), 2: ("d", 6), 3: ("i", 7), 9: ("q", 10)}


def event_files(place: Path) -> list[Path]:
    """The event files that a file or folder is or holds, in the order of their names.

    Raises:
        DataError: there are too many.
    """
    if place.is_file():
        return [place]
    found = sorted(one for one in place.rglob(f"*{MARK}*") if one.is_file())
    if len(found) > MOST_FILES:
        raise DataError(
            f"The training log {place.name} holds {len(found):,} event files; expected at most "
            f"{MOST_FILES}.",
            mend="Give the folder of the one training that made the audited model.",
        )
    return found


def points(files: list[Path], place: Path) -> dict[str, list[Point]]:
    """The scalars of event files, by tag; one in a folder of its own has the folder before its tag.

    Args:
        files: of one training.
        place: the folder or file that was given.

    Raises:
        DataError: a file is damaged, no event file, or holds too much.
    """
    found: dict[str, list[Point]] = {}
    total = 0
    for file in files:
        before = "" if place.is_file() else _before(file, place)
        for tag, point in _scalars(file):
            found.setdefault(f"{before}{tag}", []).append(point)
            total += 1
            if len(found) > MOST_CURVES or total > MOST_POINTS:
                raise DataError(
                    f"The training log {place.name} holds more than {MOST_CURVES:,} curves or "
                    f"{MOST_POINTS:,} numbers.",
                    mend="Give the log of the one training that made the audited model.",
                )
    return found


def _before(file: Path, place: Path) -> str:
    folder = file.parent.relative_to(place).as_posix()
    return "" if folder == "." else f"{folder}/"


def _scalars(file: Path) -> Iterator[tuple[str, Point]]:
    for number, data in enumerate(records(file)):
        try:
            step, version, summaries = _event(data)
            if number == 0 and not version.startswith(b"brain.Event:"):
                raise ValueError("it does not begin with a version of its format")
            for summary in summaries:
                for tag, value in _values(summary):
                    yield tag, Point(step, None, value)
        except ValueError as error:
            raise DataError(
                f"The training log {file.name} is no event file of TensorBoard: event {number + 1} "
                f"cannot be read ({error}).",
                mend="Give an event file that TensorBoard reads.",
            ) from None


def _event(data: bytes) -> tuple[float, bytes, list[bytes]]:
    """Step, version and summaries of an event."""
    step, version, summaries = 0, b"", []
    for number, content in wire.fields(data):
        if number == _STEP and isinstance(content, int):
            step = wire.signed(content)
        elif number == _VERSION and isinstance(content, bytes):
            version = content
        elif number == _SUMMARY and isinstance(content, bytes):
            summaries.append(content)
    return float(step), version, summaries


def _values(summary: bytes) -> Iterator[tuple[str, float]]:
    for number, content in wire.fields(summary):
        if number != _VALUE or not isinstance(content, bytes):
            continue
        tag, value = "", None
        for inner, part in wire.fields(content):
            if not isinstance(part, bytes):
                continue
            if inner == _TAG:
                tag = part.decode("utf-8")
            elif inner == _SIMPLE:
                (value,) = wire.packed(part, "f")
            elif inner == _TENSOR:
                value = _of_tensor(part)
        if tag and value is not None:
            yield tag, value


def _of_tensor(tensor: bytes) -> float | None:
    """The one number of a tensor; None for any other tensor, or a text."""
    parts = list(wire.fields(tensor))
    letter, single = _TYPES.get(_whole(parts, _TYPE), ("", 0))
    if not letter:
        return None
    numbers: list[float] = []
    for number, content in parts:
        if number == _CONTENT and isinstance(content, bytes):
            numbers += wire.packed(content, letter)
        elif number == single and isinstance(content, int):
            numbers.append(float(wire.signed(content)))
        elif number == single and isinstance(content, bytes):
            numbers += _singles(content, letter)
    return numbers[0] if len(numbers) == 1 else None


def _singles(content: bytes, letter: str) -> list[float]:
    """Floats lie there as they are, whole numbers in as many bytes as each takes."""
    if letter in "fd":
        return wire.packed(content, letter)
    return [float(wire.signed(number)) for number in wire.varints(content)]


def _whole(parts: list[wire.Field], wanted: int) -> int:
    found = [content for number, content in parts if number == wanted]
    return found[-1] if found and isinstance(found[-1], int) else 0
