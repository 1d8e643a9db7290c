"""What a learner answered, row by row, beside what the audited model answered of the same units."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from auditkit.evidence.collected import Evidence
from auditkit.evidence.needs import RowNeed, SplitNeed
from auditkit.evidence.outcome_rows import OutcomeRows, outcome_need, outcome_rows
from auditkit.evidence.plan import TRIED
from auditkit.evidence.sample_needs import TrialNeed
from auditkit.evidence.subject import Subject, View
from auditkit.evidence.trial import NotTried, Trial


@dataclass(frozen=True, eq=False)
class TriedRows:
    """Labelled units of one split, answered by the audited model and by a learner.

    Attributes:
        model: what the audited model answered.
        learner: what the learner answered for the same units, in the same order.
        taught: which of them the learner was taught on, bool of shape (n,); of the evaluation split
            none.
        told: the label that it was taught with, as `target` of `OutcomeRows`: another unit's where
            labels were permuted; of units that it was not taught on, their own.
        trial: everything about the learner.
    """

    model: OutcomeRows
    learner: OutcomeRows
    taught: np.ndarray
    told: np.ndarray
    trial: Trial

    def __len__(self) -> int:
        return len(self.taught)


def trial_needs(subject: Subject, view: View, *needs: TrialNeed) -> Iterator[SplitNeed]:
    """Everything that `tried_rows` reads of these trials: they, and the model's own answers.

    Args:
        subject: what is audited.
        view: of the head that the trials are of.
        needs: the trials.
    """
    for need in needs:
        yield SplitNeed(TRIED[0], need)
    for split in TRIED:
        yield SplitNeed(split, outcome_need(subject, view))


def tried_rows(
    evidence: Evidence, subject: Subject, view: View, need: TrialNeed, split: str
) -> TriedRows | str:
    """The rows of a trial, or the reason why there are none.

    Args:
        evidence: of all splits.
        subject: what is audited.
        view: the output.
        need: the trial, of the view's head; asked for with `trial_needs`.
        split: `training` or `evaluation`.
    """
    trial = evidence.trials[need]
    if isinstance(trial, NotTried):
        return trial.reason
    logged: RowNeed = outcome_need(subject, view)
    own = outcome_rows(evidence, logged, view, split)
    if isinstance(own, str):
        return own
    sample = evidence[split].sample
    assert sample is not None  # what was tried, was drawn
    keys = sample.keys[: len(trial.outputs[split])]
    # Both are the units with the smallest hashes: those of the sample are among those of the log.
    _, in_log, in_sample = np.intersect1d(own.keys, keys, return_indices=True)
    if not len(in_log):
        return "None of the units that were asked about has a label."
    model = replace(own.part(in_log), drawn=_drawn(len(in_log), evidence[split].labelled))
    learner = replace(
        model,
        outputs=_of_view(trial.outputs[split][in_sample], view),
        prediction=_prediction(trial.predictions[split], in_sample, view),
    )
    if split != TRIED[0]:
        nobody = np.zeros(len(in_log), dtype=bool)
        return TriedRows(model, learner, nobody, model.target, trial)
    whose = _places(trial.label_of[in_sample], in_sample, len(keys))
    told = np.where(whose < 0, model.target, model.target[whose])
    return TriedRows(model, learner, trial.taught[in_sample], told, trial)


def _places(label_of: np.ndarray, in_sample: np.ndarray, size: int) -> np.ndarray:
    """Places in a sample as places among the rows that were found again; -1 of none."""
    place_of = np.full(size + 1, -1, dtype=np.int64)  # the last for the place -1
    place_of[in_sample] = np.arange(len(in_sample))
    places: np.ndarray = place_of[label_of]
    return places


def _drawn(kept: int, rows: int) -> str:
    if kept == rows:
        return ""
    return f"A random sample of {kept:,} of {rows:,} rows, drawn by a keyed hash of their ids."


def _of_view(outputs: np.ndarray, view: View) -> np.ndarray:
    return outputs if view.index is None else outputs[:, [view.index]]


def _prediction(of_head: np.ndarray | None, rows: np.ndarray, view: View) -> np.ndarray | None:
    if of_head is None or not view.classifies:
        return None
    chosen = of_head[rows]
    if view.one_vs_rest:
        return np.asarray(chosen == view.index, dtype=np.int64)
    return np.asarray(chosen if view.index is None else chosen[..., view.index])
