"""One requirement of parity on the groups of one attribute: what thresholds could do about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from auditkit.advice.adviser import Cause
from auditkit.advice.frontier import (
    BEST,
    BY_GROUP,
    SHARED,
    Frontier,
    Places,
    Point,
    frontier_figure,
)
from auditkit.advice.halves import Halves
from auditkit.advice.outcomes import ACCURACY_CHANGE, THRESHOLD
from auditkit.advice.parities import Remedy
from auditkit.advice.words import CAUTION, cost_sentences, found_sentence, limits_of, room_sentence
from auditkit.measurement import REST, Measurement, Slice
from auditkit.mending import Advice, Option
from auditkit.statistics.absence import MIN_CLUSTERS
from auditkit.statistics.group_thresholds import Curves

NAME = "group_thresholds"

MIN_HALF = 50
"""A group takes part if each rate asked about is one of so many rows in either half: a threshold
found on fewer is mostly chance, and counted on fewer it says little."""

MOST_ASTRAY = 0.005
"""Where more units are decided otherwise than by the cell of their score, cells tell too little."""

DEFINITIONS: Mapping[str, Mapping[str, Any]] = {
    THRESHOLD: {
        "title": "Threshold",
        "definition": "The score from which on a group would be selected, or below which where the "
        "favourable class is the first.",
        "unit": "score",
    },
    ACCURACY_CHANGE: {
        "title": "Change of accuracy",
        "definition": "Accuracy minus that of today's decision on the same rows.",
        "unit": "share",
        "comparison": True,
        "source": "interval of Tango 1998; of clusters, by the delete-one-block jackknife",
    },
}


@dataclass(frozen=True)
class Case:
    """One remedy for the groups of one output and one attribute or intersection.

    Attributes:
        remedy: what is asked of the thresholds.
        halves: of all groups.
        causes: why.
        declared: the declared reference group.
        limits: further sentences on what the numbers leave open.
    """

    remedy: Remedy
    halves: Halves
    causes: Sequence[Cause]
    declared: Slice | None
    limits: tuple[str, ...] = ()

    def advice(self) -> Advice:
        """What to say."""
        left_out = self._left_out()
        taking = [place for place in range(len(self.halves.groups)) if place not in left_out]
        said = Advice(
            adviser=NAME,
            title=f"Thresholds for the {self.remedy.title}{self._of}",
            metric=self.remedy.metric,
            slices=tuple(dict.fromkeys(cause.key.slice for cause in self.causes)),
            sentences=(found_sentence(self.remedy, self.causes),),
            limits=(*limits_of(self.remedy, self.halves, left_out), *self.limits),
            definitions=DEFINITIONS,
        )
        if lack := self._lack(taking):
            return replace(said, sentences=(*said.sentences, lack))
        return self._searched(Frontier(self.halves, self.remedy, taking), said)

    def _searched(self, frontier: Frontier, said: Advice) -> Advice:
        remedy, limit = self.remedy, self._limit
        ends = remedy.limits(frontier.today.asked, limit)
        by_group, shared = frontier.by_group(limit), frontier.shared(limit)
        room = self._room(frontier, limit, ends)
        chosen = {"Today": frontier.today, BEST: frontier.best, SHARED: shared, BY_GROUP: by_group}
        if room is not None and room.asked != limit:
            chosen[f"{BY_GROUP}, aiming at {remedy.number(room.asked)}"] = room
        return replace(
            said,
            cost=(
                *cost_sentences(frontier, by_group, shared),
                room_sentence(remedy, room, limit),
            ),
            options=tuple(
                Option(title[:1].upper() + title[1:], tuple(self._numbers(frontier, point)))
                for title, point in chosen.items()
            ),
            caution=CAUTION,
            figure=frontier_figure(
                frontier, f"What the {remedy.title}{self._of} would cost in accuracy", limit, ends
            ),
        )

    @property
    def _of(self) -> str:
        output = str(self.halves.view.key)
        by = " × ".join(self.causes[0].key.slice.attributes)
        return f" of {output} by {by}" if output else f" by {by}"

    @property
    def _limit(self) -> float:
        """What the strictest cause asks."""
        lows, highs = zip(*(cause.region for cause in self.causes), strict=True)
        return self.remedy.limit((max(lows), min(highs)))

    def _left_out(self) -> dict[int, str]:
        """Groups that take no part, and why."""
        return {
            place: why for place in range(len(self.halves.groups)) if (why := self._why_not(place))
        }

    def _why_not(self, place: int) -> str:
        if place not in self.halves.known:
            return "its value is unknown"
        clusters = self.halves.clusters(place)
        if clusters is not None and clusters < MIN_CLUSTERS:
            return f"about {clusters} clusters in each half, of {MIN_CLUSTERS} needed"
        halves = (self.halves.searched, self.halves.held_out.sum(axis=0))
        curves = [Curves(half[[place]]) for half in halves]
        fewest = min(
            int(one.part(rate)[1][0]) for one in curves for rate in self.remedy.parity.rates
        )
        return "" if fewest >= MIN_HALF else f"{fewest} rows of {MIN_HALF} needed in each half"

    def _lack(self, taking: Sequence[int]) -> str:
        """Why nothing can be searched; "" if it can."""
        astray, units = self.halves.astray, self.halves.evidence.rows
        if astray > MOST_ASTRAY * units:
            return (
                f"No thresholds were searched: {astray:,} of {units:,} rows are decided otherwise "
                "than by the declared threshold on their score."
            )
        groups = {self.halves.groups[place] for place in taking}
        sides = ({cause.key.slice, cause.key.reference} - {None, REST} for cause in self.causes)
        if len(groups) > 1 and any(pair <= groups for pair in sides):
            return ""
        return "No thresholds were searched: these groups are too small to find any on one half."

    def _reference(self, frontier: Frontier) -> int:
        """The declared reference group, else the one that is selected most today."""
        groups = self.halves.groups
        if self.declared in [groups[place] for place in frontier.taking]:
            return groups.index(self.declared)
        selected = Curves(self.halves.searched).rates("selection_rate")[:, self.halves.today]
        return max(frontier.taking, key=lambda place: float(selected[place]))

    def _compared(self, frontier: Frontier, places: Places) -> Iterator[Measurement]:
        """The comparisons of all groups with the reference."""
        reference = self._reference(frontier)
        for metric, comparison in self.remedy.comparisons.items():
            for group in frontier.taking:
                if group != reference:
                    sides = ((one, places[one]) for one in (group, reference))
                    yield frontier.outcomes.compared(metric, comparison, *sides)

    def _numbers(self, frontier: Frontier, point: Point) -> Iterator[Measurement]:
        """Everything that is shown of one way to decide."""
        outcomes, places = frontier.outcomes, point.places
        yield point.accuracy
        if places != frontier.today.places:
            yield outcomes.change(places, frontier.today.places)
        yield from self._compared(frontier, places)
        for group in frontier.taking:
            yield outcomes.threshold(group, places[group])
        for name in dict.fromkeys(("selection_rate", *self.remedy.parity.rates)):
            for group in frontier.taking:
                yield outcomes.rate(name, group, places[group])

    def _room(self, frontier: Frontier, limit: float, limits: Sequence[float]) -> Point | None:
        """The least strict limit under which every comparison lies inside with its interval."""
        low, high = self.remedy.region(limit)
        stricter = [one for one in limits if self.remedy.is_stricter(one, limit)]
        for point in map(frontier.by_group, [limit, *stricter]):
            intervals = [one.interval for one in self._compared(frontier, point.places)]
            if all(one is not None and low <= one.low and one.high <= high for one in intervals):
                return point
        return None
