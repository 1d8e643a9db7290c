"""A logistic regression whose word on a prompt never comes from a fit that saw its cluster."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from auditkit.generation.scores.score import Values

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController

Mask = NDArray[np.bool_]

FOLDS = 5
LEAST_CLUSTERS = 20
LEAST_OF_EACH = FOLDS
"""With one cluster of each kind in every fold, no fit lacks a kind."""
_STEPS = 1000


def too_few(positive: Mask, fit: Mask, clusters: NDArray[np.uint64], what: str) -> str:
    """Why nothing is fitted, a full sentence; "" where there is enough.

    Args:
        positive: what is to be told, shape (n,).
        fit: the rows to fit on, shape (n,).
        clusters: of each row, shape (n,).
        what: tells positive rows from the others, in words: "wrong answers".
    """
    units = len(np.unique(clusters[fit]))
    if units < LEAST_CLUSTERS:
        return (
            f"At least {LEAST_CLUSTERS} independent prompts are needed to fit it on; there "
            f"{'is' if units == 1 else 'are'} {units}."
        )
    # Told as whether there are enough: how many there are is about the rows of few.
    sides = (clusters[fit & positive], clusters[fit & ~positive])
    if min(len(np.unique(one)) for one in sides) < LEAST_OF_EACH:
        return (
            f"At least {LEAST_OF_EACH} independent prompts with {what} are needed to fit it on, "
            f"and as many without."
        )
    return ""


def cross_fitted(
    columns: Values, positive: Mask, fit: Mask, clusters: NDArray[np.uint64], penalty: float
) -> Values:
    """The log-odds of each row to be positive, by a line through standardised columns.

    Rows of the clusters that are fitted on are told by a fit without a fifth of these clusters,
    their own among them; the other rows by a fit on all. Which fifth a cluster is in depends on
    the clusters alone, not on the order of the rows.

    Args:
        columns: finite, shape (n, d).
        positive: what is to be told, shape (n,); outside of `fit` it is not looked at.
        fit: the rows to fit on, shape (n,); enough of them, see `too_few`.
        clusters: of each row, shape (n,).
        penalty: inverse weight of the L2 penalty, scikit-learn's C.

    Source: out-of-fold prediction, Stone, JRSS B 36 (1974) 111–147.
    """
    names, folds = _folds(positive, fit, clusters)
    places = np.searchsorted(names, clusters)
    places[places == len(names)] = 0
    of_row = np.where(names[places] == clusters, folds[places], -1)
    found = np.empty(len(columns))
    with _one_thread():
        for fold in (-1, *range(FOLDS)):
            asked = of_row == fold
            if asked.any():
                taught = fit & (of_row != fold)
                found[asked] = _log_odds(columns, positive, taught, asked, penalty)
    return found


def _folds(
    positive: Mask, fit: Mask, clusters: NDArray[np.uint64]
) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """The clusters to fit on, ascending, and the fold of each: positive ones dealt evenly."""
    names, places = np.unique(clusters[fit], return_inverse=True)
    shares = np.bincount(places, positive[fit]) / np.bincount(places)
    folds = np.empty(len(names), dtype=np.int64)
    folds[np.lexsort((names, shares))] = np.arange(len(names)) % FOLDS
    return names, folds


def _log_odds(columns: Values, positive: Mask, taught: Mask, asked: Mask, penalty: float) -> Values:
    """Of the rows asked about, by a fit on those taught."""
    # Heavy, and of no use to most audits.
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    known = columns[taught]
    mean, spread = known.mean(axis=0), known.std(axis=0)
    # A spread of rounding errors would blow noise up to the size of the other columns.
    varies = spread > 1e-9 * (np.abs(mean) + 1e-300)
    scale = np.where(varies, 1 / np.where(varies, spread, 1.0), 0.0)
    with warnings.catch_warnings():
        # The penalty sees to it that a fit that ends early is near the best one.
        warnings.simplefilter("ignore", ConvergenceWarning)
        fitted = LogisticRegression(C=penalty, max_iter=_STEPS).fit(
            (known - mean) * scale, positive[taught]
        )
    return np.asarray(fitted.decision_function((columns[asked] - mean) * scale), dtype=np.float64)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Within, sums are added up in one order, on machines of any number of cores."""
    with _libraries().limit(limits=1):
        yield


@cache
def _libraries() -> ThreadpoolController:
    """The libraries that have threads of their own; found once, since that takes milliseconds."""
    import sklearn.linear_model  # noqa: F401 - loads what is to be found
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


__all__ = ["FOLDS", "LEAST_CLUSTERS", "LEAST_OF_EACH", "cross_fitted", "too_few"]
