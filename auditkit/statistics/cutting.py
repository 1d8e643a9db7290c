"""An axis of ordered cells cut in two: what lies below a cell, and what lies in it or above."""

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

SIDES = ("below", "above")


def cut_counts(counts: AnyCounts, name: str, first: int) -> AnyCounts:
    """Counts whose axis `name` has the labels `SIDES` left.

    Args:
        counts: of either form; no full table is made of sparse ones.
        name: of the axis.
        first: position of the first cell that counts as above; 0 for all, its length for none.

    Example:
        >>> from auditkit.statistics.counts import Counts
        >>> scores = Counts((Axis("score", ("0", "1", "2")),), [5, 3, 1])
        >>> cut_counts(scores, "score", 1).values.tolist()
        [5, 4]
    """
    sparse = as_sparse(counts)
    axes, codes = _cut(sparse.axes, sparse.codes, name, first)
    return held(SparseCounts.added_up(axes, codes, sparse.units))


def cut_moments(moments: AnyMoments, name: str, first: int) -> AnyMoments:
    """The same of moments."""
    sparse = as_sparse_moments(moments)
    axes, codes = _cut(sparse.axes, sparse.codes, name, first)
    parts = [getattr(sparse, part) for part in ("n", *FLOATS)]
    return held_moments(SparseMoments.added_up(axes, sparse.names, codes, parts))


def _cut(
    axes: Sequence[Axis], codes: Codes, name: str, first: int
) -> tuple[tuple[Axis, ...], Codes]:
    place = axis_position(tuple(axes), name)
    positions = positions_of(codes, shape_of(axes))
    positions[place] = (positions[place] >= first).astype(np.int64)
    cut = tuple(Axis(name, SIDES) if axis.name == name else axis for axis in axes)
    return cut, flat(positions, shape_of(cut), len(codes))
