"""Scores of familiarity as the check of outside inputs has them: a table, and what each needs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from auditkit.checks.embedding_slices.embeddings import layerless
from auditkit.checks.scores import NO_PROBABILITIES
from auditkit.evidence.answered import AnsweredRows
from auditkit.evidence.outcome_rows import logits_of, probabilities_of
from auditkit.evidence.subject import Subject, View
from auditkit.models.head import Outputs
from auditkit.statistics.absence import undefined
from auditkit.statistics.novelty import (
    Gaussians,
    energy,
    max_logit,
    max_softmax,
    neighbour_familiarity,
)


@dataclass(frozen=True, eq=False)
class Bank:
    """Familiar units of which the layer's vectors are known; none of them is scored.

    Attributes:
        rows: of the training split, or of one half of the evaluation sample.
        origin: a sentence on where they are from.
    """

    rows: AnsweredRows
    origin: str

    @property
    def vectors(self) -> np.ndarray:
        """What the layer computed, float64 of shape (n, d)."""
        return vectors_of(self.rows)

    @cached_property
    def gaussians(self) -> Gaussians:
        """One for each class, fitted once.

        Raises:
            ValueError: see `Gaussians.fitted`.
        """
        return Gaussians.fitted(self.vectors, self._classes())

    def _classes(self) -> np.ndarray:
        """The true class of each unit where all are known, else the predicted one, else one."""
        rows = self.rows
        if rows.view.classifies and rows.target is not None and rows.labelled.all():
            return rows.target
        predicted = rows.prediction
        return np.zeros(len(rows), dtype=np.int64) if predicted is None else predicted


def vectors_of(rows: AnsweredRows) -> np.ndarray:
    """What the layer computed of some rows.

    Raises:
        NoEstimateError: it computed nothing that has one vector for each row.
    """
    if rows.embedding is None:
        raise undefined(rows.lacking or "The layer gave no vectors.")
    return rows.embedding


def likeliest(rows: AnsweredRows) -> np.ndarray:
    """The probability of the likeliest class of each row, float64 of shape (n,)."""
    return max_softmax(probabilities_of(rows.outputs[0], rows.view))


@dataclass(frozen=True)
class Score:
    """One score.

    Attributes:
        name: as a reviewer reads it; the label of its numbers.
        lack: why a view has none; "" if it has.
        of: rows to be scored and the bank → float64 of shape (n,), higher for the familiar.
        banked: whether it is computed from a layer, beside a bank.
    """

    name: str
    lack: Callable[[Subject, View], str]
    of: Callable[[AnsweredRows, Bank | None], np.ndarray]
    banked: bool = False


def _unprobable(_: Subject, view: View) -> str:
    return "" if view.probabilistic else NO_PROBABILITIES


def _normalised(subject: Subject, view: View) -> str:
    """Why the sum of a view's logits is not known."""
    if reason := _unprobable(subject, view):
        return reason
    if view.head.outputs is not Outputs.LOGITS:
        return (
            "The outputs are probabilities: what the logits add up to is lost, and the rest is in "
            "the likeliest class."
        )
    return ""


_SINGLE = (
    "There is one logit for two classes: how large it is says no more than the likeliest class "
    "does."
)


def _of_logits(formula: Callable[[np.ndarray], np.ndarray]) -> Callable[..., np.ndarray]:
    def of(rows: AnsweredRows, _: Bank | None) -> np.ndarray:
        if rows.outputs.shape[2] == 1:
            raise undefined(_SINGLE)
        return formula(logits_of(rows.outputs[0], rows.view))

    return of


def _mahalanobis(rows: AnsweredRows, bank: Bank | None) -> np.ndarray:
    assert bank is not None  # the score is banked
    return bank.gaussians.familiarity(vectors_of(rows))


def _neighbours(rows: AnsweredRows, bank: Bank | None) -> np.ndarray:
    assert bank is not None
    return neighbour_familiarity(vectors_of(rows), bank.vectors)


def _layerless(subject: Subject, _: View) -> str:
    return layerless(subject)


OF_OUTPUTS = (
    Score("max softmax", _unprobable, lambda rows, _: likeliest(rows)),
    Score("max logit", _normalised, _of_logits(max_logit)),
    Score("energy", _normalised, _of_logits(energy)),
)
OF_LAYER = (
    Score("Mahalanobis", _layerless, _mahalanobis, banked=True),
    Score("nearest neighbours", _layerless, _neighbours, banked=True),
)
