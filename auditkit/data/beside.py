"""What is declared of rows beside inputs and targets: groups, clusters, weights and the like."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pandas as pd

from auditkit.data.columns import Columns
from auditkit.data.grouping import Grouping
from auditkit.data.roles import (
    clusters_array,
    previous_array,
    probabilities_array,
    queries_array,
    weights_array,
)
from auditkit.data.values import times_array


@dataclass(frozen=True)
class Beside:
    """The fields of `Batch` of the same names."""

    groups: Mapping[str, pd.Categorical]
    controls: Mapping[str, pd.Categorical]
    proxies: Mapping[str, np.ndarray]
    clusters: np.ndarray | None
    times: np.ndarray | None
    weights: np.ndarray | None
    previous: np.ndarray | None
    queries: np.ndarray | None

    def part(self, rows: slice) -> dict[str, Any]:
        """Some rows, as arguments of `Batch`."""
        return {field.name: _part(getattr(self, field.name), rows) for field in fields(self)}


def _part(value: Any, rows: slice) -> Any:
    if isinstance(value, Mapping):
        return {name: part[rows] for name, part in value.items()}
    return None if value is None else value[rows]


class BesideReader:
    """Takes the roles of a frame apart, block by block.

    Args:
        columns: the declaration.
        where: what errors call the split.
    """

    def __init__(self, columns: Columns, where: str) -> None:
        self._columns = columns
        self._where = where
        self._groups = {one.name: Grouping(one, where) for one in columns.groups}
        self._controls = {
            one.name: Grouping(one, where, role="control") for one in columns.controls
        }

    def __call__(self, frame: pd.DataFrame) -> Beside:
        """The roles of a block, its index the row numbers that errors name.

        Raises:
            DataError: values that the declaration excludes.
        """
        columns, where = self._columns, self._where
        return Beside(
            groups=_levels(self._groups, frame),
            controls=_levels(self._controls, frame),
            proxies={
                one.name: probabilities_array(frame, one, where) for one in columns.proxy_groups
            },
            clusters=clusters_array(frame, columns.cluster, where),
            times=None
            if columns.time is None
            else times_array(frame[columns.time], f"Time column {columns.time!r} ({where})"),
            weights=weights_array(frame, columns.weight, where),
            previous=previous_array(frame, columns.previous, where),
            queries=queries_array(frame, columns.query, where),
        )


def _levels(groupings: Mapping[str, Grouping], frame: pd.DataFrame) -> dict[str, pd.Categorical]:
    return {name: read(frame[read.group.column]) for name, read in groupings.items()}
