"""What the threshold does to all prompts, and to groups, that it was not chosen on."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from auditkit.checks.answer_rows import AnswerRows
from auditkit.checks.answered_groups import AnsweredGroups
from auditkit.checks.estimation import absent, estimated
from auditkit.checks.hallucination.gate import Gate
from auditkit.checks.hallucination.judged import AnswerGroups
from auditkit.checks.hallucination.keys import key_of, not_applicable
from auditkit.evidence.basis import Sample
from auditkit.measurement import Measurement, Status

OF_ALL = ("threshold", "coverage", "accepted_error")


def of_all(gate: Gate) -> Iterator[Measurement]:
    """The threshold, and what it does to all held-out prompts."""
    whole = gate.held_out.sample
    yield _threshold(gate)
    yield estimated(key_of("coverage"), gate.coverage, whole, gate.basis)
    given = gate.held_out.part(gate.accepted).sample if gate.usable else whole
    yield estimated(key_of("accepted_error"), gate.error, given, gate.basis)


def _threshold(gate: Gate) -> Measurement:
    key = key_of("threshold")
    clustered = gate.certifying.clustered
    units = len(gate.certifying.wrong)
    sample = Sample(units, units if clustered else None, sampled=gate.held_out.sampled)
    if not gate.usable:
        # Why there is none is told as it is of the share that would be answered.
        return estimated(key, gate.coverage, sample)
    if gate.below is None:
        reason = f"There is no threshold, since all answers can be given. {gate.basis}"
        return absent(key, Status.UNDEFINED, reason, sample)
    return Measurement(
        key,
        Status.MEASURED,
        value=gate.below,
        units=sample.units,
        rows=sample.rows,
        sampled=sample.sampled,
        reason=(
            "It is a setting that was chosen, no estimate, and has no interval; it is rounded to "
            "three digits, so that it is no single answer's score, and everything is measured with "
            f"it so. {gate.basis}"
        ),
    )


def of_groups(gate: Gate, groups: AnswerGroups) -> Iterator[Measurement]:
    """How much of each group is answered, and how often these answers are wrong.

    Args:
        gate: of all prompts together.
        groups: among the held-out prompts.
    """
    basis = f"The threshold is that of all prompts together. {gate.breach}".strip()
    answered = AnsweredGroups(groups, gate, lambda: gate.accepted, gate.held_out.wrong, "prompts")
    yield from answered.measured(
        partial(key_of, "group_coverage"), partial(key_of, "group_accepted_error"), basis
    )


def nothing(reason: str, rows: AnswerRows) -> Iterator[Measurement]:
    """What is said where no score can decide, or nothing was judged."""
    for name in OF_ALL:
        yield not_applicable(key_of(name), reason, rows)


__all__ = ["nothing", "of_all", "of_groups"]
