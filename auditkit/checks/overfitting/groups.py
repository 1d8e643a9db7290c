"""The gap of every score by group: whom the model knows by heart, and whom it has understood."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from auditkit.checks.check import BETWEEN, EVALUATION, TRAINING, Findings
from auditkit.checks.estimation import (
    MIN_KEPT,
    Sample,
    absent,
    both,
    estimated,
    telling,
    undefined,
)
from auditkit.checks.group_reading import GroupedReading, Kept, by_group
from auditkit.checks.groups import groups_need
from auditkit.checks.overfitting.figures import part_row, parts_figure
from auditkit.checks.overfitting.gaps import Sides
from auditkit.checks.overfitting.metrics import gap_id
from auditkit.checks.score_gaps import score_gap
from auditkit.checks.scores import Score, scores_of
from auditkit.evidence.needs import TARGET, CountNeed, SplitNeed
from auditkit.evidence.subject import MAX_ONE_VS_REST, Subject, View
from auditkit.measurement import Estimate, Measurement, MeasurementKey, Slice, Status

MOST_GROUPS = 100
"""Groups of one attribute or intersection; each takes a number for every score."""

_TOO_MANY_CLASSES = (
    f"The gap of what is counted by class is measured by group up to {MAX_ONE_VS_REST} classes."
)


def _scores(subject: Subject) -> Iterator[tuple[View, Score, str]]:
    """The scores that a group may have, with their labels."""
    for view in subject.main_views:
        for score, label in scores_of(view):
            if not score.unmet(view):
                yield view, score, label


def _too_wide(view: View, score: Score) -> bool:
    return score.by_class and len(view.classes) > MAX_ONE_VS_REST


def _needs_of(subject: Subject) -> list[Kept]:
    found = [
        need
        for view, score, _ in _scores(subject)
        if not _too_wide(view, score)
        for need in score.needs(view)
    ]
    return list(dict.fromkeys(found))


def group_needs(subject: Subject) -> Iterator[SplitNeed]:
    """What the gaps by group need."""
    for attributes in subject.slicings:
        for split in (TRAINING, EVALUATION):
            yield SplitNeed(split, groups_need(attributes))
            for need in _needs_of(subject):
                yield SplitNeed(split, by_group(need, attributes))


def group_gaps(sides: Sides) -> Findings:
    """The gap of every score in every group and declared intersection."""
    return Findings.together(
        _of_attributes(sides, attributes) for attributes in sides.subject.slicings
    )


def _of_attributes(sides: Sides, attributes: tuple[str, ...]) -> Findings:
    needs = _needs_of(sides.subject)
    both_sides = [GroupedReading(side, attributes, needs) for side in (sides.seen, sides.unseen)]
    pair = _Groups(sides, both_sides[0], both_sides[1])
    measured: list[Measurement] = []
    shown: dict[str, tuple[View, Score, list[dict[str, Any]]]] = {}
    for view, score, label in _scores(sides.subject):
        found = [pair.gap(view, score, label, where) for where in pair.levels]
        measured += found
        # One score an output is drawn, the first; the others are in the table of numbers.
        shown.setdefault(
            str(view.key), (view, score, [part_row(str(one.key.slice), one) for one in found])
        )
    figures = [
        figure
        for view, score, rows in shown.values()
        for figure in parts_figure(
            " × ".join(attributes), score.metric.title, view, rows, score.metric.unit
        )
    ]
    return Findings(tuple(measured), tuple(figures), pair.notes)


class _Groups:
    """The groups of one attribute or intersection, on both sides.

    Args:
        sides: all units.
        seen, unseen: the same by group.
    """

    def __init__(self, sides: Sides, seen: GroupedReading, unseen: GroupedReading) -> None:
        self.sides, self.seen, self.unseen = sides, seen, unseen
        every = list(dict.fromkeys([*unseen.groups.samples, *seen.groups.samples]))
        self.levels = every[:MOST_GROUPS]
        self.notes: tuple[str, ...] = ()
        if len(every) > MOST_GROUPS:
            self.notes = (
                f"Overfitting by {unseen.groups.title}: the first {MOST_GROUPS} of "
                f"{len(every):,} groups are compared.",
            )

    def gap(self, view: View, score: Score, label: str, where: Slice) -> Measurement:
        """The gap of one score in one group."""
        key = MeasurementKey(
            gap_id(score.metric), where, split=BETWEEN, head=view.key.head, label=label
        )
        sample = self._sample(where)
        if _too_wide(view, score):
            return absent(key, Status.NOT_APPLICABLE, _TOO_MANY_CLASSES, sample)
        return estimated(key, partial(self._gap, view, score, where), sample, self.sides.shared)

    def _gap(self, view: View, score: Score, where: Slice) -> Estimate:
        for grouped in (self.seen, self.unseen):
            if where not in grouped.groups.samples:
                raise undefined(f"The {grouped.reading.split} data have no row of {where}.")
            grouped.groups.refuse_few(where)
            if score.by_class:
                _refuse_few_of_class(view, score, grouped, where)
        return score_gap(view, score, self.seen.of(where), self.unseen.of(where))

    def _sample(self, where: Slice) -> Sample:
        """What a gap of the group rests on; its share is that in the evaluation data."""
        found = [
            side.groups.samples.get(where, Sample(0, 0 if side.reading.clustered else None))
            for side in (self.seen, self.unseen)
        ]
        rows = found[1].rows if found[1].rows >= MIN_KEPT else MIN_KEPT - 1
        share = min(rows / max(self.sides.unseen.evidence.rows, 1), 1.0)
        whole = replace(both(*found), share=found[1].share if found[1].share else share)
        few = any(0 < one.rows < MIN_KEPT for one in found)
        return Sample(0, share=whole.share, sampled=whole.sampled) if few else whole


def _refuse_few_of_class(view: View, score: Score, grouped: GroupedReading, where: Slice) -> None:
    """Refuse a number that rests on fewer than five units of a class.

    Raises:
        NoEstimateError: `too_few`.
    """
    need = next(one for one in score.needs(view) if TARGET in one.axes)
    assert isinstance(need, CountNeed)
    counts = grouped.of(where).counts(need)
    # The blocks come first, and the axis `block` is among them.
    axes = [axis for axis in need.axes if axis.kind != "block"]
    place = 1 + axes.index(TARGET)
    units = counts.sum(axis=tuple(axis for axis in range(counts.ndim) if axis != place))
    if np.any((units > 0) & (units < MIN_KEPT)):
        raise telling(f"{where} has too few units of a class in the {grouped.reading.split} data")
