"""The parts of the Brier score: literal twins, the sum of them, and their bias and intervals."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss

from auditkit.statistics.brier import (
    RELIABILITY,
    RESOLUTION,
    UNCERTAINTY,
    brier_parts,
    clustered_brier_parts,
)
from auditkit.statistics.calibration import clustered_squared_error, squared_error
from auditkit.statistics.estimates import bounds, value
from tests.statistics.calibrated import blocks_of, sample, state_of

LEVELS = np.array([0.05, 0.3, 0.55, 0.8, 0.95])


def of_levels(n: int, seed: int, bias: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Five scores, all equally likely, that come true `bias` less often than they say."""
    generator = np.random.default_rng(seed)
    scores = np.sort(generator.choice(LEVELS, n))
    return scores, generator.random(n) < np.clip(scores - bias, 0, 1)


def literal(scores: np.ndarray, right: np.ndarray) -> tuple[float, float, float]:
    """Ferro and Fricker's parts, score by score."""
    whole, units = right.mean(), len(right)
    plain, told, noise = 0.0, 0.0, 0.0
    for score in np.unique(scores):
        hits = right[scores == score]
        share, weight = hits.mean(), len(hits) / units
        plain += weight * (share - score) ** 2
        told += weight * (share - whole) ** 2
        noise += weight * share * (1 - share) / (len(hits) - 1)
    own = whole * (1 - whole)
    return plain - noise, told - noise + own / (units - 1), own * units / (units - 1)


def test_the_parts_are_the_literal_ones() -> None:
    scores, right = of_levels(400, 1, bias=0.1)
    parts = brier_parts(*state_of(scores, right), bins=5)
    ours = [value(parts[name]) for name in (RELIABILITY, RESOLUTION, UNCERTAINTY)]
    assert ours == pytest.approx(literal(scores, right), abs=1e-12)


def test_together_they_are_the_brier_score() -> None:
    scores, right = of_levels(300, 2, bias=0.05)
    parts = {
        name: value(part) for name, part in brier_parts(*state_of(scores, right), bins=5).items()
    }
    total = parts[RELIABILITY] - parts[RESOLUTION] + parts[UNCERTAINTY]
    assert total == pytest.approx(brier_score_loss(right.astype(int), scores), abs=1e-12)


def test_reliability_is_the_squared_error() -> None:
    scores, right = sample(900, bend=1.5)
    state = state_of(scores, right)
    assert brier_parts(*state, seed=3)[RELIABILITY] == squared_error(*state, seed=3)
    blocks = blocks_of(scores, right, np.arange(900) % 64)
    assert clustered_brier_parts(*blocks)[RELIABILITY] == clustered_squared_error(*blocks)


def test_they_are_not_biased_and_their_intervals_cover() -> None:
    chances = LEVELS - 0.04
    truth = {
        RELIABILITY: 0.04**2,
        RESOLUTION: float(chances.var()),
        UNCERTAINTY: float(chances.mean() * (1 - chances.mean())),
    }
    found = [
        brier_parts(*state_of(*of_levels(250, seed, bias=0.04)), bins=5, draws=100)
        for seed in range(300)
    ]
    for name, true in truth.items():
        values = np.array([value(parts[name]) for parts in found])
        assert values.mean() == pytest.approx(true, abs=3 * values.std() / np.sqrt(len(values)))
        covered = [
            low <= true <= high for low, high in (bounds(parts[name], 0.05) for parts in found)
        ]
        assert np.mean(covered) >= 0.85


def test_scores_that_tell_nothing_apart() -> None:
    right = np.random.default_rng(0).random(600) < 0.3
    parts = brier_parts(*state_of(np.full(600, 0.3), right))
    low, high = bounds(parts[RESOLUTION], 0.05)
    assert low <= 0 <= high
    assert value(parts[UNCERTAINTY]) == pytest.approx(right.var() * 600 / 599)


def test_all_right_is_no_proof_of_certainty() -> None:
    parts = brier_parts(*state_of(np.full(60, 0.9), np.ones(60, bool)))
    assert value(parts[UNCERTAINTY]) == 0
    assert bounds(parts[UNCERTAINTY], 0.05)[1] > 0


def test_clusters_widen_them() -> None:
    scores, right = sample(2000, seed=6, bend=1.5)
    copies = [np.repeat(part, 10) for part in (scores, right, np.arange(2000) % 64)]
    clustered = clustered_brier_parts(*blocks_of(*copies))
    once, naive = (brier_parts(*state_of(*part)) for part in ((scores, right), copies[:2]))
    for name in (RESOLUTION, UNCERTAINTY):
        se = clustered[name].parameters["se"]
        assert se == pytest.approx(once[name].parameters["se"], rel=0.4)
        assert naive[name].parameters["se"] < se / 2
        # Debiased by what the copies have in common, it is that of the rows themselves.
        assert value(clustered[name]) == pytest.approx(value(once[name]), abs=se)


def test_few_units_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 30 units, found 29"):
        brier_parts(*state_of(*sample(29)))
    one_block = blocks_of(*sample(100), np.zeros(100, int))
    with pytest.raises(ValueError, match="two blocks with units, found 1"):
        clustered_brier_parts(*one_block)
