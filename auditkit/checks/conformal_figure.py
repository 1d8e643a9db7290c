"""The picture of conformal sets: how large they are, and whether the large ones hold the truth."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from auditkit.checks.conformal_halves import Halves, Trial
from auditkit.checks.estimation import MIN_KEPT, NoEstimateError
from auditkit.checks.kept_rows import percent, share_of
from auditkit.evidence.outcome_rows import OutcomeRows
from auditkit.measurement import Figure
from auditkit.statistics import estimates

_SINGLE = 5
"""Sizes up to this one are bars of their own; larger ones share bars that double in width."""


def figure(halves: Halves, trials: Sequence[Trial]) -> Figure:
    """Set sizes by method, and the coverage of the sets of each size."""
    of = f" of {halves.view.key}" if str(halves.view.key) else ""
    rows = halves.held_out.rows
    aim = percent(halves.coverage)
    most = max(int(trial.extents.max()) for trial in trials)
    alike = "" if rows.clusters is None else " The intervals know that units come in clusters."
    return Figure(
        kind="set_sizes",
        title=f"Sets of classes{of}: how many they hold, and how often the true one",
        caption=(
            "Instead of one class, a conformal set names all that the model cannot rule out: one "
            "where it is sure, several where it is not, none where every class seems strange. The "
            f"threshold is chosen on {len(halves.calibrated.rows):,} units so that {aim} of all "
            f"sets hold the true class; this is what it does on {len(rows):,} others. The promise "
            "is about all sets together: where large ones hold the truth less often, they look "
            f"more cautious than they are. Vertical lines are 90 % intervals.{alike}"
        ),
        check="conformal",
        data={
            "aim": halves.coverage,
            "n": len(rows),
            "classes": len(halves.view.classes),
            "methods": [
                {"method": trial.method.name, "bars": list(_bars(trial, rows, most))}
                for trial in trials
            ],
        },
    )


def _bars(trial: Trial, rows: OutcomeRows, most: int) -> Iterator[dict[str, Any]]:
    """Share and coverage of the sets of each size; of fewer than five no coverage is told."""
    for low, high in _bins(most):
        members = (trial.extents >= low) & (trial.extents <= high)
        number = int(members.sum())
        yield {
            "size": str(low) if low == high else f"{low}–{high}",
            "share": number / len(rows),
            "n": number,
            **_coverage(trial.covered[members], rows.part(members)),
        }


def _bins(most: int) -> Iterator[tuple[int, int]]:
    """Sizes that share a bar, from empty sets to the largest: 0, 1 … 5, 6–11, 12–23 …"""
    low = 0
    while low <= most:
        high = low if low <= _SINGLE else 2 * low - 1
        yield low, min(high, most)
        low = high + 1


def _coverage(covered: np.ndarray, rows: OutcomeRows) -> dict[str, float | None]:
    """The share of covered sets and its interval; no interval where clusters are too few."""
    if len(rows) < MIN_KEPT:
        return {"covered": None, "low": None, "high": None}
    value = float(covered.mean())
    if rows.sample.lack:
        return {"covered": value, "low": None, "high": None}
    try:
        interval = estimates.interval(share_of(covered, rows))
    except (NoEstimateError, ValueError):
        return {"covered": value, "low": None, "high": None}
    return {"covered": value, "low": interval.low, "high": interval.high}
