"""Passes over small tables whose outputs are columns: they do not depend on the batch size."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from auditkit.data import Batch, Columns
from auditkit.data.roles import labelled_rows
from auditkit.evidence import CountNeed, SplitEvidence, Subject, SumNeed, make_plan
from auditkit.evidence.collector import SplitCollector
from auditkit.evidence.needs import Need, SplitNeed
from auditkit.evidence.plan import SplitPlan
from auditkit.evidence.subject import views_of
from auditkit.models import stored_predictions, wrap
from auditkit.models.wrapped import WrappedModel


def subject_of(model: WrappedModel, columns: Columns | None = None, **more: Any) -> Subject:
    """What the checks know of a model; `unit_metrics` names those of a custom head."""
    names = more.pop("unit_metrics", ())
    views = tuple(view for head in model.heads for view in views_of(head, names))
    splits = more.pop("splits", ("evaluation",))
    return Subject(views=views, splits=splits, columns=columns or Columns(label="y"), **more)


def plan_of(needs: Iterable[Need], subject: Subject, split: str = "evaluation") -> SplitPlan:
    return make_plan((SplitNeed(split, need) for need in needs), subject).splits[split]


def batch_of(frame: pd.DataFrame, columns: Columns, targets: Any = None) -> Batch:
    """A batch as a source would make it; the column `id` identifies the rows."""
    label = columns.label
    if targets is None:
        targets = frame[list(label)].to_numpy() if isinstance(label, tuple) else frame[label]
    return Batch(
        inputs=frame,
        targets=np.asarray(targets) if isinstance(targets, pd.Series) else targets,
        row_ids=frame["id"].to_numpy(),
        groups={
            group.name: pd.Categorical(frame[group.column].astype(str)) for group in columns.groups
        },
        clusters=None if columns.cluster is None else frame[columns.cluster].to_numpy(),
        frame=frame,
        queries=None if columns.query is None else frame[columns.query].to_numpy(),
        labelled=labelled_rows(frame, columns),
    )


def cut(frame: pd.DataFrame, sizes: Sequence[int]) -> Iterator[pd.DataFrame]:
    """The frame in consecutive pieces; the last takes what is left."""
    start = 0
    for size in sizes:
        if start < len(frame):
            yield frame.iloc[start : start + size]
        start += size
    if start < len(frame):
        yield frame.iloc[start:]


def collect(
    frame: pd.DataFrame,
    model: WrappedModel,
    needs: Iterable[Need],
    *,
    columns: Columns | None = None,
    batches: Sequence[int] = (7, 1, 64),
    **more: Any,
) -> SplitEvidence:
    """One pass in batches of these sizes (and a last one of what is left)."""
    columns = columns or Columns(label="y")
    edges = more.pop("edges", {})
    seed = more.pop("seed", 0)
    subject = subject_of(model, columns, **more)
    collector = SplitCollector(subject, plan_of(needs, subject), model, edges, seed)
    return finished(collector, model, cut(frame, batches), columns)


def finished(
    collector: SplitCollector,
    model: WrappedModel,
    parts: Iterable[pd.DataFrame],
    columns: Columns,
) -> SplitEvidence:
    """What a collector holds after these parts, each read as one batch."""
    with model.opened():
        for part in parts:
            collector.update(batch_of(part, columns))
        return collector.finish()


def binary(frame: pd.DataFrame, **declared: Any) -> WrappedModel:
    """A binary model whose outputs are the column `score`."""
    del frame
    declared = {"outputs": "probabilities", "decision": {"threshold": 0.5}, **declared}
    return stored_predictions({"score": "score"}, task="binary", **declared)


def of_columns(names: Sequence[str], **declared: Any) -> WrappedModel:
    """A model whose outputs are these columns."""
    return stored_predictions({"score": list(names)}, **declared)


def answering(function: Any, **declared: Any) -> WrappedModel:
    """A callable in place of a network."""
    return wrap(function, **declared)


def values(evidence: SplitEvidence, need: CountNeed) -> np.ndarray:
    return evidence.count(need).values


def sums(evidence: SplitEvidence, need: SumNeed) -> tuple[np.ndarray, ...]:
    return evidence.sum(need).of(need.value)
