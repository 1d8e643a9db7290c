"""One batch turned into a code or a value per unit, on the device, without a host read.

Codes are the axes of counts; values are what sums are taken of. Both are rows of a table, so that a
new metric is a new row and nothing else.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from auditkit.errors import ConfigurationError
from auditkit.evidence.grids import (
    RANK_CELLS,
    SCORE_CELLS,
    odds_cell,
    odds_edges,
    raw_cell,
    raw_edges,
    score_cell,
)
from auditkit.evidence.needs import LABELLED, MEMBERSHIP, UNWEIGHTED, WEIGHT, WEIGHTED
from auditkit.evidence.quantile_values import pit_cell, pit_labels, quantile_values
from auditkit.evidence.row_values import RowValues
from auditkit.evidence.subject import View
from auditkit.evidence.wide_rows import double_pieces
from auditkit.models.head import Head, Outputs, Task
from auditkit.models.outputs import probabilities

# The smallest probability that a log loss is taken of.
_LOG_FLOOR = math.log(1e-12)


class HeadBatch:
    """The output of one head for one batch, with what several views of it share.

    Args:
        head: the declaration.
        raw: the head's output on the device, first axis the units; anything for a custom head.
        target: encoded targets on the device.
        unit_metrics: what a custom head's `unit_metrics` returned.
        previous: encoded predictions of the previous version, as the target.
    """

    def __init__(
        self,
        head: Head,
        raw: Any,
        target: Any,
        unit_metrics: Mapping[str, Tensor] | None = None,
        previous: Any = None,
    ) -> None:
        self.head = head
        self.raw = raw
        self.target = target
        self.unit_metrics = unit_metrics or {}
        self.previous = previous
        self._scores: Tensor | None = None
        self._winner: Tensor | None = None

    @property
    def scores(self) -> Tensor:
        """Probabilities where the outputs give them, else the raw values; float32 or float64."""
        if self._scores is None:
            self._scores = probabilities(self.raw, self.head)
        return self._scores

    @property
    def winner(self) -> Tensor:
        """The class with the highest score (multiclass), the first of even ones, int64 (n,)."""
        if self._winner is None:
            on_host = self.scores.device.type == "cpu"
            # NumPy looks through wide rows several times as fast as torch does on a CPU.
            self._winner = (
                torch.from_numpy(self.scores.detach().numpy().argmax(axis=1))
                if on_host
                else self.scores.argmax(dim=1)
            )
        return self._winner


class Units:
    """Codes and values of one view for one batch; see `auditkit.evidence.needs` for the codes.

    Args:
        view: which.
        batch: the output of its head.
        rows: values of the data, whatever the model says.
    """

    def __init__(self, view: View, batch: HeadBatch, rows: RowValues | None = None) -> None:
        self.view = view
        self.batch = batch
        self.rows = rows or RowValues.none()
        self._codes: dict[str, Tensor] = {}

    def code(self, kind: str) -> Tensor:
        """One int64 code per unit, shape (n,)."""
        if kind not in self._codes:
            self._codes[kind] = _CODES[kind](self).long()
        return self._codes[kind]

    def value(self, name: str) -> Tensor:
        """One float64 value per unit, shape (n,)."""
        if name == WEIGHT or name.startswith((MEMBERSHIP, UNWEIGHTED)):
            return self.rows[name]
        if name.startswith(LABELLED):
            return self.value(name.removeprefix(LABELLED))
        if name.startswith(WEIGHTED):
            return self.value(name.removeprefix(WEIGHTED)) * self.rows[WEIGHT]
        if self.view.task is Task.CUSTOM:
            return self.batch.unit_metrics[name].double()
        if name in _VALUES:
            return _VALUES[name](self).double()
        return quantile_values(self.view.head.quantiles)[name](self.batch.raw, self.truth)

    @property
    def positive(self) -> Tensor:
        """Score of the positive class (binary), shape (n,)."""
        scores, index = self.batch.scores, self.view.index
        return scores if index is None or scores.ndim == 1 else scores[:, index]

    @property
    def number(self) -> Tensor:
        """The predicted number (regression), shape (n,); the central one of quantiles."""
        raw, index = self.batch.raw, self.view.index
        if self.view.head.quantiles:
            index = self.view.head.central
        column: Tensor = raw if index is None or raw.ndim == 1 else raw[:, index]
        return column

    @property
    def truth(self) -> Tensor:
        """The target as a number (regression), shape (n,)."""
        target, index = self.batch.target, self.view.index
        column: Tensor = target if index is None or target.ndim == 1 else target[:, index]
        return column


def labels_of(kind: str, view: View) -> tuple[str, ...]:
    """What the codes of a kind stand for, in their order."""
    if kind in ("score_cell", "rank_cell"):
        return tuple(str(cell) for cell in range(size_of(kind, view)))
    if kind == "pit_cell":
        return pit_labels(view.head.quantiles)
    return _LABELS.get(kind) or view.classes


def size_of(kind: str, view: View) -> int:
    """How many values a code can take."""
    sizes = {"score_cell": SCORE_CELLS, "rank_cell": RANK_CELLS}
    return sizes.get(kind) or len(labels_of(kind, view))


def rank_edges(view: View) -> Any:
    """The score at which each rank cell of a view begins, float64 of shape (cells,)."""
    return odds_edges() if view.probabilistic else raw_edges()


def _target(units: Units) -> Tensor:
    return _class(units.view, units.batch.target)


def _previous(units: Units) -> Tensor:
    return _class(units.view, units.batch.previous)


def _class(view: View, codes: Any) -> Tensor:
    """Encoded classes of a head, as a view of it sees them."""
    if view.one_vs_rest:
        return torch.as_tensor(codes == view.index)
    column: Tensor = codes if view.index is None else codes[:, view.index]
    return column


def _prediction(units: Units) -> Tensor:
    if units.view.head.task is Task.MULTICLASS:
        winner = units.batch.winner
        return winner if units.view.index is None else winner == units.view.index
    decision = units.view.head.decision
    if decision is None:
        raise ConfigurationError(
            f"A check asks for the class that {units.view.key or 'the model'} predicts, and no "
            "decision is declared.",
            mend="Declare decision: {threshold: …}.",
        )
    if decision.rule == "threshold":
        return units.positive >= decision.threshold
    raw = units.batch.raw
    # As argmax decides: even scores go to the first class.
    return raw[:, 1] > raw[:, 0] if raw.ndim == 2 else units.positive > 0.5


def _correct(units: Units) -> Tensor:
    return units.code("prediction") == units.code("target")


def _is_favourable(units: Units, kind: str) -> Tensor:
    favourable = units.view.favourable
    if favourable is None:
        raise ConfigurationError(
            f"A check asks which units {units.view.key or 'the model'} favours, and no favourable "
            "class is declared.",
            mend="Declare decision: {threshold: …, favourable: …}.",
        )
    return torch.eq(units.code(kind), favourable)


def _score(units: Units) -> Tensor:
    """Score of the positive class (binary) or of the predicted class; a number predicted."""
    if units.view.task is Task.MULTICLASS:
        return units.batch.scores.gather(1, units.batch.winner[:, None])[:, 0]
    return units.number if units.view.task is Task.REGRESSION else units.positive


def _rank_cell(units: Units) -> Tensor:
    if not units.view.probabilistic:
        return raw_cell(_score(units))
    return odds_cell(_log_odds(units))


def _log_odds(units: Units) -> Tensor:
    """Log-odds of the score; from logits where they give them, which lose nothing near 0 and 1."""
    head, raw = units.view.head, units.batch.raw
    if head.outputs is not Outputs.LOGITS or head.task is Task.MULTICLASS:
        return _score(units).double().logit()
    logits: Tensor = raw.double()
    if head.task is Task.BINARY:
        return logits if logits.ndim == 1 else logits[:, 1] - logits[:, 0]
    return logits[:, units.view.index]


def _log_probability(units: Units) -> Tensor:
    """Logarithm of the probability given to the true class."""
    target, logits = units.code("target"), units.view.head.outputs is Outputs.LOGITS
    if units.view.task is Task.MULTICLASS:
        given = units.batch.raw if logits else units.batch.scores
        given = given.float() if given.dtype.itemsize < 4 else given
        of_truth = given.gather(1, target[:, None])[:, 0]
        return of_truth - given.logsumexp(dim=1) if logits else of_truth.double().log()
    if logits:
        odds = _log_odds(units)
        return torch.nn.functional.logsigmoid(torch.where(target == 1, odds, -odds))
    return _truth_probability(units).log()


def _truth_probability(units: Units) -> Tensor:
    """Probability given to the true class (binary), float64."""
    positive = units.positive.double()
    return torch.where(units.code("target") == 1, positive, 1 - positive)


def _log_loss(units: Units) -> Tensor:
    return -_log_probability(units).double().clamp_min(_LOG_FLOOR)


def _brier(units: Units) -> Tensor:
    if units.view.task is Task.MULTICLASS:
        scores = units.batch.scores
        truth = scores.gather(1, units.code("target")[:, None])[:, 0].double()
        squares = [piece.square_().sum(dim=1) for piece in double_pieces(scores)]
        return torch.cat(squares) - 2 * truth + 1
    return (1 - _truth_probability(units)).square()


def _error(units: Units) -> Tensor:
    return units.number.double() - units.truth.double()


_LABELS = {
    "correct": ("wrong", "right"),
    "selected": ("no", "yes"),
    "qualified": ("no", "yes"),
}

_CODES: Mapping[str, Callable[[Units], Tensor]] = {
    "target": _target,
    "prediction": _prediction,
    "previous": _previous,
    "correct": _correct,
    "selected": lambda units: _is_favourable(units, "prediction"),
    "qualified": lambda units: _is_favourable(units, "target"),
    "score_cell": lambda units: score_cell(_score(units)),
    "rank_cell": _rank_cell,
    "pit_cell": lambda units: pit_cell(units.batch.raw, units.truth),
}

_VALUES: Mapping[str, Callable[[Units], Tensor]] = {
    "score": _score,
    "log_odds": _log_odds,
    "log_loss": _log_loss,
    "brier": _brier,
    "error": _error,
    "absolute_error": lambda units: _error(units).abs(),
    "squared_error": lambda units: _error(units).square(),
    "target_value": lambda units: units.truth,
}
