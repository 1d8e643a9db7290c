"""Counting where the tensors are: on their device, with fixed shapes.

A few numbers are read from the device for each column (its range), and the finished tables; nothing
for each chunk. Float sums on a GPU may differ in their last bits from run to run.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from auditkit.evidence.sparse_accumulators import (
    SparseCountAccumulator,
    SparseSumAccumulator,
    count_accumulator,
    sum_accumulator,
)
from auditkit.fairness.columns import NUMBER, WHOLE, Coded, Column
from auditkit.statistics.counts import Counts
from auditkit.statistics.moments import Moments
from auditkit.statistics.sparse_counts import AnyCounts, SparseCounts
from auditkit.statistics.sparse_moments import AnyMoments, SparseMoments

if TYPE_CHECKING:
    from torch import Tensor

    from auditkit.fairness.counting import Flat

_CHUNK = 1 << 20
_NARROW = 50


def coded_tensor(column: Column, values: Tensor) -> Coded:
    """The codes of a column that is a tensor of shape (n,), where it is.

    Whole numbers in a narrow range stay on the device; anything else is looked up on the host.

    Raises:
        DataError: as of `Column.coded`.
    """
    values = values.detach()
    if values.dtype == torch.bool:
        return column.coded(values.cpu().numpy())
    low, high = (float(end) for end in values.aminmax())
    if not high - low < _NARROW:
        return column.coded(values.cpu().numpy())
    whole = values.long()
    if values.is_floating_point() and not bool((whole == values).all()):
        return column.coded(values.cpu().numpy())
    labels = tuple(map(str, range(int(low), int(high) + 1)))
    kind = NUMBER if values.is_floating_point() else WHOLE
    return Coded(column.axis, labels, kind, whole, int(low))


def counted_on(flat: Flat, device: torch.device) -> AnyCounts:
    """As `counting.counted`."""
    counts = count_accumulator([axis.name for axis in flat.axes], flat.shape, device)
    for rows in _chunks(flat.n):
        counts.add(_codes(flat, rows, device), flat.shape, rows.stop - rows.start)
    if isinstance(counts, SparseCountAccumulator):
        return SparseCounts(flat.axes, *counts.occupied(flat.shape))
    return Counts(flat.axes, counts.array(flat.shape))


def summed_on(flat: Flat, name: str, values: Any, device: torch.device) -> AnyMoments:
    """As `counting.summed`."""
    sums = sum_accumulator([axis.name for axis in flat.axes], flat.shape, device)
    for rows in _chunks(flat.n):
        sums.add(_on(values[rows], device), _codes(flat, rows, device), flat.shape)
    if isinstance(sums, SparseSumAccumulator):
        codes, numbers, totals, lacking = sums.occupied(flat.shape)
        parts = [part[None] for part in (numbers, *totals, *lacking)]
        return SparseMoments(flat.axes, (name,), codes, *parts)
    numbers, totals, lacking = sums.arrays(flat.shape)
    return Moments(flat.axes, (name,), *(part[None] for part in (numbers, *totals, *lacking)))


def _chunks(n: int) -> Iterator[slice]:
    for start in range(0, n, _CHUNK):
        yield slice(start, min(start + _CHUNK, n))


def _codes(flat: Flat, rows: slice, device: torch.device) -> list[Tensor]:
    return [_on(column.values[rows], device).long() - column.offset for column in flat.columns]


def _on(values: Any, device: torch.device) -> Tensor:
    if isinstance(values, torch.Tensor):
        return values.detach().to(device)
    return torch.from_numpy(np.ascontiguousarray(values)).to(device)
