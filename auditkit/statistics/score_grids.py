"""The scores at which the cells begin in which scores are counted by rank, for whoever reads them.

`auditkit.evidence.grids` puts scores into these cells, and says why they are laid out like this.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

RANK_CELLS = 8192
"""Cells of either grid."""

REACH = 10.0
"""asinh of log-odds of 11,000: what lies beyond shares the outermost cell."""

DROPPED_BITS = 17
"""A float32 has 23 bits of mantissa; the upper 6 and the exponent are kept."""

SMALLEST = (127 - 32) << (23 - DROPPED_BITS)
"""Octaves from 2**-32 to 2**32, 64 cells each; magnitudes beyond share the outermost cell."""

HALF = RANK_CELLS // 2


def odds_edges() -> NDArray[np.float64]:
    """The lower edge of each cell of log-odds as a probability, float64 of shape (cells,)."""
    log_odds = np.sinh(np.arange(RANK_CELLS) * (2 * REACH / RANK_CELLS) - REACH)
    edges: NDArray[np.float64] = 1 / (1 + np.exp(-log_odds.clip(-700, 700)))
    edges[0] = 0.0
    return edges


def raw_edges() -> NDArray[np.float64]:
    """The lower edge of each cell of raw scores, float64 of shape (cells,)."""
    steps = (np.arange(1, HALF, dtype=np.int32) + SMALLEST) << DROPPED_BITS
    magnitudes = steps.view(np.float32).astype(np.float64)
    # Cell 4095 reaches down to the first magnitude below zero, 4096 begins at zero.
    return np.concatenate([[-np.inf], -magnitudes[::-1], [0.0], magnitudes])
