"""Risk and coverage against slow twins of their definitions, and intervals that cover."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import beta, norm
from sklearn.metrics import auc

from auditkit.statistics import estimates
from auditkit.statistics.selective import aurc, excess_aurc, risk_at, risk_coverage

REPETITIONS = 400


def literal_aurc(scores: np.ndarray, wrong: np.ndarray) -> float:
    """The mean over units of the error among all that score at least as high."""
    return float(np.mean([wrong[scores >= one].mean() for one in scores]))


def drawn(rng: np.random.Generator, n: int = 60, digits: int = 1) -> tuple[np.ndarray, np.ndarray]:
    scores = rng.random(n).round(digits)
    return scores, rng.random(n) < 0.6 - 0.5 * scores


@pytest.mark.parametrize("digits", [1, 8])
def test_the_area_is_its_definition(digits: int) -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        scores, wrong = drawn(rng, digits=digits)
        curve = risk_coverage(scores, wrong)
        assert curve.aurc == pytest.approx(literal_aurc(scores, wrong))
        assert estimates.value(aurc(curve)) == pytest.approx(curve.aurc)
        # The best order of the same units: right ones first, none tied.
        best = literal_aurc(-np.argsort(np.argsort(wrong, kind="stable")), wrong)
        assert curve.best == pytest.approx(best)
        assert curve.excess == pytest.approx(curve.aurc - best)


def test_without_ties_the_weights_are_harmonic() -> None:
    """The population form of Zhou et al. 2024: a unit of rank j weighs H(n) − H(j − 1)."""
    rng = np.random.default_rng(1)
    scores, wrong = drawn(rng, digits=12)
    ranks = np.argsort(np.argsort(-scores)) + 1
    harmonic = np.array([sum(1 / k for k in range(j, 61)) for j in ranks])
    assert risk_coverage(scores, wrong).aurc == pytest.approx(float((harmonic * wrong).mean()))


def test_the_area_is_that_of_trapezia_but_for_both_ends() -> None:
    """As torch-uncertainty has it: trapezia from 1/n to 1, stretched to the whole of [0, 1]."""
    scores, wrong = drawn(np.random.default_rng(11), digits=12)
    risks = np.cumsum(wrong[np.argsort(-scores)]) / np.arange(1, 61)
    peer = auc(np.arange(1, 61) / 60, risks) / (1 - 1 / 60)
    ours = risk_coverage(scores, wrong).aurc
    assert peer == pytest.approx((60 * ours - (risks[0] + risks[-1]) / 2) / 59)


def test_the_curve_keeps_equal_scores_together() -> None:
    curve = risk_coverage([0.9, 0.8, 0.8, 0.6], [False, False, True, True])
    assert curve.coverage.tolist() == [0.25, 0.75, 1.0]
    assert curve.risk.tolist() == pytest.approx([0, 1 / 3, 1 / 2])
    assert curve.error == 0.5


def test_order_of_rows_and_scale_of_scores_say_nothing() -> None:
    rng = np.random.default_rng(2)
    scores, wrong = drawn(rng)
    order = rng.permutation(60)
    first, second = risk_coverage(scores, wrong), risk_coverage(np.exp(9 * scores), wrong)
    assert risk_coverage(scores[order], wrong[order]).aurc == pytest.approx(first.aurc)
    assert second.aurc == pytest.approx(first.aurc)
    assert np.allclose(second.influence, first.influence)


def test_the_best_and_the_worst_order() -> None:
    wrong = np.repeat([False, True], [95, 5])
    best = risk_coverage(-np.arange(100), wrong)
    assert best.excess == pytest.approx(0, abs=1e-12)
    assert risk_coverage(np.arange(100), wrong).aurc > 3 * wrong.mean()
    assert risk_coverage(np.zeros(100), wrong).aurc == pytest.approx(0.05)
    low, high = estimates.bounds(excess_aurc(risk_coverage(-np.arange(100), wrong)), 0.05)
    assert low <= 0 < high  # no excess seen is no proof that there is none


@pytest.mark.parametrize("digits", [1, 8])
def test_influences_are_what_deleting_units_shows(digits: int) -> None:
    scores, wrong = drawn(np.random.default_rng(3), n=1500, digits=digits)
    curve, keep = risk_coverage(scores, wrong), np.arange(1500)
    assert curve.influence.sum() == pytest.approx(0, abs=1e-9)
    assert curve.excess_influence.sum() == pytest.approx(0, abs=1e-9)
    for unit in range(0, 1500, 150):
        without = risk_coverage(scores[keep != unit], wrong[keep != unit])
        expected = (curve.aurc - without.aurc) * 1499
        assert curve.influence[unit] == pytest.approx(expected, rel=0.02, abs=0.02)
        expected = (curve.excess - without.excess) * 1499
        assert curve.excess_influence[unit] == pytest.approx(expected, rel=0.02, abs=0.02)


def jackknifed(scores: np.ndarray, wrong: np.ndarray, blocks: np.ndarray, of: str) -> float:
    """The delete-one-block standard error, literally."""
    values = np.array(
        [
            getattr(risk_coverage(scores[blocks != one], wrong[blocks != one]), of)
            for one in np.unique(blocks)
        ]
    )
    count = len(values)
    return math.sqrt((count - 1) / count * float(((values - values.mean()) ** 2).sum()))


def test_errors_of_blocks_are_those_of_the_jackknife() -> None:
    rng = np.random.default_rng(4)
    scores, wrong = drawn(rng, n=4000, digits=3)
    blocks = rng.integers(0, 64, 4000)
    curve = risk_coverage(scores, wrong)
    for estimate, name in ((aurc, "aurc"), (excess_aurc, "excess")):
        found = estimate(curve, blocks).parameters
        expected = jackknifed(scores, wrong, blocks, name) / found["value"]
        assert found["se_log"] == pytest.approx(expected, rel=0.03)
        assert 40 < found["df"] < 64


def population(base: float, slope: float, exponent: float) -> tuple[float, float]:
    """The true area, and the true excess, of the error base + slope u^exponent at coverage u."""
    u = (np.arange(1_000_000) + 0.5) / 1_000_000
    risk = base + slope * u**exponent / (exponent + 1)
    error = base + slope / (exponent + 1)
    return float(risk.mean()), float(risk.mean()) - error - (1 - error) * math.log1p(-error)


def rank_error(u: np.ndarray, base: float, slope: float, exponent: float) -> np.ndarray:
    return base + slope * u**exponent


def covers_enough(covered: int, least: float = 0.90) -> bool:
    """Whether the 95 % Clopper-Pearson interval of the rate reaches the least coverage."""
    if covered == REPETITIONS:
        return True
    return float(beta.ppf(0.975, covered + 1, REPETITIONS - covered)) >= least


CASES = [(0.01, 0.2, 2.0), (0.0, 0.6, 3.0), (0.05, 0.0, 1.0)]


@pytest.mark.parametrize("case", CASES)
def test_intervals_cover(case: tuple[float, float, float]) -> None:
    rng, truths, covered = np.random.default_rng(5), population(*case), [0, 0]
    for _ in range(REPETITIONS):
        u = rng.random(600)
        curve = risk_coverage(-u, rng.random(600) < rank_error(u, *case))
        for place, estimate in enumerate((aurc, excess_aurc)):
            low, high = estimates.bounds(estimate(curve), 0.05)
            covered[place] += low <= truths[place] <= high
    assert all(covers_enough(one) for one in covered), covered


def test_intervals_of_clusters_cover() -> None:
    case, rng, covered = CASES[0], np.random.default_rng(6), [0, 0]
    truths, own = population(*case), 0
    people = np.repeat(np.arange(60), 10)
    for _ in range(REPETITIONS):
        blocks = rng.integers(0, 64, 60)[people]
        u, other = (
            norm.cdf(0.8 * rng.normal(size=60)[people] + 0.6 * rng.normal(size=600))
            for _ in range(2)
        )
        curve = risk_coverage(-u, other < rank_error(u, *case))
        for place, estimate in enumerate((aurc, excess_aurc)):
            low, high = estimates.bounds(estimate(curve, blocks), 0.05)
            covered[place] += low <= truths[place] <= high
        low, high = estimates.bounds(aurc(curve), 0.05)
        own += low <= truths[0] <= high
    assert all(covers_enough(one, 0.87) for one in covered), covered
    assert not covers_enough(own, 0.8)  # taken as independent rows


def test_the_area_of_few_units_is_nearly_unbiased() -> None:
    case, rng = CASES[1], np.random.default_rng(7)
    values = []
    for _ in range(REPETITIONS):
        u = rng.random(200)
        values.append(risk_coverage(-u, rng.random(200) < rank_error(u, *case)).aurc)
    assert np.mean(values) == pytest.approx(population(*case)[0], rel=0.04)


def test_the_band_is_the_interval_of_each_share() -> None:
    scores, wrong = drawn(np.random.default_rng(8), n=300)
    curve = risk_coverage(scores, wrong)
    for level, found in zip((0, 4, 10), risk_at(curve, (0, 4, 10)), strict=True):
        inside = scores >= curve.scores[level]
        expected = estimates.proportion(wrong[inside].sum(), inside.sum())
        assert estimates.bounds(found, 0.05) == estimates.bounds(expected, 0.05)
    people = np.arange(300) // 3
    (whole,) = risk_at(curve, [10], people % 64, people)
    low, high = estimates.bounds(whole, 0.05)
    assert low < curve.error < high


@pytest.mark.parametrize(
    ("scores", "wrong", "message"),
    [
        ([], [], "expected one outcome a score"),
        ([1.0, 2.0], [True], "expected one outcome a score"),
        ([[1.0]], [[True]], "expected one outcome a score"),
        ([1.0, math.nan], [True, False], "1 scores are not numbers"),
    ],
)
def test_what_is_no_curve_is_refused(scores: list[float], wrong: list[bool], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        risk_coverage(scores, wrong)


@pytest.mark.parametrize("wrong", [[False] * 8, [True] * 8])
def test_without_errors_or_without_answers_there_is_no_order(wrong: list[bool]) -> None:
    curve = risk_coverage(np.arange(8), wrong)
    for estimate in (aurc, excess_aurc):
        with pytest.raises(ValueError, match="no order to judge"):
            estimate(curve)


def test_one_block_has_no_interval() -> None:
    curve = risk_coverage(np.arange(8), np.arange(8) < 3)
    with pytest.raises(ValueError, match="two blocks with units, found 1"):
        aurc(curve, np.zeros(8, dtype=np.int64))


def test_infinite_scores_are_scores() -> None:
    curve = risk_coverage([math.inf, 1.0, -math.inf], [False, True, True])
    assert curve.risk.tolist() == pytest.approx([0, 1 / 2, 2 / 3])
