"""Counts and sums over more cells than are held in full: the flat codes of units, put together.

The codes of many units wait in a buffer on the device. When it is full they are sorted and added to
the cells that were met before. So the memory follows the cells that hold units, not the size of the
table or the number of rows, and nothing is read from the device batch by batch.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from auditkit.evidence.accumulators import (
    Cells,
    CountAccumulator,
    SumAccumulator,
    sum_with_error,
)

# Units that wait to be put together: 2 megabytes of codes, and some ten times that to sort them.
WAITING = 1 << 18


class SparseCountAccumulator:
    """int64 counts over axes of codes, of the cells that hold units.

    Args:
        names: of the axes, for messages.
        sizes: number of codes of each axis so far.
        device: where units are counted.

    Raises:
        DataError: more cells than a flat code can tell apart.
    """

    def __init__(self, names: Sequence[str], sizes: Sequence[int], device: torch.device) -> None:
        self._cells = Cells(names, sizes)
        self._codes, self._units = (
            torch.zeros(0, dtype=torch.int64, device=device) for _ in range(2)
        )
        self._waiting = torch.zeros(WAITING, dtype=torch.int64, device=device)
        self._filled = 0

    @classmethod
    def following(cls, dense: CountAccumulator) -> SparseCountAccumulator:
        """What takes over from an accumulator whose table becomes too large."""
        cells, codes, units = dense.occupied()
        taken = cls(cells.names, cells.capacity, codes.device)
        taken._codes, taken._units = codes, units
        return taken

    def add(self, codes: Sequence[Tensor], sizes: Sequence[int], n: int) -> None:
        """Count n units; `sizes` are the current numbers of codes of the axes."""
        if (larger := self._cells.grown(sizes)) is not None:
            self._settle()
            self._codes = self._cells.recode(self._codes, larger.capacity)
            self._cells = larger
        for part in _split(self._cells.index(codes, n, self._waiting.device), WAITING):
            if self._filled + len(part) > WAITING:
                self._settle()
            self._waiting[self._filled : self._filled + len(part)] = part
            self._filled += len(part)

    def occupied(self, sizes: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
        """Codes in a table of `sizes`, ascending, and units of the cells that hold any."""
        self._settle()
        codes = self._cells.recode(self._codes, sizes)
        return codes.cpu().numpy(), self._units.cpu().numpy()

    def _settle(self) -> None:
        codes, _, units = _runs(self._waiting[: self._filled].sort().values)
        self._codes, places = _united(self._codes, codes)
        self._units = _added(places, torch.cat([self._units, units]), len(self._codes))
        self._filled = 0


class SparseSumAccumulator:
    """Number, sum and sum of squares (float64) of a value, of the cells that hold values.

    Values that waited together are summed plainly, and join sums that keep what they lack, as in
    `SumAccumulator`.

    Args:
        names: of the axes, for messages.
        sizes: number of codes of each axis so far.
        device: where values are summed.

    Raises:
        DataError: more cells than a flat code can tell apart.
    """

    def __init__(self, names: Sequence[str], sizes: Sequence[int], device: torch.device) -> None:
        self._cells = Cells(names, sizes)
        self._codes, self._numbers = (
            torch.zeros(0, dtype=torch.int64, device=device) for _ in range(2)
        )
        # First row: sums; second row: sums of squares.
        self._sums, self._lacking = (
            torch.zeros((2, 0), dtype=torch.float64, device=device) for _ in range(2)
        )
        self._waiting = torch.zeros(WAITING, dtype=torch.int64, device=device)
        self._values = torch.zeros(WAITING, dtype=torch.float64, device=device)
        self._filled = 0

    @classmethod
    def following(cls, dense: SumAccumulator) -> SparseSumAccumulator:
        """What takes over from an accumulator whose table becomes too large."""
        cells, codes, numbers, sums, lacking = dense.occupied()
        taken = cls(cells.names, cells.capacity, codes.device)
        taken._codes, taken._numbers, taken._sums, taken._lacking = codes, numbers, sums, lacking
        return taken

    def add(self, values: Tensor, codes: Sequence[Tensor], sizes: Sequence[int]) -> None:
        """Add one value for each unit."""
        if (larger := self._cells.grown(sizes)) is not None:
            self._settle()
            self._codes = self._cells.recode(self._codes, larger.capacity)
            self._cells = larger
        index = self._cells.index(codes, len(values), self._waiting.device)
        for part, given in zip(_split(index, WAITING), _split(values, WAITING), strict=True):
            if self._filled + len(part) > WAITING:
                self._settle()
            place = slice(self._filled, self._filled + len(part))
            self._waiting[place], self._values[place] = part, given.double()
            self._filled += len(part)

    def occupied(self, sizes: Sequence[int]) -> tuple[np.ndarray, ...]:
        """Codes in a table of `sizes`, ascending; numbers; sums and what they lack, (2, occupied).

        Of the cells that hold values. The two rows are the sums, and the sums of squares.
        """
        self._settle()
        codes = self._cells.recode(self._codes, sizes)
        states = (codes, self._numbers, self._sums, self._lacking)
        return tuple(state.cpu().numpy() for state in states)

    def _settle(self) -> None:
        codes, order = self._waiting[: self._filled].sort(stable=True)
        values = self._values[: self._filled][order]
        codes, places, numbers = _runs(codes)
        recent = _added(places, torch.stack([values, values.square()]), len(codes))
        self._codes, places = _united(self._codes, codes)
        number, met = len(self._codes), len(self._numbers)
        self._numbers = _added(places, torch.cat([self._numbers, numbers]), number)
        sums, lacking, recent = (
            _added(where, state, number)
            for where, state in (
                (places[:met], self._sums),
                (places[:met], self._lacking),
                (places[met:], recent),
            )
        )
        self._sums, error = sum_with_error(sums, recent)
        self._lacking = lacking + error
        self._filled = 0


def _united(met: Tensor, new: Tensor) -> tuple[Tensor, Tensor]:
    """All codes in ascending order, and where each of the ones met, then of the new ones, lies."""
    codes, order = torch.cat([met, new]).sort(stable=True)
    united, places, _ = _runs(codes)
    return united, torch.empty_like(places).scatter_(0, order, places)


def _runs(codes: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Ascending codes, each once; the run of each of them; and the lengths of the runs."""
    found: tuple[Tensor, Tensor, Tensor] = torch.unique_consecutive(
        codes, return_inverse=True, return_counts=True
    )
    return found


def _split(tensor: Tensor, size: int) -> tuple[Tensor, ...]:
    parts: tuple[Tensor, ...] = torch.split(tensor, size)
    return parts


def _added(places: Tensor, values: Tensor, size: int) -> Tensor:
    """Values of shape (…, n), added up at their places, shape (…, size)."""
    result = torch.zeros((*values.shape[:-1], size), dtype=values.dtype, device=values.device)
    return result.index_add_(-1, places, values)


AnyCountAccumulator = CountAccumulator | SparseCountAccumulator
AnySumAccumulator = SumAccumulator | SparseSumAccumulator


def count_accumulator(
    names: Sequence[str], sizes: Sequence[int], device: torch.device
) -> AnyCountAccumulator:
    """The accumulator of counts that suits a table of these sizes."""
    form = CountAccumulator if Cells(names, sizes).dense else SparseCountAccumulator
    return form(names, sizes, device)


def sum_accumulator(
    names: Sequence[str], sizes: Sequence[int], device: torch.device
) -> AnySumAccumulator:
    """The accumulator of sums that suits a table of these sizes."""
    form = SumAccumulator if Cells(names, sizes).dense else SparseSumAccumulator
    return form(names, sizes, device)


def roomy_counts(counts: AnyCountAccumulator, sizes: Sequence[int]) -> AnyCountAccumulator:
    """The accumulator, or the sparse one that follows it where its table becomes too large."""
    if isinstance(counts, SparseCountAccumulator) or counts.holds(sizes):
        return counts
    return SparseCountAccumulator.following(counts)


def roomy_sums(sums: AnySumAccumulator, sizes: Sequence[int]) -> AnySumAccumulator:
    """As `roomy_counts`."""
    if isinstance(sums, SparseSumAccumulator) or sums.holds(sizes):
        return sums
    return SparseSumAccumulator.following(sums)
