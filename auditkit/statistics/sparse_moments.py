"""Moments over so many cells that most are empty: only the cells with values are kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from auditkit.statistics.axes import (
    Axis,
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
from auditkit.statistics.compensated import Floats, reduce_runs
from auditkit.statistics.encoding import kind_of
from auditkit.statistics.moments import (
    FLOATS,
    Moments,
    check_agreement,
    checked_floats,
    checked_n,
    checked_names,
    packed_moments,
    refuse_other_quantities,
    unpacked_moments,
)

_PARTS = ("n", *FLOATS)


@dataclass(frozen=True, eq=False, repr=False)
class SparseMoments:
    """Number, sum and sum of squares of some quantities, of the cells that have any.

    It has the interface of `Moments` and merges with it; `held_moments` says which of the two a
    state is kept in.

    Attributes:
        axes: what the codes stand for.
        names: the quantities.
        codes: int64 `[occupied]`, the flat place of each cell in the full table, ascending.
        n, sum, sum_of_squares, sum_rest, sum_of_squares_rest: as of `Moments`, of shape
            `[len(names), occupied]`.

    Raises:
        ValueError: codes out of order or outside the axes, and as of `Moments`.

    Example:
        >>> town = Axis("town", tuple(map(str, range(2000))), open=True)
        >>> score = Axis("score", tuple(map(str, range(1920))))
        >>> part = SparseMoments((town, score), ["loss"], [5, 1925], [[2, 1]], [[6, 3]], [[20, 9]])
        >>> (part + part).marginal("town").mean("loss")[:2]
        array([3., 3.])
    """

    axes: tuple[Axis, ...]
    names: tuple[str, ...]
    codes: Codes
    n: NDArray[np.int64]
    sum: Floats
    sum_of_squares: Floats
    sum_rest: Floats
    sum_of_squares_rest: Floats

    # Eight arguments: the codes, and the state as `Moments` has it.
    def __init__(
        self,
        axes: Iterable[Axis],
        names: Iterable[str],
        codes: ArrayLike,
        n: ArrayLike,
        sum: ArrayLike,  # noqa: A002 - the field's own name
        sum_of_squares: ArrayLike,
        sum_rest: ArrayLike | None = None,
        sum_of_squares_rest: ArrayLike | None = None,
    ) -> None:
        object.__setattr__(self, "axes", checked_axes(axes))
        object.__setattr__(self, "names", checked_names(names))
        object.__setattr__(self, "codes", checked_codes(self.axes, np.asarray(codes)))
        shape = (len(self.names), len(self.codes))
        given = (sum, sum_of_squares, sum_rest, sum_of_squares_rest)
        for name, values in zip(FLOATS, given, strict=True):
            array = np.zeros(shape) if values is None else values
            object.__setattr__(self, name, checked_floats(name, array, shape))
        object.__setattr__(self, "n", checked_n(n, shape))
        check_agreement(self.n, self.sum, self.sum_of_squares)

    @classmethod
    def added_up(
        cls, axes: Iterable[Axis], names: Iterable[str], codes: Codes, parts: Sequence[Any]
    ) -> SparseMoments:
        """Moments of cells in any order, of which some may be named more than once.

        Args:
            axes: of the table.
            names: the quantities.
            codes: `[named]`.
            parts: n, sum, sum_of_squares and what these two lack, of shape `[len(names), named]`.
        """
        order = np.argsort(codes, kind="stable")
        starts = run_starts(codes[order])
        n, total, squares, rest, squares_rest = (part[:, order] for part in parts)
        if starts.size:
            n = np.add.reduceat(n, starts, axis=1)
        total, rest = reduce_runs((total, rest), starts)
        squares, squares_rest = reduce_runs((squares, squares_rest), starts)
        return cls(axes, names, codes[order][starts], n, total, squares, rest, squares_rest)

    def dense(self) -> Moments:
        """The full table; a ValueError if it has more than `READABLE_CELLS` cells."""
        refuse_unreadable(self.axes)
        return Moments(self.axes, self.names, *map(self._full, self._states()))

    def __add__(self, other: Moments | SparseMoments) -> SparseMoments:
        if not isinstance(other, (Moments, SparseMoments)):
            return NotImplemented
        refuse_other_quantities(self.names, other.names)
        axes = merged_axes(self.axes, other.axes)
        both = (self, as_sparse_moments(other))
        codes = [recoded(part.codes, part.axes, axes) for part in both]
        states = [
            np.concatenate(pair, axis=1)
            for pair in zip(*(part._states() for part in both), strict=True)
        ]
        return SparseMoments.added_up(axes, self.names, np.concatenate(codes), states)

    def __radd__(self, other: Moments) -> SparseMoments:
        return self + other

    def marginal(self, *names: str) -> Moments | SparseMoments:
        """Moments over the axes named, in that order, summed over all others."""
        kept = [axis_position(self.axes, name) for name in names]
        codes = kept_codes(self.codes, self.axes, kept)
        axes = [self.axes[position] for position in kept]
        return held_moments(SparseMoments.added_up(axes, self.names, codes, self._states()))

    def select(
        self, labels: Mapping[str, str] | None = None, /, **more: str
    ) -> Moments | SparseMoments:
        """The part that carries these labels, without their axes; unknown ones are a ValueError."""
        axes, index = chosen(self.axes, {**(labels or {}), **more})
        mask, codes = chosen_codes(self.codes, self.axes, index)
        states = (state[:, mask] for state in self._states())
        return held_moments(SparseMoments(axes, self.names, codes, *states))

    def of(self, name: str) -> tuple[NDArray[np.int64], Floats, Floats]:
        """n, sum and sum of squares of one quantity, each of the shape of the axes.

        Raises:
            ValueError: there is no such quantity, or more than `READABLE_CELLS` cells.
        """
        if name not in self.names:
            raise ValueError(f"there is no quantity {name!r}; there are: {', '.join(self.names)}")
        refuse_unreadable(self.axes)
        row = slice(self.names.index(name), self.names.index(name) + 1)
        n, total, squares = (self._full(state[row])[0] for state in self._states()[:3])
        return n, total, squares

    def mean(self, name: str) -> Floats:
        """The mean in each cell, as of `Moments`."""
        return self.dense().mean(name)

    def variance(self, name: str) -> Floats:
        """The sample variance in each cell, as of `Moments`."""
        return self.dense().variance(name)

    def _states(self) -> list[NDArray[Any]]:
        return [getattr(self, name) for name in _PARTS]

    def _full(self, state: NDArray[Any]) -> NDArray[Any]:
        table = np.zeros((len(state), number_of_cells(self.axes)), dtype=state.dtype)
        table[:, self.codes] = state
        return table.reshape(len(state), *shape_of(self.axes))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, (Moments, SparseMoments)):
            return NotImplemented
        theirs = as_sparse_moments(other)
        if (self.axes, self.names) != (theirs.axes, theirs.names):
            return False
        return all(
            np.array_equal(getattr(self, name), getattr(theirs, name))
            for name in ("codes", *_PARTS)
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        sizes = ", ".join(f"{axis.name}: {len(axis)}" for axis in self.axes)
        return f"SparseMoments({', '.join(self.names)}; {sizes}; {len(self.codes)} cells)"

    def to_bytes(self) -> bytes:
        """Versioned, without pickle."""
        arrays = {name: getattr(self, name) for name in ("codes", *_PARTS)}
        return packed_moments("sparse_moments", self.axes, self.names, arrays)

    @classmethod
    def from_bytes(cls, data: bytes) -> SparseMoments:
        """What `to_bytes` wrote; anything else is a ValueError."""
        axes, names, arrays = unpacked_moments("sparse_moments", data, {"codes", *_PARTS})
        return cls(axes, names, **arrays)


AnyMoments = Moments | SparseMoments
"""Moments in either form; both have the same interface."""


def as_sparse_moments(moments: AnyMoments) -> SparseMoments:
    """Any moments in the sparse form."""
    if isinstance(moments, SparseMoments):
        return moments
    rows = len(moments.names)
    occupied = np.flatnonzero(moments.n.reshape(rows, -1).any(axis=0))
    states = (getattr(moments, name).reshape(rows, -1)[:, occupied] for name in _PARTS)
    return SparseMoments(moments.axes, moments.names, occupied, *states)


def held_moments(moments: AnyMoments) -> AnyMoments:
    """The same moments in the form that their number of cells asks for; see `DENSE_CELLS`."""
    if number_of_cells(moments.axes) <= DENSE_CELLS:
        return moments.dense() if isinstance(moments, SparseMoments) else moments
    return as_sparse_moments(moments)


def merged_moments(one: AnyMoments, other: AnyMoments) -> AnyMoments:
    """The sum, in the form that its number of cells asks for."""
    if number_of_cells(merged_axes(one.axes, other.axes)) > DENSE_CELLS:
        return as_sparse_moments(one) + other
    return held_moments(one + other)


def moments_from_bytes(data: bytes) -> AnyMoments:
    """Moments of either form from what their `to_bytes` wrote; anything else is a ValueError."""
    form = SparseMoments if kind_of(data) == "sparse_moments" else Moments
    return form.from_bytes(data)
