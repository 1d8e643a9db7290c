"""Rates of decisions by group, and their comparison: every ordered pair, or anchored ones.

Where rows of two groups come from the same clusters, what the groups share is taken out of their
ratio and difference (`auditkit.statistics.clustered`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np

from auditkit.checks.check import EVALUATION
from auditkit.checks.estimation import (
    MIN_KEPT,
    Sample,
    concealed,
    estimated,
    telling,
    too_few,
    undefined,
)
from auditkit.checks.groups import Groups, hidden_within, inside
from auditkit.checks.rate_kinds import RateKind
from auditkit.evidence.subject import ViewKey
from auditkit.measurement import Direction, Estimate, Measurement, MeasurementKey, Metric, Slice
from auditkit.statistics import estimates
from auditkit.statistics.occupancy import clusters_in
from auditkit.statistics.rates import Rate, difference_estimate, rate_estimate, ratio_estimate
from auditkit.statistics.tally import Tally

# Shares of a whole group rest on all of its clusters; how many clusters the qualified are in is not
# known: see `RateTable._clusters`.
_WHOLE_GROUP = ""

EQUALISED_ODDS = Metric(
    id="bias.equalised_odds_difference",
    title="Equalised odds difference",
    definition="The larger of the distances between a group and its reference in true positive "
    "rate and in false positive rate.",
    unit="share",
    direction=Direction.LOWER,
    low=0,
    high=1,
    source="Hardt, Price and Srebro 2016; intersection-union of Newcombe 1998",
    comparison=True,
)


@dataclass(frozen=True)
class RateTable:
    """Units by group and by what rates are counted from.

    Attributes:
        key: the output, and the class of it that the rates are about.
        kinds: the rates, by name.
        groups: which groups there are.
        states: units over (blocks, levels …, axes of the rates' layout …).
        clustered: whether clusters, not rows, are the independent units.
        caveat: what qualifies each number that rests on true outcomes; "" if nothing does.
        note: what qualifies every number.
    """

    key: ViewKey
    kinds: Mapping[str, RateKind]
    groups: Groups
    states: Tally
    clustered: bool
    caveat: str = ""
    note: str = ""
    _found: dict[str, tuple[np.ndarray, frozenset[Slice]]] = field(default_factory=dict)

    def rate(self, name: str, where: Slice, against: Slice | None = None) -> Rate:
        """A rate of a group, or of all groups but `against` where `where` is `REST`.

        Raises:
            NoEstimateError: it would be about fewer than five people, or about none.
        """
        kind = self.kinds[name]
        self.groups.refuse_few(where, against)
        clusters = (
            self.groups.sample(where, against).clusters if kind.among == _WHOLE_GROUP else None
        )
        rate = Rate.counted(self._part(where, against), kind.counted, self.clustered, clusters)
        if not rate.n:
            raise undefined(f"There are no units{kind.among} in {inside(where)}.")
        if rate.n < MIN_KEPT:
            raise telling(f"There are too few units{kind.among} in {inside(where)}")
        self._refuse_hidden(name, where, against)
        if not rate.trials.sum():
            raise undefined(f"The units{kind.among} in {inside(where)} have no weight.")
        return rate

    def _refuse_hidden(self, name: str, where: Slice, against: Slice | None) -> None:
        """Refuse what would tell a rate of few: a sum of which they are part, or what is beside.

        Raises:
            NoEstimateError: `too_few`.
        """
        trials, hidden = self._withheld(name)
        for member in self.groups.members(where, against):
            if 0 < trials[self.groups.cells[member]] < MIN_KEPT:
                few = f" with fewer than {MIN_KEPT} units{self.kinds[name].among}"
                raise hidden_within(where, member, few)
        self.groups.refuse_hidden(hidden, where, against)

    def _withheld(self, name: str) -> tuple[np.ndarray, frozenset[Slice]]:
        """Trials by cell, and the groups whose rate is withheld; once, since many pairs ask."""
        if name not in self._found:
            trials = self._trials_by_cell(name)
            self._found[name] = trials, self.groups.withheld(trials)
        return self._found[name]

    def _trials_by_cell(self, name: str) -> np.ndarray:
        """The rows that a rate is a share of, by level of each attribute."""
        trials = np.zeros_like(self.groups.rows)
        for member, cell in self.groups.cells.items():
            part = self.groups.part(self.states.rows, member)
            trials[cell] = self.kinds[name].counted(part)[1].sum()
        return trials

    def _part(self, where: Slice, against: Slice | None) -> Tally:
        return self.states.each(lambda state: self.groups.part(state, where, against))

    def measurements(self, pairs: Iterable[tuple[Slice, Slice]]) -> Iterator[Measurement]:
        """The rates of all groups, and the comparisons of these pairs."""
        for where in self.groups.samples:
            for name in self.kinds:
                yield self._measured(name, name, partial(self._rate_estimate, name, where), where)
        for one, reference in pairs:
            for name, kind in self.kinds.items():
                difference = partial(self._difference, name, one, reference)
                yield self._measured(f"{name}_difference", name, difference, one, reference)
                if kind.ratio:
                    ratio = partial(self._ratio, name, one, reference)
                    yield self._measured(kind.ratio, name, ratio, one, reference)

    def equalised_odds(self, pairs: Iterable[tuple[Slice, Slice]]) -> Iterator[Measurement]:
        """The larger of the gaps in true and false positive rate, of these pairs."""
        for one, reference in pairs:
            estimate = partial(self._larger_gap, one, reference)
            name = EQUALISED_ODDS.id.partition(".")[2]
            yield self._measured(name, "accuracy", estimate, one, reference)

    # Six parameters: what is measured of whom, what it is called, and which rate it rests on.
    def _measured(
        self,
        metric: str,
        rate: str,
        estimate: Callable[[], Estimate],
        where: Slice,
        reference: Slice | None = None,
    ) -> Measurement:
        return estimated(
            MeasurementKey(
                f"bias.{metric}", where, reference, EVALUATION, self.key.head, self.key.label
            ),
            estimate,
            self._sample(rate, where, reference),
            f"{self.note} {self.caveat if self.kinds[rate].of_labels else ''}".strip(),
        )

    def _sample(self, name: str, where: Slice, reference: Slice | None) -> Sample:
        """What a rate, or a comparison of two, rests on: the units that it is a share of."""
        parts: list[tuple[Slice, Slice | None]] = [(where, None)]
        sample = self.groups.sample(where)
        if reference is not None:
            parts.append((reference, where))
            sample = self.groups.pair_sample(where, reference)
        counted = [self._trials_by_block(name, *part) for part in parts]
        sample = replace(sample, rows=int(np.sum(counted)))
        if not self.kinds[name].among:
            return sample
        members = {member for part in parts for member in self.groups.members(*part)}
        if members & self._withheld(name)[1]:
            return concealed(sample)
        if sample.clusters is None:
            return sample
        sides = [self._clusters(name, *part) for part in parts]
        return replace(
            sample,
            clusters=min(sample.clusters, sum(sides)),
            poorest=None if reference is None else min(sides),
        )

    def _trials_by_block(self, name: str, where: Slice, against: Slice | None) -> np.ndarray:
        part = self.groups.part(self.states.rows, where, against)
        return np.asarray(self.kinds[name].counted(part)[1])

    def _clusters(self, name: str, where: Slice, against: Slice | None) -> int:
        """About how many clusters of a group its trials lie in.

        These are not counted, but the blocks are. Where no block of the group is without trials,
        all of its clusters are taken.
        """
        of_group = self.groups.sample(where, against).clusters or 0
        rows = self.groups.part(self.states.rows, where, against)
        held = int((self._trials_by_block(name, where, against) > 0).sum())
        if held == int(rows.reshape(len(rows), -1).any(axis=1).sum()):
            return of_group
        return int(min(of_group, clusters_in(held, len(rows))))

    def _rate_estimate(self, name: str, where: Slice) -> Estimate:
        return rate_estimate(self.rate(name, where))

    def _difference(self, name: str, one: Slice, reference: Slice) -> Estimate:
        return difference_estimate(self.rate(name, one), self.rate(name, reference, one))

    def _larger_gap(self, one: Slice, reference: Slice) -> Estimate:
        names = ("true_positive_rate", "false_positive_rate")
        for name in names:
            if lack := self._sample(name, one, reference).lack:
                raise too_few(lack)
        return estimates.largest_magnitude(
            [self._difference(name, one, reference) for name in names]
        )

    def _ratio(self, name: str, one: Slice, reference: Slice) -> Estimate:
        above, below = self.rate(name, one), self.rate(name, reference, one)
        if not below.hits:
            title = self.kinds[name].title
            raise undefined(
                f"{title} of {inside(reference)} is 0 of {below.n:,}: a ratio cannot divide by it."
            )
        return ratio_estimate(above, below)
