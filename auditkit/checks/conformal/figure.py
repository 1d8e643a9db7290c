"""The picture of conformal sets: how large they are, and whether the large ones hold the truth."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np

from auditkit.checks.confidence.figure import ends_of
from auditkit.checks.conformal.halves import Halves, Trial
from auditkit.checks.estimation import MIN_KEPT
from auditkit.checks.percentages import percent
from auditkit.evidence.outcome_rows import OutcomeRows
from auditkit.evidence.row_estimates import share_of
from auditkit.measurement import Figure

Range = tuple[int, int]

_SINGLE = 5
"""Sizes up to this one are bars of their own; larger ones share bars that double in width."""


def figure(halves: Halves, trials: Sequence[Trial]) -> Figure:
    """Set sizes by method, and the coverage of the sets of each size.

    Args:
        halves: of at least five held-out units.
        trials: by method, of the same halves.
    """
    of = f" of {halves.view.key}" if str(halves.view.key) else ""
    rows = halves.held_out.rows
    aim = percent(halves.coverage)
    sizes = shared_bars([trial.extents for trial in trials])
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
            "more cautious than they are. Sizes of fewer than five sets share a bar with a "
            f"neighbour. Vertical lines are 90 % intervals.{alike}"
        ),
        check="conformal",
        data={
            "aim": halves.coverage,
            "n": len(rows),
            "classes": len(halves.view.classes),
            "methods": [
                {"method": trial.method.name, "bars": list(_bars(trial, sizes, rows))}
                for trial in trials
            ],
        },
    )


def _bars(trial: Trial, sizes: Sequence[Range], rows: OutcomeRows) -> Iterator[dict[str, Any]]:
    """Share and coverage of the sets of each size; no bar where there is no such set."""
    for low, high in sizes:
        members = (trial.extents >= low) & (trial.extents <= high)
        number = int(members.sum())
        if not number:
            continue
        covered, of_size = trial.covered[members], rows.part(members)
        yield {
            "size": str(low) if low == high else f"{low}–{high}",
            "share": number / len(rows),
            "n": number,
            "covered": float(covered.mean()),
            **ends_of(partial(share_of, covered, of_size), of_size.sample),
        }


def shared_bars(extents: Sequence[np.ndarray]) -> list[Range]:
    """Sizes that share a bar, the same for all methods: none holds fewer than five sets but no set.

    Bars of fewer take in the next, and at the end the one before: were they hidden instead, the
    others would tell them.

    Args:
        extents: by method the size of each set.
    """
    found: list[Range] = []
    for low, high in _bins(max(int(sizes.max()) for sizes in extents)):
        if found and _few(found[-1], extents):
            found[-1] = found[-1][0], high
        else:
            found.append((low, high))
    while len(found) > 1 and _few(found[-1], extents):
        _, high = found.pop()
        found[-1] = found[-1][0], high
    return found


def _few(bar: Range, extents: Sequence[np.ndarray]) -> bool:
    counts = [np.count_nonzero((sizes >= bar[0]) & (sizes <= bar[1])) for sizes in extents]
    return any(0 < count < MIN_KEPT for count in counts)


def _bins(most: int) -> Iterator[Range]:
    """Sizes that share a bar by width alone: 0, 1 … 5, 6–11, 12–23 … up to the largest."""
    low = 0
    while low <= most:
        high = low if low <= _SINGLE else 2 * low - 1
        yield low, min(high, most)
        low = high + 1
