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
from auditkit.checks.estimation import MIN_KEPT, estimated, telling, undefined
from auditkit.checks.groups import Groups, hidden_within, inside
from auditkit.checks.rate_kinds import RateKind
from auditkit.evidence.subject import ViewKey
from auditkit.measurement import Direction, Estimate, Measurement, MeasurementKey, Metric, Slice
from auditkit.statistics import estimates
from auditkit.statistics.rates import Rate, difference_estimate, rate_estimate, ratio_estimate
from auditkit.statistics.tally import Tally

# Shares of a whole group rest on all of its clusters; how many clusters the qualified are in is not
# known: fewer than all of the group's.
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
    _found: dict[str, frozenset[Slice]] = field(default_factory=dict)

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
        kind, trials = self.kinds[name], self._trials_by_cell(name)
        for member in self.groups.members(where, against):
            if 0 < trials[self.groups.cells[member]] < MIN_KEPT:
                few = f" with fewer than {MIN_KEPT} units{kind.among}"
                raise hidden_within(where, member, few)
        self.groups.refuse_hidden(self._hidden(name), where, against)

    def _hidden(self, name: str) -> frozenset[Slice]:
        """The groups whose rate is withheld; computed once, since many pairs ask."""
        if name not in self._found:
            self._found[name] = self.groups.withheld(self._trials_by_cell(name))
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
        sample = (
            self.groups.sample(where)
            if reference is None
            else self.groups.pair_sample(where, reference)
        )
        return estimated(
            MeasurementKey(
                f"bias.{metric}", where, reference, EVALUATION, self.key.head, self.key.label
            ),
            estimate,
            replace(sample, rows=self._trials(rate, where, reference)),
            f"{self.note} {self.caveat if self.kinds[rate].of_labels else ''}".strip(),
        )

    def _trials(self, name: str, where: Slice, reference: Slice | None) -> int:
        """The rows that a rate is a share of, not all of the group; 0 where they are not told."""
        parts = [(where, None)] if reference is None else [(where, None), (reference, where)]
        # Of a whole group the size is known from elsewhere; `estimated` leaves out one of few.
        if self.kinds[name].among and any(
            member in self._hidden(name) for part in parts for member in self.groups.members(*part)
        ):
            return 0
        counted = self.kinds[name].counted
        rows = [counted(self.groups.part(self.states.rows, *part))[1].sum() for part in parts]
        return int(sum(rows))

    def _rate_estimate(self, name: str, where: Slice) -> Estimate:
        return rate_estimate(self.rate(name, where))

    def _difference(self, name: str, one: Slice, reference: Slice) -> Estimate:
        return difference_estimate(self.rate(name, one), self.rate(name, reference, one))

    def _larger_gap(self, one: Slice, reference: Slice) -> Estimate:
        names = ("true_positive_rate", "false_positive_rate")
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
