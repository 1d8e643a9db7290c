"""Sums and sums of squares over named axes: means, errors and their variances. They add up."""

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
from auditkit.statistics.compensated import Floats, add, reduce
from auditkit.statistics.encoding import pack, unpack

FLOATS = ("sum", "sum_of_squares", "sum_rest", "sum_of_squares_rest")
"""The arrays of a state beside `n`, in the order of the arguments."""


@dataclass(frozen=True, eq=False, repr=False)
class Moments:
    """Number, sum and sum of squares of some quantities in each cell.

    Attributes:
        axes: the cells.
        names: the quantities (`log_loss`, `score` …).
        n: int64 `[len(names), *cells]`, how many values went in (a quantity may be undefined for
            some units, so each counts its own).
        sum: float64 of the same shape.
        sum_of_squares: float64 of the same shape.
        sum_rest, sum_of_squares_rest: what the two sums lack of the true ones (see `compensated`);
            zero unless states were merged.

    Merging by `+` gives the same sums to 1e-12 in every order and grouping (in practice to the last
    bit), and the same counts exactly. Axes align as those of `Counts`.

    Raises:
        ValueError: another shape, a sum that is not finite, a negative sum of squares, or
            something summed where nothing was counted.

    Example:
        >>> part = Moments((), ("loss",), n=[2], sum=[3.0], sum_of_squares=[5.0])
        >>> whole = part + part
        >>> whole.mean("loss"), whole.variance("loss")
        (array(1.5), array(0.33333333))
    """

    axes: tuple[Axis, ...]
    names: tuple[str, ...]
    n: NDArray[np.int64]
    sum: Floats
    sum_of_squares: Floats
    sum_rest: Floats
    sum_of_squares_rest: Floats

    # Seven arguments: the state itself, two of them only for what merging carries along.
    def __init__(
        self,
        axes: Iterable[Axis],
        names: Iterable[str],
        n: ArrayLike,
        sum: ArrayLike,  # noqa: A002 - the field's own name
        sum_of_squares: ArrayLike,
        sum_rest: ArrayLike | None = None,
        sum_of_squares_rest: ArrayLike | None = None,
    ) -> None:
        object.__setattr__(self, "axes", checked_axes(axes))
        object.__setattr__(self, "names", checked_names(names))
        shape = (len(self.names), *shape_of(self.axes))
        given = (sum, sum_of_squares, sum_rest, sum_of_squares_rest)
        for name, values in zip(FLOATS, given, strict=True):
            array = np.zeros(shape) if values is None else values
            object.__setattr__(self, name, checked_floats(name, array, shape))
        object.__setattr__(self, "n", checked_n(n, shape))
        check_agreement(self.n, self.sum, self.sum_of_squares)

    @classmethod
    def zeros(cls, axes: Iterable[Axis], names: Iterable[str]) -> Moments:
        """Nothing summed: the neutral element of merging."""
        axes, names = tuple(axes), tuple(names)
        shape = (len(names), *shape_of(axes))
        return cls(axes, names, np.zeros(shape, dtype=np.int64), np.zeros(shape), np.zeros(shape))

    def __add__(self, other: Moments) -> Moments:
        if not isinstance(other, Moments):
            return NotImplemented
        refuse_other_quantities(self.names, other.names)
        axes = merged_axes(self.axes, other.axes)
        n = placed(self.n, self.axes, axes) + placed(other.n, other.axes, axes)
        ours = [placed(getattr(self, name), self.axes, axes) for name in FLOATS]
        theirs = [placed(getattr(other, name), other.axes, axes) for name in FLOATS]
        total, total_rest = add((ours[0], ours[2]), (theirs[0], theirs[2]))
        squares, squares_rest = add((ours[1], ours[3]), (theirs[1], theirs[3]))
        return Moments(axes, self.names, n, total, squares, total_rest, squares_rest)

    def marginal(self, *names: str) -> Moments:
        """Moments over the axes named, in that order, summed over all others."""
        kept = [axis_position(self.axes, name) for name in names]
        rest = [position for position in range(len(self.axes)) if position not in kept]
        order = [0, *(1 + position for position in kept + rest)]
        n = self.n.transpose(order)
        high, squares, low, squares_low = (getattr(self, name).transpose(order) for name in FLOATS)
        for _ in rest:
            n = n.sum(axis=-1)
            high, low = reduce((high, low), -1)
            squares, squares_low = reduce((squares, squares_low), -1)
        axes = [self.axes[position] for position in kept]
        return Moments(axes, self.names, n, high, squares, low, squares_low)

    def select(self, labels: Mapping[str, str] | None = None, /, **more: str) -> Moments:
        """The part that carries these labels, without their axes; unknown ones are a ValueError."""
        axes, index = chosen(self.axes, {**(labels or {}), **more})
        index = (slice(None), *index)
        return Moments(
            axes, self.names, self.n[index], *(getattr(self, name)[index] for name in FLOATS)
        )

    def of(self, name: str) -> tuple[NDArray[np.int64], Floats, Floats]:
        """n, sum and sum of squares of one quantity, each of the shape of the axes."""
        if name not in self.names:
            raise ValueError(f"there is no quantity {name!r}; there are: {', '.join(self.names)}")
        row = self.names.index(name)
        return self.n[row], self.sum[row], self.sum_of_squares[row]

    def mean(self, name: str) -> Floats:
        """The mean in each cell; NaN where nothing was counted."""
        n, total, _ = self.of(name)
        result: Floats = np.divide(total, n, out=np.full(n.shape, np.nan), where=n > 0)
        return result

    def variance(self, name: str) -> Floats:
        """The sample variance (divisor n − 1) in each cell; NaN under two values.

        Digits are lost where the mean is large against the spread: about (mean / sd)² × 1e-16.
        """
        n, total, squares = self.of(name)
        spread = np.maximum(squares - total * self.mean(name), 0.0)
        result: Floats = np.divide(spread, n - 1, out=np.full(n.shape, np.nan), where=n > 1)
        return result

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Moments):
            return NotImplemented
        return (self.axes, self.names) == (other.axes, other.names) and all(
            np.array_equal(getattr(self, name), getattr(other, name)) for name in ("n", *FLOATS)
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        sizes = ", ".join(f"{axis.name}: {len(axis)}" for axis in self.axes)
        return f"Moments({', '.join(self.names)}; {sizes})"

    def to_bytes(self) -> bytes:
        """Versioned, without pickle."""
        arrays = {name: getattr(self, name) for name in ("n", *FLOATS)}
        return packed_moments("moments", self.axes, self.names, arrays)

    @classmethod
    def from_bytes(cls, data: bytes) -> Moments:
        """What `to_bytes` wrote; anything else is a ValueError."""
        axes, names, arrays = unpacked_moments("moments", data, {"n", *FLOATS})
        return cls(axes, names, **arrays)


def refuse_other_quantities(ours: tuple[str, ...], theirs: tuple[str, ...]) -> None:
    """A ValueError if two states hold different quantities."""
    if ours != theirs:
        raise ValueError(
            "moments of different quantities cannot be merged: "
            f"({', '.join(ours)}) and ({', '.join(theirs)})"
        )


def packed_moments(
    kind: str, axes: tuple[Axis, ...], names: tuple[str, ...], arrays: Mapping[str, NDArray[Any]]
) -> bytes:
    """Moments of either form as bytes."""
    return pack(kind, {"axes": axes_to_plain(axes), "names": list(names)}, arrays)


def unpacked_moments(
    kind: str, data: bytes, expected: set[str]
) -> tuple[tuple[Axis, ...], list[str], dict[str, NDArray[Any]]]:
    """Axes, names and arrays of what `packed_moments` wrote; anything else is a ValueError."""
    header, arrays = unpack(kind, data)
    if set(header) != {"axes", "names"} or set(arrays) != expected:
        raise ValueError(f"damaged {kind}: expected axes, names and {len(expected)} arrays alone")
    if not isinstance(header["names"], list):
        raise ValueError(f"damaged {kind}: names must be a list")
    return axes_from_plain(header["axes"]), header["names"], arrays


def checked_names(names: Iterable[str]) -> tuple[str, ...]:
    """The names of quantities as a tuple; none, an empty or a repeated one is a ValueError."""
    result = tuple(names)
    if not result or not all(isinstance(name, str) and name for name in result):
        raise ValueError(f"moments need the names of their quantities, found {result!r}")
    if len(set(result)) != len(result):
        raise ValueError(f"a quantity is named twice: {', '.join(result)}")
    return result


def checked_floats(name: str, values: ArrayLike, shape: tuple[int, ...]) -> Floats:
    """Sums as a read-only copy; another shape, or one that is not finite, is a ValueError."""
    array = np.array(values, dtype=np.float64)
    if array.shape != shape:
        raise ValueError(f"{name} of shape {array.shape} does not fit names and axes of {shape}")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} holds a value that is not finite")
    array.setflags(write=False)
    return array


def checked_n(values: ArrayLike, shape: tuple[int, ...]) -> NDArray[np.int64]:
    """Numbers of values as a read-only copy; another shape or type, or negative: a ValueError."""
    array = np.asarray(values)
    if array.dtype.kind not in "iu" and array.size:
        raise ValueError(f"n must be integers, found {array.dtype}")
    if array.shape != shape:
        raise ValueError(f"n of shape {array.shape} does not fit names and axes of {shape}")
    result = array.astype(np.int64)
    if result.size and int(result.min()) < 0:
        raise ValueError(f"n is negative ({int(result.min())}), or beyond 64 bits")
    result.setflags(write=False)
    return result


def check_agreement(n: NDArray[np.int64], total: Floats, squares: Floats) -> None:
    """A ValueError if a sum of squares is negative, or something was summed where n is 0."""
    if (squares < 0).any():
        raise ValueError("sum_of_squares is negative")
    empty = n == 0
    if (total[empty] != 0).any() or (squares[empty] != 0).any():
        raise ValueError("something was summed in a cell where n is 0")
