"""One miscalibrated output: the ways to recalibrate it side by side, and which helps most."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from auditkit.advice.adviser import Cause
from auditkit.advice.recalibration_figure import recalibration_figure
from auditkit.advice.recalibration_fits import WAYS, Recalibration, fitted
from auditkit.advice.recalibration_outcomes import DEFINITIONS, Outcomes
from auditkit.advice.recalibration_words import (
    CAUTION,
    NONE_HELPS,
    accuracy_sentence,
    chosen_sentence,
    cost_sentences,
    found_sentences,
    group_sentence,
    limits_of,
)
from auditkit.evidence.outcome_rows import OutcomeRows
from auditkit.evidence.subject import Subject, View
from auditkit.measurement import Measurement
from auditkit.mending import Advice, Option
from auditkit.models.head import Task
from auditkit.statistics import estimates
from auditkit.statistics.absence import MIN_CLUSTERS

NAME = "recalibration"

MIN_HALF, MIN_EITHER = 100, 10
"""Rows that each half needs, and among them rows of either outcome: a curve fitted on fewer is
mostly chance."""

SHARED_ALPHA = 0.05 / WAYS
"""The one-sided error of each option, so that all of them together err no more often than .05."""


@dataclass(frozen=True)
class Case:
    """One output that is miscalibrated.

    Attributes:
        subject: what is audited.
        view: the output.
        causes: why.
        rows: row by row, or the reason why there are none.
    """

    subject: Subject
    view: View
    causes: Sequence[Cause]
    rows: OutcomeRows | str

    def advice(self) -> Advice:
        """What to say."""
        of = f" of {self.view.key}" if str(self.view.key) else ""
        said = Advice(
            adviser=NAME,
            title=f"Recalibration{of}",
            metric=self.causes[0].key.metric,
            slices=tuple(dict.fromkeys(cause.key.slice for cause in self.causes)),
            sentences=found_sentences(self.causes),
            definitions=DEFINITIONS,
        )
        if isinstance(self.rows, str):
            return _without(said, self.rows)
        if lack := lack_of(self.rows):
            return _without(said, lack)
        return self._fitted(self.rows, said)

    def _fitted(self, rows: OutcomeRows, said: Advice) -> Advice:
        options = fitted(rows)
        today, *ways = options
        learnt, held_out = rows.part(~rows.held_out), rows.part(rows.held_out)
        outcomes = Outcomes(held_out, today.forecast, self.subject.seed, learnt.sample)
        best = recommended(ways, outcomes)
        found = NONE_HELPS if best is None else chosen_sentence(best, ways, outcomes)
        told = [one.told for one in ways if one is not best]
        groups = "" if best is None else group_sentence(best, outcomes)
        cost = (
            found,
            *([] if best is None else [best.told]),
            *([groups] if groups else []),
            accuracy_sentence(ways, outcomes),
            *cost_sentences(outcomes),
            *told,
        )
        return replace(
            said,
            cost=cost,
            options=tuple(Option(one.title, tuple(outcomes.numbers(one))) for one in options),
            caution=CAUTION,
            limits=tuple(limits_of(outcomes, self.subject)),
            figure=recalibration_figure(options, self.view, len(held_out)),
        )


def _without(said: Advice, reason: str) -> Advice:
    return replace(
        said, sentences=(*said.sentences, f"No recalibration was tried: {_lowered(reason)}")
    )


def _lowered(sentence: str) -> str:
    return f"{sentence[:1].lower()}{sentence[1:]}"


def lack_of(rows: OutcomeRows) -> str:
    """Why nothing can be fitted on one half and measured on the other; "" if it can."""
    for half in (rows.part(~rows.held_out), rows.part(rows.held_out)):
        clusters = half.sample.clusters
        if clusters is not None and clusters < MIN_CLUSTERS:
            return f"One half has {clusters} clusters, of {MIN_CLUSTERS} needed in each."
        if len(half) < MIN_HALF:
            return f"One half has {len(half):,} rows, of {MIN_HALF} needed in each."
        binary = rows.view.task is Task.BINARY
        came_true = half.target == 1 if binary else half.correct
        fewest = int(min(np.sum(came_true), np.sum(~came_true)))
        if fewest < MIN_EITHER:
            kinds = "of one class" if binary else "predicted rightly, or wrongly"
            return f"One half has {fewest} rows {kinds}, of {MIN_EITHER} needed in each."
    return ""


def recommended(ways: Sequence[Recalibration], outcomes: Outcomes) -> Recalibration | None:
    """Of the options whose calibration error surely falls, the one with the best log loss.

    The error says what is mended; the log loss is a proper score, so that it also tells apart
    options that mend it alike, and what they do to the other classes. Each is read at its lower
    bound. None where no error surely falls, or where the log loss of each such option surely rises.
    """
    falls = {
        place: _bounds(outcomes.loss_fall(one.forecast))
        for place, one in enumerate(ways)
        if _bounds(outcomes.error_fall(one.forecast))[0] > 0
    }
    helping = {place: low for place, (low, high) in falls.items() if high >= 0}
    best = max(helping, key=lambda place: helping[place], default=None)
    return None if best is None else ways[best]


def _bounds(measured: Measurement) -> tuple[float, float]:
    if measured.estimate is None:
        return -np.inf, np.inf
    return estimates.bounds(measured.estimate, SHARED_ALPHA)
