"""What a threshold of confidence does to all units, and to groups, that it was not chosen on."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from auditkit.checks.abstention.halves import AbstentionHalves
from auditkit.checks.answered_groups import AnsweredGroups
from auditkit.checks.check import EVALUATION
from auditkit.checks.estimation import absent, estimated
from auditkit.checks.outcome_groups import OutcomeGroups
from auditkit.evidence.basis import Sample
from auditkit.evidence.row_estimates import share_of
from auditkit.evidence.subject import View
from auditkit.measurement import Estimate, Measurement, MeasurementKey, Slice, Status

OF_ALL = ("threshold", "coverage", "error")


def key_of(name: str, view: View, where: Slice | None = None) -> MeasurementKey:
    """The key of a number of a view."""
    return MeasurementKey(
        f"abstention.{name}",
        where or Slice(),
        split=EVALUATION,
        head=view.key.head,
        label=view.key.label,
    )


def numbers_of(halves: AbstentionHalves) -> Iterator[Measurement]:
    """The threshold, and what it does to all held-out units."""
    view, whole = halves.held_out.view, halves.held_out.sample
    yield _threshold(halves, view)
    yield estimated(key_of("coverage", view), partial(_coverage, halves), whole, halves.basis)
    answered = halves.held_out.part(halves.answered).sample if halves.usable else whole
    yield estimated(key_of("error", view), halves.error, answered, halves.basis)


def _threshold(halves: AbstentionHalves, view: View) -> Measurement:
    key, sample = key_of("threshold", view), halves.calibrated.sample
    if not halves.usable:
        # Why there is none is told as it is of the share that would be answered.
        return estimated(key, partial(_coverage, halves), sample)
    value = halves.value
    everybody = "" if value else f"All units {'would' if halves.breach else 'can'} be answered. "
    return Measurement(
        key,
        Status.MEASURED,
        value=value,
        units=sample.units,
        rows=sample.rows,
        sampled=sample.sampled,
        reason=(
            f"{everybody}It is a setting that was chosen, no estimate, and has no interval; it is "
            "rounded up to three digits of its distance to one, so that it is no single unit's "
            f"confidence, and everything is measured with it so. {halves.basis}"
        ),
    )


def _coverage(halves: AbstentionHalves) -> Estimate:
    return share_of(halves.answered, halves.held_out)


def of_groups(halves: AbstentionHalves, groups: OutcomeGroups) -> Iterator[Measurement]:
    """How much of each group is answered, and how often these answers are wrong.

    Args:
        halves: of one view.
        groups: among the held-out rows.
    """
    view = halves.held_out.view
    together = "The threshold is that of all units together."
    basis = " ".join(part for part in (together, halves.breach, halves.held_out.drawn) if part)
    answered = AnsweredGroups(
        groups, halves, lambda: halves.answered, ~halves.held_out.correct, "units"
    )
    yield from answered.measured(
        partial(key_of, "group_coverage", view), partial(key_of, "group_error", view), basis
    )


def nothing(view: View, reason: str, *, sampled: bool) -> Iterator[Measurement]:
    """What is said of a view that has no rows or no confidence."""
    for name in OF_ALL:
        sample = Sample(0, sampled=sampled)
        yield absent(key_of(name, view), Status.NOT_APPLICABLE, reason, sample)
