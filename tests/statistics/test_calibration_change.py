"""What recalibration gains: against the two errors bin by bin, and its interval's coverage."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, softmax

from auditkit.measurement import Estimate
from auditkit.statistics.calibration import BINS
from auditkit.statistics.calibration_change import squared_error_gains
from auditkit.statistics.clustered_means import clustered_mean
from auditkit.statistics.estimates import bounds, mean


def sample(
    rng: np.random.Generator, n: int, bend: float = 3.0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Scores that are too sure, the true ones, and outcomes."""
    odds = rng.normal(0, 1.5, n)
    return expit(bend * odds), expit(odds), rng.random(n) < expit(odds)


def several(
    rng: np.random.Generator, n: int, bend: float = 3.0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Confidence in the first of ten classes: the two scores rank units differently."""
    logits = rng.normal(0, 1.5, (n, 10))
    right = logits.argmax(axis=1) == (logits + rng.gumbel(size=(n, 10))).argmax(axis=1)
    before, after = (softmax(by * logits, axis=1).max(axis=1) for by in (bend, 1.0))
    return before, after, right


def literal(score: np.ndarray, outcome: np.ndarray) -> float:
    """The debiased error over bins of equal mass."""
    total = 0.0
    for part in np.array_split(np.argsort(score), BINS):
        share, size = outcome[part].mean(), len(part)
        excess = share * (1 - share) / (size - 1)
        total += size / len(outcome) * ((share - score[part].mean()) ** 2 - excess)
    return total


@pytest.mark.parametrize("world", [sample, several])
@pytest.mark.parametrize("n", [30, 600, 4500])
def test_it_is_the_difference_of_the_debiased_errors(world, n: int) -> None:
    before, after, outcome = world(np.random.default_rng(n), n)
    gains = squared_error_gains(before, after, outcome)
    # 15 divides n, so that the bins are the same to the row.
    by_hand = literal(before, outcome) - literal(after, outcome)
    assert gains.mean() == pytest.approx(by_hand, abs=1e-12)


def test_no_change_gains_nothing_and_the_way_back_loses_it() -> None:
    before, after, outcome = sample(np.random.default_rng(0), 900)
    assert squared_error_gains(before, before, outcome) == pytest.approx(0, abs=1e-15)
    there = squared_error_gains(before, after, outcome).mean()
    back = squared_error_gains(after, before, outcome).mean()
    assert there == pytest.approx(-back, abs=1e-12)
    assert there > 0.015


def test_on_average_it_is_the_truth_however_few_units() -> None:
    rng = np.random.default_rng(1)
    found = [squared_error_gains(*sample(rng, 60)).mean() for _ in range(400)]
    before, after, _ = sample(rng, 400_000)
    # Both errors carry the noise of 60 units, ten times this difference; it cancels.
    assert np.mean(found) == pytest.approx(((before - after) ** 2).mean(), rel=0.12)


@pytest.mark.parametrize("world", [sample, several])
@pytest.mark.parametrize("n", [200, 2000])
@pytest.mark.parametrize("bend", [1.1, 3.0])
def test_the_interval_covers(world, n: int, bend: float) -> None:
    rng, missed = np.random.default_rng(3), np.zeros(2)
    truth = squared_error_gains(*world(np.random.default_rng(0), 200_000, bend)).mean()
    for _ in range(200):
        gains = squared_error_gains(*world(rng, n, bend))
        estimate = mean(gains.sum(), (gains**2).sum(), n)
        low, high = bounds(estimate, 0.05)
        missed += low > truth, high < truth
    assert (missed / 200 < 0.1).all(), missed / 200


def by_block(gains: np.ndarray, blocks: np.ndarray) -> Estimate:
    return clustered_mean(np.bincount(blocks), np.bincount(blocks, weights=gains))


def test_the_clustered_interval_covers() -> None:
    rng, missed = np.random.default_rng(4), np.zeros(2)

    def drawn(n: int, clusters: int, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
        cluster = rng.integers(0, clusters, n)
        odds = rng.normal(0, 1.2, clusters)[cluster] + rng.normal(0, 1.0, n)
        common = rng.normal(0, 1.0, clusters)[cluster]
        return expit(3 * odds), expit(0.8 * odds), rng.random(n) < expit(odds + common), cluster

    truth = squared_error_gains(*drawn(400_000, 400_000, np.random.default_rng(0))[:3]).mean()
    for _ in range(300):
        before, after, outcome, cluster = drawn(1500, 150, rng)
        estimate = by_block(squared_error_gains(before, after, outcome), cluster % 64)
        low, high = bounds(estimate, 0.05)
        missed += low > truth, high < truth
    assert (missed / 300 < 0.095).all(), missed / 300


def test_copies_of_units_in_one_block_tell_nothing_new() -> None:
    before, after, outcome = sample(np.random.default_rng(6), 960)
    blocks = np.arange(960) % 64
    gains = squared_error_gains(before, after, outcome)
    once = mean(gains.sum(), (gains**2).sum(), len(gains))
    parts = [np.repeat(part, 9) for part in (before, after, outcome, blocks)]
    often = by_block(squared_error_gains(*parts[:3]), parts[3])
    assert often.parameters["df"] == 63
    assert often.parameters["se"] == pytest.approx(once.parameters["se"], rel=0.3)


@pytest.mark.parametrize(
    ("before", "after", "outcome", "words"),
    [
        ([0.5] * 40, [0.5] * 39, [0] * 40, "one length"),
        ([0.5] * 20, [0.5] * 20, [0] * 20, "at least 30"),
        ([1.5] * 40, [0.5] * 40, [0] * 40, r"\[0, 1\]"),
        ([0.5] * 40, [np.nan] * 40, [0] * 40, r"\[0, 1\]"),
        ([0.5] * 40, [0.5] * 40, [2] * 40, r"\[0, 1\]"),
    ],
)
def test_what_cannot_be_compared_is_refused(before, after, outcome, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        squared_error_gains(before, after, outcome)
