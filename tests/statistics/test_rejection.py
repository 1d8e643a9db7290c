"""The prediction rejection ratio against a slow twin, and intervals that cover."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import beta, norm

from auditkit.statistics import estimates
from auditkit.statistics.rejection import prediction_rejection, shortfall, shortfall_influence
from auditkit.statistics.selective import risk_coverage

REPETITIONS = 400


def drawn(rng: np.random.Generator, n: int, digits: int) -> tuple[np.ndarray, np.ndarray]:
    scores = rng.random(n).round(digits)
    return scores, rng.random(n) < 0.6 - 0.5 * scores


def area(scores: np.ndarray, wrong: np.ndarray) -> float:
    """The mean over units of the error among all that score at least as high."""
    return float(np.mean([wrong[scores >= one].mean() for one in scores]))


def literal(scores: np.ndarray, wrong: np.ndarray) -> float:
    """What an order gains over none, as a share of what the best one gains."""
    best = area(-np.argsort(np.argsort(wrong, kind="stable")), wrong)
    return float((wrong.mean() - area(scores, wrong)) / (wrong.mean() - best))


@pytest.mark.parametrize("digits", [1, 8])
def test_the_ratio_is_its_definition(digits: int) -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        scores, wrong = drawn(rng, 60, digits)
        found = estimates.value(prediction_rejection(risk_coverage(scores, wrong)))
        assert found == pytest.approx(literal(scores, wrong))


def test_the_best_order_none_and_the_worst() -> None:
    wrong = np.repeat([False, True], [95, 5])
    best = prediction_rejection(risk_coverage(-np.arange(100), wrong))
    assert estimates.value(best) == pytest.approx(1)
    assert estimates.bounds(best, 0.05)[0] < 0.9  # nothing lacks here: no proof that nothing does
    none = prediction_rejection(risk_coverage(np.zeros(100), wrong))
    assert estimates.value(none) == pytest.approx(0)
    assert estimates.value(prediction_rejection(risk_coverage(np.arange(100), wrong))) < -1


@pytest.mark.parametrize("digits", [1, 8])
def test_influences_are_what_deleting_units_shows(digits: int) -> None:
    scores, wrong = drawn(np.random.default_rng(1), 1500, digits)
    curve, keep = risk_coverage(scores, wrong), np.arange(1500)
    influence = shortfall_influence(curve)
    assert influence.sum() == pytest.approx(0, abs=1e-9)
    for unit in range(0, 1500, 150):
        without = risk_coverage(scores[keep != unit], wrong[keep != unit])
        expected = (shortfall(curve) - shortfall(without)) * 1499
        assert influence[unit] == pytest.approx(expected, rel=0.02, abs=0.02)


def test_errors_of_blocks_are_those_of_the_jackknife() -> None:
    rng = np.random.default_rng(2)
    scores, wrong = drawn(rng, 4000, 3)
    blocks = rng.integers(0, 64, 4000)
    values = np.array(
        [shortfall(risk_coverage(scores[blocks != one], wrong[blocks != one])) for one in range(64)]
    )
    expected = math.sqrt(63 / 64 * float(((values - values.mean()) ** 2).sum()))
    lacks = prediction_rejection(risk_coverage(scores, wrong), blocks).parameters["second"]
    found = lacks["parameters"]
    assert found["se_log"] * found["value"] == pytest.approx(expected, rel=0.03)
    assert 40 < found["df"] < 64


def error_at(u: np.ndarray, base: float, slope: float, exponent: float) -> np.ndarray:
    return base + slope * u**exponent


def truth(base: float, slope: float, exponent: float) -> float:
    """Of the error base + slope u^exponent at coverage u."""
    u = (np.arange(1_000_000) + 0.5) / 1_000_000
    found = float((base + slope * u**exponent / (exponent + 1)).mean())
    error = base + slope / (exponent + 1)
    return (error - found) / (-(1 - error) * math.log1p(-error))


def reaches(covered: int, least: float) -> bool:
    """Whether the 95 % Clopper-Pearson interval of the rate reaches the least coverage."""
    return bool(beta.ppf(0.975, covered + 1, REPETITIONS - covered) >= least)


# The first has few errors, some of them confident: its lower bound is known to be too high.
CASES = [((0.01, 0.2, 2.0), 0.87), ((0.0, 0.6, 3.0), 0.90), ((0.1, 0.8, 1.0), 0.90)]


@pytest.mark.parametrize(("case", "least"), CASES)
def test_intervals_cover(case: tuple[float, float, float], least: float) -> None:
    rng, expected, covered = np.random.default_rng(13), truth(*case), 0
    for _ in range(REPETITIONS):
        u = rng.random(600)
        curve = risk_coverage(-u, rng.random(600) < error_at(u, *case))
        low, high = estimates.bounds(prediction_rejection(curve), 0.05)
        covered += low <= expected <= high
    assert reaches(covered, least), covered


def test_intervals_of_clusters_cover() -> None:
    case, rng, covered, own = CASES[2][0], np.random.default_rng(4), 0, 0
    expected, people = truth(*case), np.repeat(np.arange(60), 10)
    for _ in range(REPETITIONS):
        blocks = rng.integers(0, 64, 60)[people]
        u, other = (
            norm.cdf(0.8 * rng.normal(size=60)[people] + 0.6 * rng.normal(size=600))
            for _ in range(2)
        )
        curve = risk_coverage(-u, other < error_at(u, *case))
        low, high = estimates.bounds(prediction_rejection(curve, blocks), 0.05)
        covered += low <= expected <= high
        low, high = estimates.bounds(prediction_rejection(curve), 0.05)
        own += low <= expected <= high
    assert reaches(covered, 0.87), covered
    assert not reaches(own, 0.8)  # taken as independent rows


@pytest.mark.parametrize("wrong", [[False] * 8, [True] * 8])
def test_without_errors_or_without_answers_there_is_no_order(wrong: list[bool]) -> None:
    with pytest.raises(ValueError, match="no order to judge"):
        prediction_rejection(risk_coverage(np.arange(8), wrong))


def test_one_block_has_no_interval() -> None:
    curve = risk_coverage(np.arange(8), np.arange(8) < 3)
    with pytest.raises(ValueError, match="two blocks with units, found 1"):
        prediction_rejection(curve, np.zeros(8, dtype=np.int64))
