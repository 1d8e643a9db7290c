"""Why a verdict is what it is: the paragraph under each verdict, put together from `words`."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from auditkit.measurement import Measurement, Metric, Slice, Status
from auditkit.policy import numerals, words
from auditkit.policy.attestations import Attestation
from auditkit.policy.comparison import Finding, Position, Region
from auditkit.policy.schema import Policy, Requirement
from auditkit.policy.slices import Universe
from auditkit.policy.verdict import VerdictStatus

_FEWEST_COUNTED = 5
"""Fewer people than this are not counted out: the number could tell about one of them."""


@dataclass(frozen=True)
class Said:
    """The facts that a reason speaks of.

    Attributes:
        measurement: what was measured; None if nothing was.
        finding: what it says about the region; None if it is not compared with one.
        gap: why there is nothing to judge; "" if there is something.
        hurdles: why it cannot pass whatever the number.
        p_adjusted: the p-value after Holm; None if there is none.
        family: the number of comparisons corrected for.
        alpha: the level judged at.
        units: about how many units in all would decide; None if unknown.
        subject: of whom, in words.
    """

    measurement: Measurement | None
    finding: Finding | None
    gap: str
    hurdles: tuple[str, ...]
    p_adjusted: float | None
    family: int
    alpha: float
    units: int | None
    subject: str


def reason(
    requirement: Requirement,
    status: VerdictStatus,
    said: Said,
    metrics: Mapping[str, Metric] | None,
    must_block: bool,
) -> str:
    """The whole paragraph of one verdict."""
    if said.gap:
        sentences = [said.gap, *_asked(requirement), "What is missing does not pass: missing."]
    elif requirement.kind == "attested":
        sentences = [f"Attested: {said.subject}: pass."]
    elif said.measurement is None or said.finding is None or requirement.region is None:
        sentences = list(_reported(said, metrics))
    else:
        sentences = [
            words.found(said.measurement, said.finding, requirement.region, metrics),
            *_asked(requirement),
            *_because(requirement.region, status, said.measurement, said.finding, said),
        ]
    return " ".join((*sentences, *_effect(requirement, status, must_block)))


def _asked(requirement: Requirement) -> list[str]:
    if requirement.kind == "attested":
        return ["The policy asks that a person vouches for it."]
    if requirement.kind == "reported":
        return ["The policy asks that it is measured and shown."]
    region = requirement.region
    return [] if region is None else [words.asked(str(requirement.metric), region)]


def _reported(said: Said, metrics: Mapping[str, Metric] | None) -> Iterator[str]:
    if said.measurement is not None:
        yield words.reported(said.measurement, metrics)
    yield "The policy asks that it is measured and shown, without a limit."
    yield f"{' '.join(said.hurdles)} So: inconclusive." if said.hurdles else "It is: pass."


def _because(
    region: Region,
    status: VerdictStatus,
    measurement: Measurement,
    finding: Finding,
    said: Said,
) -> Iterator[str]:
    place = _place(finding, measurement, region)
    if status is VerdictStatus.PASS:
        yield f"{place}: pass."
    elif status is VerdictStatus.FAIL:
        yield f"{place}{_significance(said)}: fail."
    elif finding.position is Position.UNKNOWN:
        yield f"{finding.problem} Without an interval it can neither pass nor fail: inconclusive."
    elif finding.position is Position.ACROSS:
        yield f"{place}: inconclusive."
    elif finding.position is Position.OUTSIDE and not finding.exact:
        yield (
            f"{place}, but this could be chance{_significance(said)}, where "
            f"{said.alpha:.2g} is needed: inconclusive."
        )
    else:
        yield f"{place}, but this cannot decide: inconclusive."
    if status is VerdictStatus.INCONCLUSIVE:
        # Too few units are both, and are said once.
        yield from (one for one in said.hurdles if one != finding.problem)
        yield from _more(measurement, finding, said.units)


def _place(finding: Finding, measurement: Measurement, region: Region) -> str:
    subject = "It lies" if finding.exact else "The interval lies wholly"
    if finding.position is Position.INSIDE:
        return f"{subject} inside"
    interval = finding.interval
    if finding.position is Position.OUTSIDE:
        value = measurement.value if interval is None else interval.high
        if value is not None and interval is not None and value >= region[0]:
            value = interval.low
        return f"{subject} {words.outside(value or 0.0, region)}"
    return "" if interval is None else f"The interval reaches {words.across(interval, region)}"


def _significance(said: Said) -> str:
    if said.p_adjusted is None:
        return ""
    corrected = f", corrected for {said.family} comparisons" if said.family > 1 else ""
    return f" (p {numerals.p_value(said.p_adjusted)}{corrected})"


def _more(measurement: Measurement, finding: Finding, units: int | None) -> Iterator[str]:
    if units is not None and units > measurement.units:
        count, noun = numerals.about(units), words.noun_of(measurement)
        yield f"{count[0].upper()}{count[1:]} {noun} in all would decide, at the same value."
    elif finding.interval is not None and math.isinf(finding.interval.high - finding.interval.low):
        yield measurement.reason or "Nothing shows how far other units would differ."
    elif finding.position is Position.ACROSS and units is None:
        noun = words.noun_of(measurement).removeprefix("independent ")
        yield f"At this value, which lies almost on the limit, more {noun} would hardly decide."


def _effect(requirement: Requirement, status: VerdictStatus, must_block: bool) -> list[str]:
    """What the verdict does, where that is not plain from its name."""
    if status is VerdictStatus.PASS:
        return []
    if requirement.severity == "warn":
        return ["This requirement warns and does not block."]
    choice = requirement.on_inconclusive
    if status is VerdictStatus.INCONCLUSIVE and choice != "block" and not must_block:
        return [f"It does not block (on_inconclusive: {choice})."]
    return []


def hurdles(
    measurement: Measurement, requirement: Requirement, policy: Policy, is_small: bool
) -> Iterator[str]:
    """Why a measurement cannot pass, whatever its number; each a sentence."""
    if measurement.sampled:
        yield "Only part of the rows was read, and such a number never passes: read all of them."
    if measurement.status is Status.TOO_FEW:
        yield measurement.reason or "There are too few units to say."
    least = requirement.min_units
    if least is not None and measurement.units < least:
        found = "fewer" if measurement.uncounted else f"{measurement.units:,}"
        yield (f"At least {least:,} units are needed before this may pass, and there are {found}.")
    if is_small and policy.minimum_share is not None:
        least_share = numerals.share(policy.minimum_share)
        yield (
            f"This group holds less than {least_share} of the rows, and the policy lets no such "
            "group pass (small_groups: block)."
        )


def not_measured(measurement: Measurement) -> str:
    """Why there is no number, as the check said it."""
    what = {
        Status.UNDEFINED: "is undefined",
        Status.NOT_APPLICABLE: "cannot be measured here",
        Status.FAILED: "could not be measured, since the check failed",
    }.get(measurement.status, "has no value")
    said = f" {measurement.reason}" if measurement.reason else ""
    return f"{measurement.key.metric} {what}.{said}"


def not_applicable(requirement: Requirement, tasks: Mapping[str, str]) -> str:
    """That a requirement is for other kinds of model: stated, never silently left out."""
    kinds = " and ".join(dict.fromkeys(tasks.values()))
    return (
        f"{requirement.title} ({requirement.id}) does not apply: it is for "
        f"{', '.join(requirement.tasks)} models, and this one is {kinds}."
    )


def small(part: Slice, requirements: Sequence[str], policy: Policy, universe: Universe) -> str:
    """That a group is listed and not judged; with its share and number of rows."""
    share = universe.shares.get(part) or 0.0
    rows = universe.rows.get(part)
    few = rows is not None and rows < _FEWEST_COUNTED
    found = f"fewer than {_FEWEST_COUNTED}" if few else f"{rows:,}"
    count = "" if rows is None else f" ({found} rows)"
    return (
        f"{part} holds {'at most ' if few else ''}{numerals.share(share)} of the rows{count}, "
        f"under the minimum share of {numerals.share(policy.minimum_share or 0.0)}: listed, not "
        "judged "
        f"({', '.join(dict.fromkeys(requirements))})."
    )


def unknown(part: Slice, requirements: Sequence[str], universe: Universe) -> str:
    """That people whose group is unknown are compared with nobody; with their number."""
    rows, share = universe.rows.get(part), universe.shares.get(part)
    if rows is None:
        count = "an unknown number of rows"
    elif rows < _FEWEST_COUNTED:
        count = f"fewer than {_FEWEST_COUNTED} rows"
    else:
        count = f"{rows:,} rows" + ("" if share is None else f" ({numerals.share(share)})")
    return (
        f"{part}: for {count} a value is unknown, so that they are compared with nobody "
        f"({', '.join(dict.fromkeys(requirements))})."
    )


def attestation(given: Attestation) -> str:
    """Who vouches for what, and since when."""
    return f"{given.person} vouches for {given.digest}, {given.date}"


def circumstances(look: int, alpha: float, exploratory: bool) -> Iterator[str]:
    """What a reviewer must know about the judgement as a whole."""
    if look > 1:
        yield (
            f"This is look {look} at this model: each decision uses a one-sided error of "
            f"{alpha:.2g}, so that looking again cannot make it pass by chance."
        )
    if exploratory:
        yield "The policy was first seen after the evaluation data were opened: exploratory."
