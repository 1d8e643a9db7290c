"""How much the training could learn by heart: the same training, taught on permuted labels.

Nothing general can be learnt of permuted labels, so whatever is answered rightly above chance was
memorised (Zhang et al. 2017). That is the reference for the gap of the model itself. Each training
is a run of its own; the intervals are of the units, and say nothing of how runs differ.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from auditkit.checks.check import BETWEEN, EVALUATION, TRAINING, Findings
from auditkit.checks.estimation import (
    MIN_KEPT,
    NoEstimateError,
    absent,
    both,
    by_blocks,
    drawn_ends,
    estimated,
    telling,
    undefined,
)
from auditkit.checks.overfitting.memorised_rows import ACCURACY, R2, Memorised, memorised
from auditkit.checks.overfitting.metrics import GAP_OF_CAPACITY, MEMORISED_SHARE
from auditkit.checks.scores import NO_DECISION
from auditkit.evidence.basis import Sample
from auditkit.evidence.collected import Evidence
from auditkit.evidence.needs import SplitNeed
from auditkit.evidence.sample_needs import TRAIN, TrialNeed
from auditkit.evidence.subject import Subject, View
from auditkit.evidence.tried import TriedRows, trial_needs, tried_rows
from auditkit.measurement import Estimate, Figure, Measurement, MeasurementKey, Status
from auditkit.models.head import Task
from auditkit.statistics import estimates

_NOT_AGAIN = (
    "How the model is trained is not declared, so it cannot be trained on permuted labels to see "
    "how much it learns by heart; declare retraining.train for it."
)
_NOT_WANTED = "No training on permuted labels is wanted: retraining.permutations is 0."
_CUSTOM = "What is right of a custom output is known to its unit_metrics alone."
_QUANTILES = "Predicted quantiles are no one number, so that they have no R²."


def capacity_needs(subject: Subject) -> Iterator[SplitNeed]:
    """The trainings on permuted labels, and the model's own answers for the same units."""
    if subject.retraining.possible:
        for view in subject.main_views:
            if not _unmet(subject, view):
                yield from trial_needs(subject, view, *_trials(subject, view))


def _trials(subject: Subject, view: View) -> tuple[TrialNeed, ...]:
    again = subject.retraining
    return tuple(
        TrialNeed(view.key.head, TRAIN, draw=draw, permuted=True, sample=again.units)
        for draw in range(again.permutations)
    )


def _unmet(subject: Subject, view: View) -> str:
    """Why nothing is learnt by heart of an output; "" if it is tried."""
    if not subject.retraining.possible:
        return _NOT_AGAIN
    if not subject.retraining.permutations:
        return _NOT_WANTED
    if view.task is Task.REGRESSION:
        return _QUANTILES if view.head.quantiles else ""
    if not view.classifies:
        return _CUSTOM
    return "" if view.decides else NO_DECISION


def capacity_findings(subject: Subject, evidence: Evidence) -> Findings:
    """How much was learnt by heart of permuted labels, and the model's gap as a share of it."""
    return Findings.together(_of_view(subject, evidence, view) for view in subject.main_views)


def _of_view(subject: Subject, evidence: Evidence, view: View) -> Findings:
    if unmet := _unmet(subject, view):
        return Findings(tuple(_without(view, Status.NOT_APPLICABLE, unmet)))
    needs = _trials(subject, view)
    asked = [(need, TRAINING) for need in needs] + [(needs[0], EVALUATION)]
    found = [tried_rows(evidence, subject, view, need, split) for need, split in asked]
    tried = [one for one in found if isinstance(one, TriedRows)]
    if len(tried) < len(found):
        reason = next(one for one in found if isinstance(one, str))
        return Findings(tuple(_without(view, Status.UNDEFINED, reason)))
    *trials, others = tried
    state = memorised(trials, others)
    reason = _reason(state, evidence[TRAINING].rows)
    seen, unseen = state.sample, state.other_sample
    share = estimated(_key(MEMORISED_SHARE.id, view), partial(_share, state), seen, reason)
    ratio = estimated(
        _key(GAP_OF_CAPACITY.id, view), partial(_ratio, state, share), both(seen, unseen), reason
    )
    # Never judged, since one training is no sample of trainings: what is shown is the interval.
    return Findings(
        tuple(replace(one, estimate=None) for one in (share, ratio)), _figure(view, state)
    )


def _key(metric: str, view: View) -> MeasurementKey:
    return MeasurementKey(metric, split=BETWEEN, head=view.key.head, label=view.key.label)


def _without(view: View, status: Status, reason: str) -> Iterator[Measurement]:
    for metric in (MEMORISED_SHARE, GAP_OF_CAPACITY):
        yield absent(_key(metric.id, view), status, reason, Sample(0))


def _reason(state: Memorised, rows: int) -> str:
    runs = {1: "once", 2: "twice"}.get(state.draws, f"{state.draws} times")
    runs += ", whose mean this is" if state.draws > 1 else ""
    of = "all" if state.units == rows else f"{state.units:,} of"
    fewer = (
        ""
        if state.units == rows
        else " Of fewer units than the model was trained on, more is learnt by heart."
    )
    return (
        f"Trained {runs}, on permuted labels of {of} {rows:,} training units; the interval is of "
        f"the units, and not of how one training differs from another.{fewer}"
    )


def _share(state: Memorised) -> Estimate:
    _refuse(state)
    if state.kind == R2:
        return by_blocks(state.score, state.permuted)
    return estimates.above_chance(state.rate, state.chance)


def _refuse(state: Memorised) -> None:
    if state.units < MIN_KEPT:
        raise telling("There are too few training units with a label")
    if state.kind == ACCURACY and state.chance == 1:
        raise undefined("All of these training units have one class: there is nothing to learn.")


def _ratio(state: Memorised, share: Measurement) -> Estimate:
    """The model's own gap over what was gained above chance; all of it without a block at once."""
    _refuse(state)
    if share.interval is None or not share.interval.low > 0:
        raise undefined(
            "This training learns hardly anything of permuted labels by heart, if at all, so that "
            "the gap is no share of it."
        )

    def ratio(total: np.ndarray) -> float:
        own, other, permuted = total
        return (state.score(own) - state.score(other)) / (state.score(permuted) - state.chance)

    return by_blocks(ratio, np.stack([state.own, state.other, state.permuted], axis=1))


def _figure(view: View, state: Memorised) -> tuple[Figure, ...]:
    samples = state.sample, state.other_sample
    if state.kind == R2 or state.chance == 1 or min(one.rows for one in samples) < MIN_KEPT:
        return ()
    if any(one.lack for one in samples):
        return ()  # an interval would not be honest
    try:
        rows = [_row(*one) for one in state.rates()]
    except NoEstimateError:  # a few clusters hold most of the units
        return ()
    of = f" ({view.key})" if str(view.key) else ""
    data = {"rows": [{"metric": f"Accuracy{of}", **row} for row in rows]}
    return (
        Figure(
            kind="gap",
            title=f"What the training learns by heart{of}",
            caption=(
                "The model on both splits; the same training on its own units when their labels "
                "were permuted, where everything above chance is learnt by heart; and chance, "
                "which is to answer with the most common class."
            ),
            check="overfitting",
            data=data,
        ),
    )


def _row(name: str, estimate: Estimate, units: int) -> dict[str, Any]:
    interval = None if estimate.method == "exact" else estimates.interval(estimate)
    return {
        "split": name,
        "value": estimates.value(estimate),
        **drawn_ends(interval),
        "n": units,
    }
