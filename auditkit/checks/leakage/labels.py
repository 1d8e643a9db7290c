"""Copies whose labels contradict each other: somebody was wrong, or the inputs do not settle it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from auditkit.checks.check import BETWEEN
from auditkit.checks.estimation import absent, estimated, telling, undefined
from auditkit.checks.leakage.census import Rows, counted, share
from auditkit.checks.leakage.metrics import CONTRADICTING, key_of
from auditkit.checks.leakage.outcomes import Outcomes
from auditkit.checks.leakage.sides import Side, Sides
from auditkit.evidence.subject import View
from auditkit.measurement import Estimate, Measurement, Status
from auditkit.statistics.absence import MIN_KEPT


def contradictions(
    view: View, sides: Sides, groups: dict[str, np.ndarray], labels: dict[str, np.ndarray]
) -> Iterator[Measurement]:
    """The share of copies that do not have one label, between the splits and within each.

    Args:
        view: the output whose labels they are.
        sides: the rows.
        groups: split → a code of what each row holds, the same in both splits, int64 of shape (n,).
        labels: split → the label of each row, NaN where it is not known.
    """
    if sides.training is not None:
        others = (sides.training.split, sides.evaluation.split)
        yield _compared(view, BETWEEN, sides.evaluation, groups, labels, others[:1])
    else:
        key = key_of(CONTRADICTING, BETWEEN, view)
        yield absent(key, Status.NOT_APPLICABLE, sides.lack, sides.evaluation.rows.sample)
    for side in sides.each:
        yield _compared(view, side.split, side, groups, labels, ())


def labels_of(side: Side, outcomes: Outcomes) -> np.ndarray:
    """The label of each row, float64 of shape (n,); NaN where it is not known."""
    found = np.full(len(side.prints), np.nan)
    _, mine, theirs = np.intersect1d(side.prints.keys, outcomes.keys, return_indices=True)
    found[mine] = outcomes.target[theirs]
    return found


# Six arguments: whose copies are looked for, and where.
def _compared(
    view: View,
    where: str,
    side: Side,
    groups: dict[str, np.ndarray],
    labels: dict[str, np.ndarray],
    among: tuple[str, ...],
) -> Measurement:
    """Labelled rows of one split against their copies in another, or within it."""
    own, mine = groups[side.split], labels[side.split]
    copied, differing = _judged(own, mine, groups[among[0]], labels[among[0]]) if among else (
        _judged(own, mine, own, mine, within=True)
    )  # fmt: skip
    rows = side.rows.part(copied)
    flags = differing[copied]
    return estimated(
        key_of(CONTRADICTING, where, view),
        partial(_share, flags, rows),
        rows.sample,
        counted(flags, rows, "have copies with another label") if len(rows) >= MIN_KEPT else "",
    )


def _judged(
    own: np.ndarray,
    mine: np.ndarray,
    other: np.ndarray,
    theirs: np.ndarray,
    *,
    within: bool = False,
) -> tuple[np.ndarray, np.ndarray]:
    """Which labelled rows have a labelled copy, and which have one with another label."""
    known, size = np.isfinite(theirs), max(own.max(initial=-1), other.max(initial=-1)) + 1
    low, high = np.full(size, np.inf), np.full(size, -np.inf)
    np.minimum.at(low, other[known], theirs[known])
    np.maximum.at(high, other[known], theirs[known])
    copies = np.bincount(other[known], minlength=size)[own]
    copied = np.isfinite(mine) & (copies > int(within))
    return copied, copied & ((low[own] != mine) | (high[own] != mine))


def _share(flags: np.ndarray, rows: Rows) -> Estimate:
    if not len(rows):
        raise undefined("No labelled row has a labelled copy.")
    if len(rows) < MIN_KEPT:
        raise telling("Too few labelled rows have a labelled copy")
    return share(flags, rows)
