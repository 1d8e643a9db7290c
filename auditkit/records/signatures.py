"""The sign-off log: who decided what about a record, and why; entries are only ever appended.

Each entry carries the digest of its content and of the entry before it, over the whole store, and
the digest of the `record.json` that was signed. Editing an entry, or taking one out of the middle,
breaks the chain. Cutting off its end, or rewriting everything after a change, can only be seen by
somebody who has kept the last digest elsewhere.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from enum import StrEnum

from auditkit.errors import StoreError
from auditkit.records.integrity import sha256

START = ""
"""What the first entry has for the digest of the one before."""

LONGEST = 10_000


class SignOff(StrEnum):
    """What a reviewer can say about a record."""

    APPROVE = "approve"
    REJECT = "reject"
    COMMENT = "comment"


@dataclass(frozen=True)
class Signature:
    """One entry of the log.

    Attributes:
        number: position in the store's log, from 1.
        record: id of the record.
        record_digest: sha256 of its record.json when it was signed.
        decision: `approve`, `reject` or `comment`.
        reason: why, in the reviewer's words.
        who: the reviewer, as they called themselves: nothing here proves it.
        at: UTC time, ISO 8601.
        previous: digest of the entry before; "" for the first.
        digest: sha256 of all of the above but the number.
    """

    number: int
    record: str
    record_digest: str
    decision: SignOff
    reason: str
    who: str
    at: str
    previous: str
    digest: str


SIGNED_FIELDS = tuple(
    field.name for field in fields(Signature) if field.name not in {"number", "digest"}
)


def entry(
    record: str, record_digest: str, decision: str, reason: str, who: str, at: str, previous: str
) -> dict[str, str]:
    """The columns of a new entry, its digest among them.

    All seven parameters are the content that is signed.

    Raises:
        StoreError: the decision is unknown, or who or the reason is empty or too long.
    """
    plain = {
        "record": record,
        "record_digest": record_digest,
        "decision": _decision(decision).value,
        "reason": _filled("reason", reason),
        "who": _filled("who", who),
        "at": at,
        "previous": previous,
    }
    return {**plain, "digest": content_digest(plain)}


def content_digest(content: dict[str, str]) -> str:
    """The sha256 of an entry's signed fields, in a form in which no two contents coincide.

    >>> blank = dict.fromkeys(SIGNED_FIELDS, "")
    >>> content_digest({**blank, "who": "a"}) == content_digest({**blank, "reason": "a"})
    False
    """
    return sha256(json.dumps([content[name] for name in SIGNED_FIELDS]).encode("ascii"))


def broken_links(log: Iterable[Signature]) -> Iterator[str]:
    """A sentence for each entry that does not fit; nothing for a sound log.

    Args:
        log: the whole log of a store, oldest first.
    """
    previous, number = START, 0
    for signature in log:
        number += 1
        where = f"Signature {signature.number} (record {signature.record}, by {signature.who})"
        if signature.number != number:
            yield f"{where} should have number {number}: entries before it are missing."
            number = signature.number
        if signature.previous != previous:
            yield f"{where} does not follow the entry before it: one was removed or replaced."
        content = {name: str(getattr(signature, name)) for name in SIGNED_FIELDS}
        if content_digest(content) != signature.digest:
            yield f"{where} was changed after it was written."
        previous = signature.digest


def _decision(text: str) -> SignOff:
    try:
        return SignOff(text)
    except ValueError as error:
        known = ", ".join(SignOff)
        raise StoreError(
            f"The decision {text!r} is unknown.", mend=f"Choose one of {known}."
        ) from error


def _filled(name: str, text: str) -> str:
    stripped = text.strip()
    if not stripped:
        raise StoreError(f"The sign-off has no {name}.", mend=f"Give a {name} in a few words.")
    if len(stripped) > LONGEST:
        raise StoreError(
            f"The {name} of the sign-off has {len(stripped):,} characters; {LONGEST:,} are "
            "allowed.",
            mend="Put the long text into a document, and name that.",
        )
    return stripped
