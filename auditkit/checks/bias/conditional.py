"""Groups compared among units that are alike in the declared controls."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np

from auditkit.checks.check import EVALUATION
from auditkit.checks.estimation import MIN_KEPT, Sample, estimated, telling, undefined
from auditkit.checks.groups import Groups, inside
from auditkit.checks.known_outcomes import as_outcomes, parted
from auditkit.checks.labelled_clusters import groups_of_labelled
from auditkit.checks.rate_kinds import DECISION_RATES, RateKind
from auditkit.checks.reading import Reading, tally_need
from auditkit.evidence.needs import (
    CORRECT,
    QUALIFIED,
    SELECTED,
    Column,
    CountNeed,
    SumNeed,
    control,
    group,
)
from auditkit.evidence.subject import Labels, Subject, View, ViewKey
from auditkit.measurement import Direction, Estimate, Measurement, MeasurementKey, Metric, Slice
from auditkit.statistics import stratified
from auditkit.statistics.rates import Rate
from auditkit.statistics.tally import Tally

CONDITIONAL = ("selection_rate", "true_positive_rate", "false_positive_rate")
_CONDITIONAL_RATES = {name: DECISION_RATES[name] for name in CONDITIONAL}


def conditional_metrics() -> Iterator[Metric]:
    """The definitions of the pooled ratios and differences."""
    pooled = (
        "pooled over the levels of the declared controls with the weights of Mantel and Haenszel"
    )
    for name in CONDITIONAL:
        rate = DECISION_RATES[name].title
        yield Metric(
            id=f"bias.conditional_{name}_ratio",
            title=f"Ratio of {rate.lower()}s among alike units",
            definition=f"{rate} of the group over that of its reference, {pooled}.",
            unit="ratio",
            direction=Direction.ONE,
            low=0,
            source="Mantel and Haenszel 1959; score interval of Gart and Nam 1988",
            comparison=True,
        )
        yield Metric(
            id=f"bias.conditional_{name}_difference",
            title=f"Difference of {rate.lower()}s among alike units",
            definition=f"{rate} of the group minus that of its reference, {pooled}.",
            unit="share",
            direction=Direction.ZERO,
            low=-1,
            high=1,
            source="Mantel and Haenszel 1959; score interval of Miettinen and Nurminen 1985",
            comparison=True,
        )


OUTCOMES = (SELECTED, QUALIFIED, CORRECT)


def conditional_need(
    subject: Subject, view: View, attributes: tuple[str, ...], outcomes: tuple[Column, ...]
) -> CountNeed | SumNeed:
    """Units by group, by every joint level of the controls, and by outcome."""
    axes = (
        *(group(name) for name in attributes),
        *(control(one.name) for one in subject.columns.controls),
        *outcomes,
    )
    return tally_need(subject, view.key, axes)


@dataclass(frozen=True)
class ConditionalTable:
    """Units by group, stratum and outcome.

    Attributes:
        key: the output.
        groups: which groups there are.
        states: over (blocks, levels …, strata, selected, qualified, correct).
        clustered: whether clusters, not rows, are the independent units.
        caveat: what qualifies numbers that rest on true outcomes.
        kinds: the rates that are pooled.
    """

    key: ViewKey
    groups: Groups
    states: Tally
    clustered: bool
    caveat: str = ""
    kinds: Mapping[str, RateKind] = field(default_factory=lambda: _CONDITIONAL_RATES)

    def measurements(self) -> Iterator[Measurement]:
        """Every group against the declared reference, and against all others together."""
        for one, reference in self.groups.anchored():
            sides = self._side(one), self._side(reference, one)
            for name, kind in self.kinds.items():
                alike = _Alike.of(kind, *sides)
                for form, pooled in _POOLED.items():
                    yield estimated(
                        MeasurementKey(
                            f"bias.conditional_{name}_{form}",
                            one,
                            reference,
                            EVALUATION,
                            self.key.head,
                            self.key.label,
                        ),
                        partial(self._pooled, kind, pooled, alike, (one, reference)),
                        self._sample(alike, one, reference),
                        self.caveat if kind.of_labels else "",
                    )

    def _side(self, where: Slice, against: Slice | None = None) -> Tally:
        """One side of a comparison, over (blocks, strata, selected, qualified, correct)."""
        return self.states.each(lambda state: self.groups.part(state, where, against))

    def _sample(self, alike: _Alike, one: Slice, reference: Slice) -> Sample:
        """What the comparison rests on: the trials in strata that hold both."""
        whole = self.groups.pair_sample(one, reference)
        rows = sum(alike.rows)
        if whole.clusters is None or whole.poorest is None:
            return replace(whole, rows=rows)
        # How many clusters these rows come from is not known: no more than there are rows.
        return replace(
            whole,
            rows=rows,
            clusters=min(whole.clusters, rows),
            poorest=min(whole.poorest, *alike.rows),
        )

    def _pooled(
        self, kind: RateKind, pooled: _Pooled, alike: _Alike, pair: tuple[Slice, Slice]
    ) -> Estimate:
        one, reference = pair
        self.groups.refuse_few(one)
        self.groups.refuse_few(reference, one)
        if not alike.strata.any():
            raise undefined("No stratum holds units of both groups.")
        for where, rows in zip(pair, alike.rows, strict=True):
            if rows < MIN_KEPT:
                raise telling(
                    f"There are too few units{kind.among} in {inside(where)} that can be compared "
                    "with alike ones"
                )
        counts = alike.counts
        if not (self.clustered or self.states.weighed):
            return pooled.of_rows(*counts.T)
        return pooled.of_rates(counts, *(self._rate(kind, part) for part in alike.sides))

    def _rate(self, kind: RateKind, side: Tally) -> Rate:
        whole = side.each(lambda state: state.sum(axis=1))
        return Rate.counted(whole, kind.counted, self.clustered, None)


@dataclass(frozen=True)
class _Alike:
    """The strata in which trials of both sides have weight.

    Attributes:
        strata: bool `[strata]`, which of all these are.
        sides: those of each side, over (blocks, strata, selected, qualified, correct).
        counts: what successes and trials of both weigh, `[strata, 4]`.
        rows: the trials of each side in them, in rows.
    """

    strata: np.ndarray
    sides: tuple[Tally, Tally]
    counts: np.ndarray
    rows: tuple[int, int]

    @classmethod
    def of(cls, kind: RateKind, one: Tally, reference: Tally) -> _Alike:
        """The strata that say something about a rate."""
        counted = [_by_stratum(kind, side.weights) for side in (one, reference)]
        both = (counted[0][:, 1] > 0) & (counted[1][:, 1] > 0)
        sides = one.each(lambda state: state[:, both]), reference.each(lambda s: s[:, both])
        rows = [int(_by_stratum(kind, side.rows)[:, 1].sum()) for side in sides]
        return cls(both, sides, np.hstack(counted)[both], (rows[0], rows[1]))


def _by_stratum(kind: RateKind, state: np.ndarray) -> np.ndarray:
    """Successes and trials, `[strata, 2]`."""
    return np.stack(kind.counted(state.sum(axis=0)), axis=-1).astype(float)


@dataclass(frozen=True)
class _Pooled:
    """How one pooled number is estimated, of plain rows and of weighted or clustered ones."""

    of_rows: Callable[..., Estimate]
    of_rates: Callable[[np.ndarray, Rate, Rate], Estimate]


_POOLED = {
    "ratio": _Pooled(stratified.pooled_ratio, stratified.pooled_ratio_of_rates),
    "difference": _Pooled(stratified.pooled_difference, stratified.pooled_difference_of_rates),
}


def conditional_needs(
    subject: Subject, view: View, attributes: tuple[str, ...]
) -> Iterator[CountNeed | SumNeed]:
    """What the tables of one attribute or intersection need."""
    for _, labelled in parted(subject, _CONDITIONAL_RATES):
        yield conditional_need(subject, view, attributes, OUTCOMES if labelled else (SELECTED,))


def conditional_tables(
    subject: Subject, view: View, groups: Groups, reading: Reading, caveat: str
) -> Iterator[ConditionalTable]:
    """The table of one attribute or intersection; two where labels may be missing."""
    attributes = len(groups.attributes)
    for kinds, labelled in parted(subject, _CONDITIONAL_RATES):
        outcomes = OUTCOMES if labelled else (SELECTED,)
        need = conditional_need(subject, view, groups.attributes, outcomes)
        found = reading.tally(need) if labelled else reading.tally(need).each(as_outcomes)
        states = found.each(lambda state: _in_strata(state, attributes))
        of = groups
        if labelled and subject.labels is not Labels.ALL:
            rows = states.rows
            of = groups_of_labelled(groups, rows.sum(axis=tuple(range(1 + attributes, rows.ndim))))
        yield ConditionalTable(view.key, of, states, reading.clustered, caveat, kinds)


def _in_strata(state: np.ndarray, attributes: int) -> np.ndarray:
    """(blocks, levels …, controls …, 2, 2, 2) with the controls as one axis."""
    front, back = state.shape[: 1 + attributes], state.shape[-3:]
    return state.reshape(*front, -1, *back)
