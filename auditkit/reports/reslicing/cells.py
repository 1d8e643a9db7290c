"""Rates of the cells of a crossing, and how they compare with a reference, from stored counts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from auditkit.measurement import Estimate
from auditkit.reports.reslicing.questions import Cell, Question, rates_of
from auditkit.reports.reslicing.stored_tables import StoredTable, is_group
from auditkit.statistics import estimates
from auditkit.statistics.absence import MIN_CLUSTERS, MIN_KEPT, NoEstimateError, undefined
from auditkit.statistics.group_rates import GROUP_RATES, OUTCOMES, successes_and_trials
from auditkit.statistics.rates import Rate, difference_estimate, rate_estimate, ratio_estimate
from auditkit.statistics.tally import Tally
from auditkit.statistics.withholding import Mask, few, withheld

Place = tuple[int, ...]

COMPARISONS: Mapping[str, Callable[[Rate, Rate], Estimate]] = {
    "ratio": ratio_estimate,
    "difference": difference_estimate,
}

FEW = f"Withheld: numbers about fewer than {MIN_KEPT} could tell about a person."
TELLING = (
    f"Withheld: less the other cells, a total would tell about one of fewer than {MIN_KEPT}, if "
    "this number were shown."
)
_ALIKE = "All units agree, so that nothing shows how far others would differ."


class Resliced:
    """One rate by the cells of a crossing.

    Args:
        rate: a name of `GROUP_RATES`.
        crossed: the attributes.
        levels: of each attribute.
        units: over (blocks, levels …, selected, qualified, correct).
        hidden: over levels: the cells that are not told.
        clustered: whether clusters, not rows, are the independent units.
    """

    # Six arguments: what is asked, of whom, and what was counted.
    def __init__(
        self,
        rate: str,
        crossed: tuple[str, ...],
        levels: tuple[tuple[str, ...], ...],
        units: Tally,
        hidden: Mask,
        clustered: bool,
    ) -> None:
        self.rate = rate
        self.crossed = crossed
        self.levels = levels
        self._units = units
        self._hidden = hidden
        self._clustered = clustered
        self._rows = _cells_of(units.rows)
        self._few = few(counted(rate, units), self._rows)

    @classmethod
    def of(cls, table: StoredTable, question: Question, *, clustered: bool) -> Resliced:
        """What a question gets from a table of decisions.

        Raises:
            ValueError: an attribute, level or rate that the table does not have, or too many cells.
        """
        if question.rate not in rates_of(table.outcomes):
            raise ValueError(f"the table does not hold what {question.rate!r} is counted from")
        tally = table.tally(
            (*question.crossed, *question.held, *table.outcomes), clustered=clustered
        )
        units = tally.each(partial(_with_all_outcomes, outcomes=table.outcomes))
        return cls.held(table, question, units, clustered=clustered)

    @classmethod
    def held(
        cls, table: StoredTable, question: Question, units: Tally, *, clustered: bool
    ) -> Resliced:
        """The same from units over (blocks, crossed …, held …, selected, qualified, correct)."""
        hidden = withheld(counted(question.rate, units), _cells_of(units.rows))
        levels = tuple(map(table.levels, question.crossed))
        index: tuple[Any, ...] = (
            *(slice(None) for _ in question.crossed),
            *(table.levels(name).index(level) for name, level in question.held.items()),
        )
        chosen = units.each(partial(_at, index=index))
        return cls(question.rate, question.crossed, levels, chosen, hidden[index], clustered)

    @property
    def anchored(self) -> tuple[str, ...]:
        """The attributes that a reference is named in: cells are compared within the others."""
        return tuple(filter(is_group, self.crossed)) or self.crossed

    def references(self) -> list[tuple[str, ...]]:
        """The levels of `anchored` that occur together, in order."""
        wanted = [self.crossed.index(name) for name in self.anchored]
        found = {tuple(self._named(place)[at] for at in wanted): None for place in self._places()}
        return list(found)

    @property
    def holds_back(self) -> bool:
        """Whether any cell is withheld."""
        return bool((self._hidden & (self._rows > 0)).any())

    def cells(self) -> list[Cell]:
        """The rate of each cell in which there is somebody."""
        return [
            self._told(place, partial(self._rate_estimate, place), (place,))
            for place in self._places()
        ]

    def compared(self, reference: tuple[str, ...], form: str) -> list[Cell]:
        """Each cell against its reference, in the order of `cells`.

        Args:
            reference: one level for each attribute of `anchored`; in every other attribute the
                reference of a cell is alike.
            form: `ratio` or `difference`.
        """
        return [self._compared(place, reference, form) for place in self._places()]

    def _compared(self, place: Place, reference: tuple[str, ...], form: str) -> Cell:
        where = list(place)
        for name, level in zip(self.anchored, reference, strict=True):
            at = self.crossed.index(name)
            where[at] = self.levels[at].index(level)
        other = tuple(where)
        if other == place:
            return Cell(self._named(place), None, reference=True)

        def estimate() -> Estimate:
            above, below = self._rate(place), self._rate(other)
            if form == "ratio" and not below.hits:
                raise undefined("The rate of the reference is 0: a ratio cannot divide by it.")
            return COMPARISONS[form](above, below)

        if not self._rows[other]:
            return Cell(self._named(place), None, reason="There is nobody in the reference.")
        return self._told(place, estimate, (place, other))

    def _told(self, place: Place, estimate: Callable[[], Estimate], sides: Sequence[Place]) -> Cell:
        levels = self._named(place)
        for side in sides:
            if self._hidden[side]:
                return Cell(levels, None, reason=self._withheld(side, own=side == place))
        n = sum(int(counted(self.rate, self._units)[side]) for side in sides)
        lack = next(filter(None, map(self._lack, sides)), "")
        try:
            found = estimate()
            value, interval = estimates.value(found), estimates.interval(found)
        except (NoEstimateError, ValueError) as none:
            return Cell(levels, n, reason=lack or _sentence(str(none)))
        if lack or (np.isinf(interval.low) and np.isinf(interval.high)):
            return Cell(levels, n, value, reason=lack or _ALIKE)
        return Cell(levels, n, value, interval)

    def _withheld(self, place: Place, *, own: bool) -> str:
        if not own:
            return "The rate of the reference is withheld."
        return FEW if self._few[place] else TELLING

    def _lack(self, place: Place) -> str:
        """Why no interval is honest on so few blocks; "" if there are enough, or rows count."""
        if not self._clustered:
            return ""
        trials = self._of(place).each(lambda part: self._counted(part)[1]).rows
        occupied = int((trials > 0).sum())
        if not 0 < occupied < MIN_CLUSTERS:
            return ""
        return (
            f"These units lie in {occupied} of {trials.size} blocks of clusters; an interval needs "
            f"at least {MIN_CLUSTERS} independent units."
        )

    def _rate_estimate(self, place: Place) -> Estimate:
        return rate_estimate(self._rate(place))

    def _rate(self, place: Place) -> Rate:
        rate = Rate.counted(self._of(place), self._counted, self._clustered, None)
        words = GROUP_RATES[self.rate].words
        if not rate.n:
            raise undefined(f"There are no units{words} here.")
        if not rate.trials.sum():
            raise undefined(f"The units{words} have no weight here.")
        return rate

    def _of(self, place: Place) -> Tally:
        return self._units.each(partial(_at, index=place))

    def _counted(self, units: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return successes_and_trials(GROUP_RATES[self.rate], units)

    def _places(self) -> Iterator[Place]:
        """The cells in which there is somebody: alike in the controls stand together."""
        order = sorted(range(len(self.crossed)), key=lambda at: is_group(self.crossed[at]))
        for found in np.ndindex(*(len(self.levels[at]) for at in order)):
            place = tuple(found[order.index(at)] for at in range(len(order)))
            if self._rows[place]:
                yield place

    def _named(self, place: Place) -> tuple[str, ...]:
        return tuple(levels[at] for levels, at in zip(self.levels, place, strict=True))


def counted(rate: str, units: Tally) -> np.ndarray:
    """Rows that a rate is a share of, in each cell: of (blocks, …, 2, 2, 2) the shape (…)."""
    trials: np.ndarray = successes_and_trials(GROUP_RATES[rate], units.rows.sum(axis=0))[1]
    return trials


def _at(state: np.ndarray, index: tuple[Any, ...]) -> np.ndarray:
    """The part of (blocks, …) at an index of what follows the blocks."""
    every: tuple[Any, ...] = (slice(None), *index)
    return np.asarray(state[every])


def _cells_of(rows: np.ndarray) -> np.ndarray:
    total: np.ndarray = rows.sum(axis=(0, -3, -2, -1))
    return total


def _with_all_outcomes(state: np.ndarray, outcomes: Sequence[str]) -> np.ndarray:
    """(…, those outcomes) as (…, selected, qualified, correct): what is not known counts as no.

    A rate that asks for it must not be read.
    """
    first = state.ndim - len(outcomes)
    for place, name in enumerate(OUTCOMES):
        if name not in outcomes:
            known = np.expand_dims(state, first + place)
            state = np.concatenate([known, np.zeros_like(known)], axis=first + place)
    return state


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:].rstrip(".") + "."
