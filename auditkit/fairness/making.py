"""From arrays to a cube."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from auditkit.data.roles import WEIGHT_RANGE
from auditkit.errors import DataError
from auditkit.fairness.columns import TEXT, WHOLE, Coded, Column
from auditkit.fairness.counting import Flat, counted, refuse_too_many, summed
from auditkit.fairness.cube import CountCube
from auditkit.fairness.features import named_columns, on_device, row_of
from auditkit.fairness.tables import SCORE_AXIS
from auditkit.statistics.score_cells import CELLS
from auditkit.statistics.sparse_counts import AnyCounts
from auditkit.statistics.sparse_moments import AnyMoments

_BLOCK = 1 << 19


# Seven arguments: those of Fairlearn, so that a call can be copied.
def count_cube(
    y_true: Any,
    y_pred: Any,
    *,
    sensitive_features: Any,
    control_features: Any = None,
    sample_weight: Any = None,
    scores: Any = None,
    pos_label: Any = None,
) -> CountCube:
    """Count decisions by group, once; every metric is then read from the counts.

    Columns are NumPy arrays, lists, pandas objects or torch tensors, matched by position. If one is
    on a GPU, units are counted there.

    Args:
        y_true: true classes, shape (n,).
        y_pred: predicted classes, shape (n,).
        sensitive_features: a column, or several (DataFrame, dict, two-dimensional array), whose
            intersections are the groups. A missing value is the level `(missing)`.
        control_features: columns within whose levels groups are compared; as above.
        sample_weight: weights, shape (n,): 0, or between 1e-12 and 1e12.
        scores: probabilities of the favourable class, shape (n,), for the AUC and calibration.
        pos_label: the favourable class. Not needed for classes 0 and 1, −1 and 1, or booleans.

    Raises:
        DataError: no rows, other lengths, missing classes, continuous predictions, a continuous
            sensitive feature, weights or scores out of range; each with the mend.

    Example:
        >>> cube = count_cube(
        ...     [1, 0, 1, 1], [1, 0, 0, 1], sensitive_features=["a", "a", "b", "b"]
        ... )
        >>> cube.by_group("selection_rate").to_dict()
        {'a': 0.5, 'b': 0.5}
        >>> cube.intervals("selection_rate", reference="a").loc["b", "high"].round(2)
        np.float64(5.11)
    """
    truth = row_of(y_true, "y_true")
    if not len(truth):
        raise DataError("y_true has no rows.", mend="Pass at least one row.")
    columns = {
        **_features(sensitive_features, control_features),
        Column("y_true", "target", classes=True): truth,
        Column("y_pred", "prediction", classes=True): row_of(y_pred, "y_pred"),
    }
    beside = {
        title: row_of(values, title)
        for title, values in (("sample_weight", sample_weight), ("scores", scores))
        if values is not None
    }
    named = {column.title: values for column, values in columns.items()}
    _refuse_lengths({**named, **beside}, len(truth))
    device = on_device([*named.values(), *beside.values()])
    coded = [_coded(column, values, device) for column, values in columns.items()]
    _refuse_other_classes(*coded[-2:])
    cube = _cube(coded, len(truth), device, beside)
    return cube if pos_label is None else cube.declaring(pos_label)


def _features(sensitive: Any, control: Any) -> dict[Column, Any]:
    """The columns of the features, controls first."""
    columns = {
        **_axes("control", control, "control_feature_"),
        **_axes("group", sensitive, "sensitive_feature_"),
    }
    if not any(column.axis.startswith("group:") for column in columns):
        raise DataError(
            "sensitive_features names no column.", mend="Pass a column, or a table of them."
        )
    _refuse_shared(columns)
    return columns


def _axes(kind: str, features: Any, base: str) -> dict[Column, Any]:
    noun = {"group": "Sensitive feature", "control": "Control feature"}[kind]
    return {
        Column(f"{noun} {name!r}", f"{kind}:{name}", classes=False): values
        for name, values in named_columns(features, base).items()
    }


def _refuse_shared(columns: Mapping[Column, Any]) -> None:
    names = [column.axis.partition(":")[2] for column in columns]
    for name in names:
        if names.count(name) > 1:
            raise DataError(
                f"{name!r} is a sensitive and a control feature.", mend="Leave out one of them."
            )


def _refuse_lengths(columns: Mapping[str, Any], n: int) -> None:
    for title, values in columns.items():
        if len(values) != n:
            raise DataError(
                f"{title} has {len(values):,} rows, y_true has {n:,}.",
                mend="Pass one value for each row in every argument.",
            )


def _refuse_other_classes(truth: Coded, prediction: Coded) -> None:
    """Text is never equal to a number: every unit would be wrong."""
    if (truth.kind == TEXT) != (prediction.kind == TEXT):
        words = {one.name: "text" if one.kind == TEXT else "numbers" for one in (truth, prediction)}
        raise DataError(
            f"y_true holds {words['target']} and y_pred {words['prediction']}; expected the same "
            "classes in both.",
            mend="Turn one into the other's classes.",
        )


def _coded(column: Column, values: Any, device: Any) -> Coded:
    if device is None:
        return column.coded(values)
    from auditkit.fairness.device import coded_tensor

    return coded_tensor(column, values) if hasattr(values, "aminmax") else column.coded(values)


@dataclass(frozen=True)
class _Counting:
    """One pass over coded columns, in memory or on a device."""

    flat: Flat
    device: Any

    def counts(self) -> AnyCounts:
        if self.device is None:
            return counted(self.flat)
        from auditkit.fairness.device import counted_on

        return counted_on(self.flat, self.device)

    def sums(self, name: str, values: Any) -> AnyMoments:
        if self.device is None:
            return summed(self.flat, name, values)
        from auditkit.fairness.device import summed_on

        return summed_on(self.flat, name, values, self.device)


def _cube(columns: list[Coded], n: int, device: Any, beside: Mapping[str, Any]) -> CountCube:
    weights, scores = beside.get("sample_weight"), beside.get("scores")
    if scores is not None:
        columns = [*columns[:-2], _score_cells(scores), *columns[-2:]]
    refuse_too_many(columns)
    counting = _Counting(Flat(columns, n, closed=(SCORE_AXIS,)), device)
    return CountCube.settled(
        counts=counting.counts(),
        weights=None if weights is None else counting.sums("weight", _weights(weights)),
        scores=None if scores is None else counting.sums("score", scores),
        kinds={column.name: column.kind for column in columns if column.name != SCORE_AXIS},
    )


def _weights(values: Any) -> Any:
    low, high = _range(values, "sample_weight")
    if low < 0 or not np.isfinite(high):
        raise DataError(
            f"sample_weight runs from {low:g} to {high:g}; expected finite weights of at least 0.",
            mend="Mend the weights, or leave out the rows without one.",
        )
    smallest = float(values[values > 0].min()) if high > 0 else 0.0
    for weight in (smallest, high):
        if weight and not WEIGHT_RANGE[0] <= weight <= WEIGHT_RANGE[1]:
            raise DataError(
                f"sample_weight holds {weight:g}; expected 0, or weights between "
                f"{WEIGHT_RANGE[0]:g} and {WEIGHT_RANGE[1]:g}, whose squares add up.",
                mend="Divide all weights by one number, for example by their mean.",
            )
    return values


def _score_cells(scores: Any) -> Coded:
    """The cell of each probability; two bytes each, since the column may be large."""
    low, high = _range(scores, "scores")
    if low < 0 or high > 1:
        raise DataError(
            f"scores run from {low:g} to {high:g}; expected probabilities of the favourable class.",
            mend="Pass probabilities in [0, 1], for example after a sigmoid.",
        )
    labels = tuple(map(str, range(CELLS)))
    if hasattr(scores, "aminmax"):
        from auditkit.evidence.grids import score_cell

        return Coded(SCORE_AXIS, labels, WHOLE, score_cell(scores.double()))
    cells = np.empty(len(scores), dtype=np.int16)
    for start in range(0, len(scores), _BLOCK):
        rows = slice(start, start + _BLOCK)
        cells[rows] = np.minimum(np.asarray(scores[rows], dtype=np.float64) * CELLS, CELLS - 1)
    return Coded(SCORE_AXIS, labels, WHOLE, cells)


def _range(values: Any, title: str) -> tuple[float, float]:
    """The smallest and the largest value; a DataError if one is missing, or no number."""
    try:
        low, high = float(values.min()), float(values.max())
    except (TypeError, ValueError):
        raise DataError(
            f"{title} holds values that are no numbers.", mend="Pass numbers."
        ) from None
    if np.isnan(low) or np.isnan(high):
        raise DataError(
            f"{title} has missing values.",
            mend="Leave those rows out of every argument, or fill them in.",
        )
    return low, high
