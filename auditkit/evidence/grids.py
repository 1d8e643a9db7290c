"""The cells in which scores are counted, and the scores at which each cell begins.

Three grids, because three questions ask for different things of one score:

- calibration averages probabilities, so its cells are of equal width in [0, 1];
- AUC and drift ask for the order alone, also among scores of one in a million or of nearly one: the
  cells are of equal width in the inverse hyperbolic sine of the log-odds, which is the log-odds
  itself around even odds and its logarithm far out;
- raw scores have no scale at all: their cells hold equal relative widths, 64 to an octave.
"""

from __future__ import annotations

import torch
from torch import Tensor

from auditkit.statistics import calibration
from auditkit.statistics.score_grids import (
    DROPPED_BITS,
    HALF,
    RANK_CELLS,
    REACH,
    SMALLEST,
    odds_edges,
    raw_edges,
)

__all__ = [
    "RANK_CELLS",
    "SCORE_CELLS",
    "odds_cell",
    "odds_edges",
    "raw_cell",
    "raw_edges",
    "score_cell",
]

SCORE_CELLS = calibration.CELLS


def score_cell(probability: Tensor) -> Tensor:
    """Which of `SCORE_CELLS` cells of [0, 1] each probability lies in, int64 of its shape.

    >>> score_cell(torch.tensor([0.0, 0.5, 1.0])).tolist()
    [0, 960, 1919]
    """
    return (probability * SCORE_CELLS).long().clamp_(0, SCORE_CELLS - 1)


def odds_cell(log_odds: Tensor) -> Tensor:
    """Which of `RANK_CELLS` ordered cells each log-odds lies in; infinite ones in the outermost.

    >>> odds_cell(torch.tensor([-torch.inf, 0.0, 1e-2, torch.inf])).tolist()
    [0, 4096, 4100, 8191]
    """
    place = log_odds.double().asinh().clamp(-REACH, REACH)
    return ((place + REACH) * (RANK_CELLS / (2 * REACH))).long().clamp_(0, RANK_CELLS - 1)


def raw_cell(score: Tensor) -> Tensor:
    """Which of `RANK_CELLS` ordered cells each raw score lies in.

    >>> raw_cell(torch.tensor([-3.0, -0.0, 0.0, 3.0, 3.01])).tolist()
    [1951, 4096, 4096, 6240, 6240]
    """
    single = score.float().contiguous()
    pattern = (single.abs().view(torch.int32) >> DROPPED_BITS).long()
    magnitude = (pattern - SMALLEST).clamp_(0, HALF - 1)
    return torch.where(single < 0, HALF - 1 - magnitude, HALF + magnitude)
