"""`record.json`: a record as bytes, and back again, trusting nothing that was read.

The format number is judged before any field, so that a file of a later auditkit is called that
and not malformed. What a record must look like is read off the dataclasses themselves: there is no
second schema that could fall behind.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auditkit.errors import StoreError
from auditkit.records.identifiers import is_id
from auditkit.records.integrity import read_limited
from auditkit.records.record import FORMAT, AuditRecord, record_from_plain, record_to_plain

if TYPE_CHECKING:
    from pydantic import ValidationError

RECORD_BYTES = 128 * 1024 * 1024
"""A record holds summaries, not rows: more than this is not a record."""

_NOT_A_RECORD = "Check that this is a record.json written by auditkit."


def load_record_file(path: str | Path) -> AuditRecord:
    """The record in a `record.json` outside any store, for example an artefact of CI.

    Nothing vouches for its integrity: the digests are in the store that it came from.

    Raises:
        StoreError: the file is missing, too large, not JSON, of another format, or malformed; names
            the first few places where it is wrong.
    """
    place = Path(path)
    if place.is_dir():
        place = place / "record.json"
    return decode(read_limited(place, RECORD_BYTES), str(place))


def encode(record: AuditRecord) -> bytes:
    """The bytes of `record.json`: ASCII, readable, the same for the same record.

    NumPy scalars become plain numbers.

    Raises:
        StoreError: a number is NaN or infinite, or a value is no data; names where it is. Absent
            numbers are None, with a reason.
    """
    plain = record_to_plain(record)
    try:
        text = json.dumps(plain, indent=1, allow_nan=False, default=_plain_value)
    except (ValueError, TypeError, RecursionError) as error:
        where = next(_unwritable(plain, "record"), "record")
        raise StoreError(
            f"The record cannot be written as JSON: {where} ({error}).",
            mend="This is a defect of the check that made it: a number that is absent must be "
            "None, with a reason.",
        ) from error
    content = text.encode("ascii")
    if len(content) > RECORD_BYTES:
        raise StoreError(
            f"The record has {len(content):,} bytes, more than the {RECORD_BYTES:,} allowed.",
            mend="Declare fewer groups and intersections.",
        )
    return content


def decode(content: bytes, place: str) -> AuditRecord:
    """The record that `encode` wrote.

    Args:
        content: the bytes of a `record.json`.
        place: how errors call it.

    Raises:
        StoreError: the bytes are not JSON, of another format, or malformed.
    """
    plain = _parse(content, place)
    _check_format(plain, place)
    try:
        record = record_from_plain(plain)
    except KeyError as error:
        raise StoreError(f"{place} lacks the field {error}.", mend=_NOT_A_RECORD) from error
    except (TypeError, ValueError, AttributeError, IndexError, RecursionError) as error:
        raise StoreError(f"{place} is malformed: {error}.", mend=_NOT_A_RECORD) from error
    return _checked(record, place)


def _parse(content: bytes, place: str) -> dict[str, Any]:
    try:
        plain = json.loads(
            content.decode("utf-8"),
            parse_constant=_refuse_constant,
            object_pairs_hook=_without_duplicates,
        )
    except (ValueError, RecursionError) as error:
        raise StoreError(f"{place} is not valid JSON: {error}.", mend=_NOT_A_RECORD) from error
    if not isinstance(plain, dict):
        raise StoreError(
            f"{place} holds a JSON {type(plain).__name__}; a record is an object.",
            mend=_NOT_A_RECORD,
        )
    return plain


def _check_format(plain: Mapping[str, Any], place: str) -> None:
    found = plain.get("format")
    if type(found) is not int:
        raise StoreError(f"{place} names no record format.", mend=_NOT_A_RECORD)
    if found > FORMAT:
        raise StoreError(
            f"{place} has record format {found}; this auditkit reads up to {FORMAT}.",
            mend="Upgrade auditkit-torch.",
        )
    if found < 1:
        raise StoreError(f"{place} has the impossible record format {found}.", mend=_NOT_A_RECORD)


def _checked(record: AuditRecord, place: str) -> AuditRecord:
    """The same record with every field of the declared type, or an error that says where not."""
    from pydantic import ValidationError

    try:
        checked = _validator()(asdict(record))
    except ValidationError as error:
        raise StoreError(f"{place} is malformed: {_places(error)}.", mend=_NOT_A_RECORD) from error
    if not is_id(checked.id):
        raise StoreError(
            f"{place} has the id {checked.id[:80]!r}; an id looks like 20261122-101530-3f9ac2.",
            mend=_NOT_A_RECORD,
        )
    return checked


@cache
def _validator() -> Callable[[object], AuditRecord]:
    from pydantic import TypeAdapter

    return TypeAdapter(AuditRecord).validate_python


def _places(error: ValidationError, most: int = 3) -> str:
    problems = error.errors(include_url=False, include_input=False)
    named = [f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}" for problem in problems]
    more = f", and {len(named) - most} more" if len(named) > most else ""
    return "; ".join(named[:most]) + more


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON number")


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    plain = dict(pairs)
    if len(plain) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"the key {twice!r} occurs twice")
    return plain


def _plain_value(value: object) -> Any:
    """What JSON does not know: NumPy scalars and read-only mappings; anything else is refused."""
    if isinstance(value, Mapping):
        return dict(value)
    item = getattr(value, "item", None)
    if callable(item) and getattr(value, "ndim", None) == 0:
        return item()
    raise TypeError(f"a {type(value).__name__} is no data")


def _unwritable(value: object, place: str) -> Iterator[str]:
    """Where the values lie that JSON has no word for."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _unwritable(inner, f"{place}.{key}")
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            yield from _unwritable(inner, f"{place}[{index}]")
    elif isinstance(value, float):
        if not math.isfinite(value):
            yield f"{place} is {value}"
    elif value is not None and not isinstance(value, str | int):
        yield from _unwritable_object(value, place)


def _unwritable_object(value: object, place: str) -> Iterator[str]:
    try:
        inner = _plain_value(value)
    except TypeError:
        yield f"{place} is a {type(value).__name__}"
    else:
        yield from _unwritable(inner, place)
