"""Counts over so many cells that most hold nobody: only the cells that hold units are kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from auditkit.statistics.axes import (
    Axis,
    axes_from_plain,
    axes_to_plain,
    axis_position,
    checked_axes,
    chosen,
    merged_axes,
    shape_of,
)
from auditkit.statistics.cell_codes import (
    DENSE_CELLS,
    Codes,
    checked_codes,
    chosen_codes,
    kept_codes,
    number_of_cells,
    recoded,
    refuse_unreadable,
    run_starts,
)
from auditkit.statistics.counts import Counts
from auditkit.statistics.encoding import kind_of, pack, unpack


@dataclass(frozen=True, eq=False, repr=False)
class SparseCounts:
    """How many units fall into each cell, of the cells that hold any.

    It has the interface of `Counts` and merges with it. `held` says which of the two a table is
    kept in, by its number of cells alone, so that the form does not depend on the order of merging.

    Attributes:
        axes: what the codes stand for.
        codes: int64 `[occupied]`, the flat place of each cell in the full table, ascending.
        units: int64 `[occupied]`, how many units each holds, positive; both are read-only.

    Raises:
        ValueError: codes out of order or outside the axes, counts that are not positive integers,
            or axes of more than 2^62 cells.

    Example:
        >>> town = Axis("town", tuple(map(str, range(2000))), open=True)
        >>> score = Axis("score", tuple(map(str, range(1920))))
        >>> part = SparseCounts((town, score), codes=[5, 1925], units=[3, 1])
        >>> both = part + part
        >>> both.total, both.marginal("town").select(town="1").values.item()
        (8, 2)
        >>> SparseCounts.from_bytes(both.to_bytes()) == both
        True
    """

    axes: tuple[Axis, ...]
    codes: Codes
    units: NDArray[np.int64]

    def __init__(self, axes: Iterable[Axis], codes: ArrayLike, units: ArrayLike) -> None:
        object.__setattr__(self, "axes", checked_axes(axes))
        object.__setattr__(self, "codes", checked_codes(self.axes, np.asarray(codes)))
        object.__setattr__(self, "units", _checked_units(units, len(self.codes)))

    @classmethod
    def zeros(cls, axes: Iterable[Axis]) -> SparseCounts:
        """No units at all: the neutral element of merging."""
        nobody = np.zeros(0, dtype=np.int64)
        return cls(axes, nobody, nobody)

    @classmethod
    def added_up(cls, axes: Iterable[Axis], codes: Codes, units: NDArray[np.int64]) -> SparseCounts:
        """Counts of cells in any order, of which some may be named more than once."""
        order = np.argsort(codes, kind="stable")
        starts = run_starts(codes[order])
        summed = np.add.reduceat(units[order], starts) if starts.size else units[:0]
        return cls(axes, codes[order][starts], summed)

    @property
    def total(self) -> int:
        """The number of units counted."""
        return int(self.units.sum())

    @property
    def values(self) -> NDArray[np.int64]:
        """The full table, as that of `Counts`.

        Raises:
            ValueError: it has more than `READABLE_CELLS` cells.
        """
        return self.dense().values

    def dense(self) -> Counts:
        """The full table; a ValueError if it has more than `READABLE_CELLS` cells."""
        refuse_unreadable(self.axes)
        table = np.zeros(number_of_cells(self.axes), dtype=np.int64)
        table[self.codes] = self.units
        return Counts(self.axes, table.reshape(shape_of(self.axes)))

    def axis(self, name: str) -> Axis:
        """The axis called `name`."""
        return self.axes[axis_position(self.axes, name)]

    def __add__(self, other: Counts | SparseCounts) -> SparseCounts:
        if not isinstance(other, (Counts, SparseCounts)):
            return NotImplemented
        axes = merged_axes(self.axes, other.axes)
        number_of_cells(axes)
        parts = [self, as_sparse(other)]
        codes = [recoded(part.codes, part.axes, axes) for part in parts]
        units = [part.units for part in parts]
        return SparseCounts.added_up(axes, np.concatenate(codes), np.concatenate(units))

    def __radd__(self, other: Counts) -> SparseCounts:
        return self + other

    def marginal(self, *names: str) -> Counts | SparseCounts:
        """Counts over the axes named, in that order, summed over all others; see `held`."""
        kept = [axis_position(self.axes, name) for name in names]
        codes = kept_codes(self.codes, self.axes, kept)
        return held(SparseCounts.added_up([self.axes[at] for at in kept], codes, self.units))

    def select(
        self, labels: Mapping[str, str] | None = None, /, **more: str
    ) -> Counts | SparseCounts:
        """The part that carries these labels, without their axes; see `held`.

        Raises:
            ValueError: there is no such axis, or no such label: what was never seen is not zero.
        """
        axes, index = chosen(self.axes, {**(labels or {}), **more})
        mask, codes = chosen_codes(self.codes, self.axes, index)
        return held(SparseCounts(axes, codes, self.units[mask]))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, (Counts, SparseCounts)):
            return NotImplemented
        theirs = as_sparse(other)
        return (
            self.axes == theirs.axes
            and np.array_equal(self.codes, theirs.codes)
            and np.array_equal(self.units, theirs.units)
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        sizes = ", ".join(f"{axis.name}: {len(axis)}" for axis in self.axes)
        return f"SparseCounts({sizes}; {len(self.codes)} cells; total {self.total})"

    def to_bytes(self) -> bytes:
        """Versioned, without pickle; equal states of this form give equal bytes."""
        arrays = {"codes": self.codes, "units": self.units}
        return pack("sparse_counts", {"axes": axes_to_plain(self.axes)}, arrays)

    @classmethod
    def from_bytes(cls, data: bytes) -> SparseCounts:
        """What `to_bytes` wrote; anything else is a ValueError."""
        header, arrays = unpack("sparse_counts", data)
        if set(header) != {"axes"} or set(arrays) != {"codes", "units"}:
            raise ValueError("damaged sparse counts: expected axes, codes and units alone")
        return cls(axes_from_plain(header["axes"]), arrays["codes"], arrays["units"])


AnyCounts = Counts | SparseCounts
"""Counts in either form; both have the same interface."""


def as_sparse(counts: AnyCounts) -> SparseCounts:
    """Any counts in the sparse form."""
    if isinstance(counts, SparseCounts):
        return counts
    occupied = np.flatnonzero(counts.values)
    return SparseCounts(counts.axes, occupied, counts.values.ravel()[occupied])


def held(counts: AnyCounts) -> AnyCounts:
    """The same counts in the form that their number of cells asks for.

    Up to `DENSE_CELLS` the full table, above it the occupied cells.
    """
    if number_of_cells(counts.axes) <= DENSE_CELLS:
        return counts.dense() if isinstance(counts, SparseCounts) else counts
    return as_sparse(counts)


def merged(one: AnyCounts, other: AnyCounts) -> AnyCounts:
    """The sum, in the form that its number of cells asks for."""
    if number_of_cells(merged_axes(one.axes, other.axes)) > DENSE_CELLS:
        return as_sparse(one) + other
    return held(one + other)


def counts_from_bytes(data: bytes) -> AnyCounts:
    """Counts of either form from what their `to_bytes` wrote; anything else is a ValueError."""
    form = SparseCounts if kind_of(data) == "sparse_counts" else Counts
    return form.from_bytes(data)


def _checked_units(values: ArrayLike, cells: int) -> NDArray[np.int64]:
    array = np.asarray(values)
    if array.dtype.kind not in "iu" and array.size:
        raise ValueError(f"counts must be integers, found {array.dtype}")
    if array.shape != (cells,):
        raise ValueError(f"counts of shape {array.shape} do not fit {cells} codes")
    if array.dtype.kind == "u" and array.size and int(array.max()) > np.iinfo(np.int64).max:
        raise ValueError("a count does not fit 64 bits")
    result = array.astype(np.int64)
    # Also what a sum beyond 64 bits looks like.
    if result.size and int(result.min()) <= 0:
        raise ValueError(f"a kept count is not positive ({int(result.min())}), or beyond 64 bits")
    result.setflags(write=False)
    return result
