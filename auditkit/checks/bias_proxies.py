"""Selection by groups of which only probabilities are known, as lenders have them of race.

Each unit counts for every group with its probability of belonging to it. What that estimates is
biased where, among units of equal probabilities, the members of a group are selected more or less
often than the others: by the mean, over the group, of the covariance of membership and selection
given the probabilities. Data without the true groups cannot show it, so every number says so.

Source: Chen, Kallus, Mao, Svacha and Udell, Fairness Under Unawareness, FAT* 2019.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from auditkit.checks.check import EVALUATION
from auditkit.checks.estimation import MIN_KEPT, Sample, by_blocks, estimated, telling, undefined
from auditkit.checks.reading import Reading
from auditkit.data.columns import ProxyGroup
from auditkit.evidence.needs import BLOCK, SELECTED, SumNeed, membership
from auditkit.evidence.subject import Subject, View
from auditkit.measurement import (
    REST,
    Direction,
    Estimate,
    Measurement,
    MeasurementKey,
    Metric,
    Slice,
)
from auditkit.statistics.jackknife import delete_one_block

CAVEAT = (
    "The group is known by probabilities alone: the number is biased if, among units of equal "
    "probabilities, its members are selected more or less often than the others, which these data "
    "cannot show."
)
_SOURCE = "Chen, Kallus, Mao, Svacha and Udell 2019; interval by the delete-one-block jackknife"

PROXY_METRICS = (
    Metric(
        id="bias.proxy_selection_rate",
        title="Selection rate of a group known by probabilities",
        definition="Share of units with the favourable prediction, each counted with its "
        "probability of belonging to the group.",
        unit="share",
        direction=Direction.NONE,
        low=0,
        high=1,
        source=_SOURCE,
    ),
    Metric(
        id="bias.proxy_impact_ratio",
        title="Impact ratio of a group known by probabilities",
        definition="Probability-weighted selection rate of the group over that of its reference.",
        unit="ratio",
        direction=Direction.ONE,
        low=0,
        source=_SOURCE,
        comparison=True,
    ),
    Metric(
        id="bias.proxy_selection_rate_difference",
        title="Difference of selection rates of groups known by probabilities",
        definition="Probability-weighted selection rate of the group minus that of its reference.",
        unit="share",
        direction=Direction.ZERO,
        low=-1,
        high=1,
        source=_SOURCE,
        comparison=True,
    ),
)


def proxy_needs(subject: Subject, view: View) -> Iterator[SumNeed]:
    """The probabilities of every level, summed over selected and other units, by block."""
    for one in subject.columns.proxy_groups:
        yield from (_need(view, one, level) for level in one.levels)


def _need(view: View, one: ProxyGroup, level: str) -> SumNeed:
    return SumNeed(view.key, membership(one.name, level), (SELECTED, BLOCK))


class ProxyTable:
    """Sums of probabilities by block, level and whether the unit was selected.

    Args:
        view: the output.
        one: the attribute.
        reading: of the split.
    """

    def __init__(self, view: View, one: ProxyGroup, reading: Reading) -> None:
        self._view = view
        self._one = one
        self._sample = reading.sample
        sums = [reading.sums(_need(view, one, level))[1] for level in one.levels]
        self._states = np.stack(sums, axis=1)

    def measurements(self) -> Iterator[Measurement]:
        """The rate of each level, and its comparison with the reference and with the rest."""
        for level in self._one.levels:
            yield self._measured("selection_rate", partial(self._rate, level), level)
            for reference in self._references(level):
                pair = partial(self._pair, level, reference)
                yield self._measured("impact_ratio", partial(_ratio_of, pair), level, reference)
                yield self._measured(
                    "selection_rate_difference", partial(_difference_of, pair), level, reference
                )

    def _references(self, level: str) -> tuple[Slice, ...]:
        declared = self._one.reference
        return (REST,) if declared in (None, level) else (self._where(str(declared)), REST)

    def _where(self, level: str) -> Slice:
        return Slice.of({self._one.name: level})

    def _measured(
        self,
        name: str,
        estimate: Callable[[], Estimate],
        level: str,
        reference: Slice | None = None,
    ) -> Measurement:
        key = self._view.key
        return estimated(
            MeasurementKey(
                f"bias.proxy_{name}",
                self._where(level),
                reference,
                EVALUATION,
                key.head,
                key.label,
            ),
            estimate,
            Sample(
                self._sample.rows,
                self._sample.clusters,
                self._share(level),
                self._sample.sampled,
            ),
            CAVEAT,
        )

    def _share(self, level: str) -> float:
        by_level = self._states.sum(axis=(0, 2))
        return float(by_level[self._one.levels.index(level)] / max(by_level.sum(), 1e-300))

    def _state(self, where: Slice, against: str = "") -> np.ndarray:
        """(blocks, (not selected, selected)) of a level, or of all others than `against`."""
        levels = (
            [level for level in self._one.levels if level != against]
            if where == REST
            else [dict(where.conditions)[self._one.name]]
        )
        places = [self._one.levels.index(level) for level in levels]
        state = self._states[:, places].sum(axis=1)
        total = float(state.sum())
        if not total:
            raise undefined(f"No unit may belong to {where}: its probabilities are all zero.")
        if total < MIN_KEPT:
            raise telling(f"Too few units belong to {where}, by their probabilities")
        return np.asarray(state)

    def _rate(self, level: str) -> Estimate:
        return by_blocks(
            lambda total: float(total[1] / total.sum()), self._state(self._where(level))
        )

    def _pair(self, level: str, reference: Slice) -> np.ndarray:
        """(blocks, (group, reference), (not selected, selected))."""
        return np.stack([self._state(self._where(level)), self._state(reference, level)], axis=1)


def _ratio_of(pair: Callable[[], np.ndarray]) -> Estimate:
    return delete_one_block(
        pair(), lambda total: float(np.divide(*(total[:, 1] / total.sum(axis=1)))), scale="log"
    )


def _difference_of(pair: Callable[[], np.ndarray]) -> Estimate:
    return by_blocks(lambda total: float(np.subtract(*(total[:, 1] / total.sum(axis=1)))), pair())
