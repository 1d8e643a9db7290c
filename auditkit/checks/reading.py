"""Collected states as arrays with the blocks in front, whichever way they were collected."""

from __future__ import annotations

import numpy as np

from auditkit.evidence.collected import SplitEvidence
from auditkit.evidence.needs import BLOCK, CountNeed, SumNeed


def counts(evidence: SplitEvidence, need: CountNeed, *, clustered: bool) -> np.ndarray:
    """Counts of shape (blocks, …), the other axes in the order of the need.

    There is one block where rows are the independent units and the need has no axis `block`.
    """
    keep = clustered or BLOCK in need.axes
    values = evidence.count(need, keep_blocks=keep).values
    return np.moveaxis(values, -1, 0) if keep else values[None]


def sums(
    evidence: SplitEvidence, need: SumNeed, *, clustered: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Numbers, sums and sums of squares, each of shape (blocks, …)."""
    keep = clustered or BLOCK in need.axes
    moments = evidence.sum(need, keep_blocks=keep)
    numbers, totals, squares = (
        np.moveaxis(state, -1, 0) if keep else state[None] for state in moments.of(need.value)
    )
    return numbers, totals, squares
