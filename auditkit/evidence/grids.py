"""The cells in which scores are counted, and the scores at which each cell begins.

Three grids, because three questions ask for different things of one score:

- calibration averages probabilities, so its cells are of equal width in [0, 1];
- AUC and drift ask for the order alone, also among scores of one in a million or of nearly one: the
  cells are of equal width in the inverse hyperbolic sine of the log-odds, which is the log-odds
  itself around even odds and its logarithm far out;
- raw scores have no scale at all: their cells hold equal relative widths, 64 to an octave.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from auditkit.statistics import calibration

SCORE_CELLS = calibration.CELLS
RANK_CELLS = 8192

# asinh of log-odds of 11,000: what lies beyond shares the outermost cell.
_REACH = 10.0
# A float32 has 23 bits of mantissa; the upper 6 and the exponent are kept.
_DROPPED_BITS = 17
_PER_OCTAVE = 64
# Octaves from 2**-32 to 2**32; magnitudes beyond share the outermost cell.
_SMALLEST = (127 - 32) * _PER_OCTAVE
_HALF = RANK_CELLS // 2


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
    place = log_odds.double().asinh().clamp(-_REACH, _REACH)
    return ((place + _REACH) * (RANK_CELLS / (2 * _REACH))).long().clamp_(0, RANK_CELLS - 1)


def raw_cell(score: Tensor) -> Tensor:
    """Which of `RANK_CELLS` ordered cells each raw score lies in.

    >>> raw_cell(torch.tensor([-3.0, -0.0, 0.0, 3.0, 3.01])).tolist()
    [1951, 4096, 4096, 6240, 6240]
    """
    single = score.float().contiguous()
    pattern = (single.abs().view(torch.int32) >> _DROPPED_BITS).long()
    magnitude = (pattern - _SMALLEST).clamp_(0, _HALF - 1)
    return torch.where(single < 0, _HALF - 1 - magnitude, _HALF + magnitude)


def odds_edges() -> np.ndarray:
    """The lower edge of each cell of `odds_cell` as a probability, float64 of shape (cells,)."""
    log_odds = np.sinh(np.arange(RANK_CELLS) * (2 * _REACH / RANK_CELLS) - _REACH)
    edges: np.ndarray = 1 / (1 + np.exp(-log_odds.clip(-700, 700)))
    edges[0] = 0.0
    return edges


def raw_edges() -> np.ndarray:
    """The lower edge of each cell of `raw_cell`, float64 of shape (cells,)."""
    steps = (np.arange(1, _HALF, dtype=np.int32) + _SMALLEST) << _DROPPED_BITS
    magnitudes = steps.view(np.float32).astype(np.float64)
    # Cell 4095 reaches down to the first magnitude below zero, 4096 begins at zero.
    return np.concatenate([[-np.inf], -magnitudes[::-1], [0.0], magnitudes])
