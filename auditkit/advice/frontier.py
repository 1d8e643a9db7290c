"""Parity against accuracy: what each step costs, searched on one half and counted on the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from auditkit.advice.halves import Halves
from auditkit.advice.outcomes import Outcomes
from auditkit.advice.parities import Remedy
from auditkit.measurement import Figure, Measurement
from auditkit.statistics.group_thresholds import Curves, group_thresholds, shared_threshold

BY_GROUP, SHARED = "a threshold for each group", "one threshold for all"
BEST = "most accurate threshold for all"

Places = tuple[int, ...]


@dataclass(frozen=True)
class Point:
    """Thresholds, what was asked of them, and what they come to.

    Attributes:
        asked: the limit searched under; of thresholds that were not searched what they reach.
        places: a threshold for each group.
        accuracy: on the held-out half.
        reached: on the held-out half.
    """

    asked: float
    places: Places
    accuracy: Measurement
    reached: float


class Frontier:
    """Searches thresholds on one half of the units, and counts on the other what they come to.

    Args:
        halves: of all groups.
        remedy: what is asked of the thresholds.
        taking: places of the groups that take part; the others keep today's threshold, unless
            there is one for all.

    Attributes:
        outcomes: of any thresholds on the held-out half.
    """

    def __init__(self, halves: Halves, remedy: Remedy, taking: Sequence[int]) -> None:
        self.halves, self.remedy = halves, remedy
        self.taking = list(taking)
        self.outcomes = Outcomes(halves)
        self._searched = Curves(halves.searched[self.taking])
        self._held_out = Curves(halves.held_out.sum(axis=0)[self.taking])

    @cached_property
    def today(self) -> Point:
        """The declared decision."""
        places = (self.halves.today,) * len(self.halves.groups)
        return self._point(self._reached(self._held_out, places), places)

    def by_group(self, limit: float) -> Point:
        """The most accurate thresholds under a limit, one for each group that takes part."""
        places = list(self.today.places)
        for group, place in zip(
            self.taking, group_thresholds(self._searched, self.remedy.parity, limit), strict=True
        ):
            places[group] = int(place)
        return self._point(limit, tuple(places))

    def shared(self, limit: float) -> Point:
        """The most accurate threshold for all under a limit."""
        place = shared_threshold(self._searched, self.remedy.parity, limit)
        return self._point(limit, (place,) * len(self.halves.groups))

    def change(self, point: Point, before: Point) -> Measurement:
        """By how much the accuracy of two choices differs, on the held-out half."""
        return self.outcomes.change(point.places, before.places)

    @cached_property
    def best(self) -> Point:
        """The most accurate threshold for all, whatever it does to parity."""
        place = int(Curves(self.halves.searched).right.sum(axis=0).argmax())
        places = (place,) * len(self.halves.groups)
        return self._point(self._reached(self._held_out, places), places)

    def _point(self, asked: float, places: Places) -> Point:
        reached = self._reached(self._held_out, places)
        return Point(asked, places, self.outcomes.accuracy(places), reached)

    def _reached(self, curves: Curves, places: Places) -> float:
        """The distance that thresholds come to; of several rates the largest."""
        chosen = [places[group] for group in self.taking]
        return float(np.max(self.remedy.parity.reached(curves, chosen)))


def frontier_figure(
    frontier: Frontier, title: str, asked: float, limits: Sequence[float]
) -> Figure:
    """Accuracy under each limit, by group and with one threshold for all.

    Args:
        title: of the figure.
        asked: the limit that the policy or convention asks for.
        limits: to search under.
    """
    curves = {BY_GROUP: frontier.by_group, SHARED: frontier.shared}
    return Figure(
        kind="frontier",
        title=title,
        caption=(
            "Each point is the most accurate choice on the searched half under the limit on the "
            "horizontal axis; its accuracy is that on the held-out half, with its 90 % interval."
        ),
        check="advice",
        data={
            "axis": frontier.remedy.axis,
            "asked": asked,
            "n": frontier.today.accuracy.rows,
            "points": [
                {"option": option, **_row(search(limit))}
                for option, search in curves.items()
                for limit in limits
            ],
            "marks": [
                {"option": "today", **_row(frontier.today)},
                {"option": BEST, **_row(frontier.best)},
            ],
        },
    )


def _row(point: Point) -> dict[str, Any]:
    interval = point.accuracy.interval
    return {
        "asked": _drawn(point.asked),
        "reached": _drawn(point.reached),
        "value": point.accuracy.value,
        "low": None if interval is None else interval.low,
        "high": None if interval is None else interval.high,
    }


def _drawn(number: float) -> float | None:
    return number if np.isfinite(number) else None
