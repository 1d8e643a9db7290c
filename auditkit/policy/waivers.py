"""Waivers: somebody asked, somebody else approved, for this model, on these data, until a day.

A waiver turns a verdict that blocks into `waived`. It hides nothing: the verdict keeps its number
and says who approved what. A waiver that does not fit is refused with the reason, and never an
error, since the audit must still be judged without it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Tag

from auditkit.measurement import REST, Slice
from auditkit.policy.attestations import parse_date
from auditkit.policy.document import read_file
from auditkit.policy.numerals import limit
from auditkit.policy.reading import validated
from auditkit.policy.schema import (
    Identifier,
    Name,
    Number,
    OneSlice,
    Policy,
    Requirement,
    Strict,
    Text,
    word_or_slice,
)
from auditkit.policy.verdict import Verdict, VerdictStatus

LONGEST_DAYS = 90
PINNED = ("model", "data", "policy")


def _day(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    day = parse_date(value)
    if day is None:
        raise ValueError("expected a date such as 2026-11-22")
    return day


def _worst_form(value: Any) -> str | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return "number"
    return "word" if value == "missing" else None


def _word_or_slice(*words: str) -> Discriminator:
    expected = " or ".join((*words, "{attribute: value}"))
    return Discriminator(
        word_or_slice, custom_error_type="slice", custom_error_message=f"expected {expected}"
    )


Day = Annotated[date, BeforeValidator(_day)]
Worst = Annotated[
    Annotated[Number, Tag("number")] | Annotated[Literal["missing"], Tag("word")],
    Discriminator(
        _worst_form,
        custom_error_type="worst",
        custom_error_message="expected a number, or missing",
    ),
]
Part = Annotated[
    Annotated[Literal["all"], Tag("word")] | Annotated[OneSlice, Tag("one")],
    _word_or_slice("all"),
]
Against = Annotated[
    Annotated[Literal["rest"], Tag("word")] | Annotated[OneSlice, Tag("one")],
    _word_or_slice("rest"),
]


class Digests(Strict):
    """What a waiver is for, down to the byte."""

    model: Text
    data: Text
    policy: Text


class Waiver(Strict):
    """One waiver.

    Attributes:
        id: names it in verdicts.
        requirement: id of the requirement that it sets aside.
        slice: `all`, or the one slice as `{attribute: value}`.
        reference: what the slice is compared with; by default anything.
        head, label, split: as in the measurement; by default anything.
        digests: of the model, the data and the policy; another of any of them ends it.
        worst: the worst value tolerated; `missing` tolerates that nothing was measured.
        asked_by: who wants it.
        approved_by: who grants it: somebody else, and a reviewer where the policy names reviewers.
        reason: why.
        given: the day it was granted.
        until: the last day it holds, at most 90 days later.
    """

    id: Identifier
    requirement: Identifier
    slice: Part = "all"
    reference: Against | None = None
    head: str | None = None
    label: str | None = None
    split: str | None = None
    digests: Digests
    worst: Worst
    asked_by: Name
    approved_by: Name
    reason: Text
    given: Day
    until: Day

    def covers(self, verdict: Verdict, part: Slice | None) -> bool:
        """Whether it is about this verdict.

        Args:
            verdict: of any requirement.
            part: the slice that it is about; None if nothing was measured of several.
        """
        asked = Slice() if self.slice == "all" else Slice.of(self.slice)
        if verdict.requirement != self.requirement or asked != (part or Slice()):
            return False
        if verdict.measurement is None:
            return True
        key = verdict.measurement.key
        wanted = ((self.head, key.head), (self.label, key.label), (self.split, key.split))
        fits = all(one in (None, found) for one, found in wanted)
        return fits and self._same_reference(key.reference)

    def _same_reference(self, found: Slice | None) -> bool:
        if self.reference is None:
            return True
        if isinstance(self.reference, str):
            return found == REST
        return found == Slice.of(self.reference)


class _File(Strict):
    waivers: tuple[Waiver, ...]


def load_waivers(path: str | Path) -> tuple[Waiver, ...]:
    """The waivers of a YAML file with a list `waivers`.

    Raises:
        PolicyError: the file cannot be read, or is no list of waivers; names line and mend.
    """
    document = read_file(Path(path), "waivers")
    keys = (*_File.model_fields, *Waiver.model_fields, *Digests.model_fields)
    return validated(_File, document, "list of waivers", keys).waivers


def apply_waivers(
    policy: Policy,
    verdicts: Sequence[Verdict],
    parts: Sequence[Slice | None],
    waivers: Sequence[Waiver],
    digests: Mapping[str, str],
    today: date,
) -> tuple[list[Verdict], list[str]]:
    """The verdicts after the waivers, and a sentence for each waiver that changed nothing.

    Args:
        policy: the policy judged.
        verdicts: before any waiver.
        parts: the slice that each verdict is about; None if nothing was measured of several.
        waivers: in the order tried.
        digests: of what was judged; `model`, `data` and `policy`.
        today: the day of judging.
    """
    requirements = {requirement.id: requirement for requirement in policy.requirements}
    judged, notes = list(verdicts), []
    for waiver in waivers:
        used, refusals = False, []
        for position, verdict in enumerate(judged):
            if not (verdict.blocks and waiver.covers(verdict, parts[position])):
                continue
            why = why_refused(
                waiver, verdict, requirements[waiver.requirement], policy.reviewers, digests, today
            )
            if why:
                refusals.append(f"Waiver {waiver.id} for {verdict.subject} is refused: {why}")
            else:
                used, judged[position] = True, _waived(verdict, waiver)
        notes.extend(refusals)
        if not used and not refusals:
            notes.append(f"Waiver {waiver.id} was not used: no verdict that blocks is its own.")
    return judged, notes


def _waived(verdict: Verdict, waiver: Waiver) -> Verdict:
    tolerated = "the lack of a number" if waiver.worst == "missing" else limit(waiver.worst)
    sentence = (
        f"Waiver {waiver.id} tolerates {tolerated} until {waiver.until}: asked by "
        f"{waiver.asked_by}, approved by {waiver.approved_by} on {waiver.given}, because "
        f"{waiver.reason.rstrip('.')}. Without it: {verdict.status.value}."
    )
    return dataclasses.replace(
        verdict,
        status=VerdictStatus.WAIVED,
        blocks=False,
        waiver=waiver.id,
        reason=f"{verdict.reason} {sentence}",
    )


def why_refused(
    waiver: Waiver,
    verdict: Verdict,
    requirement: Requirement,
    reviewers: Sequence[str],
    digests: Mapping[str, str],
    today: date,
) -> str:
    """Why a waiver does not hold for a verdict that it covers; "" if it holds."""
    if not requirement.waivable:
        return "the requirement cannot be waived (waivable: false)."
    return (
        _wrong_people(waiver, reviewers)
        or _wrong_time(waiver, today)
        or _wrong_digests(waiver, digests)
        or _too_bad(waiver, verdict)
    )


def _person(name: str) -> str:
    return " ".join(name.casefold().split())


def _wrong_people(waiver: Waiver, reviewers: Sequence[str]) -> str:
    if _person(waiver.asked_by) == _person(waiver.approved_by):
        return f"{waiver.approved_by} approved what they asked for themselves."
    if reviewers and _person(waiver.approved_by) not in map(_person, reviewers):
        return f"{waiver.approved_by} is none of the policy's reviewers ({', '.join(reviewers)})."
    return ""


def _wrong_time(waiver: Waiver, today: date) -> str:
    if waiver.given > today:
        return f"it is dated {waiver.given}, which has not come yet."
    if today > waiver.until:
        return f"it expired on {waiver.until}."
    if waiver.until - waiver.given > timedelta(days=LONGEST_DAYS):
        days = (waiver.until - waiver.given).days
        return f"it is for {days} days, and {LONGEST_DAYS} is the most."
    return ""


def _wrong_digests(waiver: Waiver, digests: Mapping[str, str]) -> str:
    for name in PINNED:
        wanted, judged = getattr(waiver.digests, name), digests.get(name, "")
        if wanted != judged:
            return f"it is for the {name} {wanted}, and judged is {judged or 'an unknown one'}."
    return ""


def _too_bad(waiver: Waiver, verdict: Verdict) -> str:
    value = None if verdict.measurement is None else verdict.measurement.value
    if verdict.status is VerdictStatus.MISSING or value is None:
        if waiver.worst == "missing":
            return ""
        return f"nothing was measured, and it tolerates {limit(waiver.worst)}."
    if waiver.worst == "missing":
        return "it tolerates that nothing was measured, and something was."
    if verdict.region is None:
        return ""  # reported without a limit: no value is worse than another
    low, high = verdict.region
    # The tolerated value widens the region on its own side, and on no other.
    if not min(low, waiver.worst) <= value <= max(high, waiver.worst):
        return f"the value, {value:.4g}, is worse than the {limit(waiver.worst)} that it tolerates."
    return ""
