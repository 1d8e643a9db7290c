"""What is compared between training and evaluation data: features, groups, labels and scores."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from auditkit.evidence.collected import Evidence
from auditkit.evidence.levels import OTHER, settled, told_apart
from auditkit.evidence.needs import RANK_CELL, TARGET, CountNeed, feature, group
from auditkit.evidence.subject import Subject, View
from auditkit.evidence.units import rank_edges
from auditkit.models.head import Task
from auditkit.statistics.counts import Counts

# Few enough that chance alone does not look like drift, many enough to see a shift of .1 sd.
SCORE_BINS = 16
# Levels of a numeric feature that have no place in its order: missing, and not a number.
_UNORDERED = 2


@dataclass(frozen=True)
class Stream:
    """One thing that is counted in both splits.

    Attributes:
        name: unique within the audit.
        need: its counts.
        head: the head that it is about; "" for the data alone.
        scores: the view whose scores it counts; None for anything else.
    """

    name: str
    need: CountNeed
    head: str = ""
    scores: View | None = None


@dataclass(frozen=True)
class Binned:
    """One stream's counts on both sides.

    Attributes:
        labels: of the bins.
        training, evaluation: int64 of shape (bins,).
        ordered: the counts of both in finer bins that have an order, int64 of shape (2, cells);
            None where the bins have none.
        pooled: the larger share, of both sides, of units whose levels are not told apart.
    """

    labels: list[str]
    training: np.ndarray
    evaluation: np.ndarray
    ordered: np.ndarray | None
    pooled: float = 0.0


def streams_of(subject: Subject) -> tuple[Stream, ...]:
    """Every stream of a subject, in the order of the columns, then of the outputs."""
    taken: set[str] = set()
    streams = []
    for stream in (*_of_data(subject), *_of_outputs(subject)):
        name = _free(stream.name, taken)
        taken.add(name)
        streams.append(Stream(name, stream.need, stream.head, stream.scores))
    return tuple(streams)


def _free(name: str, taken: Iterable[str]) -> str:
    """The name, or one that says that it is another thing of that name."""
    while name in taken:
        name = f"{name} (2)"
    return name


def _of_data(subject: Subject) -> Iterator[Stream]:
    for name in subject.streams:
        yield Stream(name, CountNeed(None, (feature(name),)))
    for declared in subject.columns.groups:
        if declared.column not in subject.streams:
            yield Stream(declared.name, CountNeed(None, (group(declared.name),)))


def _of_outputs(subject: Subject) -> Iterator[Stream]:
    for view in subject.main_views:
        of = f" of {view.key}" if str(view.key) else ""
        if view.classifies and not subject.unlabelled:
            yield Stream(f"label{of}", CountNeed(view.key, (TARGET,)), view.key.head)
        if view.task is not Task.CUSTOM:
            noun = "prediction" if view.task is Task.REGRESSION else "score"
            need = CountNeed(view.key, (RANK_CELL,))
            yield Stream(f"{noun}{of}", need, view.key.head, scores=view)


def binned(stream: Stream, evidence: Evidence) -> Binned:
    """The counts of a stream, levels that only one split has counted as 0 in the other."""
    training = evidence["training"].count(stream.need)
    evaluation = evidence["evaluation"].count(stream.need)
    # Merging with nothing gives both the union of the levels; settled, both tell the same ones of
    # them apart.
    nothing = Counts.zeros((training + evaluation).axes)
    seen, unseen = settled(nothing + training), settled(nothing + evaluation)
    pair = np.stack([seen.values, unseen.values])
    axis = seen.axes[0]
    if stream.scores is not None:
        labels, shares = regrouped(pair, rank_edges(stream.scores))
        return Binned(labels, shares[0], shares[1], pair)
    numeric = stream.need.axes[0].kind == "feature" and not axis.open
    ordered = pair[:, :-_UNORDERED] if numeric else None
    used = pair.sum(axis=0) > 0
    labels = [label for label, kept in zip(axis.labels, used, strict=True) if kept]
    others = pair[:, np.array([label == OTHER for label in axis.labels], dtype=bool)].sum(axis=1)
    pooled = float((others / np.maximum(pair.sum(axis=1), 1)).max())
    return Binned(labels, pair[0, used], pair[1, used], ordered, pooled)


def regrouped(pair: np.ndarray, edges: np.ndarray) -> tuple[list[str], np.ndarray]:
    """Score cells grouped into bins that hold about equal shares of the training data.

    Args:
        pair: training and evaluation counts, int64 of shape (2, cells).
        edges: the score at which each cell begins, shape (cells,).

    Returns:
        Labels of the bins, and counts of shape (2, bins).
    """
    training = pair[0]
    middles = np.cumsum(training) - training / 2
    place = np.minimum(middles * SCORE_BINS // max(training.sum(), 1), SCORE_BINS - 1)
    starts = np.flatnonzero(np.concatenate([[True], place[1:] != place[:-1]]))
    counts = np.add.reduceat(pair, starts, axis=1)
    shown = told_apart(edges[starts[1:]].tolist())
    if not shown:
        return ["all scores"], counts
    between = [f"{low} to {high}" for low, high in pairwise(shown)]
    return [f"under {shown[0]}", *between, f"{shown[-1]} and over"], counts
