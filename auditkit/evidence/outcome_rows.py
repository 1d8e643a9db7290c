"""Outputs and true outcomes row by row: what sums cannot carry, one log for all who read it.

Sets of classes, thresholds for abstaining, recalibration and doubtful labels are computed from
whole rows of outputs. All of them ask for the same need, so that the rows are kept once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy.special import expit, logit, softmax

from auditkit.evidence.basis import Sample
from auditkit.evidence.collected import Evidence
from auditkit.evidence.hashing import blocks_of
from auditkit.evidence.needs import FOLD, PREDICTION, TARGET, RowNeed, group
from auditkit.evidence.row_log import RowLog
from auditkit.evidence.subject import Subject, View
from auditkit.models.head import Outputs, Task

FLOOR = 1e-12
"""The smallest probability that a logarithm is taken of."""


def outcome_need(subject: Subject, view: View) -> RowNeed:
    """The need that all readers of whole rows share: a random sample of at most 20,000 rows.

    Rows are drawn by themselves and not with their clusters, so that a large cluster keeps its
    share of the sample; none is cut between the halves.
    """
    decides = (PREDICTION,) if view.classifies and view.decides else ()
    target = () if view.task is Task.REGRESSION else (TARGET,)
    groups = tuple(group(one.name) for one in subject.columns.groups)
    return RowNeed(
        view.key,
        columns=(*target, *decides, FOLD, *groups),
        values=("target_value",) if view.task is Task.REGRESSION else (),
        outputs=True,
    )


@dataclass(frozen=True, eq=False)
class OutcomeRows:
    """Outputs and outcomes of some labelled rows.

    Attributes:
        view: the output that they are of.
        outputs: the numbers of the view, float64 of shape (n, k): logits, probabilities or values
            as the model gives them; of a binary view one column or two.
        target: true classes as codes of the view, int64 of shape (n,); of a regression numbers.
        prediction: predicted classes, int64 of shape (n,); None of a regression, or without a
            declared decision.
        held_out: the half that nothing is fitted on, bool of shape (n,); clusters are never cut.
        clusters: hash of each row's cluster, uint64 of shape (n,); None where rows are independent.
        keys: keyed hash of each row's id, uint64 of shape (n,).
        groups: group attribute → the level of each row, text of shape (n,).
        drawn: a sentence on which rows these are; "" if they are all.
        sampled: whether only part of the split was read.
    """

    view: View
    outputs: np.ndarray
    target: np.ndarray
    prediction: np.ndarray | None
    held_out: np.ndarray
    clusters: np.ndarray | None
    keys: np.ndarray
    groups: Mapping[str, np.ndarray]
    drawn: str
    sampled: bool

    def __len__(self) -> int:
        return len(self.target)

    @property
    def sample(self) -> Sample:
        """What a number about all of these rows rests on."""
        return Sample.kept(len(self), self.clusters, sampled=self.sampled)

    @property
    def blocks(self) -> np.ndarray | None:
        """The block of clusters that each row lies in, int64; None where rows are independent."""
        return None if self.clusters is None else blocks_of(self.clusters)

    @property
    def correct(self) -> np.ndarray:
        """Whether the predicted class is the true one, bool of shape (n,).

        Raises:
            ValueError: no class is predicted.
        """
        if self.prediction is None:
            raise ValueError("no class is predicted: the output declares no decision")
        right: np.ndarray = self.prediction == self.target
        return right

    @cached_property
    def probabilities(self) -> np.ndarray:
        """Probabilities of the classes, float64 of shape (n, classes).

        Raises:
            ValueError: the outputs are not declared as logits or probabilities.
        """
        return probabilities_of(self.outputs, self.view)

    @cached_property
    def logits(self) -> np.ndarray:
        """Logits of the classes, float64 of shape (n, classes); those of a binary view (0, odds).

        Of declared probabilities they are the logarithms, of at least 1e-12.

        Raises:
            ValueError: the outputs are not declared as logits or probabilities.
        """
        return logits_of(self.outputs, self.view)

    def part(self, chosen: np.ndarray) -> OutcomeRows:
        """Some of the rows, by a mask or by their positions."""
        return replace(
            self,
            outputs=self.outputs[chosen],
            target=self.target[chosen],
            prediction=None if self.prediction is None else self.prediction[chosen],
            held_out=self.held_out[chosen],
            clusters=None if self.clusters is None else self.clusters[chosen],
            keys=self.keys[chosen],
            groups={name: levels[chosen] for name, levels in self.groups.items()},
        )


def outcome_rows(evidence: Evidence, need: RowNeed, view: View, split: str) -> OutcomeRows | str:
    """The rows that were kept for `outcome_need`, or the reason why there are none.

    Args:
        evidence: of all splits.
        need: as `outcome_need` gave it.
        view: the output.
        split: whose rows.
    """
    of_split = evidence[split]
    log = of_split.row_log(need)
    if not len(log):
        return "There are no labelled rows."
    target = log.values("target_value") if TARGET not in need.columns else log.codes(TARGET)
    return OutcomeRows(
        view=view,
        outputs=_of_view(log.outputs.astype(np.float64), view),
        target=target,
        prediction=log.codes(PREDICTION) if PREDICTION in need.columns else None,
        held_out=log.codes(FOLD) == 1,
        clusters=log.clusters,
        keys=log.rows,
        groups=_groups(log, need),
        drawn=log.drawn,
        sampled=of_split.sampled,
    )


def _groups(log: RowLog, need: RowNeed) -> dict[str, np.ndarray]:
    return {one.name: log.labels(one) for one in need.columns if one.kind == "group"}


def _of_view(outputs: np.ndarray, view: View) -> np.ndarray:
    """The columns of a head's outputs that a view is of."""
    return outputs if view.index is None else outputs[:, [view.index]]


def probabilities_of(outputs: np.ndarray, view: View) -> np.ndarray:
    """Probabilities of the classes of a view, float64 of shape (n, classes).

    Args:
        outputs: of the view, float64 of shape (n, k).
        view: with its declaration.

    Raises:
        ValueError: the outputs are not declared as logits or probabilities.
    """
    _refuse_values(view)
    logits = view.head.outputs is Outputs.LOGITS
    if outputs.shape[1] > 1:
        return np.asarray(softmax(outputs, axis=1) if logits else outputs.clip(0, 1))
    positive = expit(outputs[:, 0]) if logits else outputs[:, 0].clip(0, 1)
    return np.stack([1 - positive, positive], axis=1)


def logits_of(outputs: np.ndarray, view: View) -> np.ndarray:
    """Logits of the classes of a view; see `OutcomeRows.logits`."""
    _refuse_values(view)
    if view.head.outputs is Outputs.LOGITS:
        odds = outputs if outputs.shape[1] > 1 else np.pad(outputs, ((0, 0), (1, 0)))
        return np.asarray(odds)
    if outputs.shape[1] > 1:
        logs: np.ndarray = np.log(outputs.clip(FLOOR, 1))
        return logs
    odds = logit(outputs[:, 0].clip(FLOOR, 1 - FLOOR))
    return np.stack([np.zeros(len(odds)), odds], axis=1)


def _refuse_values(view: View) -> None:
    if not view.probabilistic:
        raise ValueError("the outputs are not declared as logits or probabilities")


__all__ = [
    "OutcomeRows",
    "logits_of",
    "outcome_need",
    "outcome_rows",
    "probabilities_of",
]
