"""What thresholds would come to on the units that had no part in their search."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from auditkit.advice.halves import Halves
from auditkit.measurement import Estimate, Measurement, MeasurementKey, Status
from auditkit.statistics import estimates
from auditkit.statistics.absence import NoEstimateError
from auditkit.statistics.group_thresholds import Curves
from auditkit.statistics.jackknife import delete_one_block
from auditkit.statistics.rates import Rate, rate_estimate

HELD_OUT = "held-out half of evaluation"
ACCURACY = "performance.accuracy"
THRESHOLD = "advice.threshold"
ACCURACY_CHANGE = "advice.accuracy_difference"

Part = tuple[np.ndarray, np.ndarray]
"""Hits and trials by block, of shape (blocks,) each."""
Comparison = Callable[[Rate, Rate], Estimate]
"""From the rates of two groups to the estimate of their ratio or difference."""


class Outcomes:
    """What any thresholds would come to on the held-out half.

    Args:
        halves: of the groups.
    """

    def __init__(self, halves: Halves) -> None:
        self.halves = halves
        blocks, groups, cells, _ = halves.held_out.shape
        self._shape = (blocks, groups, cells + 1)
        self._curves = Curves(halves.held_out.reshape(blocks * groups, cells, 2))

    def part(self, name: str, group: int, place: int) -> Part:
        """Hits and trials of a rate of one group at a threshold."""
        hits, trials = self._curves.part(name)
        return hits.reshape(self._shape)[:, group, place], trials.reshape(self._shape[:2])[:, group]

    def accuracy(self, places: Sequence[int]) -> Measurement:
        """The share of all units decided rightly.

        Args:
            places: a threshold for each group.
        """
        right, units = self._right(places)
        return self._measured(MeasurementKey(ACCURACY, split=HELD_OUT), right, units)

    def change(self, places: Sequence[int], before: Sequence[int]) -> Measurement:
        """By how much the accuracy differs from that of other thresholds on the same units."""
        right, units = self._right(places)
        key = MeasurementKey(ACCURACY_CHANGE, split=HELD_OUT)
        if self.halves.clustered:
            gained = np.stack([right - self._right(before)[0], units], axis=1)
            estimate = partial(delete_one_block, gained, lambda total: total[0] / total[1])
        else:
            wins, losses = self._moved(places, before)
            estimate = partial(estimates.paired_difference, wins, losses, int(units.sum()))
        return self._estimated(key, estimate, int(units.sum()), self.halves.clusters())

    def threshold(self, group: int, place: int) -> Measurement:
        """The score from which on a group is selected."""
        halves = self.halves
        key = MeasurementKey(THRESHOLD, halves.groups[group], split="searched half of evaluation")
        rows = int(halves.searched[group].sum())
        clusters = halves.clusters(group)
        units = rows if clusters is None else clusters
        if 0 < place < halves.cells:
            estimate = estimates.exact(halves.score(place))
            value = estimates.value(estimate)
            return Measurement(key, Status.MEASURED, value, None, estimate, units, rows)
        who = "Everybody" if place == 0 else "Nobody"
        return Measurement(
            key, Status.UNDEFINED, units=units, rows=rows, reason=f"{who} would be selected."
        )

    def rate(self, name: str, group: int, place: int) -> Measurement:
        """A rate of one group."""
        key = MeasurementKey(f"bias.{name}", self.halves.groups[group], split=HELD_OUT)
        return self._measured(key, *self.part(name, group, place), group)

    def compared(
        self,
        metric: str,
        comparison: tuple[str, Comparison],
        one: tuple[int, int],
        reference: tuple[int, int],
    ) -> Measurement:
        """A ratio or difference of the rates of two groups.

        Args:
            metric: its id.
            comparison: the rate's name, and the estimate from two of them.
            one, reference: group and threshold.
        """
        name, of_two = comparison
        groups = self.halves.groups
        key = MeasurementKey(metric, groups[one[0]], groups[reference[0]], split=HELD_OUT)
        parts = [self.part(name, *side) for side in (one, reference)]
        rows = int(sum(trials.sum() for _, trials in parts))

        def estimate() -> Estimate:
            first, second = (self._rate(*part) for part in parts)
            return of_two(first, second)

        return self._estimated(key, estimate, rows, self.halves.clusters(one[0], reference[0]))

    def _right(self, places: Sequence[int]) -> Part:
        parts = [self.part("accuracy", group, place) for group, place in enumerate(places)]
        right, units = zip(*parts, strict=True)
        return np.sum(right, axis=0), np.sum(units, axis=0)

    def _moved(self, places: Sequence[int], before: Sequence[int]) -> tuple[int, int]:
        """Units decided rightly now and wrongly before, and the other way round."""
        wins = losses = 0
        for group, (place, earlier) in enumerate(zip(places, before, strict=True)):
            low, high = sorted((place, earlier))
            moved = self.halves.held_out[:, group, low:high].sum(axis=(0, 1))
            unqualified, qualified = (int(number) for number in moved)
            # A lower threshold selects more: that is right for the qualified among them.
            selected_more = place < earlier
            wins += qualified if selected_more else unqualified
            losses += unqualified if selected_more else qualified
        return wins, losses

    def _rate(self, hits: np.ndarray, trials: np.ndarray) -> Rate:
        return Rate(hits, trials, self.halves.clustered)

    def _measured(
        self, key: MeasurementKey, hits: np.ndarray, trials: np.ndarray, *groups: int
    ) -> Measurement:
        return self._estimated(
            key,
            lambda: rate_estimate(self._rate(hits, trials)),
            int(trials.sum()),
            self.halves.clusters(*groups),
        )

    def _estimated(
        self,
        key: MeasurementKey,
        estimate: Callable[[], Estimate],
        rows: int,
        clusters: int | None,
    ) -> Measurement:
        """The measurement with its 90 % interval, or why there is none."""
        units, sampled = rows if clusters is None else clusters, self.halves.evidence.sampled
        try:
            made = estimate()
            value, interval = estimates.value(made), estimates.interval(made)
            if not np.isfinite(value):
                raise ValueError("a ratio cannot divide by a rate of zero")
        except (NoEstimateError, ValueError) as refused:
            text = str(refused)
            reason = f"{text[:1].upper()}{text[1:]}."
            return Measurement(
                key, Status.UNDEFINED, units=units, rows=rows, reason=reason, sampled=sampled
            )
        return Measurement(
            key, Status.MEASURED, value, interval, made, units, rows, sampled=sampled
        )
