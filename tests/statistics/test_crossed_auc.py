"""The area under the curve of cross-fitted scores: its value, and that its interval covers."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from auditkit.statistics.crossed_auc import crossed_auc
from auditkit.statistics.estimates import bounds, value
from auditkit.statistics.sides import Sides


def _crossed(features: np.ndarray, member: np.ndarray, half: np.ndarray) -> list[Sides]:
    """Each half scored along the line between the means of the other one."""
    found = []
    for here in (False, True):
        fitted = half != here
        mean = features[fitted & member].mean(axis=0) - features[fitted & ~member].mean(axis=0)
        scores = features @ mean
        found.append(Sides(scores[~fitted & member], scores[~fitted & ~member]))
    return found


def test_it_is_the_mean_of_both_areas() -> None:
    rng = np.random.default_rng(0)
    halves = [Sides(rng.normal(0.3, 1, 40), rng.normal(size=60)) for _ in range(2)]
    areas = [
        roc_auc_score([1] * 40 + [0] * 60, np.concatenate([one.inside, one.outside]))
        for one in halves
    ]
    assert value(crossed_auc(halves)) == pytest.approx(np.mean(areas))


def test_the_interval_covers_one_half_where_there_is_nothing_to_learn() -> None:
    """Both areas are one number there: twice as much data as one half, and no more knowledge."""
    missed, narrow = 0, 0
    for seed in range(400):
        rng = np.random.default_rng(seed)
        features, member = rng.normal(size=(400, 3)), np.arange(400) % 2 == 0
        halves = _crossed(features, member, rng.random(400) < 0.5)
        low, _ = bounds(crossed_auc(halves), 0.05)
        missed += low > 0.5
        areas = [value(crossed_auc([one])) for one in halves]
        error = crossed_auc(halves).parameters["se"] / np.sqrt(2)
        narrow += np.mean(areas) - 1.645 * error > 0.5
    assert missed <= 30, missed  # 5 % of 400 and three standard errors
    assert narrow > missed  # as if both halves were independent


def test_the_interval_covers_the_mean_of_both_models() -> None:
    from scipy.stats import norm

    missed = 0
    for seed in range(400):
        rng = np.random.default_rng(seed)
        member = np.arange(600) % 2 == 0
        features = rng.normal(size=(600, 3)) + 0.4 * member[:, None] * np.array([1, 1, 0])
        half = rng.random(600) < 0.5
        truths = []
        for here in (False, True):
            fitted = half != here
            line = features[fitted & member].mean(axis=0) - features[fitted & ~member].mean(axis=0)
            shift = 0.4 * (line[0] + line[1]) / np.linalg.norm(line)
            truths.append(norm.cdf(shift / np.sqrt(2)))
        low, high = bounds(crossed_auc(_crossed(features, member, half)), 0.05)
        missed += not low <= np.mean(truths) <= high
    assert missed <= 58, missed  # 10 % of 400 and three standard errors
