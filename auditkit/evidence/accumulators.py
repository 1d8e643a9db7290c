"""Counts and sums on the device: fixed shapes, one scatter a batch, nothing read back to the host.

An open axis (a group whose levels are not known beforehand) grows when the host meets a new level;
the host makes those codes, so that growing needs no read of the device either.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from auditkit.errors import DataError
from auditkit.statistics.cell_codes import DENSE_CELLS

# A flat code beyond this does not fit 64 bits.
MAX_CELLS = 1 << 62
# Sums of so many batches are added up plainly before they join the compensated sum.
FOLD_EVERY = 32


class Cells:
    """The flat index of a table of codes whose axes may grow.

    Args:
        names: of the axes, for messages.
        sizes: number of codes of each axis so far.

    Raises:
        DataError: more than `MAX_CELLS` cells.
    """

    def __init__(self, names: Sequence[str], sizes: Sequence[int]) -> None:
        self.names = tuple(names)
        self.capacity = tuple(max(1, size) for size in sizes)
        self._refuse_too_many()

    @property
    def total(self) -> int:
        """Number of cells."""
        return math.prod(self.capacity)

    @property
    def dense(self) -> bool:
        """Whether the table is small enough to be held in full."""
        return self.total <= DENSE_CELLS

    def grown(self, sizes: Sequence[int]) -> Cells | None:
        """Cells that hold `sizes`, or None if these do."""
        if all(size <= room for size, room in zip(sizes, self.capacity, strict=True)):
            return None
        wanted = [
            room if size <= room else 1 << (size - 1).bit_length()
            for size, room in zip(sizes, self.capacity, strict=True)
        ]
        return Cells(self.names, wanted)

    def index(self, codes: Sequence[Tensor], n: int, device: torch.device) -> Tensor:
        """The flat cell of each unit, int64 of shape (n,)."""
        if not codes:
            return torch.zeros(n, dtype=torch.int64, device=device)
        flat = codes[0]
        for code, room in zip(codes[1:], self.capacity[1:], strict=True):
            flat = flat * room + code
        return flat

    def move(self, old: Tensor, larger: Cells) -> Tensor:
        """The values of these cells in the place that they have in `larger`; last axis the cells.

        Args:
            old: of shape (…, cells).
        """
        leading = old.shape[:-1]
        new = torch.zeros((*leading, *larger.capacity), dtype=old.dtype, device=old.device)
        _corner(new, self.capacity).copy_(old.view((*leading, *self.capacity)))
        return new.reshape(*leading, larger.total)

    def recode(self, codes: Tensor, other: Sequence[int]) -> Tensor:
        """Flat codes of these cells as those of a table of other sizes that holds them, int64."""
        result, factor = torch.zeros_like(codes), 1
        for room, size in zip(reversed(self.capacity), reversed(other), strict=True):
            result += (codes % room) * factor
            codes, factor = codes // room, factor * size
        return result

    def read(self, state: Tensor, sizes: Sequence[int]) -> np.ndarray:
        """A copy of a state on the host, of shape (…, *sizes): capacity not used is left out."""
        shaped = state.view((*state.shape[:-1], *self.capacity))
        return _corner(shaped, sizes).cpu().numpy().copy()

    def _refuse_too_many(self) -> None:
        if self.total > MAX_CELLS:
            shape = " × ".join(
                f"{room:,} of {name}" for name, room in zip(self.names, self.capacity, strict=True)
            )
            raise DataError(
                f"Counting by {', '.join(self.names)} takes {self.total:,} cells ({shape}); at "
                f"most {MAX_CELLS:,} are kept.",
                mend="Declare fewer attributes in an intersection, or cuts that make fewer levels.",
            )


def _corner(table: Tensor, sizes: Sequence[int]) -> Tensor:
    """The first so many codes of each of the last axes."""
    for dimension, size in zip(range(-len(sizes), 0), sizes, strict=True):
        table = table.narrow(dimension, 0, size)
    return table


def sum_with_error(first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
    """The sum, and what it lacks of the true one (Knuth's two-sum), elementwise."""
    total = first + second
    shadow = total - first
    return total, (first - (total - shadow)) + (second - shadow)


class CountAccumulator:
    """int64 counts over axes of codes; integer sums are the same in any order."""

    def __init__(self, names: Sequence[str], sizes: Sequence[int], device: torch.device) -> None:
        self._cells = Cells(names, sizes)
        self._device = device
        self._counts = torch.zeros(self._cells.total, dtype=torch.int64, device=device)
        self._one = torch.ones(1, dtype=torch.int64, device=device)

    def add(self, codes: Sequence[Tensor], sizes: Sequence[int], n: int) -> None:
        """Count n units; `sizes` are the current numbers of codes of the axes."""
        if (larger := self._cells.grown(sizes)) is not None:
            self._counts = self._cells.move(self._counts, larger)
            self._cells = larger
        index = self._cells.index(codes, n, self._device)
        self._counts.scatter_add_(0, index, self._one.expand(n))

    def holds(self, sizes: Sequence[int]) -> bool:
        """Whether a table of these sizes is small enough to be held in full."""
        return (self._cells.grown(sizes) or self._cells).dense

    def array(self, sizes: Sequence[int]) -> np.ndarray:
        """The counts as a NumPy array of shape `sizes`."""
        return self._cells.read(self._counts, sizes)

    def occupied(self) -> tuple[Cells, Tensor, Tensor]:
        """The table, the codes of its cells that hold units, and how many; reads the device."""
        codes = self._counts.nonzero()[:, 0]
        return self._cells, codes, self._counts[codes]


class SumAccumulator:
    """Number, sum and sum of squares (float64) of a value over axes of codes.

    The sums are pairs of a float64 and what it lacks of the true sum (Knuth's two-sum), into which
    plain sums of a few batches are folded: their error does not grow with the number of rows.
    """

    def __init__(self, names: Sequence[str], sizes: Sequence[int], device: torch.device) -> None:
        self._cells = Cells(names, sizes)
        self._device = device
        shape = (2, self._cells.total)
        self._one = torch.ones(1, dtype=torch.int64, device=device)
        self._numbers = torch.zeros(self._cells.total, dtype=torch.int64, device=device)
        # First row: sums; second row: sums of squares.
        self._sums, self._lacking, self._recent = (
            torch.zeros(shape, dtype=torch.float64, device=device) for _ in range(3)
        )
        self._batches = 0

    def add(self, values: Tensor, codes: Sequence[Tensor], sizes: Sequence[int]) -> None:
        """Add one value for each unit."""
        if (larger := self._cells.grown(sizes)) is not None:
            self._move(larger)
        index = self._cells.index(codes, len(values), self._device)
        values = values.double()
        self._numbers.scatter_add_(0, index, self._one.expand(len(values)))
        self._recent.index_add_(1, index, torch.stack([values, values.square()]))
        self._batches += 1
        if self._batches % FOLD_EVERY == 0:
            self._fold()

    def holds(self, sizes: Sequence[int]) -> bool:
        """Whether a table of these sizes is small enough to be held in full."""
        return (self._cells.grown(sizes) or self._cells).dense

    def occupied(self) -> tuple[Cells, Tensor, Tensor, Tensor, Tensor]:
        """The table, the codes of its cells with values, and numbers, sums and what these lack.

        Reads the device.
        """
        self._fold()
        codes = self._numbers.nonzero()[:, 0]
        return (
            self._cells,
            codes,
            self._numbers[codes],
            self._sums[:, codes],
            self._lacking[:, codes],
        )

    def arrays(self, sizes: Sequence[int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Numbers of shape `sizes`; sums and what they lack, of shape (2, *sizes).

        The two rows are the sums, and the sums of squares.
        """
        self._fold()
        numbers, sums, lacking = (
            self._cells.read(state, sizes) for state in (self._numbers, self._sums, self._lacking)
        )
        return numbers, sums, lacking

    def _fold(self) -> None:
        self._sums, error = sum_with_error(self._sums, self._recent)
        self._lacking += error
        self._recent.zero_()

    def _move(self, larger: Cells) -> None:
        self._numbers, self._sums, self._lacking, self._recent = (
            self._cells.move(state, larger)
            for state in (self._numbers, self._sums, self._lacking, self._recent)
        )
        self._cells = larger
