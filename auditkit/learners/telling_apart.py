"""Trees that learn to tell two kinds of units apart, each half of the units from the other half."""

from __future__ import annotations

import numpy as np

from auditkit.learners.by_task import threads_of_torch

MOST_FITTED = 4000
"""Units that each half's trees are fitted on at most; the first ones, which should be any."""

_ROUNDS, _LEAVES, _RATE = 40, 8, 0.1


def boosted_scores(features: np.ndarray, positive: np.ndarray, held_out: np.ndarray) -> np.ndarray:
    """What gradient boosting that was fitted on the other half says of each unit.

    Args:
        features: float64 of shape (n, d); NaN where a number is not known.
        positive: what is to be told, bool of shape (n,).
        held_out: the half that each unit is of, bool of shape (n,).

    Returns:
        Log odds, float64 of shape (n,); comparable within a half alone.

    Raises:
        ValueError: a half lacks one of the kinds.

    Source: Friedman 2001, on histograms, as scikit-learn has it.

    Example:
        >>> rng = np.random.default_rng(0)
        >>> features, held_out = rng.normal(size=(400, 2)), np.arange(400) % 2 == 0
        >>> positive = features[:, 0] + rng.normal(size=400) > 0
        >>> scores = boosted_scores(features, positive, held_out)
        >>> bool(scores[positive].mean() > scores[~positive].mean())
        True
    """
    # Heavy, and of no use to most audits.
    from sklearn.ensemble import HistGradientBoostingClassifier

    scores = np.zeros(len(positive))
    for here in (False, True):
        fitted = np.flatnonzero(held_out != here)
        if len(np.unique(positive[fitted])) < 2:
            raise ValueError("one half of the units lacks one of the two kinds")
        fitted = fitted[_first_of_each(positive[fitted])]
        trees = HistGradientBoostingClassifier(
            max_iter=_ROUNDS,
            max_leaf_nodes=_LEAVES,
            learning_rate=_RATE,
            early_stopping=False,
            random_state=0,
        )
        others = held_out == here
        with threads_of_torch():
            trees.fit(features[fitted], positive[fitted])
            if others.any():
                scores[others] = trees.decision_function(features[others])
    return scores


def _first_of_each(positive: np.ndarray) -> np.ndarray:
    """Positions of the first of both kinds, as many of each at most as half of what is fitted."""
    most = MOST_FITTED // 2
    return np.sort(np.concatenate([np.flatnonzero(positive == kind)[:most] for kind in (0, 1)]))


__all__ = ["MOST_FITTED", "boosted_scores"]
