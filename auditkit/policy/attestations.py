"""What a person vouches for: that a document exists which no measurement can replace."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from auditkit.policy.document import read_file
from auditkit.policy.reading import validated
from auditkit.policy.schema import Identifier, Strict, Text

_DIGEST = re.compile(r"^sha256:[0-9a-f]{64}$")


@dataclass(frozen=True)
class Attestation:
    """Somebody's word.

    Attributes:
        person: who vouches.
        digest: `sha256:` and 64 hexadecimal digits, of the document.
        date: when, ISO 8601 (`2026-11-22`).
    """

    person: str
    digest: str
    date: str


class _Row(Strict):
    requirement: Identifier
    person: Text
    digest: Text
    date: Text


class _File(Strict):
    attestations: tuple[_Row, ...]


def load_attestations(path: str | Path) -> Mapping[str, Attestation]:
    """Requirement id → attestation, from a YAML file with a list `attestations`.

    Whether each is good enough is for the judge to say; of two for one requirement the later wins.

    Raises:
        PolicyError: the file cannot be read, or is no list of attestations.
    """
    document = read_file(Path(path), "attestations")
    keys = (*_File.model_fields, *_Row.model_fields)
    rows = validated(_File, document, "list of attestations", keys).attestations
    latest = sorted(rows, key=lambda row: row.date)
    return {row.requirement: Attestation(row.person, row.digest, row.date) for row in latest}


def why_void(attestation: Attestation, today: date) -> str:
    """Why an attestation counts for nothing; "" if it counts.

    >>> good = Attestation("A. Person", "sha256:" + "0" * 64, "2026-11-01")
    >>> why_void(good, date(2026, 11, 22))
    ''
    >>> why_void(good, date(2026, 10, 1))
    'It is dated 2026-11-01, which has not come yet.'
    """
    if not attestation.person.strip():
        return "It names no person."
    if not _DIGEST.match(attestation.digest):
        return f"{attestation.digest or 'Nothing'} is no digest (sha256: and 64 digits)."
    day = parse_date(attestation.date)
    if day is None:
        return f"{attestation.date or 'Nothing'} is no date (2026-11-22)."
    return f"It is dated {day}, which has not come yet." if day > today else ""


def parse_date(text: str) -> date | None:
    """The day that an ISO 8601 date names; None if it is none."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
