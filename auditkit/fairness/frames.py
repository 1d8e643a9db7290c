"""Metrics as pandas objects of the shape that Fairlearn's `MetricFrame` has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from auditkit.fairness.comparison import compared_groups
from auditkit.fairness.metrics import METRICS, Metrics, chosen_metrics, stacked
from auditkit.fairness.tables import Tables, feature_axes

if TYPE_CHECKING:
    from auditkit.fairness.cube import CountCube

Values = NDArray[Any]


def by_group(cube: CountCube, metrics: Metrics) -> Any:
    """See `CountCube.by_group`."""
    names = chosen_metrics(cube, metrics)
    values = stacked(names, cube.tables)
    return framed(cube, values, names, feature_axes(cube), metrics)


def overall(cube: CountCube, metrics: Metrics) -> Any:
    """See `CountCube.overall`."""
    names = chosen_metrics(cube, metrics)
    values = stacked(names, all_groups(cube, cube.tables))
    return framed(cube, values, names, feature_axes(cube)[: len(cube.controls)], metrics)


def compared(cube: CountCube, metrics: Metrics, kind: str, method: str) -> Any:
    """See `CountCube.difference` and `CountCube.ratio`."""
    names = chosen_metrics(cube, metrics)
    tables = cube.tables
    values = stacked(names, tables)
    groups = values.reshape(*values.shape[: len(cube.controls)], -1, len(names))
    whole = stacked(names, all_groups(cube, tables))
    result = compared_groups(groups, whole, kind, method)
    return framed(cube, result, names, feature_axes(cube)[: len(cube.controls)], metrics)


def reasons(cube: CountCube, metrics: Metrics) -> Any:
    """See `CountCube.reasons`."""
    names = chosen_metrics(cube, metrics)
    tables = cube.tables
    empty = tables.units.sum(axis=(-3, -2, -1)) == 0
    texts = [
        np.where(
            empty,
            "There are no units in this group.",
            np.where(np.isnan(METRICS[name].values(tables)), METRICS[name].reason, ""),
        )
        for name in names
    ]
    return framed(cube, np.stack(texts, axis=-1), names, feature_axes(cube), metrics)


def all_groups(cube: CountCube, tables: Tables, leading: int = 0) -> Tables:
    """The tables of all groups together, by control level."""
    first = leading + len(cube.controls)
    return tables.summed(tuple(range(first, first + len(cube.groups))))


def framed(
    cube: CountCube, values: Values, names: tuple[str, ...], axes: list[str], asked: Metrics
) -> Any:
    """Values of shape (levels …, metrics) as Fairlearn gives them: of one metric without its name.

    Several metrics are columns; without levels they are the index of a Series.
    """
    single = isinstance(asked, str)
    if not axes:
        return values[0].item() if single else pd.Series(values, index=list(names))
    frame = pd.DataFrame(
        values.reshape(-1, len(names)), index=index_of(cube, axes), columns=list(names)
    )
    return frame[names[0]] if single else frame


def index_of(cube: CountCube, axes: list[str]) -> Any:
    """The index of a frame: the levels of the axes in reading order, every combination of them."""
    levels = [cube.axis_labels(axis)[0] for axis in axes]
    names = [axis.partition(":")[2] for axis in axes]
    if len(axes) == 1:
        return pd.Index(levels[0], name=names[0])
    return pd.MultiIndex.from_product(levels, names=names)
