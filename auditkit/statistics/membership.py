"""Scores of attacks that guess whether a model was trained on a unit; higher says that it was.

An attacker knows a unit, its true class and what the model answers. The plainest attack takes a
small loss for a sign of training. Better ones also know how hard the unit is for models that were
not trained on it: references, of which only those count that have not seen the unit (the offline
setting), so that no model has to be trained for each unit that is asked about.

Units that every reference was taught on have no score: NaN.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ids = NDArray[np.int64]
Mask = NDArray[np.bool_]


def margins(logits: Floats, target: Ids) -> Floats:
    """How far the logit of the true class lies above all others together.

    z_y − log Σ_{k≠y} exp z_k, the logit of the probability of the true class. Close to a normal law
    over models, which neither the probability nor the loss is, so that references are averaged on
    it. It orders units as the loss does.

    Args:
        logits: `[units, classes]`, at least two classes.
        target: `[units]`, codes of the true classes.

    Source: Carlini et al. 2022, Membership Inference Attacks From First Principles, section V.

    Example:
        >>> margins(np.array([[0.0, 2.0], [0.0, 2.0]]), np.array([1, 0])).tolist()
        [2.0, -2.0]
    """
    rows = np.arange(len(target))
    others = logits.astype(np.float64, copy=True)
    others[rows, target] = -np.inf
    rest: Floats = np.logaddexp.reduce(others, axis=1)
    return np.asarray(logits[rows, target] - rest)


def log_likelihoods(margin: Floats) -> Floats:
    """The logarithm of the probability of the true class (minus the loss), from its margin.

    Nothing is lost where a probability is 1 but for rounding, as after training by heart.

    Source: as a score of membership, Yeom et al. 2018.

    Example:
        >>> log_likelihoods(np.array([0.0, 40.0])).round(3).tolist()
        [-0.693, -0.0]
    """
    found: Floats = -np.logaddexp(0.0, -margin)
    return found


def difficulty_calibrated(own: Floats, references: Floats, unseen: Mask) -> Floats:
    """How much better the model does on a unit than references that have not seen it.

    Args:
        own: `[units]`, minus the loss of the model.
        references: `[references, units]`, minus the loss of each.
        unseen: `[references, units]`, whether the reference was not taught on the unit.

    Source: Watson et al. 2022, On the Importance of Difficulty Calibration in Membership Inference
    Attacks.

    Example:
        >>> own, others = np.array([-0.1, -0.1]), np.array([[-0.5, -3.0], [-0.7, -9.0]])
        >>> difficulty_calibrated(own, others, np.array([[True, True], [True, False]])).tolist()
        [0.5, 2.9]
    """
    return np.asarray(own - _mean(references, unseen))


FEWEST_OF_ONE = 16
"""Unseen references of a unit from which on its own spread is estimated, and not one for all."""


def lira_offline(own: Floats, references: Floats, unseen: Mask) -> Floats:
    """How far the model's margin lies above those of references that have not seen the unit.

    (φ − μ) / σ, of which the one-sided p-value of the Gaussian that is fitted to the references'
    margins is a function, so that it orders units in the same way. The mean is the unit's own; the
    standard deviation too where all units have at least 16 unseen references, else one is pooled
    over all units, as its source does where there are few models.

    Args:
        own: `[units]`, margins of the model.
        references: `[references, units]`, margins of each.
        unseen: as of `difficulty_calibrated`.

    Source: Carlini et al. 2022, sections V and VI (offline, with a global variance for few models).

    Example:
        >>> own, others = np.array([2.0, 1.0]), np.array([[0.0, 1.0], [2.0, 3.0]])
        >>> lira_offline(own, others, np.ones((2, 2), dtype=bool)).round(3).tolist()
        [0.707, -0.707]
    """
    mean, number = _mean(references, unseen), unseen.sum(axis=0)
    squares = np.where(unseen, (references - mean) ** 2, 0.0)
    if len(number) and number.min() >= FEWEST_OF_ONE:
        spread = np.sqrt(squares.sum(axis=0) / (number - 1))
    else:
        # Of k references of a unit k − 1 differences are free.
        spread = np.sqrt(np.nansum(squares) / max(int((number - 1).clip(0).sum()), 1))
    return np.asarray((own - mean) / np.where(spread > 0, spread, 1.0))


def rmia_offline(own: Floats, references: Floats, unseen: Mask) -> Floats:
    """How much likelier the true class is to the model than to models in general, as a logarithm.

    log p(y|x) − log ½ (p̄(y|x) + 1), p̄ the mean over references that have not seen the unit; the 1
    stands for those that have (the source's offline approximation with a = 0). The attack compares
    this ratio with those of points of the population, and scores a unit by the share of them that
    it exceeds by a factor: for any population and factor a rising function of the ratio. So the
    ratio orders units as the attack does, and has its area under the curve.

    Args:
        own: `[units]`, minus the loss of the model.
        references: `[references, units]`, minus the loss of each.
        unseen: as of `difficulty_calibrated`.

    Source: Zarifzadeh, Liu and Shokri 2024, Low-Cost High-Power Membership Inference Attacks.

    Example:
        >>> own, others = np.log([0.9, 0.9]), np.log([[0.8, 0.2]])
        >>> rmia_offline(own, others, np.ones((1, 2), dtype=bool)).round(3).tolist()
        [0.0, 0.405]
    """
    return np.asarray(own - np.log((_mean(np.exp(references), unseen) + 1) / 2))


def _mean(references: Floats, unseen: Mask) -> Floats:
    """Of the references that have not seen each unit; NaN where all have."""
    number = unseen.sum(axis=0)
    total = np.where(unseen, references, 0.0).sum(axis=0)
    nothing = np.full(len(number), np.nan)
    return np.asarray(np.divide(total, number, out=nothing, where=number > 0))
