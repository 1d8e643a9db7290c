"""The gap of every score over all units, and of the recall of each class."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import numpy as np

from auditkit.checks.calibration.classes import MOST_CLASSES
from auditkit.checks.check import BETWEEN, EVALUATION, TRAINING, Findings
from auditkit.checks.class_scores import recognised
from auditkit.checks.estimation import MIN_KEPT, absent, both, drawn_ends, estimated, telling
from auditkit.checks.estimation import undefined as no_number
from auditkit.checks.labelled_clusters import clusters_with_rows
from auditkit.checks.overfitting.figures import overall_figure, part_row, parts_figure
from auditkit.checks.overfitting.metrics import RECALL_GAP, gap_id
from auditkit.checks.reading import Reading
from auditkit.checks.score_gaps import score_gap
from auditkit.checks.scores import Score, scores_of
from auditkit.evidence.basis import Sample
from auditkit.evidence.collected import Evidence
from auditkit.evidence.needs import SplitNeed
from auditkit.evidence.subject import Subject, View
from auditkit.measurement import Estimate, Measurement, MeasurementKey, Status
from auditkit.models.head import Task
from auditkit.statistics import estimates
from auditkit.statistics.rates import Rate, difference_estimate


@dataclass(frozen=True)
class Sides:
    """What was collected of both splits."""

    subject: Subject
    evidence: Evidence

    @cached_property
    def seen(self) -> Reading:
        """Of the training data."""
        return Reading(self.subject, self.evidence, TRAINING)

    @cached_property
    def unseen(self) -> Reading:
        """Of the evaluation data."""
        return Reading(self.subject, self.evidence, EVALUATION)

    @cached_property
    def sample(self) -> Sample:
        """What a gap over all units rests on."""
        return both(self.seen.labelled_sample, self.unseen.labelled_sample)

    @cached_property
    def shared(self) -> str:
        """That clusters have rows in both splits; "" where none are known to."""
        seen, unseen = self.seen.evidence.clusters, self.unseen.evidence.clusters
        if seen is None or unseen is None:
            return ""
        common = len(np.intersect1d(seen.keys, unseen.keys))
        if not common:
            return ""
        number = f"{common:,}" if common >= MIN_KEPT else "some"
        known = number if seen.exact and unseen.exact else f"at least {number}"
        return (
            f"Of the clusters of the evaluation data {known} are in the training data too: the two "
            "sides are not independent, which the interval takes into account, and the model has "
            "seen something of what it is judged on, so that the gap may be too small."
        )


def gap_needs(subject: Subject) -> Iterator[SplitNeed]:
    """What the gaps over all units need."""
    for view, score, _ in _scores(subject):
        if not score.unmet(view):
            for need in score.needs(view):
                yield SplitNeed(TRAINING, need)
                yield SplitNeed(EVALUATION, need)


def _scores(subject: Subject) -> Iterator[tuple[View, Score, str]]:
    for view in subject.views:
        yield from ((view, score, label) for score, label in scores_of(view))


def overall_gaps(sides: Sides) -> Findings:
    """The gap of every score, and a picture of both sides of each."""
    measurements: list[Measurement] = []
    rows: list[dict[str, Any]] = []
    for view, score, label in _scores(sides.subject):
        key = MeasurementKey(gap_id(score.metric), split=BETWEEN, head=view.key.head, label=label)
        if unmet := score.unmet(view):
            measurements.append(absent(key, Status.NOT_APPLICABLE, unmet, sides.sample))
            continue
        made = partial(score_gap, view, score, sides.seen, sides.unseen)
        gap = estimated(key, made, sides.sample, sides.shared)
        measurements.append(gap)
        if gap.status is Status.MEASURED and not view.one_vs_rest:
            rows += [_row(view, score, label, side) for side in (sides.seen, sides.unseen)]
    return Findings(tuple(measurements), overall_figure(rows))


def _row(view: View, score: Score, label: str, reading: Reading) -> dict[str, Any]:
    estimate = score.estimate(view, reading)
    of = " ".join(part for part in (view.key.head, label) if part)
    return {
        "metric": f"{score.metric.title} ({of})" if of else score.metric.title,
        "split": reading.split,
        "value": estimates.value(estimate),
        **drawn_ends(estimates.interval(estimate)),
        "n": reading.labelled_sample.rows,
    }


def class_gaps(sides: Sides) -> Findings:
    """The gap of the recall of each class, for every output that is decided."""
    views = [view for view in sides.subject.main_views if view.classifies and view.decides]
    return Findings.together(_of_classes(view, sides) for view in views)


def _of_classes(view: View, sides: Sides) -> Findings:
    tables = [recognised(view, side) for side in (sides.seen, sides.unseen)]
    units = tables[1].sum(axis=(0, 1))
    order = np.argsort(-units, kind="stable")[:MOST_CLASSES].tolist()
    # Of several labels each is a question of its own, about those who have it.
    multilabel = view.head.task is Task.MULTILABEL
    measured = [
        _of_class(view, place, tables, sides) for place in ([1] if multilabel else sorted(order))
    ]
    rows = [part_row(one.key.label, one) for one in measured]
    figure = () if multilabel else parts_figure("class", "Recall", view, rows, "share")
    return Findings(tuple(measured), figure, _notes(view))


def _of_class(view: View, place: int, tables: list[np.ndarray], sides: Sides) -> Measurement:
    name = view.key.label or view.classes[place]
    key = MeasurementKey(RECALL_GAP.id, split=BETWEEN, head=view.key.head, label=name)
    states = [table[:, :, place] for table in tables]
    readings = (sides.seen, sides.unseen)
    samples = [_sample(state, side) for state, side in zip(states, readings, strict=True)]

    def gap() -> Estimate:
        for sample, side in zip(samples, readings, strict=True):
            _refuse(sample, f"The {side.split} data", f"of the class {name}")
        return difference_estimate(*map(rate, states, readings, samples))

    def rate(state: np.ndarray, side: Reading, sample: Sample) -> Rate:
        return side.rate(state[:, 1], state.sum(axis=1), sample.clusters)

    return estimated(key, gap, both(*samples), sides.shared)


def _sample(state: np.ndarray, side: Reading) -> Sample:
    """What the recall of a class rests on, of units by (block, wrong or right)."""
    units = state.sum(axis=1)
    clusters = None
    if side.clustered:
        clusters = min(clusters_with_rows(side.evidence, units > 0) or 0, int(units.sum()))
    return Sample(int(units.sum()), clusters, sampled=side.evidence.sampled)


def _refuse(sample: Sample, where: str, of: str) -> None:
    if not sample.rows:
        raise no_number(f"{where} have no unit {of}.")
    if sample.rows < MIN_KEPT:
        raise telling(f"{where} have too few units {of}")


def _notes(view: View) -> tuple[str, ...]:
    if len(view.classes) <= MOST_CLASSES:
        return ()
    of = f" of {view.key}" if str(view.key) else ""
    return (
        f"Overfitting by class{of}: the {MOST_CLASSES} of {len(view.classes):,} classes that have "
        "the most units in the evaluation data are compared one by one.",
    )
