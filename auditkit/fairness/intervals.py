"""Intervals of a metric by group, or of its comparison with a reference group."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from auditkit.errors import DataError
from auditkit.fairness import frames
from auditkit.fairness.metrics import METRICS, chosen_metrics
from auditkit.fairness.tables import Tables, feature_axes
from auditkit.measurement import Estimate
from auditkit.statistics import estimates
from auditkit.statistics.absence import NoEstimateError
from auditkit.statistics.auc import binned_auc
from auditkit.statistics.calibration import confidence_gap, squared_error
from auditkit.statistics.group_rates import GROUP_RATES, successes_and_trials
from auditkit.statistics.rates import Rate, difference_estimate, rate_estimate, ratio_estimate
from auditkit.statistics.tally import Tally

if TYPE_CHECKING:
    from auditkit.fairness.cube import CountCube

COMPARISONS = ("ratio", "difference")


def frame(
    cube: CountCube, metric: str, reference: Any, comparison: str, alpha: float
) -> pd.DataFrame:
    """See `CountCube.intervals`."""
    chosen_metrics(cube, metric)
    if metric == "count":
        raise DataError("A count has no interval.", mend="Ask for the interval of a rate.")
    if comparison not in COMPARISONS:
        raise DataError(
            f"There is no comparison {comparison!r}.",
            mend=f"Use {' or '.join(map(repr, COMPARISONS))}.",
        )
    if not 0 < alpha <= 0.5:
        raise DataError(
            f"alpha is {alpha}; expected the probability that one end is wrong, above 0 and at "
            "most 0.5.",
            mend="Pass for example alpha=0.05, the ends of a 90 % interval.",
        )
    if reference is not None and comparison == "ratio" and metric not in GROUP_RATES:
        raise DataError(
            f"There is no interval of a ratio of {metric!r}.", mend="Use comparison='difference'."
        )
    tables = cube.tables
    place = None if reference is None else _place(cube, reference)
    shape = tables.units.shape[:-3]
    rows = [
        _row(metric, tables, index, place, comparison, alpha)
        for index in itertools.product(*map(range, shape))
    ]
    return pd.DataFrame(rows, index=frames.index_of(cube, feature_axes(cube)))


def _place(cube: CountCube, reference: Any) -> tuple[int, ...]:
    """The positions of the reference group on the axes of the groups, in reading order."""
    wanted = reference if isinstance(reference, tuple) else (reference,)
    levels = [cube.axis_labels(f"group:{name}")[0] for name in cube.groups]
    if len(wanted) != len(levels) or any(w not in of for w, of in zip(wanted, levels, strict=True)):
        known = " × ".join(
            f"{name} ({', '.join(map(str, of))})"
            for name, of in zip(cube.groups, levels, strict=True)
        )
        raise DataError(
            f"There is no group {reference!r}; the groups are {known}.",
            mend="Name a level of the sensitive feature, or a tuple with one of each.",
        )
    return tuple(of.index(level) for level, of in zip(wanted, levels, strict=True))


def _row(
    metric: str,
    tables: Tables,
    index: tuple[int, ...],
    reference: tuple[int, ...] | None,
    comparison: str,
    alpha: float,
) -> dict[str, Any]:
    """One row of the frame: the numbers, or the reason why there are none."""
    group = tables.at(index)
    try:
        if reference is None:
            found = estimate_of(metric, group)
        else:
            controls = index[: len(index) - len(reference)]
            if index == (*controls, *reference):
                return _absent("This is the reference group.")
            found = comparison_of(metric, group, tables.at((*controls, *reference)), comparison)
    except (NoEstimateError, ValueError) as refused:
        return _absent(str(refused))
    low, high = estimates.bounds(found, alpha)
    return {
        "value": estimates.value(found),
        "low": low,
        "high": high,
        "method": found.method,
        "reason": "",
    }


def _absent(reason: str) -> dict[str, Any]:
    return {"value": np.nan, "low": np.nan, "high": np.nan, "method": "", "reason": reason}


def estimate_of(metric: str, group: Tables) -> Estimate:
    """The estimate of a metric of one group, from its tables without leading dimensions.

    Raises:
        ValueError: the metric is undefined for it; the message is a sentence.
    """
    if metric in GROUP_RATES:
        return rate_estimate(_rate(metric, group))
    assert group.positives is not None
    assert group.negatives is not None
    if metric == "auc":
        if group.weighted:
            raise ValueError("There is no interval of an AUC of weighted units.")
        return binned_auc(group.positives, group.negatives).estimate
    calibration: Callable[..., Estimate] = {
        "calibration_gap": confidence_gap,
        "squared_calibration_error": squared_error,
    }[metric]
    return calibration(group.negatives, group.positives, group.score_sums)


def comparison_of(metric: str, group: Tables, reference: Tables, comparison: str) -> Estimate:
    """The estimate of the ratio or the difference of a metric of two groups.

    Raises:
        ValueError: it is undefined; the message is a sentence.
    """
    if metric in GROUP_RATES:
        one, other = _rate(metric, group), _rate(metric, reference, "the reference")
        if comparison == "difference":
            return difference_estimate(one, other)
        if not other.hits:
            raise ValueError("The rate of the reference is 0: a ratio cannot divide by it.")
        return ratio_estimate(one, other)
    return estimates.independent_difference(
        estimate_of(metric, group), estimate_of(metric, reference)
    )


def _rate(metric: str, group: Tables, where: str = "this group") -> Rate:
    """The rate of a group, with what its units weigh."""
    of = partial(successes_and_trials, GROUP_RATES[metric])
    tally = Tally(group.units[None])
    if group.weighted:
        tally = Tally(group.units[None], group.weights[None], group.squares[None])
    rate = Rate.counted(tally, of, clustered=False, clusters=None)
    if not rate.trials.sum() > 0:
        raise ValueError(METRICS[metric].reason.replace("this group", where))
    return rate
