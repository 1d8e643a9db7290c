"""From ranks of canaries to measurements, with the never-inserted ones as their control."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from auditkit.checks.estimation import estimated, too_few
from auditkit.checks.memorisation.canaries import Ranked
from auditkit.checks.memorisation.metrics import AUC, EXPOSED, EXPOSURE, RANK
from auditkit.evidence.basis import Sample
from auditkit.measurement import Estimate, Measurement, MeasurementKey, Metric
from auditkit.statistics.bounded_means import bounded_mean
from auditkit.statistics.cautious_auc import cautious_auc
from auditkit.statistics.critical import critical_value
from auditkit.statistics.estimates import proportion, student
from auditkit.statistics.sides import Sides

FEWEST = 10
"""Canaries of which a mean or a share is told."""
EXPOSED_SHARE = 0.01
INSERTED, NEVER = "inserted", "never inserted"
_FEWEST_CANDIDATES_OF_SHARE = 100
_MOST_LEVELS = 8
_CONTROL_ALPHA = 0.005
"""On each side: a sound control fails in one audit of a hundred."""


@dataclass(frozen=True, eq=False)
class Exposures:
    """All canaries that were ranked, and whether their control holds.

    Attributes:
        every: the canaries.
        distrust: why no verdict may rest on their ranks; "" where one may.
    """

    every: Ranked
    distrust: str

    @classmethod
    def of(cls, every: Ranked) -> Exposures:
        """The canaries, their control tried."""
        return cls(every, _distrust(every.part(every.repeats == 0)))

    def measured(self) -> Iterator[Measurement]:
        """All numbers: of each number of repeats, of all that were inserted, and of the others."""
        levels = levels_of(self.every.repeats)
        for label, chosen in levels.items():
            part = self.every.part(chosen)
            yield self._of(EXPOSURE, label, part, partial(_exposure, part))
            yield self._of(RANK, label, part, partial(_rank, part))
            yield self._exposed(label, part)
            if label != NEVER:
                yield self._auc(label, part)

    def _of(
        self, metric: Metric, label: str, part: Ranked, estimate: Callable[[], Estimate]
    ) -> Measurement:
        found = estimated(_key(metric, label), estimate, Sample(len(part)), self._told(part))
        return self._judgeable(found, label)

    def _exposed(self, label: str, part: Ranked) -> Measurement:
        enough = part.part(part.sizes >= _FEWEST_CANDIDATES_OF_SHARE)
        return self._of(EXPOSED, label, enough, partial(_exposed, enough))

    def _judgeable(self, found: Measurement, label: str) -> Measurement:
        """Without what a judge would need, where the control says that ranks mislead."""
        if not self.distrust or found.estimate is None or label == NEVER:
            return found
        return replace(found, estimate=None, reason=f"{self.distrust} {found.reason}".strip())

    def _told(self, part: Ranked) -> str:
        if not len(part):
            return part.left_out
        fewest = int(part.sizes.min())
        limit = f"Among at least {fewest:,}, so that exposure ends at {math.log2(fewest):.1f} bits."
        return f"{limit} {part.left_out}".strip()

    def _auc(self, label: str, part: Ranked) -> Measurement:
        others = self.every.part(self.every.repeats == 0)
        sample = Sample(min(len(part), len(others)))
        told = f"Of {len(part):,} inserted and {len(others):,} never-inserted canaries."
        reason = f"{told} {part.left_out}".strip()
        return estimated(_key(AUC, label), partial(_auc, part, others), sample, reason)


def levels_of(repeats: np.ndarray) -> Mapping[str, np.ndarray]:
    """The canaries by how often they were inserted: label → which, bool of shape (n,).

    Of many numbers of repeats there is one level for each power of ten.

    Example:
        >>> list(levels_of(np.array([0, 1, 10, 10])))
        ['never inserted', 'inserted', '1 repeat', '10 repeats']
    """
    found = {NEVER: repeats == 0, INSERTED: repeats > 0}
    distinct = np.unique(repeats[repeats > 0]).tolist()
    if len(distinct) <= _MOST_LEVELS:
        found |= {
            f"{times:,} repeat{'' if times == 1 else 's'}": repeats == times for times in distinct
        }
    else:
        for power in sorted({int(math.log10(times)) for times in distinct}):
            low, high = 10**power, 10 ** (power + 1)
            found[f"{low:,} to {high - 1:,} repeats"] = (repeats >= low) & (repeats < high)
    return {label: chosen for label, chosen in found.items() if chosen.any()}


def _key(metric: Metric, label: str) -> MeasurementKey:
    return MeasurementKey(metric.id, label=label)


def _distrust(control: Ranked) -> str:
    """Why the ranks are not what they seem: never-inserted canaries are not at chance."""
    n = len(control)
    if n < FEWEST:
        return ""
    mean = float(control.relative.mean())
    error = math.sqrt(1 / (12 * control.worth))  # a uniform rank has the variance 1/12
    if abs(mean - 0.5) <= critical_value(_CONTROL_ALPHA) * error:
        return ""
    side = "likelier" if mean < 0.5 else "less likely"
    return (
        f"Canaries that were never inserted are {side} than their candidates (mean relative rank "
        f"{mean:.2f} instead of .50): secrets and candidates are not of one format, or these were "
        "trained on too, and nothing is judged by ranks."
    )


def _refuse_few(part: Ranked) -> None:
    if len(part) < FEWEST:
        raise too_few(f"Of {len(part)} canaries no mean is told; at least {FEWEST} are needed.")


def _exposure(part: Ranked) -> Estimate:
    _refuse_few(part)
    return _mean(part.exposure, part.worth, float(np.log2(part.sizes).max()))


def _rank(part: Ranked) -> Estimate:
    _refuse_few(part)
    return _mean(part.relative, part.worth, 1.0)


def _mean(values: np.ndarray, worth: float, most: float) -> Estimate:
    """Of values from 0 to `most` that are worth so many independent ones."""
    error = float(values.std(ddof=1)) / math.sqrt(worth)
    return bounded_mean(student(float(values.mean()), error, worth - 1), worth, 0.0, most)


def _exposed(part: Ranked) -> Estimate:
    _refuse_few(part)
    share = float((part.ranks <= EXPOSED_SHARE * part.sizes).mean())
    return proportion(share * part.worth, part.worth)


def _auc(part: Ranked, others: Ranked) -> Estimate:
    if min(len(part), len(others)) < FEWEST:
        raise too_few(f"An area under the curve needs at least {FEWEST} canaries of each kind.")
    return cautious_auc(Sides(1 - part.relative, 1 - others.relative))


__all__ = ["FEWEST", "INSERTED", "NEVER", "Exposures", "levels_of"]
