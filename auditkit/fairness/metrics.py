"""The metrics by name: a value for each group from the tables, and the reason where there is none.

Sources: the AUC in cells and its bound are those of `auditkit.statistics.auc`; the squared
calibration error is the one that gates read, of `auditkit.statistics.calibration`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from auditkit.errors import DataError
from auditkit.fairness.tables import SCORE_AXIS, Tables
from auditkit.statistics.calibration import FEWEST, debiased_squared_error
from auditkit.statistics.group_rates import (
    GROUP_RATES,
    asks_for_favourable,
    shares,
    successes_and_trials,
)

if TYPE_CHECKING:
    from auditkit.fairness.cube import CountCube

Metrics = str | Iterable[str] | None
"""One metric, several, or None for all that are defined."""

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Metric:
    """One metric.

    Attributes:
        values: from tables with leading dimensions (…) to values of that shape, NaN if undefined.
        reason: why it is undefined for a group that has units, in a sentence.
        favourable: whether it needs a favourable class.
        scores: whether it needs scores.
        unweighted: whether it is defined without weights only.
    """

    values: Callable[[Tables], Values]
    reason: str
    favourable: bool = True
    scores: bool = False
    unweighted: bool = False


def _rate(name: str) -> Metric:
    rate = GROUP_RATES[name]
    return Metric(
        values=lambda tables: shares(*successes_and_trials(rate, tables.weights)),
        reason=f"There are no units{rate.words} in this group.",
        favourable=asks_for_favourable(rate),
    )


def _count(tables: Tables) -> Values:
    units = tables.units.sum(axis=(-3, -2, -1)).astype(np.float64)
    return np.where(units > 0, units, np.nan)


def _auc(tables: Tables) -> Values:
    positives, negatives = _of_scores(tables)
    beaten = np.cumsum(negatives, axis=-1) - negatives / 2
    pairs = positives.sum(axis=-1) * negatives.sum(axis=-1)
    return shares(np.einsum("...c,...c->...", positives, beaten), pairs)


def auc_slack(tables: Tables) -> Values:
    """How far the cells may have moved each AUC from that of the scores themselves."""
    positives, negatives = _of_scores(tables)
    pairs = positives.sum(axis=-1) * negatives.sum(axis=-1)
    return shares(np.einsum("...c,...c->...", positives, negatives) / 2, pairs)


def _calibration_gap(tables: Tables) -> Values:
    positives, negatives = _of_scores(tables)
    n = positives.sum(axis=-1) + negatives.sum(axis=-1)
    return shares(_sums(tables).sum(axis=-1) - positives.sum(axis=-1), n)


def _squared_calibration_error(tables: Tables) -> Values:
    assert tables.positives is not None  # a metric of scores is refused without
    assert tables.negatives is not None
    states = (tables.negatives, tables.positives, _sums(tables))
    leading = tables.positives.shape[:-1]
    values = np.full(leading, np.nan)
    for index in np.ndindex(*leading):
        wrong, right, scores = (state[index] for state in states)
        if wrong.sum() + right.sum() >= FEWEST:
            values[index] = debiased_squared_error(wrong, right, scores)
    return values


def _of_scores(tables: Tables) -> tuple[Values, Values]:
    assert tables.positives is not None  # a metric of scores is refused without
    assert tables.negatives is not None
    return tables.positives.astype(np.float64), tables.negatives.astype(np.float64)


def _sums(tables: Tables) -> Values:
    assert tables.score_sums is not None
    return tables.score_sums


_ONE_SIDED = "All units of this group have outcomes of one kind: an AUC needs both."

METRICS: Mapping[str, Metric] = {
    "count": Metric(_count, "", favourable=False),
    **{name: _rate(name) for name in GROUP_RATES},
    "auc": Metric(_auc, _ONE_SIDED, scores=True),
    "calibration_gap": Metric(
        _calibration_gap, "There are no scores in this group.", scores=True, unweighted=True
    ),
    "squared_calibration_error": Metric(
        _squared_calibration_error,
        f"There are fewer than {FEWEST} units in this group, two for each bin.",
        scores=True,
        unweighted=True,
    ),
}
"""Name → metric. The rates are those of Fairlearn, by its names."""


def chosen_metrics(cube: CountCube, metrics: Metrics) -> tuple[str, ...]:
    """The names asked for; all that are defined for the cube if None.

    Raises:
        DataError: an unknown metric, or one that the cube has nothing for.
    """
    if metrics is None:
        return tuple(name for name, metric in METRICS.items() if not _lacking(cube, metric))
    names = (metrics,) if isinstance(metrics, str) else tuple(metrics)
    for name in names:
        if name not in METRICS:
            raise DataError(
                f"There is no metric {name!r}.",
                mend=f"Name some of {', '.join(METRICS)}; your own go to user_metric_frame.",
            )
        if lack := _lacking(cube, METRICS[name]):
            raise DataError(f"The metric {name!r} {lack[0]}.", mend=lack[1])
    return names


def _lacking(cube: CountCube, metric: Metric) -> tuple[str, str] | None:
    """What a metric needs and the cube lacks, and the mend."""
    if metric.favourable and cube.favourable_label is None:
        found = ", ".join(cube.classes[:5]) + (" …" if len(cube.classes) > 5 else "")
        return f"needs a favourable class; the classes are {found}", "Pass pos_label."
    if metric.scores and cube.scores is None:
        return _scoreless(cube), "Pass scores=, the probabilities of the favourable class."
    if metric.unweighted and cube.weights is not None:
        return "is not defined for weighted units", "Leave out sample_weight."
    return None


def _scoreless(cube: CountCube) -> str:
    """Which scores there are none of."""
    if SCORE_AXIS not in (axis.name for axis in cube.counts.axes):
        return "needs scores"
    if not cube.scored:
        return f"needs scores of {cube.favourable!r}; of which class those counted are, is not said"
    return f"needs scores of {cube.favourable!r}; those counted are of {cube.scored!r}"


def stacked(names: Iterable[str], tables: Tables) -> Values:
    """Values of several metrics, shape (…, metrics)."""
    return np.stack([METRICS[name].values(tables) for name in names], axis=-1)
