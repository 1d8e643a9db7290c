"""Features that decide the outcome alone: is one of them the outcome in disguise?

An honest feature may be strong: in some tasks one measurement nearly settles the matter. So nothing
fails by default, and a policy says from where on it asks for an explanation; at most .99 lets every
feature pass that is wrong about a hundredth of the pairs of classes. Failing such a bound takes
some hundred rows of each class, since a few dozen in perfect order may come by chance.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from auditkit.checks.check import EVALUATION
from auditkit.checks.estimation import absent, estimated
from auditkit.checks.leakage.metrics import LONE, of_evaluation
from auditkit.checks.leakage.outcomes import Outcomes
from auditkit.evidence.basis import Sample
from auditkit.evidence.collected import Evidence
from auditkit.evidence.needs import FOLD, RowNeed, SplitNeed, feature
from auditkit.evidence.row_log import RowLog
from auditkit.evidence.subject import Subject, View
from auditkit.measurement import Measurement, Status
from auditkit.models.head import Task
from auditkit.statistics.lone_features import Levelled, lone_auc

MOST_FEATURES = 200
MOST_CLASSES = 50
FEWEST = 40
"""Labelled rows, of which about half are judged."""

NO_FEATURE = (
    "The inputs are no table with features of which rows have values in common, so none of them "
    "was tried alone."
)


def named_features(subject: Subject) -> tuple[str, ...]:
    """The features of the table; what the model answered is none of them."""
    levels = (axis.partition(":") for axis in subject.slice_levels)
    return tuple(name for kind, _, name in levels if kind == "feature")[:MOST_FEATURES]


def feature_needs(subject: Subject) -> Iterator[SplitNeed]:
    """The level of every feature of a sample of the evaluation rows."""
    if names := named_features(subject):
        yield SplitNeed(EVALUATION, _need(names))


def _need(names: tuple[str, ...]) -> RowNeed:
    return RowNeed(None, columns=(FOLD, *map(feature, names)))


def lone_features(
    subject: Subject, evidence: Evidence, view: View, outcomes: Outcomes
) -> Iterator[Measurement]:
    """How well each feature tells the outcome of a view by itself."""
    names = named_features(subject)
    if not names:
        nothing = Sample(0, sampled=evidence[EVALUATION].sampled)
        yield absent(of_evaluation(LONE, view), Status.NOT_APPLICABLE, NO_FEATURE, nothing)
        return
    log = evidence[EVALUATION].row_log(_need(names))
    if not len(log):
        return
    _, mine, theirs = np.intersect1d(log.rows, outcomes.keys, return_indices=True)
    learning = log.codes(FOLD)[mine] == 0
    classes, kept, number, said = _classes(view, outcomes.target[theirs], learning)
    sample = outcomes.rows.part(theirs[kept & ~learning]).sample
    learnt = f"Learnt from the {int((kept & learning).sum()):,} rows of the other half."
    reason = " ".join(part for part in (learnt, said, log.drawn) if part)
    for name in names:
        key = of_evaluation(LONE, view, name)
        if len(classes) < FEWEST:
            few = f"A feature alone is judged with at least {FEWEST} labelled rows."
            yield absent(key, Status.TOO_FEW, few, sample)
            continue
        clusters = None if log.clusters is None else log.clusters[mine][kept]
        units = Levelled(_levels(log, name)[mine][kept], classes, clusters)
        yield estimated(key, partial(lone_auc, units, learning[kept], number), sample, reason)


def _levels(log: RowLog, name: str) -> np.ndarray:
    """A code for each level that occurs, int64 of shape (rows,)."""
    column = log.table[str(feature(name))].combine_chunks()
    codes = column.dictionary_encode().indices.to_numpy(zero_copy_only=False)
    return np.asarray(codes, dtype=np.int64)


def _classes(
    view: View, target: np.ndarray, learning: np.ndarray
) -> tuple[np.ndarray, np.ndarray, int, str]:
    """Classes of the rows that have one of those told apart, which rows these are, how many."""
    every = np.ones(len(target), dtype=np.bool_)
    if view.task is Task.REGRESSION:
        middle = float(np.median(target[learning])) if learning.any() else 0.0
        return (target > middle).astype(np.int64), every, 2, "Above or below the median."
    if len(view.classes) <= MOST_CLASSES:
        return target, every, len(view.classes), ""
    counts = np.bincount(target, minlength=len(view.classes))
    most = np.sort(np.argsort(-counts, kind="stable")[:MOST_CLASSES])
    kept = np.isin(target, most)
    said = f"The {MOST_CLASSES} most frequent of {len(view.classes):,} classes were told apart."
    return np.searchsorted(most, target[kept]), kept, MOST_CLASSES, said
