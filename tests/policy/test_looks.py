"""Looking again does not pay: simulated error of all looks together.

Smoke tests of 400 repetitions; met if the 95 % Clopper–Pearson interval of the rate touches the
goal. The Monte-Carlo error of a rate of .05 is about .011.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.stats import binomtest

from auditkit.measurement import Slice
from auditkit.policy import VerdictStatus, judge
from auditkit.policy.comparison import Position, compare, p_inside
from auditkit.policy.judging import level_at
from auditkit.statistics.multiplicity import holm
from tests.policy.cases import BOUND, FOUR_FIFTHS, policy, rates, ratio, share

REPETITIONS = 400
LOOKS = 10
ROWS = 400
ALPHA = 0.05


def touches(successes: int, goal: float) -> bool:
    """Whether the rate may be at most the goal."""
    interval = binomtest(successes, REPETITIONS).proportion_ci(0.95, method="exact")
    return bool(interval.low <= goal)


def passes(level: Callable[[int], float]) -> int:
    """How many of the repetitions, of a model exactly on the threshold, pass at any look."""
    generator = np.random.default_rng(20261122)
    count = 0
    for _ in range(REPETITIONS):
        right = generator.binomial(ROWS, 0.8, size=LOOKS)
        looks = (share(int(x), ROWS) for x in right)
        region = (0.8, float("inf"))
        count += any(
            compare(measured, region, level(k)).position is Position.INSIDE
            for k, measured in enumerate(looks, start=1)
        )
    return count


def test_ten_looks_with_fresh_rows_pass_falsely_in_at_most_five_per_cent() -> None:
    assert touches(passes(lambda k: level_at(ALPHA, k)), ALPHA)


def test_ten_uncorrected_looks_would_pass_falsely_far_more_often() -> None:
    """The test above can fail."""
    uncorrected = passes(lambda k: ALPHA)
    assert not touches(uncorrected, ALPHA)
    assert uncorrected / REPETITIONS > 0.25


def test_the_judge_gives_each_look_its_level() -> None:
    """The same for four looks through the judge; rows are added, so that looks are dependent."""
    generator = np.random.default_rng(7)
    asked = policy(BOUND)
    count = 0
    for _ in range(REPETITIONS):
        right = np.cumsum(generator.binomial(ROWS, 0.8, size=4))
        for k, x in enumerate(right, start=1):
            judged = judge(asked, [share(int(x), k * ROWS)], look=k)
            if judged.outcome is VerdictStatus.PASS:
                count += 1
                break
    assert touches(count, ALPHA)


def test_a_group_exactly_on_four_fifths_seldom_passes_or_fails() -> None:
    generator = np.random.default_rng(3)
    asked = policy(FOUR_FIFTHS)
    statuses = []
    part, reference = Slice.of(gender="Female"), Slice.of(gender="Male")
    groups = [
        m for m in rates("gender", {"Male": (1, 2), "Female": (1, 2)}) if m.key.reference is None
    ]
    for _ in range(REPETITIONS):
        female, male = generator.binomial(2000, 0.24), generator.binomial(2000, 0.3)
        measured = ratio((int(female), 2000), (int(male), 2000), part, reference)
        judged = judge(asked, [*groups, measured], declared_references={"gender": "Male"})
        statuses.append(judged.outcome)
    assert touches(statuses.count(VerdictStatus.PASS), ALPHA / 2)
    assert touches(statuses.count(VerdictStatus.FAIL), ALPHA / 2)
    assert statuses.count(VerdictStatus.INCONCLUSIVE) > 0.9 * REPETITIONS


def test_nine_groups_on_the_limit_seldom_fail_together() -> None:
    """Holm: any false failure among nine that lie exactly on the limit (`fairness`, 4.3)."""
    generator = np.random.default_rng(11)
    part, reference, n = Slice.of(group="g"), Slice.of(group="reference"), 400
    corrected = uncorrected = 0
    for _ in range(REPETITIONS):
        others = (int(generator.binomial(20 * n, 0.5)), 20 * n)
        measured = [
            ratio((int(x), n), others, part, reference) for x in generator.binomial(n, 0.4, size=9)
        ]
        p = [p_inside(one, (0.8, 1.25)) for one in measured]
        corrected += min(holm(p)) <= ALPHA / 2
        uncorrected += min(p) <= ALPHA / 2
    assert touches(corrected, ALPHA / 2)
    assert not touches(uncorrected, ALPHA / 2)
