"""What a view is to tell apart: its own kind of units from others, or from copies of themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from auditkit.checks.check import EVALUATION
from auditkit.checks.estimation import NoEstimateError, absent, both, estimated
from auditkit.checks.out_of_distribution.scores import OF_LAYER, OF_OUTPUTS, Bank, Score, likeliest
from auditkit.data.sources import OUTSIDE
from auditkit.evidence.answered import AnsweredRows
from auditkit.evidence.basis import Sample
from auditkit.evidence.row_estimates import bounded_mean_of
from auditkit.evidence.subject import Subject, View
from auditkit.measurement import Estimate, Measurement, MeasurementKey, Status
from auditkit.statistics import estimates
from auditkit.statistics.detection import Sides, false_acceptance, separation

BETWEEN_KINDS = f"{OUTSIDE}→{EVALUATION}"
NUMBERS: Mapping[str, Callable[[Sides], Estimate]] = {
    "auroc": separation,
    "fpr95": false_acceptance,
}


@dataclass(frozen=True, eq=False)
class Encounter:
    """Two sets of answers that a score should tell apart.

    Attributes:
        subject: what is audited.
        view: the output.
        inside: the evaluation sample.
        outside: units of another kind; or the same units, corrupted.
        copies: the corruption under which `outside` are copies of `inside`; "" if they are not.
        bank: familiar units, for the scores of a layer; None where they are not measured.
        own_bank: whether the bank is the half of `inside` that is not held out; then only the other
            half is scored by them.
    """

    subject: Subject
    view: View
    inside: AnsweredRows
    outside: AnsweredRows
    copies: str = ""
    bank: Bank | None = None
    own_bank: bool = False
    _scored: dict[str, Sides] = field(default_factory=dict, init=False, repr=False)
    """By name of the score: two numbers and the picture rest on the same."""

    @property
    def scores(self) -> Iterator[Score]:
        """The scores that are measured of the view."""
        yield from OF_OUTPUTS if self.view.classifies else ()
        yield from OF_LAYER if self.bank is not None else ()

    def measurements(self) -> Iterator[Measurement]:
        """Both numbers of every score, and the confidence outside."""
        for score in self.scores:
            yield from self._of_score(score)
        if self.view.classifies and self.view.probabilistic and not self.copies:
            yield self._confidence()

    def _of_score(self, score: Score) -> Iterator[Measurement]:
        inside, outside = self.sides_of(score)
        sample = self._sample(inside, outside)
        for number, statistic in NUMBERS.items():
            key = self.key(number, score.name)
            if reason := score.lack(self.subject, self.view):
                yield absent(key, Status.NOT_APPLICABLE, reason, sample)
            else:
                measure = partial(self._estimate, statistic, score)
                yield estimated(key, measure, sample, self._reason(score))

    def _estimate(self, statistic: Callable[[Sides], Estimate], score: Score) -> Estimate:
        return statistic(self.scored(score))

    def scored(self, score: Score) -> Sides:
        """The scores of both sides, and which of them are of one unit; computed once.

        Raises:
            NoEstimateError, ValueError: some have none.
        """
        if score.name not in self._scored:
            inside, outside = self.sides_of(score)
            self._scored[score.name] = Sides(
                score.of(inside, self.bank),
                score.of(outside, self.bank),
                self._units(inside, outside),
            )
        return self._scored[score.name]

    def sides_of(self, score: Score) -> tuple[AnsweredRows, AnsweredRows]:
        """Whom a score is of on both sides: never those of its bank, nor copies of these."""
        if not (score.banked and self.own_bank):
            return self.inside, self.outside
        outside = self.outside.part(self.outside.held_out) if self.copies else self.outside
        return self.inside.part(self.inside.held_out), outside

    def _units(
        self, inside: AnsweredRows, outside: AnsweredRows
    ) -> tuple[np.ndarray, np.ndarray] | None:
        if inside.clusters is None:
            rows = np.arange(len(inside))
            return (rows, rows) if self.copies else None
        clusters = np.unique(inside.clusters, return_inverse=True)[1].astype(np.int64)
        return clusters, clusters if self.copies else len(inside) + np.arange(len(outside))

    def _sample(self, inside: AnsweredRows, outside: AnsweredRows) -> Sample:
        if self.copies:
            return inside.sample
        one, other = inside.sample, outside.sample
        if one.clusters is not None:
            # Outside no clusters are declared: each row is a unit.
            other = Sample(other.rows, other.rows, sampled=other.sampled)
        return both(one, other)

    def _reason(self, score: Score) -> str:
        sentences = []
        if self.copies:
            sentences.append(
                f"Told apart are inputs and their copies under {self.copies}: that says little of "
                "inputs of another kind, of which none are given."
            )
        if score.banked and self.bank is not None:
            sentences.append(self.bank.origin)
        sentences += [self.inside.drawn, *self.outside.notes]
        if self.outside.drawn and not self.copies:
            sentences.append(f"Of the outside data: {_inner(self.outside.drawn)}")
        return " ".join(sentence for sentence in sentences if sentence)

    def _confidence(self) -> Measurement:
        key = MeasurementKey(
            "out_of_distribution.outside_confidence",
            split=OUTSIDE,
            head=self.view.key.head,
            label=self.view.key.label,
        )
        return estimated(key, self._mean_confidence, self.outside.sample, self.outside.drawn)

    def _mean_confidence(self) -> Estimate:
        values = likeliest(self.outside)
        if broken := int((~np.isfinite(values)).sum()):
            raise ValueError(f"the confidence of {broken:,} units is not finite")
        # Of a binary output the two classes need no names.
        least = 1 / max(len(self.view.classes), 2)
        return bounded_mean_of(values, self.outside, least, 1)

    def key(self, number: str, score: str) -> MeasurementKey:
        """Of one number of one score."""
        label = " · ".join(part for part in (self.view.key.label, score, self.copies) if part)
        return MeasurementKey(
            f"out_of_distribution.{number}",
            split=EVALUATION if self.copies else BETWEEN_KINDS,
            head=self.view.key.head,
            label=label,
        )

    def best(self) -> tuple[Score, Sides] | None:
        """The score that tells the sides apart best, with what it gave; None if none does."""
        found: list[tuple[float, Score, Sides]] = []
        for score in self.scores:
            if score.lack(self.subject, self.view):
                continue
            try:
                sides = self.scored(score)
                found.append((estimates.value(separation(sides)), score, sides))
            except (NoEstimateError, ValueError):
                continue  # its measurement says why
        if not found:
            return None
        _, score, sides = max(found, key=lambda one: one[0])
        return score, sides


def _inner(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]
