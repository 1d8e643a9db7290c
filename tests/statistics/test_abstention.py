"""Thresholds against a slow twin of the procedure, and a promise that is kept in simulations."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import beta, binom, norm

from auditkit.statistics.abstention import (
    STARTS,
    STEP,
    Threshold,
    certified_threshold,
    fewest_answers,
    one_of_each,
    units_needed,
)
from auditkit.statistics.rounding import coarse_confidences

REPETITIONS = 300


def literal(
    scores: list[float], wrong: list[bool], error: float, chance: float
) -> tuple[float, int, int] | None:
    """The same procedure, candidate by candidate with SciPy's binomial."""
    n, fewest = len(scores), fewest_answers(error, chance)
    ordered = sorted(scores, reverse=True)
    first = min(2 * fewest, max(fewest, n // 2))
    above, rank = [], float(first)
    while rank < n:
        above.append(ordered[int(rank)])
        rank = max(rank + 1, rank * STEP)
    above = [*sorted({one for one in above if ordered[0] > one}, reverse=True), -math.inf]
    numbers = [sum(score > one for score in scores) for one in above]
    own = [0.0] * len(above)
    for share, part in STARTS:
        reached = [i for i, k in enumerate(numbers) if k >= max(first, share * n)]
        own[reached[0] if reached else -1] += part * chance
    level, found = 0.0, None
    for one, number, part in zip(above, numbers, own, strict=True):
        level += part
        errors = sum(bad for score, bad in zip(scores, wrong, strict=True) if score > one)
        if binom.cdf(errors, number, error) <= level:
            found = one, number, errors
        else:
            level = 0.0
    return found


@pytest.mark.parametrize("digits", [1, 2, 9])
def test_thresholds_are_those_of_the_slow_twin(digits: int) -> None:
    rng, found_some = np.random.default_rng(0), 0
    for n in (30, 80, 150, 400, 700):
        for error, chance in ((0.05, 0.1), (0.1, 0.1), (0.2, 0.02)):
            u = rng.random(n)
            scores, wrong = (1 - u).round(digits), rng.random(n) < 0.6 * u**4
            found = certified_threshold(scores, wrong, error, chance)
            expected = literal(scores.tolist(), wrong.tolist(), error, chance)
            if found is None:
                assert expected is None
                continue
            assert (found.above, found.answered, found.errors) == expected
            assert found.bound <= error
            found_some += 1
    assert found_some >= 8


def test_the_bound_is_that_of_clopper_and_pearson() -> None:
    scores = np.arange(200.0)
    found = certified_threshold(scores, scores < 100, error=0.1, violation=0.1)
    assert found is not None
    # All parts of the chance have come together, since every candidate before passed.
    expected = beta.ppf(0.9, found.errors + 1, found.answered - found.errors)
    assert found.bound == pytest.approx(expected)
    assert found.errors / found.answered < found.bound <= 0.1


def test_equal_scores_are_never_parted() -> None:
    rng = np.random.default_rng(1)
    scores, wrong = rng.integers(0, 6, 900) / 5, rng.random(900) < 0.02
    wrong |= (scores < 0.5) & (rng.random(900) < 0.5)
    found = certified_threshold(scores, wrong, 0.05, 0.1)
    assert found is not None
    assert found.answered == int((scores > found.above).sum())
    assert found.errors == int(wrong[scores > found.above].sum())
    order = rng.permutation(900)
    assert certified_threshold(scores[order], wrong[order], 0.05, 0.1) == found


def test_all_units_are_answered_where_errors_are_rare() -> None:
    wrong = np.arange(1000) % 100 == 0
    assert certified_threshold(np.zeros(1000), wrong, 0.05, 0.1) == Threshold(
        -math.inf, 1000, 10, pytest.approx(0.0153, abs=1e-4)
    )


def test_so_many_without_an_error_pass_and_one_fewer_does_not() -> None:
    for error, chance in ((0.05, 0.1), (0.01, 0.1), (0.2, 0.05)):
        fewest = fewest_answers(error, chance)
        assert (1 - error) ** fewest <= chance < (1 - error) ** (fewest - 1)
        right = np.zeros(fewest, dtype=bool)
        assert certified_threshold(right * 1.0, right, error, chance) is not None
        assert certified_threshold(right[1:] * 1.0, right[1:], error, chance) is None


def risk(u: float) -> float:
    """The error of the share u most confident, whose own error is .005 + .8 u⁴."""
    return 0.005 + 0.16 * u**4


def broken(samples: int, n: int, digits: int = 12, coarse: bool = False) -> tuple[int, int]:
    """How often a threshold errs more than 5 % in the population; how often enough is answered."""
    rng, bad, enough = np.random.default_rng(2), 0, 0
    best = 0.65 if digits == 1 else (0.045 / 0.16) ** 0.25  # that rounded scores can answer
    for _ in range(samples):
        u = rng.random(n)
        scores, wrong = (1 - u).round(digits), rng.random(n) < 0.005 + 0.8 * u**4
        scores = coarse_confidences(scores) if coarse else scores
        found = certified_threshold(scores, wrong, 0.05, 0.1)
        if found is not None:
            share = min(max(1 - found.above - 0.5 * 10.0**-digits, 0.0), 1.0)
            bad += risk(share) > 0.05
            enough += share >= 0.8 * best
    return bad, enough


def reaches(hits: int, goal: float) -> bool:
    """Whether the 95 % Clopper-Pearson interval of the rate reaches down to the goal."""
    return not hits or float(beta.ppf(0.025, hits, REPETITIONS - hits + 1)) <= goal


@pytest.mark.parametrize(
    ("n", "digits", "coarse"),
    [(300, 12, False), (1000, 12, False), (1000, 12, True), (1000, 2, False), (1000, 1, False)],
)
def test_the_promise_is_kept(n: int, digits: int, coarse: bool) -> None:
    bad, enough = broken(REPETITIONS, n, digits, coarse)
    assert reaches(bad, 0.1)
    if n == 1000:  # a known threshold would pass in 98 % of samples
        assert enough >= 0.9 * REPETITIONS


@pytest.mark.parametrize("n", [300, 2000])
def test_where_every_threshold_errs_too_often_few_are_found(n: int) -> None:
    rng, found = np.random.default_rng(8), 0
    for _ in range(REPETITIONS):
        threshold = certified_threshold(rng.random(n), rng.random(n) < 0.0501, 0.05, 0.1)
        found += threshold is not None
    assert reaches(found, 0.1)


def test_one_unit_of_each_cluster_keeps_it_and_all_of_them_do_not() -> None:
    rng, bad = np.random.default_rng(3), {"one": 0, "all": 0}
    clusters = np.repeat(np.arange(150), 10)
    for _ in range(REPETITIONS):
        u, other = (
            norm.cdf(0.95 * rng.normal(size=150)[clusters] + 0.3122 * rng.normal(size=1500))
            for _ in range(2)
        )
        wrong = other < 0.005 + 0.8 * u**4
        one = one_of_each(clusters, rng.random(1500))
        for name, chosen in (("one", one), ("all", slice(None))):
            found = certified_threshold(1 - u[chosen], wrong[chosen], 0.05, 0.1)
            bad[name] += found is not None and risk(min(1 - found.above, 1.0)) > 0.05
    assert reaches(bad["one"], 0.1)
    assert not reaches(bad["all"], 0.1), bad


def test_confident_errors_at_the_top_stop_only_one_start() -> None:
    rng = np.random.default_rng(4)
    u = rng.random(5000)
    wrong = rng.random(5000) < np.where(u < 0.02, 1 / 3, 0.002 + 0.9 * u**4)
    found = certified_threshold(1 - u, wrong, 0.05, 0.1)
    assert found is not None
    assert found.answered > 2500


def test_one_of_each_is_the_one_with_the_smallest_key() -> None:
    rng = np.random.default_rng(5)
    clusters, keys = rng.integers(0, 40, 300), rng.permutation(300)
    chosen = one_of_each(clusters, keys)
    assert sorted(clusters[chosen]) == sorted(np.unique(clusters))
    for place in chosen:
        assert keys[place] == keys[clusters == clusters[place]].min()


SAMPLES = {
    "confidence says something": lambda u: 0.02 + 0.6 * u**2,
    "errors grow from none": lambda u: 0.5 * u,
    "confidence says nothing": lambda u: np.full(u.shape, 0.03),
    "nearly too many errors": lambda u: np.full(u.shape, 0.04),
}


def drawn(name: str, n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    u = rng.random(n)
    return 1 - u, rng.random(n) < SAMPLES[name](u)


@pytest.mark.parametrize("name", list(SAMPLES))
@pytest.mark.parametrize("n", [500, 1000])
def test_about_as_many_units_as_are_said_give_a_threshold(name: str, n: int) -> None:
    rng = np.random.default_rng(6)

    def share_found(units: int) -> float:
        hits = [certified_threshold(*drawn(name, units, rng), 0.05, 0.1) for _ in range(60)]
        return sum(hit is not None for hit in hits) / 60

    samples = [drawn(name, n, rng) for _ in range(60)]
    without = [one for one in samples if certified_threshold(*one, 0.05, 0.1) is None]
    assert len(without) > 20
    said = [needed for one in without if (needed := units_needed(*one, 0.05, 0.1)) is not None]
    assert len(said) >= 0.4 * len(without)
    assert min(said) > n
    typical = int(np.median(said))
    assert share_found(3 * typical) > 0.5
    assert typical <= 3 * n or share_found(typical // 3) < 0.5


@pytest.mark.parametrize("n", [46, 90, 180, 326, 777])
def test_more_units_are_said_than_there_are(n: int) -> None:
    """Also of the smallest samples, where all starts are one, and of scores that are all equal."""
    rng, said = np.random.default_rng(9), 0
    for tied in (False, True):
        for _ in range(40):
            scores, wrong = drawn("confidence says nothing", n, rng)
            scores = np.ones(n) if tied else scores
            if certified_threshold(scores, wrong, 0.05, 0.1) is None:
                needed = units_needed(scores, wrong, 0.05, 0.1)
                said += needed is not None
                assert needed is None or needed > n
    assert said > 10


def test_units_grow_until_a_start_passes_as_in_the_slow_twin() -> None:
    """The same shares of errors among so many more units, tied where they were, give one."""
    rng = np.random.default_rng(10)
    for _ in range(10):
        scores, wrong = drawn("nearly too many errors", 400, rng)
        scores = scores.round(1)
        needed = units_needed(scores, wrong, 0.05, 0.1)
        if certified_threshold(scores, wrong, 0.05, 0.1) is None and needed is not None:
            times = math.ceil(needed / 400)
            more = certified_threshold(np.tile(scores, times), np.tile(wrong, times), 0.05, 0.1)
            assert more is not None


def test_a_threshold_of_coarse_confidences_is_one_of_them() -> None:
    rng = np.random.default_rng(11)
    fine = np.concatenate([rng.random(3000), 1 - 10 ** -rng.uniform(0, 8, 3000)])
    coarse, wrong = coarse_confidences(fine), rng.random(6000) < 0.3 * (fine < 0.6)
    found = certified_threshold(coarse, wrong, 0.05, 0.1)
    assert found is not None
    assert found.above in coarse
    assert (found.answered, found.errors) == (
        (fine > found.above).sum(),
        wrong[fine > found.above].sum(),
    )


def test_no_number_of_units_helps_where_confidence_says_nothing() -> None:
    rng = np.random.default_rng(7)
    assert units_needed(rng.random(2000), rng.random(2000) < 0.3, 0.05, 0.1) is None
    assert units_needed(np.ones(50), np.ones(50, dtype=bool), 0.05, 0.1) is None
    assert units_needed([], [], 0.05, 0.1) is None


def test_nothing_and_only_errors_give_no_threshold() -> None:
    assert certified_threshold([], [], 0.05, 0.1) is None
    assert certified_threshold([0.5], [False], 0.05, 0.1) is None
    assert certified_threshold(np.arange(500), np.ones(500), 0.05, 0.1) is None


@pytest.mark.parametrize(
    ("scores", "wrong", "error", "chance", "message"),
    [
        ([0.1, math.nan], [False, True], 0.05, 0.1, "1 scores are not numbers"),
        ([0.1], [False, True], 0.05, 0.1, "expected one outcome a score"),
        ([0.1], [False], 0.0, 0.1, "error must lie between 0 and 1"),
        ([0.1], [False], 0.05, 1.0, "violation must lie between 0 and 1"),
    ],
)
def test_what_makes_no_sense_is_refused(
    scores: list[float], wrong: list[bool], error: float, chance: float, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        certified_threshold(scores, wrong, error, chance)
