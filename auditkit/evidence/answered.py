"""What the model answered for a sample when it was asked again, row by row, beside the outcomes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from auditkit.evidence.answers import Answers, NotAnswered
from auditkit.evidence.basis import Sample
from auditkit.evidence.collected import Evidence
from auditkit.evidence.hashing import blocks_of
from auditkit.evidence.outcome_rows import OutcomeRows, probabilities_of
from auditkit.evidence.sample_needs import AnswerNeed
from auditkit.evidence.subject import View

if TYPE_CHECKING:
    from auditkit.evidence.sample import Sampled


@dataclass(frozen=True, eq=False)
class AnsweredRows:
    """The answers to one need, as a view sees them.

    All needs of a split have the same rows in the same order, but for those of which fewer were
    asked about (see `auditkit.evidence.answers.MAX_BYTES`): these have the first of them.

    Attributes:
        view: the output that they are of.
        raw: the numbers of the view as they were kept, float32 of shape (repeats, n, k).
        predictions: the classes that the view predicts, int64 of shape (repeats, n); None of a
            regression, or where no decision is declared.
        target: true classes as codes of the view, int64 of shape (n,), or numbers; those of rows
            that are not labelled mean nothing; None on a split without labels.
        labelled: whether the true outcome of each row is known, bool of shape (n,).
        held_out, clusters, keys, groups, sampled: as of `OutcomeRows`.
        embedding: what the layer asked for computed, float64 of shape (n, d); None where none was
            asked for, or the layer gave none.
        lacking: why there is no embedding; "" where there is one, or none was asked for.
        stuck: of which units an attack had no gradient to follow, bool of shape (n,); None where
            nothing was attacked.
        untouched: of which units the inputs were what they are without the variant, bool of shape
            (n,); None where that is not asked.
        drawn: sentences on which rows these are; "" if they are all.
        notes: sentences that qualify whatever is measured from these.
    """

    view: View
    raw: np.ndarray
    predictions: np.ndarray | None
    target: np.ndarray | None
    labelled: np.ndarray
    held_out: np.ndarray
    clusters: np.ndarray | None
    keys: np.ndarray
    groups: Mapping[str, np.ndarray]
    embedding: np.ndarray | None
    lacking: str
    stuck: np.ndarray | None
    drawn: str
    sampled: bool
    notes: tuple[str, ...] = ()
    untouched: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.labelled)

    @property
    def sample(self) -> Sample:
        """What a number about all of these rows rests on."""
        return Sample.kept(len(self), self.clusters, sampled=self.sampled)

    @property
    def blocks(self) -> np.ndarray | None:
        """The block of clusters that each row lies in, int64; None where rows are independent."""
        return None if self.clusters is None else blocks_of(self.clusters)

    @property
    def outputs(self) -> np.ndarray:
        """The numbers of the view, float64 of shape (repeats, n, k), a copy; see `OutcomeRows`."""
        return self.raw.astype(np.float64)

    @property
    def prediction(self) -> np.ndarray | None:
        """The classes predicted in the first repeat, int64 of shape (n,); see `predictions`."""
        return None if self.predictions is None else self.predictions[0]

    def each_probabilities(self) -> Iterator[np.ndarray]:
        """Probabilities of the classes, float64 of shape (n, classes), repeat by repeat.

        One after the other, since all of many repeats would fill the memory.

        Raises:
            ValueError: the outputs are not declared as logits or probabilities.
        """
        for one in self.raw:
            yield probabilities_of(one.astype(np.float64), self.view)

    @cached_property
    def mean_probabilities(self) -> np.ndarray:
        """The mean of the probabilities over the repeats, float64 of shape (n, classes).

        Raises:
            ValueError: the outputs are not declared as logits or probabilities.
        """
        total = None
        for one in self.each_probabilities():
            total = one if total is None else np.add(total, one, out=total)
        assert total is not None  # a variant has at least one repeat
        mean: np.ndarray = total / len(self.raw)
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
            self.raw[0].astype(np.float64),
            self.target,
            self.prediction,
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
            raw=self.raw[:, chosen],
            predictions=None if self.predictions is None else self.predictions[:, chosen],
            target=None if self.target is None else self.target[chosen],
            labelled=self.labelled[chosen],
            held_out=self.held_out[chosen],
            clusters=None if self.clusters is None else self.clusters[chosen],
            keys=self.keys[chosen],
            groups={name: levels[chosen] for name, levels in self.groups.items()},
            embedding=None if self.embedding is None else self.embedding[chosen],
            stuck=None if self.stuck is None else self.stuck[chosen],
            untouched=None if self.untouched is None else self.untouched[chosen],
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
    units = found.outputs.shape[1]
    drawn, wanted = of_split.sample.first(units), min(need.sample, len(of_split.sample))
    which = [
        f"A random sample of {units:,} of {of_split.rows:,} rows, drawn by a keyed hash of their "
        "ids.",
        f"No more than {units:,} were asked about, for the size of their outputs.",
    ]
    said = " ".join(which[: (units < of_split.rows) + (units < wanted)])
    return _rows(found, drawn, view, said, sampled=of_split.sampled)


def _rows(found: Answers, drawn: Sampled, view: View, said: str, *, sampled: bool) -> AnsweredRows:
    return AnsweredRows(
        view=view,
        raw=found.outputs if view.index is None else found.outputs[..., [view.index]],
        predictions=_predictions(found, view),
        target=_target(drawn, view),
        labelled=drawn.facts.labelled,
        held_out=drawn.facts.held_out,
        clusters=drawn.clusters,
        keys=drawn.keys,
        groups=drawn.facts.groups,
        embedding=None if found.embedding is None else found.embedding.astype(np.float64),
        lacking=found.lacking,
        stuck=found.stuck,
        drawn=said,
        sampled=sampled,
        untouched=found.untouched,
    )


def _predictions(found: Answers, view: View) -> np.ndarray | None:
    of_head = found.predictions
    if of_head is None or not view.classifies:
        return None
    if view.one_vs_rest:
        return np.asarray(of_head == view.index, dtype=np.int64)
    return np.asarray(of_head if view.index is None else of_head[..., view.index])


def _target(drawn: Sampled, view: View) -> np.ndarray | None:
    of_head = drawn.facts.targets.get(view.key.head)
    if of_head is None or not drawn.facts.labelled.any():
        return None
    target = of_head.numpy()
    return target if view.index is None or target.ndim == 1 else target[:, view.index]
