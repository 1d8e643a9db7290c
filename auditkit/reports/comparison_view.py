"""A comparison of two versions as a reader sees it: rows of text for the terminal and the page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from auditkit.measurement import Measurement, Status
from auditkit.reports.formatting import ABSENT, Scale, count, digest, percentage, size
from auditkit.versions import ComparedHead, ComparedPart, ComparedVersion, VersionComparison

STATUSES = {
    "better": "pass",
    "within the margin": "pass",
    "worse": "fail",
    "inconclusive": "inconclusive",
}
"""Word → the status of a verdict whose colour and sign it is shown in."""

MULTIPLE = (
    "Intervals are of 90 % and not adjusted for how many groups and classes there are. The words "
    "are, by Holm: that any of these is wrongly called better has a probability of at most .05, "
    "and the same holds of worse and of within the margin."
)


@dataclass(frozen=True)
class ComparedRow:
    """One part, or one measure of all rows, in words.

    Attributes:
        title: of what.
        word: how B stands to A there.
        difference: how much better B is, with a sign.
        span: its 90 % interval.
        n: on how many units.
        gained, lost: the rows that B, and that A alone is right about.
        note: why there is no number.
    """

    title: str
    word: str
    difference: str
    span: str
    n: str
    gained: str
    lost: str
    note: str

    @property
    def status(self) -> str:
        """The status of a verdict that is shown alike; `unjudged` where there is no number."""
        return STATUSES[self.word] if self.difference != ABSENT else "unjudged"


def rows_of(head: ComparedHead) -> list[ComparedRow]:
    """All rows of an output, then its groups and classes."""
    return [_row(part.title, part, head.definition) for part in (head.whole, *head.parts)]


def other_rows(head: ComparedHead) -> list[ComparedRow]:
    """The other measures of all rows."""
    return [_row(str(definition["title"]), part, definition) for definition, part in head.others]


def _row(title: str, part: ComparedPart, definition: Mapping[str, Any]) -> ComparedRow:
    gain, scale = part.gain, Scale(definition)
    measured = gain.value is not None
    return ComparedRow(
        title=title,
        word=part.word,
        difference=_signed(scale.value(gain.value, gain.interval)) if measured else ABSENT,
        span=scale.span(gain.interval, gain.value or 0.0),
        n=size(gain),
        gained=_flips(part.wins, gain),
        lost=_flips(part.losses, gain),
        note="" if gain.status is Status.MEASURED and gain.interval is not None else gain.reason,
    )


def _signed(number: str) -> str:
    """A difference with its sign, which a gain has too."""
    negative = number.startswith("−")
    return number if negative or not any(digit in "123456789" for digit in number) else f"+{number}"


def _flips(rows: int | None, gain: Measurement) -> str:
    if rows is None or not gain.rows:
        return ABSENT
    return f"{count(rows)} ({percentage(rows / gain.rows)})"


def facts(comparison: VersionComparison) -> list[tuple[str, str]]:
    """What was compared, term by term."""
    return [
        ("Version A, before", _version(comparison.before)),
        ("Version B, judged", _version(comparison.after)),
        ("Rows that both answered", count(comparison.after.rows)),
    ]


def _version(version: ComparedVersion) -> str:
    return f"{version.name} ({version.where}), model {digest(version.model)}"
