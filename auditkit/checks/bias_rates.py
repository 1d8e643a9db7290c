"""Rates of favourable and of right decisions by group, and their comparison.

Where rows of two groups come from the same clusters, what the groups share is taken out of their
ratio and difference (`auditkit.statistics.clustered`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from auditkit.checks.check import EVALUATION
from auditkit.checks.estimation import (
    MIN_KEPT,
    Rate,
    Sample,
    difference_estimate,
    estimated,
    rate_estimate,
    ratio_estimate,
    too_few,
    undefined,
)
from auditkit.checks.groups import Groups, groups_of, named, slicings
from auditkit.checks.reading import Reading
from auditkit.evidence.needs import CORRECT, QUALIFIED, SELECTED, Column, CountNeed, group
from auditkit.evidence.subject import Subject, View
from auditkit.measurement import (
    Direction,
    Estimate,
    Measurement,
    MeasurementKey,
    Metric,
    Slice,
)

_Part = tuple[np.ndarray, np.ndarray]
"""Successes and trials by block."""


@dataclass(frozen=True)
class RateKind:
    """One rate that is compared between groups.

    Attributes:
        title: what a reviewer reads.
        definition: one sentence.
        direction: where it is better.
        among: of which units it is a share, in words that follow "units".
        counted: from units by (block, selected, qualified, correct) to successes and trials.
        ratio: name of the metric that is its ratio; "" where only differences are taken.
    """

    title: str
    definition: str
    direction: Direction
    among: str
    counted: Callable[[np.ndarray], _Part]
    ratio: str = ""


RATES = {
    "selection_rate": RateKind(
        "Selection rate",
        "Share of units with the favourable prediction.",
        Direction.NONE,
        "",
        lambda units: (units[:, 1].sum(axis=(1, 2)), units.sum(axis=(1, 2, 3))),
        "impact_ratio",
    ),
    "true_positive_rate": RateKind(
        "True positive rate",
        "Share of units with the favourable prediction among those whose true outcome is "
        "favourable.",
        Direction.HIGHER,
        " whose true outcome is favourable",
        lambda units: (units[:, 1, 1].sum(axis=1), units[:, :, 1].sum(axis=(1, 2))),
        "true_positive_rate_ratio",
    ),
    "false_positive_rate": RateKind(
        "False positive rate",
        "Share of units with the favourable prediction among those whose true outcome is not "
        "favourable.",
        Direction.LOWER,
        " whose true outcome is not favourable",
        lambda units: (units[:, 1, 0].sum(axis=1), units[:, :, 0].sum(axis=(1, 2))),
        "false_positive_rate_ratio",
    ),
    "accuracy": RateKind(
        "Accuracy",
        "Share of units whose predicted class is the true one.",
        Direction.HIGHER,
        "",
        lambda units: (units[..., 1].sum(axis=(1, 2)), units.sum(axis=(1, 2, 3))),
    ),
}
_WHOLE_GROUP = ("selection_rate", "accuracy")


def rate_metrics() -> Iterator[Metric]:
    """The definitions of every rate, difference and ratio."""
    for name, kind in RATES.items():
        lowered = kind.title.lower()
        yield Metric(
            id=f"bias.{name}",
            title=f"{kind.title} of a group",
            definition=kind.definition,
            unit="share",
            direction=kind.direction,
            low=0,
            high=1,
            source="interval of Wilson 1927",
        )
        yield Metric(
            id=f"bias.{name}_difference",
            title=f"Difference of {_plural(lowered)}",
            definition=f"{kind.title} of the group minus that of its reference.",
            unit="share",
            direction=Direction.ZERO,
            low=-1,
            high=1,
            source="interval of Newcombe 1998",
            comparison=True,
        )
        if kind.ratio:
            impact = kind.ratio == "impact_ratio"
            yield Metric(
                id=f"bias.{kind.ratio}",
                title="Impact ratio" if impact else f"Ratio of {_plural(lowered)}",
                definition=f"{kind.title} of the group over that of its reference.",
                unit="ratio",
                direction=Direction.ONE,
                low=0,
                source="29 CFR 1607.4(D); interval of Koopman 1984"
                if impact
                else "Hardt, Price and Srebro 2016; interval of Koopman 1984",
                comparison=True,
            )


def _plural(title: str) -> str:
    return "accuracies" if title == "accuracy" else f"{title}s"


def rate_need(view: View, attributes: tuple[str, ...]) -> CountNeed:
    """What the rates of one attribute or intersection are computed from."""
    return CountNeed(view.key, (*(group(name) for name in attributes), *_outcome_axes(view)))


def _outcome_axes(view: View) -> tuple[Column, ...]:
    return (CORRECT,) if view.favourable is None else (SELECTED, QUALIFIED, CORRECT)


@dataclass(frozen=True)
class RateTable:
    """Units by group and outcome.

    Attributes:
        view: the output.
        groups: which groups there are.
        states: units, shape (blocks, levels …, selected, qualified, correct); where no outcome is
            favourable, all units count as neither selected nor qualified.
        reading: of the split.
    """

    view: View
    groups: Groups
    states: np.ndarray
    reading: Reading

    @property
    def names(self) -> tuple[str, ...]:
        """The rates that are defined for the view."""
        return ("accuracy",) if self.view.favourable is None else tuple(RATES)

    def rate(self, name: str, where: Slice, against: Slice | None = None) -> Rate:
        """A rate of a group, or of all groups but `against` where `where` is `REST`.

        Raises:
            NoEstimateError: it would be about fewer than five people, or about none.
        """
        self.groups.refuse_few(where, against)
        successes, trials = RATES[name].counted(self.groups.part(self.states, where, against))
        # How many clusters the qualified are in is not known: fewer than all of the group's.
        whole = self.groups.sample(where, against).clusters if name in _WHOLE_GROUP else None
        rate = self.reading.rate(successes, trials, whole)
        among = f"units{RATES[name].among}"
        if not rate.n:
            raise undefined(f"There are no {among} in {_inside(where)}.")
        if rate.n < MIN_KEPT:
            raise too_few(
                f"There are {rate.n:.0f} {among} in {_inside(where)}; numbers about fewer than "
                f"{MIN_KEPT} are not kept, since they could tell about a person."
            )
        return rate

    def measurements(self) -> Iterator[Measurement]:
        """The rates of all groups, and their comparisons."""
        for where in self.groups.samples:
            for name in self.names:
                yield estimated(
                    self._key(name, where),
                    partial(self._rate_estimate, name, where),
                    self._sample(name, self.groups.sample(where), where),
                )
        for one, reference in self.groups.pairs():
            for name in self.names:
                yield from self._compared(name, one, reference)

    def _compared(self, name: str, one: Slice, reference: Slice) -> Iterator[Measurement]:
        pair = self.groups.pair_sample(one, reference)
        sample = self._sample(name, pair, one, reference)
        yield estimated(
            self._key(f"{name}_difference", one, reference),
            partial(self._difference, name, one, reference),
            sample,
        )
        if RATES[name].ratio:
            yield estimated(
                self._key(RATES[name].ratio, one, reference),
                partial(self._ratio, name, one, reference),
                sample,
            )

    def _sample(
        self, name: str, whole: Sample, where: Slice, reference: Slice | None = None
    ) -> Sample:
        """What a rate rests on: the units that it is a share of, not all of the group."""
        trials = RATES[name].counted(self.groups.part(self.states, where))[1].sum()
        if reference is not None:
            trials += RATES[name].counted(self.groups.part(self.states, reference, where))[1].sum()
        return replace(whole, rows=int(trials))

    def _key(self, name: str, where: Slice, reference: Slice | None = None) -> MeasurementKey:
        key = self.view.key
        return MeasurementKey(f"bias.{name}", where, reference, EVALUATION, key.head, key.label)

    def _rate_estimate(self, name: str, where: Slice) -> Estimate:
        return rate_estimate(self.rate(name, where))

    def _difference(self, name: str, one: Slice, reference: Slice) -> Estimate:
        return difference_estimate(self.rate(name, one), self.rate(name, reference, one))

    def _ratio(self, name: str, one: Slice, reference: Slice) -> Estimate:
        above, below = self.rate(name, one), self.rate(name, reference, one)
        if not below.hits:
            title = RATES[name].title
            raise undefined(
                f"{title} of {_inside(reference)} is 0 of {below.n:,.0f}: a ratio cannot divide by "
                "it."
            )
        return ratio_estimate(above, below)


def _inside(where: Slice) -> str:
    name = named(where)
    return name if where.conditions and name == str(where) else name[:1].lower() + name[1:]


def rate_tables(subject: Subject, view: View, reading: Reading) -> Iterator[RateTable]:
    """A table for each declared attribute and intersection."""
    for attributes in slicings(subject):
        states = reading.counts(rate_need(view, attributes))
        if view.favourable is None:
            spread = np.zeros((*states.shape[:-1], 2, 2, 2), dtype=states.dtype)
            spread[..., 0, 0, :] = states
            states = spread
        rows = states.sum(axis=(0, -3, -2, -1))
        groups = groups_of(subject, reading.evidence, attributes, rows)
        yield RateTable(view, groups, states, reading)
