"""Rates of a group from its units by (selected, qualified, correct): one table for all who ask.

Every rate is the share of an event among the units of which a condition holds. So a rate is a row
of `GROUP_RATES`, and successes and trials are sums over the same table of counts (or of weights).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

OUTCOMES = ("selected", "qualified", "correct")
"""The last three axes of a table of outcomes; position 0 is no, 1 is yes."""

Condition = Mapping[str, bool]


@dataclass(frozen=True)
class GroupRate:
    """One rate.

    Attributes:
        title: what a reviewer reads.
        event: outcome → whether it holds, of the units that count as successes.
        among: outcome → whether it holds, of the units that are trials; empty for all units.
        words: of which units it is a share, in words that follow "units".
    """

    title: str
    event: Condition
    among: Condition
    words: str = ""


_FAVOURABLE = " whose true outcome is favourable"
_OTHER = " whose true outcome is not favourable"
_CHOSEN = " with the favourable prediction"

GROUP_RATES: Mapping[str, GroupRate] = {
    "selection_rate": GroupRate("Selection rate", {"selected": True}, {}),
    "true_positive_rate": GroupRate(
        "True positive rate", {"selected": True}, {"qualified": True}, _FAVOURABLE
    ),
    "false_positive_rate": GroupRate(
        "False positive rate", {"selected": True}, {"qualified": False}, _OTHER
    ),
    "true_negative_rate": GroupRate(
        "True negative rate", {"selected": False}, {"qualified": False}, _OTHER
    ),
    "false_negative_rate": GroupRate(
        "False negative rate", {"selected": False}, {"qualified": True}, _FAVOURABLE
    ),
    "positive_predictive_value": GroupRate(
        "Positive predictive value", {"qualified": True}, {"selected": True}, _CHOSEN
    ),
    "accuracy": GroupRate("Accuracy", {"correct": True}, {}),
    "base_rate": GroupRate("Base rate", {"qualified": True}, {}),
}


def asks_for_favourable(rate: GroupRate) -> bool:
    """Whether the rate needs to know which class is favourable."""
    return bool({"selected", "qualified"} & {*rate.event, *rate.among})


def outcome_table(table: NDArray[Any], favourable: int | None) -> NDArray[Any]:
    """Units by target and prediction as units by (selected, qualified, correct).

    Args:
        table: shape (…, classes, classes), target before prediction, of the same classes.
        favourable: position of the favourable class; None where there is none, and all units count
            as neither selected nor qualified.

    Returns:
        Shape (…, 2, 2, 2), of the same type.

    Example:
        >>> outcome_table(np.array([[5, 1], [2, 4]]), favourable=1)[1].tolist()
        [[1, 0], [0, 4]]
    """
    classes = table.shape[-1]
    rest = np.array([place for place in range(classes) if place != favourable], dtype=np.intp)
    # Never by subtraction: of weights that would leave a dust that passes for a trial.
    others = table[..., rest[:, None], rest[None, :]]
    result = np.zeros((*table.shape[:-2], 2, 2, 2), dtype=table.dtype)
    result[..., 0, 0, 1] = np.diagonal(others, axis1=-2, axis2=-1).sum(axis=-1)
    result[..., 0, 0, 0] = (others * (1 - np.eye(len(rest), dtype=table.dtype))).sum(axis=(-2, -1))
    if favourable is not None:
        result[..., 1, 1, 1] = table[..., favourable, favourable]
        result[..., 1, 0, 0] = table[..., rest, favourable].sum(axis=-1)
        result[..., 0, 1, 0] = table[..., favourable, rest].sum(axis=-1)
    return result


def successes_and_trials(rate: GroupRate, units: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Both, from a table of outcomes.

    Args:
        rate: a row of `GROUP_RATES`.
        units: counts or weights, shape (…, 2, 2, 2), by `OUTCOMES`.

    Returns:
        Two arrays of shape (…).

    Example:
        >>> units = outcome_table(np.array([[5, 1], [2, 4]]), favourable=1)
        >>> [int(part) for part in successes_and_trials(GROUP_RATES["true_positive_rate"], units)]
        [4, 6]
    """
    return _held(units, {**rate.among, **rate.event}), _held(units, rate.among)


def _held(units: NDArray[Any], condition: Condition) -> NDArray[Any]:
    """Units of which the condition holds, summed: shape (…)."""
    index = tuple(
        slice(int(condition[name]), int(condition[name]) + 1) if name in condition else slice(None)
        for name in OUTCOMES
    )
    result: NDArray[Any] = units[(..., *index)].sum(axis=(-3, -2, -1))
    return result


def shares(successes: NDArray[Any], trials: NDArray[Any]) -> NDArray[np.float64]:
    """Successes over trials; NaN where there are no trials."""
    empty = np.full(np.shape(trials), np.nan)
    result: NDArray[np.float64] = np.divide(successes, trials, out=empty, where=trials > 0)
    return result
