"""Selection by groups of which only probabilities are known, as lenders have them of race.

Each unit counts for every group with its probability of belonging to it. What that estimates is
biased where, among units of equal probabilities, the members of a group are selected more or less
often than the others: by the mean, over the group, of the covariance of membership and selection
given the probabilities. Data without the true groups cannot show it, so every number says so.

Source: Chen, Kallus, Mao, Svacha and Udell, Fairness Under Unawareness, FAT* 2019.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np

from auditkit.checks.check import EVALUATION
from auditkit.checks.estimation import MIN_KEPT, Sample, estimated, telling, too_few, undefined
from auditkit.checks.reading import Reading
from auditkit.data.columns import ProxyGroup
from auditkit.evidence.needs import BLOCK, SELECTED, SumNeed, membership, unweighted_membership
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
from auditkit.statistics.clustered import (
    ClusteredRate,
    clustered_difference,
    clustered_proportion,
    clustered_ratio,
)
from auditkit.statistics.estimates import estimate as estimate_of
from auditkit.statistics.weighting import kish_size

CAVEAT = (
    "The group is known by probabilities alone: the number is biased if, among units of equal "
    "probabilities, its members are selected more or less often than the others, which these data "
    "cannot show."
)
_SOURCE = (
    "Chen, Kallus, Mao, Svacha and Udell 2019; score intervals of counts scaled to their effective "
    "size"
)

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
        for level in one.levels:
            yield _need(view, one, level)
            if subject.columns.weight is not None:
                yield _people_need(view, one, level)


def _need(view: View, one: ProxyGroup, level: str) -> SumNeed:
    return SumNeed(view.key, membership(one.name, level), (SELECTED, BLOCK))


def _people_need(view: View, one: ProxyGroup, level: str) -> SumNeed:
    return SumNeed(view.key, unweighted_membership(one.name, level))


@dataclass(frozen=True, eq=False)
class _Members:
    """Those who may belong to a level, or to several.

    Attributes:
        sums, squares: of what their probabilities weigh, over (blocks, (not selected, selected)).
        people: how many they are expected to be: the sum of the probabilities alone.
    """

    sums: np.ndarray
    squares: np.ndarray
    people: float

    @cached_property
    def size(self) -> float:
        """How many units of equal probability weigh as precisely; 0 of none (Kish)."""
        total, squares = float(self.sums.sum()), float(self.squares.sum())
        return kish_size(total, squares) if total else 0.0

    def rate(self, clustered: bool) -> ClusteredRate:
        """The share of them that is selected."""
        alike = None if clustered else max(int(self.size), 1)
        return ClusteredRate(
            self.sums[:, 1],
            self.sums.sum(axis=1),
            alike,
            hit_squares=self.squares[:, 1],
            squares=self.squares.sum(axis=1),
        )


class ProxyTable:
    """Sums of probabilities by block, level and whether the unit was selected.

    Args:
        view: the output.
        one: the attribute.
        reading: of the split.
        weighted: whether the data declare a weight.
    """

    def __init__(self, view: View, one: ProxyGroup, reading: Reading, weighted: bool) -> None:
        self._view = view
        self._one = one
        self._clustered = reading.clustered
        self._sample = reading.sample
        self._levels = {
            level: _members(view, one, level, reading, weighted) for level in one.levels
        }

    def measurements(self) -> Iterator[Measurement]:
        """The rate of each level, and its comparison with the reference and with the rest."""
        for level in self._one.levels:
            yield self._measured("selection_rate", partial(self._rate, level), level)
            for reference in self._references(level):
                for name, compared in _COMPARED.items():
                    estimate = partial(self._comparison, compared, level, reference)
                    yield self._measured(name, estimate, level, reference)

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
            self._rests_on(level, reference),
            CAVEAT,
        )

    def _rests_on(self, level: str, reference: Slice | None) -> Sample:
        """As many units as weigh as precisely, not all that have a probability."""
        sizes = [round(self._members(self._where(level)).size)]
        if reference is not None:
            sizes.append(round(self._members(reference, level).size))
        total = sum(float(members.sums.sum()) for members in self._levels.values())
        whole = replace(
            self._sample,
            rows=min(sum(sizes), self._sample.rows),
            share=float(self._levels[level].sums.sum()) / max(total, 1e-300),
        )
        if whole.clusters is None:
            return whole
        return replace(
            whole, clusters=min(whole.clusters, whole.rows), poorest=min(whole.clusters, *sizes)
        )

    def _members(self, where: Slice, against: str = "") -> _Members:
        """Those of a level, or of all others than `against`."""
        parts = [self._levels[level] for level in self._names(where, against)]
        return _Members(
            np.sum([part.sums for part in parts], axis=0),
            np.sum([part.squares for part in parts], axis=0),
            sum(part.people for part in parts),
        )

    def _names(self, where: Slice, against: str) -> list[str]:
        if where == REST:
            return [level for level in self._one.levels if level != against]
        return [dict(where.conditions)[self._one.name]]

    def _kept(self, where: Slice, against: str = "") -> _Members:
        """The same, unless numbers of them would tell about a person.

        Raises:
            NoEstimateError: none are expected, or fewer than five, in all or in one of the rest.
        """
        members = self._members(where, against)
        if not members.people:
            raise undefined(f"No unit may belong to {where}: its probabilities are all zero.")
        if members.people < MIN_KEPT:
            raise telling(f"Too few units belong to {where}, by their probabilities")
        for level in self._names(where, against):
            if 0 < self._levels[level].people < MIN_KEPT:
                raise too_few(
                    f"All others hold {self._where(level)}, who are fewer than {MIN_KEPT} by their "
                    "probabilities: less the other groups, the number would tell about them."
                )
        if not members.size:
            raise undefined(f"The units that may belong to {where} have no weight.")
        return members

    def _rate(self, level: str) -> Estimate:
        members = self._kept(self._where(level))
        rate = members.rate(self._clustered)
        return _limited(clustered_proportion(rate), {"successes": "n"}, [(members, rate)])

    def _comparison(self, compared: _Comparison, level: str, reference: Slice) -> Estimate:
        sides = [self._kept(self._where(level)), self._kept(reference, level)]
        rates = [members.rate(self._clustered) for members in sides]
        if compared is clustered_ratio and not rates[1].hits.sum():
            raise undefined(f"Nobody who may belong to {reference} is selected: no ratio to it.")
        estimate = compared(*rates)
        return _limited(estimate, {"x1": "n1", "x2": "n2"}, list(zip(sides, rates, strict=True)))


_Comparison = Callable[[ClusteredRate, ClusteredRate], Estimate]
_COMPARED: Mapping[str, _Comparison] = {
    "impact_ratio": clustered_ratio,
    "selection_rate_difference": clustered_difference,
}


def _members(view: View, one: ProxyGroup, level: str, reading: Reading, weighted: bool) -> _Members:
    _, sums, squares = reading.sums(_need(view, one, level))
    people = reading.sums(_people_need(view, one, level))[1] if weighted else sums
    return _Members(sums, squares, float(people.sum()))


def _limited(
    estimate: Estimate, counts: Mapping[str, str], sides: list[tuple[_Members, ClusteredRate]]
) -> Estimate:
    """An estimate of no more units than equal probabilities make of them.

    Where nearly all agree, the few that don't may be units of tiny probability: the variance that
    they show is next to none, and says nothing of the likely members, who happen to agree.

    Args:
        counts: names of successes → of trials, a pair for each side.
        sides: the members of each, and their rate.
    """
    parameters = dict(estimate.parameters)
    for (successes, trials), (members, rate) in zip(counts.items(), sides, strict=True):
        limit = min(members.size / rate.effective[1], 1.0)
        parameters |= {name: parameters[name] * limit for name in (successes, trials)}
    return estimate_of(estimate.method, **parameters)
