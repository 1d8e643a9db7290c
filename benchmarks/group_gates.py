"""How often are comparisons of groups judged wrongly, or not decided? Through the judge itself.

    python benchmarks/group_gates.py [--repetitions 4000] > group_gates.md

Counts of every group are drawn, measured as the bias check measures them, and judged by a policy of
one requirement: impact ratio between .8 and 1.25 of a declared reference group, or at least .8 of
every group against every other ("the highest"). The policy's α is .05; the first look at a model,
which this is, may spend half of it, so each verdict is judged at .025 (`policy/judging.py`).

The coverage of Koopman's interval is computed, not simulated: the score of every pair of counts is
weighed with its probability. Everything else is simulated; its rates come with their 95 %
Clopper–Pearson interval, and a goal is met if that touches it.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np
from numpy.random import Generator
from scipy.stats import binom, norm

sys.path.insert(0, str(Path(__file__).parent.parent))

from auditkit.checks.estimation import NoEstimateError, Sample, measured
from auditkit.measurement import MeasurementKey, Slice
from auditkit.policy import judge
from auditkit.policy.judging import level_at
from auditkit.policy.verdict import Verdict
from auditkit.statistics.clustered import ClusteredRate
from auditkit.statistics.estimates import bounds, p_at_least, p_at_most, proportion_ratio
from auditkit.statistics.rates import Rate, ratio_estimate
from benchmarks.clustered_rates import BLOCKS, Sizes, World, alike, mixed, own_rates, unequal
from benchmarks.coverage import Goal
from benchmarks.coverage import Rate as Frequency
from tests.policy.cases import FOUR_FIFTHS, changed, policy, rates, ratio

Counts = Mapping[str, tuple[int, int]]
DECLARED = policy(FOUR_FIFTHS)
HIGHEST = policy(changed(FOUR_FIFTHS, reference="highest", between=None, at_least=0.8))

SIZES = (4000, 2000, 1000, 500, 200, 200, 100, 100, 50, 20)


@dataclass(frozen=True)
class Row:
    """One property.

    Attributes:
        property: what should happen, or not, and in which world.
        goal: the lowest and the highest rate aimed at.
        trial: one repetition: did it happen? None: it could not be told.
        share: of the repetitions asked for that are made, for dear ones.
        reported: whether there is no goal in truth.
    """

    property: str
    goal: Goal
    trial: Callable[[Generator], bool | None]
    share: float = 1.0
    reported: bool = False


# -- judged -----------------------------------------------------------------------------------


def drawn(generator: Generator, groups: Sequence[tuple[float, int]]) -> Counts:
    """Selected and all, by group; each is given as its true rate and its size."""
    return {
        f"g{place}": (int(generator.binomial(n, rate)), n) for place, (rate, n) in enumerate(groups)
    }


def against_reference(counts: Counts) -> Sequence[Verdict]:
    """The verdicts of all groups against the first."""
    (first, reference), *others = counts.items()
    measurements = [
        ratio(own, reference, Slice.of(group=name), Slice.of(group=first)) for name, own in others
    ]
    verdicts = judge(DECLARED, measurements, declared_references={"group": first}).verdicts
    assert len(verdicts) == len(others), "every group must be judged"
    return verdicts


def against_each_other(counts: Counts) -> Sequence[Verdict]:
    """The verdicts of all ordered pairs."""
    verdicts = judge(HIGHEST, rates("group", dict(counts))).verdicts
    assert len(verdicts) == len(counts) * (len(counts) - 1), "every pair must be judged"
    return verdicts


def any_fails(
    groups: Sequence[tuple[float, int]],
    judged: Callable[[Counts], Sequence[Verdict]],
    generator: Generator,
) -> bool:
    return any(verdict.status == "fail" for verdict in judged(drawn(generator, groups)))


def first_fails(groups: Sequence[tuple[float, int]], generator: Generator) -> bool:
    return against_reference(drawn(generator, groups))[0].status == "fail"


def all_pass(groups: Sequence[tuple[float, int]], generator: Generator) -> bool:
    verdicts = against_reference(drawn(generator, groups))
    return all(verdict.status == "pass" for verdict in verdicts)


def judged_rows() -> Iterator[Row]:
    for rate in (0.5, 0.2, 0.05):
        groups = [(rate, size) for size in SIZES]
        yield Row(
            f"ten equal groups (4,000 … 20 rows), p {rate}: any false `fail` against the largest",
            (0.0, 0.03),
            partial(any_fails, groups, against_reference),
        )
        yield Row(
            f"the same, p {rate}, all 90 ordered pairs",
            (0.0, 0.03),
            partial(any_fails, groups, against_each_other),
            share=0.1,
        )
    for rate, size in ((0.2, 500), (0.5, 2000), (0.05, 2000)):
        yield Row(
            f"nine groups of {size:,} at exactly .8 of p {rate}, 4,000 in the reference: "
            "any false `fail`",
            (0.0, 0.05),
            partial(any_fails, [(rate, 4000), *[(0.8 * rate, size)] * 9], against_reference),
        )
    for size, goal in ((2000, (0.95, 1.0)), (1000, (0.0, 1.0))):
        others = [(0.2 / 0.6, size)] * 8
        groups = [(0.2 / 0.6, 4000), (0.2, size), *others]
        yield Row(
            f"true ratio .6 (p .2 of {size:,}, 4,000 in the reference), nine groups under Holm, "
            "the others equal: that group `fail`s",
            goal,
            partial(first_fails, groups),
            reported=size == 1000,
        )
    yield Row(
        "ten groups truly equal, p .5, 1,000 each: all nine `pass`",
        (0.8, 1.0),
        partial(all_pass, [(0.5, 1000)] * 10),
    )


# -- clusters ---------------------------------------------------------------------------------


def cluster_covers(world: World, generator: Generator) -> bool | None:
    """Whether the 95 % interval that the bias check makes holds the ratio; None without one."""
    one, reference = (_as_measured(rate) for rate in world.drawn(generator))
    try:
        low, high = bounds(ratio_estimate(one, reference), 0.025)
    except NoEstimateError:
        return None
    return low <= world.rates[0] / world.rates[1] <= high


def _as_measured(rate: ClusteredRate) -> Rate:
    return Rate(rate.hits, rate.units, clustered=True, clusters=rate.clusters)


def cluster_rows() -> Iterator[Row]:
    shapes: tuple[Sizes, ...] = (alike, mixed, unequal)
    for clusters, layout, sizes, (one, reference) in product(
        (20, 200), ("apart", "equal", "varying"), shapes, ((0.5, 0.5), (0.16, 0.2))
    ):
        # Where a cluster has members of one group only, each group has as many clusters.
        world = World(
            sizes, clusters * 2 if layout == "apart" else clusters, (one, reference), layout
        )
        yield Row(
            f"95 % interval of the ratio covers: {clusters} {sizes.__name__} clusters"
            f"{' a group' if layout == 'apart' else f', groups in {layout} parts'}, "
            f"p {one} and {reference}, intra-cluster correlation .2",
            (0.93, 0.97),
            partial(cluster_covers, world),
        )


def any_clustered_fails(clusters: int, rate: float, times: float, generator: Generator) -> bool:
    """Ten groups with members in every cluster, nine of them selected `times` as often."""
    n = generator.poisson(3, (10, clusters)) + 1
    own = own_rates(generator, clusters, rate, 0.2) * np.array([1.0, *[times] * 9])[:, None]
    block = generator.integers(0, BLOCKS, clusters)
    reference, *others = (
        Rate(*(np.bincount(block, part, BLOCKS) for part in parts), True, clusters)
        for parts in zip(generator.binomial(n, own), n, strict=True)
    )
    first = Slice.of(group="g0")
    measurements = [
        measured(
            MeasurementKey("bias.impact_ratio", Slice.of(group=f"g{place}"), first),
            ratio_estimate(one, reference),
            Sample(int(one.n), clusters, share=0.1),
        )
        for place, one in enumerate(others, start=1)
    ]
    verdicts = judge(DECLARED, measurements, declared_references={"group": "g0"}).verdicts
    assert len(verdicts) == 9, "every group must be judged"
    return any(verdict.status == "fail" for verdict in verdicts)


def clustered_gate_rows() -> Iterator[Row]:
    for clusters, rate in product((20, 200), (0.5, 0.2)):
        yield Row(
            f"nine groups at exactly .8 of p {rate} within the same {clusters} clusters, "
            "intra-cluster correlation .2: any false `fail`",
            (0.0, 0.05),
            partial(any_clustered_fails, clusters, rate, 0.8),
            share=0.25,
        )


# -- coverage without clusters, computed --------------------------------------------------------


def scores(x1: np.ndarray, n1: int, x2: np.ndarray, n2: int, theta: float) -> np.ndarray:
    """Koopman's score of a ratio, written down as in the paper, for arrays of counts."""
    a = (n1 + n2) * theta
    b = -(n1 * theta + x1 + n2 + x2 * theta)
    p2 = (-b - np.sqrt(np.maximum(b * b - 4 * a * (x1 + x2), 0))) / (2 * a)
    p1 = theta * p2
    variance = np.maximum(p1 * (1 - p1) / n1 + theta**2 * p2 * (1 - p2) / n2, 1e-300)
    return (x1 / n1 - theta * x2 / n2) / np.sqrt(variance)


def coverage(p1: float, n1: int, p2: float, n2: int) -> float:
    """The exact probability that the 95 % interval holds the ratio."""
    ranges = []
    for n, p in ((n1, p1), (n2, p2)):
        x = np.arange(n + 1)
        weights = binom.pmf(x, n, p)
        kept = weights > 1e-12
        ranges.append((x[kept], weights[kept]))
    (x1, weights1), (x2, weights2) = ranges
    inside = np.abs(scores(x1[:, None], n1, x2[None], n2, p1 / p2)) <= norm.isf(0.025)
    return float(weights1 @ inside @ weights2)


def disagreements(repetitions: int) -> int:
    """In how many random tables the score above and the estimate's p-values tell otherwise."""
    generator, found = np.random.default_rng(0), 0
    for _ in range(repetitions):
        n1, theta = int(generator.choice([20, 50, 200, 1000])), float(generator.uniform(0.2, 3))
        x1, x2 = generator.binomial([n1, 2000], generator.uniform(0.02, 0.6, 2)).tolist()
        score = float(scores(np.array(x1), n1, np.array(x2), 2000, theta))
        estimate = proportion_ratio(x1, n1, x2, 2000)
        ours = p_at_least(estimate, theta), p_at_most(estimate, theta)
        found += not np.allclose(ours, (norm.cdf(score), norm.sf(score)), rtol=1e-6, atol=1e-12)
    return found


SHARES = (0.05, 0.1, 0.2, 0.35, 0.5)


def coverage_table() -> Iterator[str]:
    yield "| n of the group | true ratio | cells | lowest | highest | within 94–97.5 % | outside |"
    yield "|---|---|---|---|---|---|---|"
    for n, (what, pairs) in product((20, 50, 100, 200, 500, 1000), _pairs().items()):
        cells = {pair: coverage(pair[0], n, pair[1], 2000) for pair in pairs}
        outside = [
            f"{one:g} to {reference:g}: {value:.1%}"
            for (one, reference), value in cells.items()
            if not 0.94 <= value <= 0.975
        ]
        yield (
            f"| {n:,} | {what} | {len(cells)} | {min(cells.values()):.1%} "
            f"| {max(cells.values()):.1%} | {len(cells) - len(outside)} | {'; '.join(outside)} |"
        )


def _pairs() -> dict[str, list[tuple[float, float]]]:
    """Rates of the group and of its reference."""
    return {
        "1": [(p, p) for p in SHARES],
        ".8": [(0.8 * p, p) for p in SHARES],
        "others": [(one, other) for one in SHARES for other in SHARES if one != other],
    }


def rows() -> Iterator[Row]:
    """All that are simulated."""
    yield from judged_rows()
    yield from clustered_gate_rows()
    yield from cluster_rows()


# -- the command --------------------------------------------------------------------------------


def repeated(row: Row, repetitions: int) -> tuple[Frequency, int]:
    """How often it happened among those that could be told, and how many could not."""
    generator = np.random.default_rng(zlib.crc32(row.property.encode()))
    happened = [row.trial(generator) for _ in range(math.ceil(repetitions * row.share))]
    told = [one for one in happened if one is not None]
    return Frequency(sum(told), len(told)), len(happened) - len(told)


def line(row: Row, repetitions: int) -> tuple[str, bool]:
    """One line of the table, and whether the goal was met."""
    rate, untold = repeated(row, repetitions)
    if not rate.repetitions:
        return f"| {row.property} | 0 | | | | no interval is made, {untold} times |", True
    met = row.reported or rate.meets(row.goal)
    low, high = rate.interval
    goal = "reported" if row.reported else "–".join(f"{100 * end:g}" for end in row.goal) + " %"
    said = "" if row.reported else "yes" if met else "**no**"
    return (
        f"| {row.property} | {rate.repetitions:,} | {rate.value:.2%} | {low:.2%}–{high:.2%} "
        f"| {goal} | {said}{f'; no interval {untold} times' if untold else ''} |"
    ), met


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repetitions", type=int, default=4000)
    options = parser.parse_args()
    started = time.perf_counter()
    print("\n".join(coverage_table()), flush=True)
    print(f"\nOf 2,000 random tables the estimates disagree on {disagreements(2000)}.")
    alpha = level_at(DECLARED.alpha, 1)
    print(
        f"\nα of the policy {DECLARED.alpha}, of the first look, which is judged here, {alpha}.\n"
    )
    print("| property | repetitions | rate | 95 % | goal | met |\n|---|---|---|---|---|---|")
    for row in rows():
        print(line(row, options.repetitions)[0], flush=True)
    print(f"\n{time.perf_counter() - started:.0f} s.")


if __name__ == "__main__":
    main()
