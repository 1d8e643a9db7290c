"""Word error rates as ratios of sums: by hand, and how often their intervals cover the truth."""

from __future__ import annotations

import numpy as np
import pytest

from auditkit.checks.estimation import NoEstimateError
from auditkit.checks.speech.rates import error_rate, rate_difference, rate_ratio
from auditkit.checks.speech.rows import SpokenRows
from auditkit.measurement import Estimate
from auditkit.statistics.estimates import interval, value


def rows(errors: np.ndarray, words: np.ndarray, clusters: np.ndarray | None = None) -> SpokenRows:
    nothing = np.zeros(len(errors))
    return SpokenRows(errors, words, nothing, nothing > 0, clusters, {})


def drawn(
    rng: np.random.Generator, speakers: int, rate: float, spread: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Errors, words and speaker of utterances; speakers differ in how well they are understood."""
    own = rng.gamma(1 / spread, rate * spread, speakers)
    speaker = np.repeat(np.arange(speakers), rng.integers(2, 9, speakers))
    words = rng.integers(3, 25, len(speaker))
    return rng.poisson(words * own[speaker]), words, speaker


def test_by_hand() -> None:
    made = rows(np.array([1, 3, 0]), np.array([10, 5, 5]))
    assert value(error_rate(made)) == 0.2
    first = np.array([True, False, True])
    one_left_out = [3 / 10, 1 / 15, 4 / 15]
    spread = (2 / 3) * np.sum((np.array(one_left_out) - np.mean(one_left_out)) ** 2)
    # One unit more that errs as the worst, 3 words of 20/3; of 20 words in 3 utterances.
    size = 20**2 / (10**2 + 5**2 + 5**2)
    spread += (3 / (20 / 3) - 0.2) ** 2 / (size * (size - 1))
    assert error_rate(made).parameters["se"] == pytest.approx(np.sqrt(spread))
    with pytest.raises(ValueError, match="undefined without one block"):
        rate_difference(made, first, ~first)
    with pytest.raises(NoEstimateError, match="it is known what was said"):
        error_rate(rows(np.zeros(3, int), np.zeros(3, int)))


def test_clusters_are_left_out_whole() -> None:
    rng = np.random.default_rng(0)
    errors, words, speaker = drawn(rng, 60, 0.1, 0.5)
    alone = error_rate(rows(errors, words))
    together = error_rate(rows(errors, words, speaker.astype(np.uint64)))
    assert value(alone) == value(together) == errors.sum() / words.sum()
    assert together.parameters["se"] > 1.2 * alone.parameters["se"]


def covers(estimate: Estimate, truth: float) -> bool:
    found = interval(estimate)
    return found.low <= truth <= found.high


def test_intervals_cover_as_they_say() -> None:
    """300 populations of 40 speakers a side; 90 % is met within Monte-Carlo error of 300."""
    rng = np.random.default_rng(1)
    hits = np.zeros(3)
    for _ in range(300):
        parts = [drawn(rng, 40, rate, 0.5) for rate in (0.1, 0.2)]
        errors, words = (np.concatenate([part[i] for part in parts]) for i in (0, 1))
        speaker = np.concatenate([parts[0][2], parts[1][2] + 1000]).astype(np.uint64)
        made = rows(errors, words, speaker)
        second = np.arange(len(made)) >= len(parts[0][0])
        hits += [
            covers(error_rate(made.part(second)), 0.2),
            covers(rate_ratio(made, second, ~second), 2.0),
            covers(rate_difference(made, second, ~second), 0.1),
        ]
    assert (hits / 300 > 0.85).all(), hits / 300
    assert (hits / 300 < 0.97).all(), hits / 300


def test_rare_errors_are_bounded_too() -> None:
    """400 utterances of which about one errs: the jackknife alone misses the rate in a fifth."""
    rng = np.random.default_rng(2)
    missed = 0
    for _ in range(300):
        own = rng.gamma(1, 0.001, 80)
        speaker, words = np.arange(400) % 80, rng.integers(2, 12, 400)
        errors = rng.binomial(words, np.clip(own[speaker], 0, 1))
        found = interval(error_rate(rows(errors, words, speaker.astype(np.uint64))))
        missed += found.high < 0.001
    assert missed / 300 < 0.1, missed / 300


def test_no_error_is_no_proof_that_there_are_none() -> None:
    for n in (20, 80, 320):
        found = interval(error_rate(rows(np.zeros(n, int), np.full(n, 6))))
        # A few more than the rule of three allows, were every error a whole utterance.
        assert 0.9 < found.high * n / 3 < 1.3
