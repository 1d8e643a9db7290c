"""Groups compared among units that are alike in the declared controls."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from auditkit.checks.check import EVALUATION
from auditkit.checks.estimation import by_blocks, estimated
from auditkit.checks.groups import Groups
from auditkit.checks.known_outcomes import as_outcomes, parted
from auditkit.checks.rate_kinds import DECISION_RATES, RateKind
from auditkit.checks.reading import Reading, tally_need
from auditkit.evidence.needs import (
    BLOCK,
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
from auditkit.statistics.jackknife import delete_one_block
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
            source="Mantel and Haenszel 1959; interval of Greenland and Robins 1985",
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
            source="Greenland and Robins 1985; interval of Sato 1989",
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
    # The variance of weighted strata is not in their sums; that between blocks of rows is.
    blocks = () if subject.columns.weight is None else (BLOCK,)
    return tally_need(subject, view.key, (*axes, *blocks))


@dataclass(frozen=True)
class ConditionalTable:
    """Units by group, stratum and outcome.

    Attributes:
        key: the output.
        groups: which groups there are.
        states: over (blocks, levels …, strata, selected, qualified, correct).
        blocked: whether the blocks hold the independent units.
        caveat: what qualifies numbers that rest on true outcomes.
        kinds: the rates that are pooled.
    """

    key: ViewKey
    groups: Groups
    states: Tally
    blocked: bool
    caveat: str = ""
    kinds: Mapping[str, RateKind] = field(default_factory=lambda: _CONDITIONAL_RATES)

    def measurements(self) -> Iterator[Measurement]:
        """Every group against the declared reference, and against all others together."""
        for one, reference in self.groups.anchored():
            for name, kind in self.kinds.items():
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
                        partial(self._pooled, kind, pooled, one, reference),
                        self.groups.pair_sample(one, reference),
                        self.caveat if kind.of_labels else "",
                    )

    def _pooled(self, kind: RateKind, pooled: _Pooled, one: Slice, reference: Slice) -> Estimate:
        self.groups.refuse_few(one)
        self.groups.refuse_few(reference, one)
        state = np.concatenate(
            [self._by_stratum(kind, one), self._by_stratum(kind, reference, one)], axis=-1
        )
        if self.blocked:
            return pooled.of_blocks(state)
        return pooled.of_rows(*state.sum(axis=0).T)

    def _by_stratum(self, kind: RateKind, where: Slice, against: Slice | None = None) -> np.ndarray:
        """Successes and trials, shape (blocks, strata, 2)."""
        part = self.groups.part(self.states.weights, where, against)
        blocks, strata = part.shape[:2]
        counted = kind.counted(part.reshape(blocks * strata, *part.shape[2:]))
        return np.stack([side.reshape(blocks, strata) for side in counted], axis=-1).astype(float)


@dataclass(frozen=True)
class _Pooled:
    """How one pooled number is estimated, of rows and of blocks."""

    of_rows: Callable[..., Estimate]
    of_blocks: Callable[[np.ndarray], Estimate]


_POOLED = {
    "ratio": _Pooled(
        stratified.pooled_ratio,
        partial(delete_one_block, statistic=stratified.ratio_of, scale="log"),
    ),
    "difference": _Pooled(
        stratified.pooled_difference, partial(by_blocks, stratified.difference_of)
    ),
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
        blocked = reading.clustered or BLOCK in need.axes
        of = groups
        if labelled and subject.labels is not Labels.ALL:
            rows = states.rows
            of = groups.holding(rows.sum(axis=(0, *range(1 + attributes, rows.ndim))))
        yield ConditionalTable(view.key, of, states, blocked, caveat, kinds)


def _in_strata(state: np.ndarray, attributes: int) -> np.ndarray:
    """(blocks, levels …, controls …, 2, 2, 2) with the controls as one axis."""
    front, back = state.shape[: 1 + attributes], state.shape[-3:]
    return state.reshape(*front, -1, *back)
