"""One nuisance put into the same units, or taken out of them: answers before and after."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from auditkit.checks.check import EVALUATION
from auditkit.checks.estimation import estimated, undefined
from auditkit.checks.robustness.pairs import Pair
from auditkit.evidence.answered import AnsweredRows
from auditkit.evidence.subject import View
from auditkit.measurement import Estimate, Measurement, MeasurementKey, Slice
from auditkit.variants.variant import Variant

UNTOUCHED = "It leaves the inputs of every unit as they are, so that it shows nothing."


def key_of(number: str, view: View, *said: str, where: Slice | None = None) -> MeasurementKey:
    """Of one number of a view.

    Args:
        number: of its metric, without the family.
        view: the output.
        said: what the label names: the nuisance with its direction, a class.
        where: the group; all units by default.
    """
    label = " · ".join(part for part in (view.key.label, *said) if part)
    where = Slice() if where is None else where
    return MeasurementKey(
        f"shortcuts.{number}", where, split=EVALUATION, head=view.key.head, label=label
    )


@dataclass(frozen=True, eq=False)
class Trial:
    """Answers to the units that an intervention changes, before and after.

    Units that it leaves as they are (they bear the marker already) could not answer otherwise: they
    would dilute what is measured, and are not counted.

    Attributes:
        variant: the nuisance and its direction.
        pair: the answers to the units changed.
        counted: a sentence on how many of the sample these are; "" if they are all.
    """

    variant: Variant
    pair: Pair
    counted: str = ""

    @classmethod
    def of(cls, variant: Variant, before: AnsweredRows, after: AnsweredRows) -> Trial:
        """Two answers to one sample."""
        untouched = after.untouched
        touched = np.ones(len(after), bool) if untouched is None else ~untouched
        pair = Pair.of(variant, before.part(touched), after.part(touched))
        return cls(variant, pair, _counted(len(pair.before), len(after)))

    def part(self, chosen: np.ndarray) -> Trial:
        """Some of the units, by a mask."""
        pair = self.pair
        some = Pair(pair.view, pair.change, pair.before.part(chosen), pair.after.part(chosen))
        return Trial(self.variant, some, self.counted)

    @property
    def view(self) -> View:
        """The output."""
        return self.pair.view

    @property
    def touches(self) -> bool:
        """Whether it changed the inputs of any unit."""
        return len(self.pair.before) > 0

    @property
    def flips(self) -> np.ndarray:
        """Whether the decision about each unit changes, bool of shape (n,).

        Raises:
            ValueError: some outputs are not finite.
        """
        before, after = self.pair.decisions
        changed: np.ndarray = before != after
        return changed

    @property
    def classes(self) -> np.ndarray:
        """The class predicted of each unit as it is, int64 of shape (n,)."""
        before, _ = self.pair.decisions
        return before

    @property
    def reason(self) -> str:
        """What qualifies a number about it."""
        return " ".join(part for part in (self.pair.reason, self.counted) if part)

    def refuse_untouched(self) -> None:
        """Refuse to conclude anything from an intervention that changed nothing.

        Raises:
            NoEstimateError: `undefined`.
        """
        if not self.touches:
            raise undefined(UNTOUCHED)

    def measured(
        self, number: str, estimate: Callable[[Trial], Estimate], *said: str
    ) -> Measurement:
        """A number about all units that it changes, or why it has none."""

        def measure() -> Estimate:
            self.refuse_untouched()
            return estimate(self)

        key = key_of(number, self.view, str(self.variant), *said)
        return estimated(key, measure, self.pair.before.sample, self.reason)


def _counted(changed: int, tried: int) -> str:
    if changed in (0, tried):
        return ""
    return (
        f"Counted are the {changed:,} of {tried:,} units that it changes; the others are already "
        "so."
    )
