"""Integer counts over named axes: histograms, confusion tables, profiles. They add up exactly."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

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
    placed,
    shape_of,
)
from auditkit.statistics.encoding import pack, unpack

__all__ = ["Axis", "Counts"]


@dataclass(frozen=True, eq=False, repr=False)
class Counts:
    """How many units fall into each cell.

    Attributes:
        axes: what the dimensions of `values` stand for.
        values: int64 of shape `[len(axis) for axis in axes]`, not negative; a read-only copy.

    Two states merge by `+`, bit for bit the same in every order and grouping: closed axes must
    agree, open ones are aligned by label (see `merged_axes`).

    Raises:
        ValueError: another shape, a type other than integers, or a negative count.

    Example:
        >>> group = Axis("group", ("a", "b"), open=True)
        >>> outcome = Axis("outcome", ("rejected", "selected"))
        >>> first = Counts((group, outcome), [[3, 1], [2, 2]])
        >>> more = Counts((Axis("group", ("c",), open=True), outcome), [[5, 0]])
        >>> both = first + more
        >>> both.select(group="c").values.tolist(), both.total
        ([5, 0], 13)
        >>> Counts.from_bytes(both.to_bytes()) == both
        True
    """

    axes: tuple[Axis, ...]
    values: NDArray[np.int64]

    def __init__(self, axes: Iterable[Axis], values: ArrayLike) -> None:
        object.__setattr__(self, "axes", checked_axes(axes))
        object.__setattr__(self, "values", _checked(self.axes, values))

    @classmethod
    def zeros(cls, axes: Iterable[Axis]) -> Counts:
        """No units at all: the neutral element of merging."""
        axes = tuple(axes)
        return cls(axes, np.zeros(shape_of(axes), dtype=np.int64))

    @property
    def total(self) -> int:
        """The number of units counted."""
        return int(self.values.sum())

    def axis(self, name: str) -> Axis:
        """The axis called `name`."""
        return self.axes[axis_position(self.axes, name)]

    def __add__(self, other: Counts) -> Counts:
        if not isinstance(other, Counts):
            return NotImplemented
        axes = merged_axes(self.axes, other.axes)
        return Counts(
            axes, placed(self.values, self.axes, axes) + placed(other.values, other.axes, axes)
        )

    def marginal(self, *names: str) -> Counts:
        """Counts over the axes named, in that order, summed over all others."""
        kept = [axis_position(self.axes, name) for name in names]
        rest = [position for position in range(len(self.axes)) if position not in kept]
        values = self.values.transpose(kept + rest).sum(
            axis=tuple(range(len(kept), len(kept + rest)))
        )
        return Counts([self.axes[position] for position in kept], values)

    def select(self, labels: Mapping[str, str] | None = None, /, **more: str) -> Counts:
        """The part that carries these labels, without their axes.

        Raises:
            ValueError: there is no such axis, or no such label: what was never seen is not zero.
        """
        axes, index = chosen(self.axes, {**(labels or {}), **more})
        return Counts(axes, self.values[index])

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Counts):
            return NotImplemented
        return self.axes == other.axes and bool(np.array_equal(self.values, other.values))

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        sizes = ", ".join(f"{axis.name}: {len(axis)}" for axis in self.axes)
        return f"Counts({sizes}; total {self.total})"

    def to_bytes(self) -> bytes:
        """Versioned, without pickle; equal states give equal bytes."""
        return pack("counts", {"axes": axes_to_plain(self.axes)}, {"values": self.values})

    @classmethod
    def from_bytes(cls, data: bytes) -> Counts:
        """What `to_bytes` wrote; anything else is a ValueError."""
        header, arrays = unpack("counts", data)
        if set(header) != {"axes"} or set(arrays) != {"values"}:
            raise ValueError("damaged counts: expected axes and values alone")
        return cls(axes_from_plain(header["axes"]), arrays["values"])


def _checked(axes: tuple[Axis, ...], values: ArrayLike) -> NDArray[np.int64]:
    array: NDArray[Any] = np.asarray(values)
    if array.dtype.kind not in "iu" and array.size:
        raise ValueError(f"counts must be integers, found {array.dtype}")
    if array.shape != shape_of(axes):
        raise ValueError(f"counts of shape {array.shape} do not fit axes of {shape_of(axes)}")
    if array.dtype.kind == "u" and array.size and int(array.max()) > np.iinfo(np.int64).max:
        raise ValueError("a count does not fit 64 bits")
    result = array.astype(np.int64)
    # Also what a sum beyond 64 bits looks like.
    if result.size and int(result.min()) < 0:
        raise ValueError(f"a count is negative ({int(result.min())}), or beyond 64 bits")
    result.setflags(write=False)
    return result
