"""Scores that are calibrated or bent, and the state of cells that they make."""

from __future__ import annotations

import numpy as np

from auditkit.statistics.score_cells import CELLS

State = tuple[np.ndarray, np.ndarray, np.ndarray]


def state_of(scores: np.ndarray, right: np.ndarray) -> State:
    """The three arrays, from scores and outcomes."""
    cell = np.minimum((scores * CELLS).astype(int), CELLS - 1)
    return (
        np.bincount(cell[~right], minlength=CELLS),
        np.bincount(cell[right], minlength=CELLS),
        np.bincount(cell, weights=scores, minlength=CELLS),
    )


def blocks_of(scores: np.ndarray, right: np.ndarray, block: np.ndarray, blocks: int = 64) -> State:
    """The three arrays of each block, in front."""
    parts = [state_of(scores[block == b], right[block == b]) for b in range(blocks)]
    wrong, hits, sums = (np.stack(part) for part in zip(*parts, strict=True))
    return wrong, hits, sums


def sample(n: int, seed: int = 0, bend: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Scores and outcomes; `bend` 1 is calibrated, above 1 over-confident."""
    generator = np.random.default_rng(seed)
    truth = generator.uniform(0.5, 1, n)
    right = generator.random(n) < truth
    return 1 / (1 + np.exp(-bend * np.log(truth / (1 - truth)))), right
