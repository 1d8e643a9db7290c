"""Scores of one of two classes, turned into those of the other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from auditkit.statistics.axes import Axis, axis_position, shape_of
from auditkit.statistics.cell_codes import Codes, flat, positions_of
from auditkit.statistics.moments import FLOATS
from auditkit.statistics.sparse_counts import AnyCounts, SparseCounts, as_sparse, held
from auditkit.statistics.sparse_moments import (
    AnyMoments,
    SparseMoments,
    as_sparse_moments,
    held_moments,
)


def mirrored_counts(counts: AnyCounts, name: str) -> AnyCounts:
    """Counts whose axis `name` runs the other way: its first cell is the last.

    Example:
        >>> from auditkit.statistics.counts import Counts
        >>> mirrored_counts(Counts((Axis("score", ("0", "1", "2")),), [5, 3, 1]), "score").values
        array([1, 3, 5])
    """
    sparse = as_sparse(counts)
    codes = _mirrored(sparse.axes, sparse.codes, name)
    return held(SparseCounts.added_up(sparse.axes, codes, sparse.units))


def mirrored_moments(moments: AnyMoments, name: str) -> AnyMoments:
    """The same of moments."""
    sparse = as_sparse_moments(moments)
    codes = _mirrored(sparse.axes, sparse.codes, name)
    parts = [getattr(sparse, part) for part in ("n", *FLOATS)]
    return held_moments(SparseMoments.added_up(sparse.axes, sparse.names, codes, parts))


def complements(moments: AnyMoments) -> AnyMoments:
    """Moments of 1 − x from those of x."""
    sparse = as_sparse_moments(moments)
    n = sparse.n
    total = n - (sparse.sum + sparse.sum_rest)
    squares = 2 * total - n + sparse.sum_of_squares + sparse.sum_of_squares_rest
    # Of numbers that are all alike, rounding may leave less than the square of their mean.
    squares = np.maximum(squares, total**2 / np.maximum(n, 1))
    return held_moments(SparseMoments(sparse.axes, sparse.names, sparse.codes, n, total, squares))


def _mirrored(axes: Sequence[Axis], codes: Codes, name: str) -> Codes:
    shape = shape_of(axes)
    place = axis_position(tuple(axes), name)
    positions = positions_of(codes, shape)
    positions[place] = shape[place] - 1 - positions[place]
    return flat(positions, shape, len(codes))
