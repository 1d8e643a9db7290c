"""What the model answered for a sample when it was asked again, row by row, beside the outcomes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from auditkit.evidence.answers import Answers, NotAnswered
from auditkit.evidence.basis import Sample
from auditkit.evidence.collected import Evidence
from auditkit.evidence.hashing import BLOCKS
from auditkit.evidence.needs import AnswerNeed
from auditkit.evidence.outcome_rows import OutcomeRows, probabilities_of
from auditkit.evidence.subject import View
from auditkit.models.head import Outputs, Task

if TYPE_CHECKING:
    from auditkit.evidence.sample import Sampled


@dataclass(frozen=True, eq=False)
class AnsweredRows:
    """The answers to one need, as a view sees them. All needs of a split have the same rows.

    Attributes:
        view: the output that they are of.
        outputs: the numbers of the view, float64 of shape (repeats, n, k); see `OutcomeRows`.
        target: true classes as codes of the view, int64 of shape (n,), or numbers; those of rows
            that are not labelled mean nothing; None on a split without labels.
        labelled: whether the true outcome of each row is known, bool of shape (n,).
        held_out, clusters, keys, groups, sampled: as of `OutcomeRows`.
        embedding: what the layer asked for computed, float64 of shape (n, d); None where none was
            asked for, or the layer gave none.
        lacking: why there is no embedding; "" where there is one, or none was asked for.
        notes: sentences that qualify whatever is measured from these.
        drawn: a sentence on which rows these are.
    """

    view: View
    outputs: np.ndarray
    target: np.ndarray | None
    labelled: np.ndarray
    held_out: np.ndarray
    clusters: np.ndarray | None
    keys: np.ndarray
    groups: Mapping[str, np.ndarray]
    embedding: np.ndarray | None
    lacking: str
    notes: tuple[str, ...]
    drawn: str
    sampled: bool

    def __len__(self) -> int:
        return len(self.labelled)

    @property
    def sample(self) -> Sample:
        """What a number about all of these rows rests on."""
        clusters = None if self.clusters is None else len(np.unique(self.clusters))
        return Sample(len(self), clusters, sampled=self.sampled)

    @property
    def blocks(self) -> np.ndarray | None:
        """The block of clusters that each row lies in, int64; None where rows are independent."""
        if self.clusters is None:
            return None
        return (self.clusters % np.uint64(BLOCKS)).astype(np.int64)

    @cached_property
    def repeated_probabilities(self) -> np.ndarray:
        """Probabilities of the classes in each repeat, float64 of shape (repeats, n, classes).

        Raises:
            ValueError: the outputs are not declared as logits or probabilities.
        """
        return np.stack([probabilities_of(one, self.view) for one in self.outputs])

    @property
    def mean_probabilities(self) -> np.ndarray:
        """The mean of the probabilities over the repeats, float64 of shape (n, classes).

        Raises:
            ValueError: the outputs are not declared as logits or probabilities.
        """
        mean: np.ndarray = self.repeated_probabilities.mean(axis=0)
        return mean

    @property
    def outcomes(self) -> OutcomeRows:
        """The labelled rows with the outputs of the first repeat.

        Raises:
            ValueError: the split has no labels.
        """
        if self.target is None:
            raise ValueError("these rows have no true outcomes")
        whole = OutcomeRows(
            self.view,
            self.outputs[0],
            self.target,
            decided(self.outputs[0], self.view),
            self.held_out,
            self.clusters,
            self.keys,
            self.groups,
            self.drawn,
            self.sampled,
        )
        return whole.part(self.labelled)

    def part(self, chosen: np.ndarray) -> AnsweredRows:
        """Some of the rows, by a mask or by their positions."""
        return replace(
            self,
            outputs=self.outputs[:, chosen],
            target=None if self.target is None else self.target[chosen],
            labelled=self.labelled[chosen],
            held_out=self.held_out[chosen],
            clusters=None if self.clusters is None else self.clusters[chosen],
            keys=self.keys[chosen],
            groups={name: levels[chosen] for name, levels in self.groups.items()},
            embedding=None if self.embedding is None else self.embedding[chosen],
        )


def answered(evidence: Evidence, need: AnswerNeed, view: View, split: str) -> AnsweredRows | str:
    """The rows that were answered for a need, or the reason why there are none.

    Args:
        evidence: of all splits.
        need: of the view's head.
        view: the output.
        split: whose sample.
    """
    of_split = evidence[split]
    found = of_split.answers[need]
    if isinstance(found, NotAnswered):
        return found.reason
    assert of_split.sample is not None  # what was answered, was drawn
    drawn = of_split.sample.first(found.outputs.shape[1])
    return _rows(found, drawn, view, of_split.rows, sampled=of_split.sampled)


def _rows(found: Answers, drawn: Sampled, view: View, rows: int, *, sampled: bool) -> AnsweredRows:
    outputs = found.outputs.astype(np.float64)
    units = len(drawn)
    which = f"A random sample of {units:,} of {rows:,} rows, drawn by a keyed hash of their ids."
    return AnsweredRows(
        view=view,
        outputs=outputs if view.index is None else outputs[..., [view.index]],
        target=_target(drawn, view),
        labelled=drawn.facts.labelled,
        held_out=drawn.facts.held_out,
        clusters=drawn.clusters,
        keys=drawn.keys,
        groups=drawn.facts.groups,
        embedding=None if found.embedding is None else found.embedding.astype(np.float64),
        lacking=found.lacking,
        notes=found.notes,
        drawn=which if units < rows else "",
        sampled=sampled,
    )


def _target(drawn: Sampled, view: View) -> np.ndarray | None:
    of_head = drawn.facts.targets.get(view.key.head)
    if of_head is None or not drawn.facts.labelled.any():
        return None
    target = of_head.numpy()
    return target if view.index is None or target.ndim == 1 else target[:, view.index]


def decided(outputs: np.ndarray, view: View) -> np.ndarray | None:
    """The classes that a view predicts from its outputs, int64 of shape (n,).

    Args:
        outputs: of the view, float64 of shape (n, k).
        view: with its declaration.

    Returns:
        None of a regression, or where no decision is declared.
    """
    if not view.classifies or not view.decides:
        return None
    if view.task is Task.MULTICLASS:
        return np.asarray(outputs.argmax(axis=1))
    decision = view.head.decision
    if decision is not None and decision.rule == "threshold":
        positive = probabilities_of(outputs, view)[:, 1] if view.probabilistic else outputs[:, -1]
        return (positive >= decision.threshold).astype(np.int64)
    if outputs.shape[1] == 2:
        return (outputs[:, 1] > outputs[:, 0]).astype(np.int64)
    even = 0.0 if view.head.outputs is Outputs.LOGITS else 0.5
    return (outputs[:, 0] > even).astype(np.int64)
