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

MAX_CELLS = 1 << 25


class Cells:
    """The flat index of a table of codes whose axes may grow.

    Args:
        names: of the axes, for messages.
        sizes: number of codes of each axis so far.
    """

    def __init__(self, names: Sequence[str], sizes: Sequence[int]) -> None:
        self.names = tuple(names)
        self.capacity = tuple(max(1, size) for size in sizes)
        self._refuse_too_many()

    @property
    def total(self) -> int:
        """Number of cells."""
        return math.prod(self.capacity)

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
        flat = torch.zeros(n, dtype=torch.int64, device=device)
        for code, room in zip(codes, self.capacity, strict=True):
            flat = flat * room + code
        return flat

    def move(self, old: Tensor, larger: Cells) -> Tensor:
        """The values of these cells in the place that they have in `larger`."""
        new = torch.zeros(larger.capacity, dtype=old.dtype, device=old.device)
        new[tuple(slice(room) for room in self.capacity)] = old.view(self.capacity)
        return new.reshape(-1)

    def _refuse_too_many(self) -> None:
        if self.total > MAX_CELLS:
            shape = " × ".join(
                f"{room} {name}" for name, room in zip(self.names, self.capacity, strict=True)
            )
            raise DataError(
                f"A count over {shape} would have {self.total:,} cells; at most {MAX_CELLS:,} "
                "are kept.",
                mend="Declare fewer groups, or cuts that make fewer levels.",
            )


class CountAccumulator:
    """int64 counts over axes of codes; integer sums are the same in any order."""

    def __init__(self, names: Sequence[str], sizes: Sequence[int], device: torch.device) -> None:
        self._cells = Cells(names, sizes)
        self._device = device
        self._counts = torch.zeros(self._cells.total, dtype=torch.int64, device=device)

    def add(self, codes: Sequence[Tensor], sizes: Sequence[int], n: int) -> None:
        """Count n units; `sizes` are the current numbers of codes of the axes."""
        if (larger := self._cells.grown(sizes)) is not None:
            self._counts = self._cells.move(self._counts, larger)
            self._cells = larger
        index = self._cells.index(codes, n, self._device)
        self._counts.scatter_add_(0, index, torch.ones_like(index))

    def array(self, sizes: Sequence[int]) -> np.ndarray:
        """The counts as a NumPy array of shape `sizes`."""
        return _trimmed(self._counts, self._cells, sizes)


class SumAccumulator:
    """Number, sum and sum of squares (float64) of a value over axes of codes."""

    def __init__(self, names: Sequence[str], sizes: Sequence[int], device: torch.device) -> None:
        self._cells = Cells(names, sizes)
        self._device = device
        # MPS has no float64; nothing else lacks it.
        real = torch.float32 if device.type == "mps" else torch.float64
        self._numbers = torch.zeros(self._cells.total, dtype=torch.int64, device=device)
        self._sums = torch.zeros(self._cells.total, dtype=real, device=device)
        self._squares = torch.zeros_like(self._sums)

    def add(self, values: Tensor, codes: Sequence[Tensor], sizes: Sequence[int]) -> None:
        """Add one value for each unit."""
        if (larger := self._cells.grown(sizes)) is not None:
            self._numbers = self._cells.move(self._numbers, larger)
            self._sums = self._cells.move(self._sums, larger)
            self._squares = self._cells.move(self._squares, larger)
            self._cells = larger
        index = self._cells.index(codes, len(values), self._device)
        values = values.to(self._sums.dtype)
        self._numbers.scatter_add_(0, index, torch.ones_like(index))
        self._sums.index_add_(0, index, values)
        self._squares.index_add_(0, index, values.square())

    def arrays(self, sizes: Sequence[int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Numbers, sums and sums of squares, each of shape `sizes`."""
        numbers, sums, squares = (
            _trimmed(state, self._cells, sizes)
            for state in (self._numbers, self._sums, self._squares)
        )
        return numbers, sums.astype(np.float64), squares.astype(np.float64)


def _trimmed(state: Tensor, cells: Cells, sizes: Sequence[int]) -> np.ndarray:
    shaped = state.view(cells.capacity)[tuple(slice(size) for size in sizes)]
    return shaped.cpu().numpy().copy()
