"""Word error rates, of all sounds and of groups of speakers, and how these compare.

A rate of words is a ratio of sums: utterances differ in length, and the errors in one go together.
Its interval is the jackknife's that leaves out one block of speakers at a time, or one utterance
where no speaker is declared.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from auditkit.checks.estimation import undefined
from auditkit.checks.speech.rows import SpokenRows
from auditkit.evidence.hashing import BLOCKS
from auditkit.measurement import Estimate
from auditkit.statistics.jackknife import delete_one_block


def error_rate(rows: SpokenRows) -> Estimate:
    """Errors over words that were said.

    Raises:
        NoEstimateError: it is known of no row what was said.
        ValueError: of one row or block alone.
    """
    if not rows.words.sum():
        raise undefined("Of none of these sounds it is known what was said.")
    state = _blocks(rows, np.stack([rows.errors, rows.words], axis=1))
    return delete_one_block(state, lambda total: total[0] / total[1])


def rate_ratio(rows: SpokenRows, one: np.ndarray, other: np.ndarray) -> Estimate:
    """The rate of some rows over that of others, with an interval that is multiplicative.

    Args:
        rows: all of them.
        one, other: which they are, bool of shape (n,).

    Raises:
        ValueError: one of the rates is 0, or rests on one block alone.
    """
    return _compared(rows, one, other, lambda first, second: first / second, log=True)


def rate_difference(rows: SpokenRows, one: np.ndarray, other: np.ndarray) -> Estimate:
    """The rate of some rows less that of others; as `rate_ratio`.

    Raises:
        ValueError: one of the rates rests on one block alone.
    """
    return _compared(rows, one, other, lambda first, second: first - second, log=False)


def _compared(
    rows: SpokenRows,
    one: np.ndarray,
    other: np.ndarray,
    compare: Callable[[float, float], float],
    *,
    log: bool,
) -> Estimate:
    """Both in one jackknife: speakers of both sides may share a block."""
    sides = [np.where(side, part, 0) for side in (one, other) for part in (rows.errors, rows.words)]
    state = _blocks(rows, np.stack(sides, axis=1))
    return delete_one_block(
        state,
        lambda total: compare(total[0] / total[1], total[2] / total[3]),
        scale="log" if log else "plain",
    )


def _blocks(rows: SpokenRows, states: np.ndarray) -> np.ndarray:
    """The states summed by block; of each row by itself where rows are independent."""
    if rows.blocks is None:
        return states
    summed = np.zeros((BLOCKS, states.shape[1]), dtype=states.dtype)
    np.add.at(summed, rows.blocks, states)
    return summed


__all__ = ["error_rate", "rate_difference", "rate_ratio"]
