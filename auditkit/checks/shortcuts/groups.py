"""What a nuisance does to the decisions and scores of each declared group."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import cast

from auditkit.checks.estimation import estimated
from auditkit.checks.groups import groups_need
from auditkit.checks.outcome_groups import OutcomeGroups
from auditkit.checks.robustness.pairs import is_number
from auditkit.checks.shortcuts.flips import flips
from auditkit.checks.shortcuts.scores import by_group
from auditkit.checks.shortcuts.trials import Trial, key_of
from auditkit.evidence.collected import SplitEvidence
from auditkit.evidence.needs import CountNeed
from auditkit.evidence.outcome_rows import OutcomeRows
from auditkit.evidence.subject import Subject
from auditkit.measurement import Estimate, Measurement, Slice


def group_needs(subject: Subject) -> Iterator[CountNeed]:
    """What says how large the declared groups are."""
    for declared in subject.columns.groups:
        yield groups_need((declared.name,))


def of_groups(
    trial: Trial, subject: Subject, evidence: SplitEvidence, spread: float
) -> Iterator[Measurement]:
    """Changed decisions and scores of each declared group, among the units changed.

    Args:
        trial: the answers.
        subject: with its groups.
        evidence: of the split; holds `group_needs`.
        spread: see `auditkit.checks.shortcuts.scores.measurements`.
    """
    numbers = [*_flips(trial), *by_group(trial, spread)]
    # Of rows only groups and samples are read here, which answered rows have as outcomes do.
    rows = cast("OutcomeRows", trial.pair.before)
    for declared in subject.columns.groups:
        groups = OutcomeGroups(rows, subject, evidence, (declared.name,), noun="unit changed by it")
        for where in groups.groups.samples:
            for number, said, estimate in numbers:
                key = key_of(number, trial.view, str(trial.variant), said, where=where)
                measure = partial(_in_group, trial, groups, where, estimate)
                yield estimated(key, measure, groups.groups.sample(where), trial.reason)


def _flips(trial: Trial) -> Iterator[tuple[str, str, Callable[[Trial], Estimate]]]:
    if not is_number(trial.view):
        yield "flips", "", flips


def _in_group(
    trial: Trial, groups: OutcomeGroups, where: Slice, estimate: Callable[[Trial], Estimate]
) -> Estimate:
    trial.refuse_untouched()
    groups.refuse_few(where)
    return estimate(trial.part(groups.members(where)))
