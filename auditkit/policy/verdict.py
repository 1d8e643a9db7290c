"""What a judge says: verdicts on requirements, and the judgement that they add up to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Any

from auditkit.measurement import Interval, Measurement, from_plain, to_plain


class VerdictStatus(StrEnum):
    """The outcome of one requirement on one slice, or of a whole audit."""

    PASS = "pass"
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    MISSING = "missing"
    WAIVED = "waived"


class ExitCode(IntEnum):
    """What `audit` and `gate` return to the shell."""

    NOTHING_BLOCKS = 0
    FAILED = 1
    WRONG_INPUT = 2
    INCONCLUSIVE = 3


@dataclass(frozen=True)
class Verdict:
    """One requirement judged on one slice.

    Attributes:
        requirement: id of the requirement.
        status: the verdict.
        severity: `block` or `warn`, of the requirement.
        blocks: True if this verdict stops a deployment (severity, status, `on_inconclusive` and
            waivers taken together).
        subject: the measurement's key in words, or the slice asked for when nothing was measured.
        reason: full sentences for a reviewer: what was required, what was found, with n and the
            interval, why this is the verdict, and what would decide it.
        measurement: what the verdict rests on; None if there was none.
        region: the (low, high) that the metric must lie in; infinite ends where unbounded; None for
            requirements that are reported or attested.
        interval: the interval at the level judged; None if there is none.
        alpha: the one-sided level judged at, after looks were accounted for.
        p_value: of "it lies inside the region"; small speaks for `fail`.
        p_adjusted: the same, by Holm over all blocking comparisons of the policy.
        units_to_decide: about how many units in all would decide an inconclusive one.
        title, clause, basis, explanation: copied from the requirement.
        waiver: id of the waiver applied; "" if none.
    """

    requirement: str
    status: VerdictStatus
    severity: str
    blocks: bool
    subject: str
    reason: str
    measurement: Measurement | None = None
    region: tuple[float, float] | None = None
    interval: Interval | None = None
    alpha: float | None = None
    p_value: float | None = None
    p_adjusted: float | None = None
    units_to_decide: int | None = None
    title: str = ""
    clause: str = ""
    basis: str = ""
    explanation: str = ""
    waiver: str = ""


@dataclass(frozen=True)
class Judgement:
    """All verdicts of one policy on one record.

    Attributes:
        policy: id of the policy.
        policy_digest: sha256 of the policy's text, `sha256:…`.
        outcome: the worst blocking verdict (missing counts as fail), else `pass`; `waived` where
            only a waiver keeps it from failing.
        exit_code: what the command line returns.
        look: the how-many-th look at this model this was; 1 for the first.
        exploratory: True if the policy was first seen after the evaluation data were opened.
        small_groups: sentences, one for each group listed instead of judged, since it is small or
            its members' value is unknown.
        verdicts: one for each requirement and slice.
        not_applicable: sentences, one for each requirement that the policy itself limits to other
            kinds of model (`tasks`), so that nothing is left out in silence.
        notes: sentences that a reviewer must see, for example waivers refused, and why.
    """

    policy: str
    policy_digest: str
    outcome: VerdictStatus
    exit_code: ExitCode
    look: int
    exploratory: bool
    small_groups: tuple[str, ...]
    verdicts: tuple[Verdict, ...]
    not_applicable: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def _finite(number: float) -> float | None:
    """JSON has no infinity: an absent end is null."""
    return number if abs(number) != float("inf") else None


def judgement_to_plain(judgement: Judgement) -> dict[str, Any]:
    """A judgement as JSON-able data, reversible by `judgement_from_plain`."""
    return {
        "policy": judgement.policy,
        "policy_digest": judgement.policy_digest,
        "outcome": judgement.outcome.value,
        "exit_code": int(judgement.exit_code),
        "look": judgement.look,
        "exploratory": judgement.exploratory,
        "small_groups": list(judgement.small_groups),
        "verdicts": [_verdict_to_plain(verdict) for verdict in judgement.verdicts],
        "not_applicable": list(judgement.not_applicable),
        "notes": list(judgement.notes),
    }


def _verdict_to_plain(verdict: Verdict) -> dict[str, Any]:
    plain = {name: getattr(verdict, name) for name in _SIMPLE}
    plain["status"] = verdict.status.value
    plain["measurement"] = None if verdict.measurement is None else to_plain(verdict.measurement)
    plain["region"] = None if verdict.region is None else [_finite(end) for end in verdict.region]
    plain["interval"] = (
        None
        if verdict.interval is None
        else {
            "low": _finite(verdict.interval.low),
            "high": _finite(verdict.interval.high),
            "level": verdict.interval.level,
            "method": verdict.interval.method,
        }
    )
    return plain


_SIMPLE = (
    "requirement",
    "severity",
    "blocks",
    "subject",
    "reason",
    "alpha",
    "p_value",
    "p_adjusted",
    "units_to_decide",
    "title",
    "clause",
    "basis",
    "explanation",
    "waiver",
)


def judgement_from_plain(plain: Mapping[str, Any]) -> Judgement:
    """The judgement that `judgement_to_plain` wrote."""
    return Judgement(
        policy=plain["policy"],
        policy_digest=plain["policy_digest"],
        outcome=VerdictStatus(plain["outcome"]),
        exit_code=ExitCode(plain["exit_code"]),
        look=plain["look"],
        exploratory=plain["exploratory"],
        small_groups=tuple(plain["small_groups"]),
        verdicts=tuple(_verdict_from_plain(verdict) for verdict in plain["verdicts"]),
        not_applicable=tuple(plain.get("not_applicable", ())),
        notes=tuple(plain.get("notes", ())),
    )


def _end(number: float | None, absent: float) -> float:
    return absent if number is None else number


def _verdict_from_plain(plain: Mapping[str, Any]) -> Verdict:
    measurement, region, interval = plain["measurement"], plain["region"], plain["interval"]
    return Verdict(
        status=VerdictStatus(plain["status"]),
        measurement=None if measurement is None else from_plain(measurement),
        region=None
        if region is None
        else (_end(region[0], float("-inf")), _end(region[1], float("inf"))),
        interval=None
        if interval is None
        else Interval(
            _end(interval["low"], float("-inf")),
            _end(interval["high"], float("inf")),
            interval["level"],
            interval["method"],
        ),
        **{name: plain[name] for name in _SIMPLE},
    )
