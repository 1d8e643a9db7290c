"""The losses of single units on both sides: what the averages hide.

A model that has learnt by heart has hardly any loss on most training units, and much on some units
that it has not seen. The picture shows the share of the units that lose at most so much, at numbers
that are fixed beforehand and not read off anybody, at least five units apart on either side.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from auditkit.checks.check import EVALUATION, TRAINING
from auditkit.checks.estimation import MIN_KEPT
from auditkit.evidence.collected import Evidence
from auditkit.evidence.needs import RowNeed, SplitNeed
from auditkit.evidence.subject import Subject, View
from auditkit.measurement import Figure
from auditkit.models.head import Task

_FEWEST = 4 * MIN_KEPT
_DECADES = 6
_PER_DECADE = np.array([1, 1.25, 1.6, 2, 2.5, 3.2, 4, 5, 6.3, 8])
_TITLES = {"log_loss": "log loss", "absolute_error": "absolute error"}


def loss_needs(subject: Subject) -> Iterator[SplitNeed]:
    """The losses of a random sample of units of both splits."""
    for view, value in _lossy(subject):
        for split in (TRAINING, EVALUATION):
            yield SplitNeed(split, _need(view, value))


def _lossy(subject: Subject) -> Iterator[tuple[View, str]]:
    """The outputs that have a loss of each unit, and which."""
    for view in subject.main_views:
        if view.classifies and view.probabilistic:
            yield view, "log_loss"
        elif view.task is Task.REGRESSION:
            yield view, "absolute_error"


def _need(view: View, value: str) -> RowNeed:
    return RowNeed(view.key, values=(value,))


def loss_figures(subject: Subject, evidence: Evidence) -> tuple[Figure, ...]:
    """A picture for each output of which both splits have twenty labelled units."""
    found = []
    for view, value in _lossy(subject):
        logs = {
            split: evidence[split].row_log(_need(view, value)) for split in (TRAINING, EVALUATION)
        }
        if min(map(len, logs.values())) < _FEWEST:
            continue
        losses = {split: log.values(value) for split, log in logs.items()}
        rows = shares_by_loss(losses)
        if len(rows) > 1:
            sampled = any(log.drawn for log in logs.values())
            found.append(_figure(view, _TITLES[value], rows, losses, sampled=sampled))
    return tuple(found)


def shares_by_loss(losses: Mapping[str, np.ndarray]) -> list[dict[str, float]]:
    """The share of each split's units that lose at most so much, in ascending order of the loss.

    Between two rows lie no units of a split, or at least five.

    Args:
        losses: split → a number of at least 0 for each unit, float64 of shape (n,).

    Example:
        >>> losses = {"training": np.full(10, 0.1), "evaluation": np.linspace(0.1, 1, 10)}
        >>> shares_by_loss(losses)[-1]
        {'loss': 1.0, 'training': 1.0, 'evaluation': 1.0}
    """
    ordered = {split: np.sort(values) for split, values in losses.items()}
    rows: list[dict[str, float]] = []
    last = dict.fromkeys(ordered, 0)
    whole = {split: len(values) for split, values in ordered.items()}
    for loss in _grid(max(float(values[-1]) for values in ordered.values())):
        below = {s: int(np.searchsorted(v, loss, "right")) for s, v in ordered.items()}
        steps = [below[split] - last[split] for split in ordered]
        rest = [whole[split] - below[split] for split in ordered]
        if any(0 < units < MIN_KEPT for units in (*steps, *rest)) or not any(steps):
            continue
        rows.append({"loss": loss, **{split: below[split] / whole[split] for split in ordered}})
        last = below
    return rows


def _grid(largest: float) -> list[float]:
    """Ten numbers a decade, from a millionth of the largest loss to just above it."""
    if not largest > 0 or not np.isfinite(largest):
        return []
    top = int(np.floor(np.log10(largest)))
    steps = [float(f"{m}e{e}") for e in range(top - _DECADES, top + 2) for m in _PER_DECADE]
    above = next(step for step in steps if step >= largest)
    return [step for step in steps if step <= above]


def _figure(
    view: View,
    title: str,
    rows: list[dict[str, float]],
    losses: Mapping[str, np.ndarray],
    *,
    sampled: bool,
) -> Figure:
    of = f" of {view.key}" if str(view.key) else ""
    drawn = " They are a random sample of the units." if sampled else ""
    data: dict[str, Any] = {
        "loss": title,
        "n": {split: len(values) for split, values in losses.items()},
        "rows": rows,
    }
    return Figure(
        kind="loss_distributions",
        title=f"How much single units lose: {title}{of}",
        caption=(
            f"The share of the units whose {title} is at most so much. Where the line of the "
            "training data lies above that of the evaluation data, the model errs less on what it "
            f"has seen.{drawn}"
        ),
        check="overfitting",
        data=data,
    )
