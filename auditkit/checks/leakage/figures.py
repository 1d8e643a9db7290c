"""Pictures of leakage: what leaked, how near rows lie, what a feature tells alone, what it adds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from auditkit.checks.check import TRAINING
from auditkit.checks.estimation import drawn_ends
from auditkit.checks.leakage.copies import Copies
from auditkit.checks.leakage.metrics import (
    CLUSTERS,
    EXACT,
    EXCESS,
    FUTURE,
    LONE,
    NEAR,
    NEARLY_REPEATED,
    REPEATED,
    SCORES,
    named,
)
from auditkit.checks.leakage.outcomes import Outcomes
from auditkit.evidence.subject import View
from auditkit.measurement import Figure, Measurement, Metric, Status

_KINDS = (EXACT, EXCESS, NEAR, CLUSTERS, FUTURE, REPEATED, NEARLY_REPEATED)
_BINS = 40
_LEAST_SHOWN = 0.05
_MOST_FEATURES = 25


def kinds(measurements: Sequence[Measurement], rows: int) -> Iterator[Figure]:
    """What share of the rows leaked, kind by kind; nothing where none was measured."""
    drawn = [
        _row(metric, one)
        for metric in _KINDS
        for one in measurements
        if one.key.metric == metric.id and one.status is Status.MEASURED
    ]
    if drawn:
        yield Figure(
            kind="leak_kinds",
            title="What the evaluation data share with the training data",
            caption=(
                "Scores on rows that the model was trained on say nothing of new ones. Rows may be "
                "alike by chance; more copies than the training rows have among themselves are not."
            ),
            check="leakage",
            data={"n": rows, "rows": drawn},
        )


def _row(metric: Metric, one: Measurement) -> dict[str, Any]:
    within = "" if "→" in one.key.split else f" ({one.key.split})"
    of = " ".join(part for part in (one.key.head, one.key.label) if part)
    return {
        "kind": f"{metric.title}{within}" + (f", {of}" if of else ""),
        "value": one.value,
        **drawn_ends(one.interval),
        "n": one.rows,
    }


def similarity(copies: Copies) -> Iterator[Figure]:
    """How near the nearest training row is, to evaluation rows and to other training rows."""
    pairs = copies.between
    if pairs is None or pairs.lacking:
        return
    usual = copies.usual[TRAINING]
    told = np.isfinite(pairs.nearest)
    copied = np.zeros(len(told), dtype=np.bool_)
    copied[pairs.first[pairs.first < len(told)]] = True
    of_rows = pairs.nearest[told]
    if not len(of_rows) or not len(usual.similarity):
        return
    lowest = float(min(np.quantile(one, _LEAST_SHOWN) for one in (of_rows, usual.similarity)))
    edges = np.linspace(min(max(lowest, -1.0), 0.95), 1.0, _BINS + 1)
    shares = [
        _histogram(values, edges, total)
        for values, total in (
            (of_rows, len(of_rows)),
            (of_rows[copied[told]], len(of_rows)),
            (usual.similarity, len(usual.similarity)),
        )
    ]
    rows = [
        {"low": low, "high": high, "between": between, "copies": found, "within": inside}
        for low, high, between, found, inside in zip(
            edges[:-1].tolist(), edges[1:].tolist(), *(one.tolist() for one in shares), strict=True
        )
    ]
    yield Figure(
        kind="neighbour_similarity",
        title="How near the nearest training row is",
        caption=(
            "Rows that were split cleanly are as near to training rows as these are to each other. "
            "What is far nearer is a copy."
        ),
        check="leakage",
        data={"n_between": len(of_rows), "n_within": len(usual.similarity), "rows": rows},
    )


def _histogram(values: np.ndarray, edges: np.ndarray, total: int) -> np.ndarray:
    counts, _ = np.histogram(np.clip(values, edges[0], edges[-1]), edges)
    return np.asarray(counts / total, dtype=np.float64)


def features(view: View, measurements: Iterable[Measurement]) -> Iterator[Figure]:
    """What each feature tells of the outcome by itself, the strongest first."""
    found = [one for one in measurements if one.key.metric == LONE.id and one.value is not None]
    found = [one for one in found if one.status is Status.MEASURED]
    found.sort(key=lambda one: -(one.value or 0.0))
    if not found:
        return
    rows = [
        {
            "feature": named(view, one.key),
            "value": one.value,
            **drawn_ends(one.interval),
        }
        for one in found[:_MOST_FEATURES]
    ]
    yield Figure(
        kind="ranking",
        title=f"What each feature tells of the outcome{_of(view)} by itself",
        caption=(
            "AUC on rows that it was not learnt from; .5 is none. A feature near 1 may be the "
            "outcome in disguise: ask when and from what it was filled in."
        ),
        check="leakage",
        data={"value_label": "AUC of the feature alone", "n": found[0].rows, "rows": rows},
    )


def without(outcomes: Outcomes, measurements: Sequence[Measurement]) -> Iterator[Figure]:
    """Every score of all rows and of the clean ones; nothing where no row leaked."""
    view = outcomes.view
    leaked = [one for one in measurements if one.key.metric.endswith("_gap")]
    if not any(one.status is Status.MEASURED for one in leaked):
        return
    rows: list[dict[str, Any]] = []
    for name, (title, _) in SCORES.items():
        if name in outcomes.scores:
            whole = outcomes.all_rows(name)
            rows.append(_score(title, "all rows", whole))
        rows += [
            _score(title, f"without {named(view, one.key)}", one)
            for one in measurements
            if one.key.metric == f"leakage.clean_{name}" and one.status is Status.MEASURED
        ]
    yield Figure(
        kind="gap",
        title=f"Performance{_of(view)} with leaked rows left out",
        caption="Where it is worse without them, the model looked better than it is.",
        check="leakage",
        data={"rows": rows},
    )


def _score(title: str, split: str, one: Measurement) -> dict[str, Any]:
    ends = drawn_ends(one.interval)
    return {"metric": title, "split": split, "value": one.value, **ends, "n": one.rows}


def _of(view: View) -> str:
    return f" of {view.key}" if str(view.key) else ""
