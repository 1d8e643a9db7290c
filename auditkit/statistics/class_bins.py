"""The calibration of every class at once: bins of each class's probability. They add up."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from auditkit.statistics.compensated import Floats, add, reduce
from auditkit.statistics.encoding import pack, unpack
from auditkit.statistics.score_cells import BINS

INTEGERS = ("counts", "positives")
SUMS = ("scores", "squares", "truth_scores")
"""The sums of a state; each has beside it what it lacks of the true sum, `…_rest`."""


@dataclass(frozen=True, eq=False, repr=False)
class ClassBins:
    """Of every class: how often each of `BINS` bins of its probability came up, and came true.

    A probability p lies in bin ⌊15 p⌋, 1 in the last one. Every unit is in one bin of every class,
    and is a positive of its true class. What class-wise calibration errors and the parts of the
    Brier score need is a sum over these: that of class c is squares − 2 truth_scores + positives.

    Attributes:
        classes: their names, in the order of the arrays.
        counts: int64 `[blocks, classes, 15]`, units by the bin of the class's probability. There
            is one block where rows are independent, else 64 sets of whole clusters.
        positives: int64, of the same shape: those of them whose true class it is.
        scores: float64, of the same shape: the sum of their probabilities.
        squares: float64 `[blocks, classes]`, the sum of squared probabilities.
        truth_scores: float64 `[blocks, classes]`, the sum of the probabilities that units whose
            true class it is were given for it.
        scores_rest, squares_rest, truth_scores_rest: what the sums lack of the true ones (see
            `compensated`).

    Two states merge by `+`: counts bit for bit the same in every order, sums to 1e-12.

    Raises:
        ValueError: no classes, or one named twice; shapes that do not match; a negative count or
            sum, or a sum that is not finite; more positives than units; classes of which one has
            more units than another.

    Example:
        >>> first = np.zeros((1, 2, 15), dtype=int)
        >>> first[0, 0, 12] = first[0, 1, 3] = 1  # one unit, with probabilities .8 and .2
        >>> true = np.zeros_like(first)
        >>> true[0, 0, 12] = 1  # it is of the first class
        >>> given = first * np.array([[[0.8], [0.2]]])
        >>> state = ClassBins(("cat", "dog"), first, true, given, [[0.64, 0.04]], [[0.8, 0.0]])
        >>> (state + state).units, (state + state).scores[0, :, [3, 12]].tolist()
        (2, [[0.0, 0.4], [1.6, 0.0]])
        >>> ClassBins.from_bytes(state.to_bytes()) == state
        True
    """

    classes: tuple[str, ...]
    counts: NDArray[np.int64]
    positives: NDArray[np.int64]
    scores: Floats
    squares: Floats
    truth_scores: Floats
    scores_rest: Floats
    squares_rest: Floats
    truth_scores_rest: Floats

    # Nine arguments: the state itself, three of them only for what merging carries along.
    def __init__(
        self,
        classes: Iterable[str],
        counts: ArrayLike,
        positives: ArrayLike,
        scores: ArrayLike,
        squares: ArrayLike,
        truth_scores: ArrayLike,
        scores_rest: ArrayLike | None = None,
        squares_rest: ArrayLike | None = None,
        truth_scores_rest: ArrayLike | None = None,
    ) -> None:
        names = _checked_names(classes)
        object.__setattr__(self, "classes", names)
        object.__setattr__(self, "counts", _integers("counts", counts, len(names)))
        object.__setattr__(self, "positives", _integers("positives", positives, len(names)))
        by_class = self.counts.shape[:2]
        for name, sums, rest in (
            ("scores", scores, scores_rest),
            ("squares", squares, squares_rest),
            ("truth_scores", truth_scores, truth_scores_rest),
        ):
            shape = self.counts.shape if name == "scores" else by_class
            given = _floats(name, sums, shape)
            if (given < 0).any():
                raise ValueError(f"{name} holds a negative sum")
            lacking = np.zeros(shape) if rest is None else rest
            object.__setattr__(self, name, given)
            object.__setattr__(self, f"{name}_rest", _floats(f"{name}_rest", lacking, shape))
        _check_agreement(self.counts, self.positives)

    @classmethod
    def zeros(cls, classes: Iterable[str], blocks: int = 1) -> ClassBins:
        """No units at all: the neutral element of merging."""
        names = tuple(classes)
        binned, by_class = (blocks, len(names), BINS), (blocks, len(names))
        none = np.zeros(binned, dtype=np.int64)
        return cls(names, none, none, np.zeros(binned), np.zeros(by_class), np.zeros(by_class))

    @property
    def blocks(self) -> int:
        """How many sets of units are told apart."""
        return len(self.counts)

    @property
    def units(self) -> int:
        """The number of units."""
        return int(self.counts[:, 0].sum())

    @property
    def block_units(self) -> NDArray[np.int64]:
        """The number of units of each block, int64 `[blocks]`."""
        return np.asarray(self.counts[:, 0].sum(axis=1))

    def __add__(self, other: ClassBins) -> ClassBins:
        if not isinstance(other, ClassBins):
            return NotImplemented
        if (self.classes, self.blocks) != (other.classes, other.blocks):
            raise ValueError("bins of different classes or blocks cannot be merged")
        sums = [add(self._pair(name), other._pair(name)) for name in SUMS]
        return ClassBins(
            self.classes,
            self.counts + other.counts,
            self.positives + other.positives,
            *(high for high, _ in sums),
            *(low for _, low in sums),
        )

    def together(self) -> ClassBins:
        """All blocks as one."""
        sums = [reduce(self._pair(name), 0) for name in SUMS]
        return ClassBins(
            self.classes,
            *(getattr(self, name).sum(axis=0)[None] for name in INTEGERS),
            *(high[None] for high, _ in sums),
            *(low[None] for _, low in sums),
        )

    def _pair(self, name: str) -> tuple[Floats, Floats]:
        return getattr(self, name), getattr(self, f"{name}_rest")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ClassBins):
            return NotImplemented
        mine, theirs = self._arrays(), other._arrays()
        return self.classes == other.classes and all(
            np.array_equal(array, theirs[name]) for name, array in mine.items()
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"ClassBins({len(self.classes)} classes; {self.blocks} blocks; {self.units} units)"

    def _arrays(self) -> dict[str, NDArray[Any]]:
        rests = [f"{name}_rest" for name in SUMS]
        return {name: getattr(self, name) for name in (*INTEGERS, *SUMS, *rests)}

    def to_bytes(self) -> bytes:
        """Versioned, without pickle; equal states give equal bytes."""
        return pack("class bins", {"classes": list(self.classes)}, self._arrays())

    @classmethod
    def from_bytes(cls, data: bytes) -> ClassBins:
        """What `to_bytes` wrote; anything else is a ValueError."""
        header, arrays = unpack("class bins", data)
        names = header.get("classes")
        expected = {*INTEGERS, *SUMS, *(f"{name}_rest" for name in SUMS)}
        if set(header) != {"classes"} or set(arrays) != expected or not isinstance(names, list):
            raise ValueError("damaged class bins: expected classes and 8 arrays alone")
        return cls(names, **arrays)


def _checked_names(classes: Iterable[str]) -> tuple[str, ...]:
    names = tuple(classes)
    if not names or not all(isinstance(name, str) for name in names):
        raise ValueError(f"class bins need the names of their classes, found {names!r}")
    if len(set(names)) < len(names):
        raise ValueError("a class is named twice")
    return names


def _integers(name: str, values: ArrayLike, classes: int) -> NDArray[np.int64]:
    array: NDArray[Any] = np.asarray(values)
    if array.dtype.kind not in "iu" and array.size:
        raise ValueError(f"{name} must be integers, found {array.dtype}")
    if array.ndim != 3 or array.shape[0] < 1 or array.shape[1:] != (classes, BINS):
        raise ValueError(f"{name} of shape {array.shape} are not [blocks, {classes}, {BINS}]")
    result = array.astype(np.int64)
    if int(result.min()) < 0:
        raise ValueError(f"{name} holds a negative number ({int(result.min())})")
    result.setflags(write=False)
    return result


def _floats(name: str, values: ArrayLike, shape: tuple[int, ...]) -> Floats:
    array = np.array(values, dtype=np.float64)
    if array.shape != shape:
        raise ValueError(f"{name} of shape {array.shape} do not fit counts: expected {shape}")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} holds a sum that is not finite")
    array.setflags(write=False)
    return array


def _check_agreement(counts: NDArray[np.int64], positives: NDArray[np.int64]) -> None:
    if positives.shape != counts.shape or (positives > counts).any():
        raise ValueError("positives are not among the units counted")
    units = counts.sum(axis=2)
    if (units != units[:, :1]).any():
        raise ValueError("every unit must be counted once for each class")
    if (positives.sum(axis=(1, 2)) != units[:, 0]).any():
        raise ValueError("every unit must be a positive of one class")
