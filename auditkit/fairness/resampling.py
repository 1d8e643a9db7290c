"""Resamples of the rows, drawn from the counts: whatever the number of rows, at the same cost.

Rows drawn anew with replacement and then counted have the same law as one multinomial draw of the
counts (Efron and Tibshirani, An Introduction to the Bootstrap, 1993). It holds for independent rows
without weights. Ends of percentiles are for display: on small groups they are too narrow, and a
zero cell stays zero. A gate reads `CountCube.intervals`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from auditkit.errors import DataError
from auditkit.fairness import frames
from auditkit.fairness.comparison import compared_groups
from auditkit.fairness.metrics import METRICS, Metrics, chosen_metrics, stacked
from auditkit.fairness.tables import (
    Tables,
    feature_axes,
    in_order,
    outcomes,
    split_targets,
)
from auditkit.statistics.bootstrap import draws_in_parts
from auditkit.statistics.group_rates import shares

if TYPE_CHECKING:
    from auditkit.fairness.cube import CountCube

Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Replicates:
    """Metrics of resamples of the rows.

    Attributes:
        metrics: their names.
        groups: shape (replicates, control levels …, group levels …, metrics), levels in reading
            order; NaN where a replicate leaves a metric undefined.
        overall: shape (replicates, control levels …, metrics).
        cube: what was resampled.
    """

    metrics: tuple[str, ...]
    groups: Values
    overall: Values
    cube: CountCube

    def by_group(self, *quantiles: float) -> list[pd.DataFrame]:
        """Quantiles of the replicates, a frame as that of `CountCube.by_group` for each."""
        return self._framed(self.groups, quantiles, feature_axes(self.cube))

    def of_overall(self, *quantiles: float) -> list[Any]:
        """Quantiles, each as `CountCube.overall`."""
        return self._framed(self.overall, quantiles, self._controls)

    def difference(self, *quantiles: float, method: str = "between_groups") -> list[Any]:
        """Quantiles of the largest difference, each as `CountCube.difference`."""
        return self._framed(self._compared("difference", method), quantiles, self._controls)

    def ratio(self, *quantiles: float, method: str = "between_groups") -> list[Any]:
        """Quantiles of the smallest ratio, each as `CountCube.ratio`."""
        return self._framed(self._compared("ratio", method), quantiles, self._controls)

    @property
    def _controls(self) -> list[str]:
        return feature_axes(self.cube)[: len(self.cube.controls)]

    def _compared(self, kind: str, method: str) -> Values:
        levels = self.groups.shape[: 1 + len(self.cube.controls)]
        flat = self.groups.reshape(*levels, -1, len(self.metrics))
        return compared_groups(flat, self.overall, kind, method)

    def _framed(self, values: Values, quantiles: tuple[float, ...], axes: list[str]) -> list[Any]:
        return [
            frames.framed(self.cube, found, self.metrics, axes, None)
            for found in _quantiles(values, quantiles)
        ]


def _quantiles(values: Values, quantiles: tuple[float, ...]) -> Values:
    """Quantiles over the first dimension, of the replicates that are defined.

    Raises:
        DataError: a quantile outside [0, 1].
    """
    if outside := [one for one in quantiles if not 0 <= one <= 1]:
        raise DataError(
            f"There is no quantile {outside[0]}.", mend="Name shares between 0 and 1, such as 0.05."
        )
    if not np.isnan(values).any():
        return np.quantile(values, quantiles, axis=0)
    flat = values.reshape(len(values), -1)
    result = np.full((len(quantiles), flat.shape[1]), np.nan)
    for column, of_one in enumerate(flat.T):
        known = of_one[~np.isnan(of_one)]
        if known.size:
            result[:, column] = np.quantile(known, quantiles)
    return result.reshape(len(quantiles), *values.shape[1:])


def resampled(cube: CountCube, metrics: Metrics, number: int, seed: int) -> Replicates:
    """See `CountCube.replicates`."""
    if cube.weights is not None:
        raise DataError(
            "Weighted units cannot be resampled from their counts.",
            mend="Leave out sample_weight, or read the intervals, which take weights into account.",
        )
    for what, given, least in (("number", number, 1), ("seed", seed, 0)):
        if given < least:
            raise DataError(
                f"{what} is {given}; expected at least {least}.",
                mend="Pass for example number=1000 and seed=0.",
            )
    names = chosen_metrics(cube, metrics)
    axes = [*feature_axes(cube), "target", "prediction"]
    scored = any(METRICS[name].scores for name in names)
    if scored:
        axes.insert(-2, "score_cell")
    counts = in_order(cube, cube.counts.marginal(*axes).values)
    means = _mean_scores(cube, counts) if scored else None
    parts = [
        _tables(cube, drawn, means)
        for drawn in draws_in_parts(counts, seed=seed, repetitions=number)
    ]
    return Replicates(
        names,
        np.concatenate([stacked(names, part) for part in parts]),
        np.concatenate(
            [stacked(names, frames.all_groups(cube, part, leading=1)) for part in parts]
        ),
        cube,
    )


def _mean_scores(cube: CountCube, counts: NDArray[Any]) -> Values:
    """The mean score of each group's cell, shape (levels …, cells); 0 where nobody is."""
    assert cube.scores is not None
    sums = cube.scores.marginal(*feature_axes(cube), "score_cell").of("score")[1]
    units = counts.sum(axis=(-2, -1))
    return np.nan_to_num(shares(in_order(cube, sums), units))


def _tables(cube: CountCube, drawn: NDArray[np.int64], means: Values | None) -> Tables:
    if means is None:
        units = outcomes(cube, drawn)
        return Tables(units, units, units)
    units = outcomes(cube, drawn.sum(axis=-3))
    by_target = np.moveaxis(drawn.sum(axis=-1), -2, -1)
    positives, negatives = split_targets(cube, by_target)
    return Tables(
        units, units, units, positives, negatives, score_sums=(positives + negatives) * means
    )
