"""One batch turned into a code or a value per unit, on the device, without a host read.

Codes are the axes of counts; values are what sums are taken of. Both are rows of a table, so that a
new metric is a new row and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from auditkit.errors import ModelError
from auditkit.evidence.subject import View
from auditkit.models.head import Head, Outputs, Task
from auditkit.models.outputs import probabilities

# A multiple of 15, so that the usual 15-bin figures are exact (statistics.calibration).
SCORE_CELLS = 1920
# Raw scores have no fixed range: they are counted by the upper 13 bits of their float32 pattern,
# which are ordered like the numbers themselves.
RAW_SCORE_CELLS = 8192
_SMALLEST_PROBABILITY = 1e-12


class HeadBatch:
    """The output of one head for one batch, with what several views of it share.

    Args:
        head: the declaration.
        raw: the head's output on the device, first axis the units.
        target: encoded targets on the device.
    """

    def __init__(self, head: Head, raw: Tensor, target: Tensor | Any) -> None:
        self.head = head
        self.raw = raw
        self.target = target
        self._scores: Tensor | None = None
        self._unit_metrics: Mapping[str, Tensor] | None = None

    @property
    def scores(self) -> Tensor:
        """Probabilities where the outputs give them, else the raw values; float32 or float64."""
        if self._scores is None:
            scores = probabilities(self.raw, self.head)
            self._scores = scores.float() if scores.dtype.itemsize < 4 else scores
        return self._scores

    @property
    def unit_metrics(self) -> Mapping[str, Tensor]:
        """What a custom head's `unit_metrics` returns, checked to be one number per unit."""
        if self._unit_metrics is None:
            self._unit_metrics = _custom_metrics(self.head, self.raw, self.target)
        return self._unit_metrics


def _custom_metrics(head: Head, raw: Tensor, target: Any) -> Mapping[str, Tensor]:
    if head.unit_metrics is None:
        raise ModelError(
            f"The head {head.name!r} has the task custom but no unit_metrics.",
            mend="Give unit_metrics(output, target), which returns one number per unit.",
        )
    returned = head.unit_metrics(raw, target)
    named = returned if isinstance(returned, Mapping) else {"unit_metric": returned}
    for name, values in named.items():
        if not isinstance(values, Tensor) or values.shape != raw.shape[:1]:
            shape = tuple(values.shape) if isinstance(values, Tensor) else type(values).__name__
            raise ModelError(
                f"unit_metrics returned {shape} for {name!r}; expected a tensor of shape "
                f"({raw.shape[0]},), one number per unit.",
                mend="Reduce over every axis but the first.",
            )
    return named


class Units:
    """Codes and values of one view for one batch."""

    def __init__(self, view: View, batch: HeadBatch) -> None:
        self.view = view
        self.batch = batch
        self._codes: dict[str, Tensor] = {}

    def code(self, kind: str) -> Tensor:
        """One int64 code per unit, shape (n,)."""
        if kind not in self._codes:
            self._codes[kind] = _CODES[kind](self).long()
        return self._codes[kind]

    def value(self, name: str) -> Tensor:
        """One float64 value per unit, shape (n,)."""
        if self.view.task is Task.CUSTOM:
            return self.batch.unit_metrics[name].double()
        return _VALUES[name](self).double()

    @property
    def positive(self) -> Tensor:
        """Score of the positive class (binary), shape (n,)."""
        scores, index = self.batch.scores, self.view.index
        return scores if index is None or scores.ndim == 1 else scores[:, index]

    @property
    def number(self) -> Tensor:
        """The predicted number (regression), shape (n,)."""
        raw, index = self.batch.raw, self.view.index
        return raw.reshape(raw.shape[0], -1)[:, 0 if index is None else index]

    @property
    def truth(self) -> Tensor:
        """The target as a number (regression), shape (n,)."""
        target, index = self.batch.target, self.view.index
        return target if target.ndim == 1 else target[:, 0 if index is None else index]


def size_of(kind: str, view: View) -> int:
    """How many values an output's code can take."""
    if kind == "score_cell":
        return RAW_SCORE_CELLS if _is_raw(view) else SCORE_CELLS
    return 2 if kind == "correct" else len(view.classes)


def _is_raw(view: View) -> bool:
    return view.head.outputs not in (Outputs.LOGITS, Outputs.PROBABILITIES)


def _target(units: Units) -> Tensor:
    target, view = units.batch.target, units.view
    if view.one_vs_rest:
        return torch.as_tensor(target == view.index)
    return target if view.index is None else target[:, view.index]


def _prediction(units: Units) -> Tensor:
    view, decision = units.view, units.view.head.decision
    scores = units.batch.scores
    if view.head.task is Task.MULTICLASS:
        winner = scores.argmax(dim=1)
        return winner if view.index is None else winner == view.index
    threshold = 0.5 if decision is None else decision.threshold
    return units.positive >= threshold


def _correct(units: Units) -> Tensor:
    return units.code("prediction") == units.code("target")


def _score_cell(units: Units) -> Tensor:
    score = _score(units)
    if _is_raw(units.view):
        return _ordered_pattern(score)
    return (score * SCORE_CELLS).long().clamp_(0, SCORE_CELLS - 1)


def _ordered_pattern(score: Tensor) -> Tensor:
    """The upper bits of the float32 pattern, mapped so that larger numbers get larger codes."""
    pattern = score.float().contiguous().view(torch.int32).long()
    ordered = torch.where(pattern < 0, -1 - (pattern & 0x7FFFFFFF), pattern)
    return (ordered >> 19) + RAW_SCORE_CELLS // 2


def _score(units: Units) -> Tensor:
    """Probability of the positive class (binary) or of the predicted class (multiclass)."""
    if units.view.task is Task.MULTICLASS:
        return units.batch.scores.amax(dim=1)
    return units.positive


def _truth_probability(units: Units) -> Tensor:
    target = units.code("target")
    if units.view.task is Task.MULTICLASS:
        return units.batch.scores.gather(1, target[:, None])[:, 0]
    return torch.where(target == 1, units.positive, 1 - units.positive)


def _log_loss(units: Units) -> Tensor:
    return -_truth_probability(units).double().clamp_min(_SMALLEST_PROBABILITY).log()


def _brier(units: Units) -> Tensor:
    if units.view.task is Task.MULTICLASS:
        squares = units.batch.scores.double().square().sum(dim=1)
        return squares - 2 * _truth_probability(units).double() + 1
    return (1 - _truth_probability(units).double()).square()


def _error(units: Units) -> Tensor:
    return units.number.double() - units.truth.double()


_CODES: Mapping[str, Callable[[Units], Tensor]] = {
    "target": _target,
    "prediction": _prediction,
    "correct": _correct,
    "score_cell": _score_cell,
}

_VALUES: Mapping[str, Callable[[Units], Tensor]] = {
    "score": _score,
    "log_loss": _log_loss,
    "brier": _brier,
    "error": _error,
    "absolute_error": lambda units: _error(units).abs(),
    "squared_error": lambda units: _error(units).square(),
    "target_value": lambda units: units.truth,
}
