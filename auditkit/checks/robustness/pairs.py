"""The same units answered twice, as they are and changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np

from auditkit.checks.check import EVALUATION
from auditkit.checks.estimation import absent, estimated, undefined
from auditkit.evidence.answered import AnsweredRows
from auditkit.evidence.basis import Sample
from auditkit.evidence.subject import View
from auditkit.measurement import Estimate, Measurement, MeasurementKey, Slice, Status
from auditkit.models.head import Task
from auditkit.variants.variant import Variant


def key_of(number: str, view: View, change: str = "", where: Slice | None = None) -> MeasurementKey:
    """Of one number of a view under a change."""
    label = " · ".join(part for part in (view.key.label, change) if part)
    return MeasurementKey(
        f"robustness.{number}",
        Slice() if where is None else where,
        split=EVALUATION,
        head=view.key.head,
        label=label,
    )


@dataclass(frozen=True, eq=False)
class Pair:
    """Answers to the same units, plain and under one variant.

    Attributes:
        view: the output.
        change: the variant in words; the label of the numbers.
        before, after: the answers; the same units in the same order.
    """

    view: View
    change: str
    before: AnsweredRows
    after: AnsweredRows

    @classmethod
    def of(cls, variant: Variant, before: AnsweredRows, after: AnsweredRows) -> Pair:
        """Two answers to one sample."""
        return cls(before.view, str(variant), before, after)

    @cached_property
    def labelled(self) -> Pair:
        """The same of the units whose true outcome is known.

        Raises:
            NoEstimateError: there are none.
        """
        known = self.before.labelled
        if self.before.target is None or not known.any():
            raise undefined("None of the units that the model was asked about has a label.")
        return Pair(self.view, self.change, self.before.part(known), self.after.part(known))

    @property
    def target(self) -> np.ndarray:
        """True outcomes, where every unit has one; see `labelled`."""
        assert self.before.target is not None  # `labelled` has seen to it
        return self.before.target

    @property
    def decisions(self) -> tuple[np.ndarray, np.ndarray]:
        """Predicted classes before and after, int64 of shape (n,) each."""
        for outputs in self._outputs:
            _finite(outputs)
        before, after = self.before.prediction, self.after.prediction
        assert before is not None  # only views that decide are asked
        assert after is not None
        return before, after

    @property
    def numbers(self) -> tuple[np.ndarray, np.ndarray]:
        """Predicted numbers of a regression before and after, float64 of shape (n,) each."""
        place = self.view.head.central if self.view.head.quantiles else 0
        before, after = (_finite(one)[:, place] for one in self._outputs)
        return before, after

    @property
    def right(self) -> tuple[np.ndarray, np.ndarray]:
        """Whether each unit is right before and after, bool of shape (n,) each."""
        before, after = self.decisions
        return before == self.target, after == self.target

    @property
    def _outputs(self) -> tuple[np.ndarray, np.ndarray]:
        return self.before.outputs[0], self.after.outputs[0]

    @property
    def reason(self) -> str:
        """What qualifies a number about the pair."""
        said = dict.fromkeys((self.before.drawn, *self.after.notes))
        return " ".join(sentence for sentence in said if sentence)

    def measured(
        self, number: str, estimate: Callable[[Pair], Estimate], *, of_labelled: bool = True
    ) -> Measurement:
        """One number of the pair, or why it has none."""

        def measure() -> Estimate:
            return estimate(self.labelled if of_labelled else self)

        rows = self.before.part(self.before.labelled) if of_labelled else self.before
        return estimated(key_of(number, self.view, self.change), measure, rows.sample, self.reason)


def _finite(outputs: np.ndarray) -> np.ndarray:
    if broken := int((~np.isfinite(outputs)).any(axis=1).sum()):
        raise ValueError(f"the outputs of {broken:,} of {len(outputs):,} units are not finite")
    return outputs


def absent_numbers(
    numbers: tuple[str, ...], view: View, change: str, reason: str, sampled: bool
) -> list[Measurement]:
    """Why some numbers of a view are not measured."""
    nothing = Sample(0, sampled=sampled)
    keyed = partial(key_of, view=view, change=change)
    return [absent(keyed(one), Status.NOT_APPLICABLE, reason, nothing) for one in numbers]


def is_number(view: View) -> bool:
    """Whether a view predicts a number."""
    return view.task is Task.REGRESSION
