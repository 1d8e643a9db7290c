"""What corrupted inputs do to a view: to its accuracy, its honesty, its predictions."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from auditkit.checks.estimation import NoEstimateError, Sample, absent, estimated
from auditkit.checks.groups import counted_groups, groups_need
from auditkit.checks.outcome_groups import OutcomeGroups
from auditkit.checks.robustness.pairs import Pair, is_number, key_of
from auditkit.evidence.collected import SplitEvidence
from auditkit.evidence.needs import CountNeed
from auditkit.evidence.outcome_rows import probabilities_of
from auditkit.evidence.row_estimates import bounded_mean_of, mean_of, rate_of, share_of
from auditkit.evidence.subject import Subject, View
from auditkit.measurement import Estimate, Measurement, Slice
from auditkit.statistics import estimates
from auditkit.statistics.rates import difference_estimate

OF_LABELLED_CLASSES = ("corrupted_accuracy", "accuracy_drop", "corrupted_gap")
OF_LABELLED_NUMBERS = ("corrupted_mae", "mae_rise")


def numbers_of(view: View) -> tuple[str, ...]:
    """The numbers of a view under each corruption."""
    if is_number(view):
        return (*OF_LABELLED_NUMBERS, "prediction_change")
    return (*OF_LABELLED_CLASSES, "flips")


def labelled_numbers(view: View) -> tuple[str, ...]:
    """Those of them that rest on labels."""
    return OF_LABELLED_NUMBERS if is_number(view) else OF_LABELLED_CLASSES


def measurements(pair: Pair, *, labels: bool) -> Iterator[Measurement]:
    """Every number of a view under one corruption.

    Args:
        pair: its answers.
        labels: whether there are labels; without them only changes are measured.
    """
    if is_number(pair.view):
        if labels:
            yield pair.measured("corrupted_mae", _mae)
            yield pair.measured("mae_rise", _mae_rise)
        yield pair.measured("prediction_change", _change, of_labelled=False)
        return
    if labels:
        yield pair.measured("corrupted_accuracy", accuracy)
        yield pair.measured("accuracy_drop", _drop)
        if pair.view.probabilistic:
            yield pair.measured("corrupted_gap", _gap)
    yield pair.measured("flips", _flips, of_labelled=False)


def accuracy(pair: Pair) -> Estimate:
    """The share that is right after."""
    return share_of(pair.right[1], pair.before)


def _drop(pair: Pair) -> Estimate:
    before, after = pair.right
    if pair.before.clusters is None:
        wins, losses = (before & ~after).sum(), (after & ~before).sum()
        return estimates.paired_difference(int(wins), int(losses), len(before))
    # Of the same rows, so of the same blocks: what the two have in common is in their difference.
    return difference_estimate(*(rate_of(one, pair.before) for one in (before, after)))


def _gap(pair: Pair) -> Estimate:
    sure = confidence(pair)[1]
    # Of units that are as sure as these on average: all of them right, or all of them wrong.
    low, high = float(sure.mean()) - 1, float(sure.mean())
    return bounded_mean_of(sure - pair.right[1], pair.before, low, high)


def confidence(pair: Pair) -> tuple[np.ndarray, np.ndarray]:
    """The probability of the predicted class before and after, float64 of shape (n,) each."""
    rows = np.arange(len(pair.before))
    sides = zip((pair.before, pair.after), pair.decisions, strict=True)
    before, after = (
        probabilities_of(side.outputs[0], pair.view)[rows, chosen] for side, chosen in sides
    )
    return before, after


def _flips(pair: Pair) -> Estimate:
    before, after = pair.decisions
    return share_of(before != after, pair.before)


def errors(pair: Pair) -> tuple[np.ndarray, np.ndarray]:
    """Absolute errors before and after, float64 of shape (n,) each."""
    before, after = (np.abs(one - pair.target) for one in pair.numbers)
    return before, after


def _mae(pair: Pair) -> Estimate:
    return mean_of(errors(pair)[1], pair.before)


def _mae_rise(pair: Pair) -> Estimate:
    before, after = errors(pair)
    return mean_of(after - before, pair.before)


def _change(pair: Pair) -> Estimate:
    before, after = pair.numbers
    return mean_of(np.abs(after - before), pair.before)


def group_needs(subject: Subject) -> Iterator[CountNeed]:
    """What says how large the declared groups are."""
    for declared in subject.columns.groups:
        yield groups_need((declared.name,))


def of_groups(pair: Pair, subject: Subject, evidence: SplitEvidence) -> Iterator[Measurement]:
    """The accuracy of each declared group under a corruption.

    Args:
        pair: its answers.
        subject: with its groups.
        evidence: of the split; holds `group_needs`.
    """
    try:
        whole = pair.labelled
    except NoEstimateError as none:
        yield from _absent_groups(pair, subject, evidence, none)
        return
    for declared in subject.columns.groups:
        groups = OutcomeGroups(whole.after.outcomes, subject, evidence, (declared.name,))
        for where in groups.groups.samples:
            key = key_of("corrupted_accuracy", pair.view, pair.change, where)
            measure = partial(_in_group, whole, groups, where)
            yield estimated(key, measure, groups.groups.sample(where), pair.reason)


def _absent_groups(
    pair: Pair, subject: Subject, evidence: SplitEvidence, none: NoEstimateError
) -> Iterator[Measurement]:
    """No accuracy of any group, and why."""
    nothing = Sample(0, sampled=pair.before.sampled)
    for declared in subject.columns.groups:
        for where in counted_groups(subject, evidence, (declared.name,)).samples:
            key = key_of("corrupted_accuracy", pair.view, pair.change, where)
            yield absent(key, none.status, str(none), nothing)


def _in_group(whole: Pair, groups: OutcomeGroups, where: Slice) -> Estimate:
    groups.refuse_few(where)
    members = groups.members(where)
    return accuracy(
        Pair(whole.view, whole.change, whole.before.part(members), whole.after.part(members))
    )
