"""What metrics are computed from: outcomes and scores with the groups in front."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from auditkit.errors import DataError
from auditkit.statistics.cell_codes import READABLE_CELLS
from auditkit.statistics.group_rates import outcome_table

if TYPE_CHECKING:
    from auditkit.fairness.cube import CountCube

_CLASSES = ("target", "prediction")
SCORE_AXIS = "score_cell"


@dataclass(frozen=True)
class Tables:
    """Units of some groups; the leading dimensions of every array are the groups.

    Attributes:
        units: counts by (selected, qualified, correct), shape (…, 2, 2, 2).
        weights, squares: sums of the weights and of their squares, of the same shape; the units
            themselves where there are no weights.
        positives, negatives: units by score cell, shape (…, cells); None without scores, or without
            a favourable class. Their weights where there are weights.
        score_sums: of both, of the same shape.
        weighted: whether there are weights.
    """

    units: NDArray[Any]
    weights: NDArray[Any]
    squares: NDArray[Any]
    positives: NDArray[Any] | None = None
    negatives: NDArray[Any] | None = None
    score_sums: NDArray[Any] | None = None
    weighted: bool = False

    def summed(self, dimensions: tuple[int, ...]) -> Tables:
        """The same of several groups together."""
        return self._each(lambda array: array.sum(axis=dimensions))

    def at(self, index: tuple[int, ...]) -> Tables:
        """Of one group."""
        return self._each(lambda array: array[index])

    def _each(self, change: Callable[[NDArray[Any]], NDArray[Any]]) -> Tables:
        names = ("units", "weights", "squares", "positives", "negatives", "score_sums")
        arrays = {name: getattr(self, name) for name in names}
        changed = {name: None if a is None else change(a) for name, a in arrays.items()}
        return Tables(**changed, weighted=self.weighted)  # type: ignore[arg-type]


def feature_axes(cube: CountCube) -> list[str]:
    """Names of the axes of the features: controls, then groups."""
    return [f"control:{name}" for name in cube.controls] + [f"group:{name}" for name in cube.groups]


def in_order(cube: CountCube, table: NDArray[Any], leading: int = 0) -> NDArray[Any]:
    """A table over the feature axes (and more) with its levels in reading order."""
    for dimension, name in enumerate(feature_axes(cube)):
        table = table.take(cube.axis_labels(name)[1], axis=leading + dimension)
    return table


def tables_of(cube: CountCube) -> Tables:
    """The tables of every combination of control levels and groups, in reading order."""
    axes = [*feature_axes(cube), *_CLASSES]
    _refuse_too_many(cube, axes)
    units = outcomes(cube, in_order(cube, cube.counts.marginal(*axes).values))
    weights = squares = units
    if cube.weights is not None:
        _, *sums = cube.weights.marginal(*axes).of("weight")
        weights, squares = (outcomes(cube, in_order(cube, part)) for part in sums)
    scored = {}
    if cube.scores is not None and cube.favourable_label is not None:
        scored = _scored(cube)
    return Tables(units, weights, squares, weighted=cube.weights is not None, **scored)


def _refuse_too_many(cube: CountCube, axes: list[str]) -> None:
    """A frame of more groups than anybody reads would fill the memory."""
    sizes = [len(cube.counts.axis(name)) for name in axes]
    if math.prod(sizes) > READABLE_CELLS:
        shape = " × ".join(f"{n:,} of {name}" for n, name in zip(sizes, axes, strict=True))
        raise DataError(
            f"A table of {shape} has {math.prod(sizes):,} cells; at most {READABLE_CELLS:,} are "
            "written out.",
            mend="Count by fewer features at a time, or by coarser ones.",
        )


def outcomes(cube: CountCube, table: NDArray[Any]) -> NDArray[Any]:
    """A table (…, target, prediction) as one by (selected, qualified, correct)."""
    label = cube.favourable_label
    if label is None or label in cube.classes:
        return outcome_table(table, None if label is None else cube.classes.index(label))
    # Nobody has the favourable class, and nobody is predicted it.
    padded = np.pad(table, [(0, 0)] * (table.ndim - 2) + [(0, 1), (0, 1)])
    return outcome_table(padded, len(cube.classes))


def _scored(cube: CountCube) -> dict[str, NDArray[Any]]:
    axes = [*feature_axes(cube), "target", SCORE_AXIS]
    state: NDArray[Any] = cube.counts.marginal(*axes).values
    if cube.weights is not None:
        state = cube.weights.marginal(*axes).of("weight")[1]
    assert cube.scores is not None
    sums = cube.scores.marginal(*axes[:-2], SCORE_AXIS).of("score")[1]
    positives, negatives = split_targets(cube, in_order(cube, state))
    return {
        "positives": positives,
        "negatives": negatives,
        "score_sums": in_order(cube, sums),
    }


def split_targets(cube: CountCube, state: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Positives and negatives of a table (…, target, score cell)."""
    favourable = np.array([label == cube.favourable_label for label in cube.classes])
    return state[..., favourable, :].sum(axis=-2), state[..., ~favourable, :].sum(axis=-2)
