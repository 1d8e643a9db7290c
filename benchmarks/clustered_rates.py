"""Do the intervals of clustered and weighted rates cover? By simulation.

    python benchmarks/clustered_rates.py --repetitions 4000 > clustered_rates.md

The world: clusters with rates of their own (beta, intra-cluster correlation .2 unless said), put
into 64 blocks by chance as a hash of their ids does. A group is an attribute of the cluster
("apart"), or each cluster has members of both, in equal or in varying parts. Goals and rates as in
`benchmarks/coverage.py`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np
from numpy.random import Generator

sys.path.insert(0, str(Path(__file__).parent.parent))

from auditkit.measurement import Estimate
from auditkit.statistics.calibration import clustered_squared_error
from auditkit.statistics.clustered import (
    ClusteredRate,
    clustered_difference,
    clustered_proportion,
    clustered_ratio,
)
from auditkit.statistics.estimates import bounds, proportion
from auditkit.statistics.jackknife import delete_one_block, effective_counts
from auditkit.statistics.weighting import Weights, weighted_counts
from benchmarks.coverage import (
    Experiment,
    Goal,
    Groups,
    bent,
    covering,
    main,
    softmax,
    state_of,
    truth_of,
)

BLOCKS = 64
RATES = ((0.5, 0.5), (0.16, 0.2), (0.05, 0.05))
GOAL: Goal = (0.93, 0.97)

Sizes = Callable[[Generator, int], np.ndarray]
Pair = tuple[ClusteredRate, ClusteredRate]


def alike(generator: Generator, clusters: int) -> np.ndarray:
    return generator.poisson(20, clusters) + 5


def mixed(generator: Generator, clusters: int) -> np.ndarray:
    return generator.integers(1, 40, clusters)


def unequal(_: Generator, clusters: int) -> np.ndarray:
    """One in eight holds 100 units, the others 10."""
    return np.where(np.arange(clusters) < clusters // 8, 100, 10)


def hashed(generator: Generator, *values: np.ndarray) -> list[np.ndarray]:
    """Sums by block of what clusters hold."""
    block = generator.integers(0, BLOCKS, values[0].size)
    return [np.bincount(block, one, BLOCKS) for one in values]


def own_rates(generator: Generator, clusters: int, rate: float, icc: float) -> np.ndarray:
    strength = 1 / icc - 1
    return generator.beta(rate * strength, (1 - rate) * strength, clusters)


@dataclass(frozen=True)
class World:
    """Two groups with these rates.

    Attributes:
        sizes: of the clusters.
        clusters: number of them; where they are apart, half are of each group.
        rates: of the group and of its reference.
        layout: `apart`, or members of both groups in `equal` or in `varying` parts.
        icc: intra-cluster correlation.
    """

    sizes: Sizes
    clusters: int
    rates: tuple[float, float]
    layout: str
    icc: float = 0.2

    def drawn(self, generator: Generator) -> Pair:
        return self._apart(generator) if self.layout == "apart" else self._together(generator)

    def _apart(self, generator: Generator) -> Pair:
        return tuple(  # type: ignore[return-value]
            one_rate(generator, self.sizes, self.clusters // 2, rate, self.icc)
            for rate in self.rates
        )

    def _together(self, generator: Generator) -> Pair:
        n = self.sizes(generator, self.clusters)
        part = 0.5 if self.layout == "equal" else generator.beta(2, 2, self.clusters)
        first = generator.binomial(n, part)
        one, reference = self.rates
        own = own_rates(generator, self.clusters, reference, self.icc)
        x1 = generator.binomial(first, own * one / reference)
        x2 = generator.binomial(n - first, own)
        x1, n1, x2, n2 = hashed(generator, x1, first, x2, n - first)
        return ClusteredRate(x1, n1, self.clusters), ClusteredRate(x2, n2, self.clusters)


def one_rate(
    generator: Generator, sizes: Sizes, clusters: int, rate: float, icc: float = 0.2
) -> ClusteredRate:
    n = sizes(generator, clusters)
    x = generator.binomial(n, own_rates(generator, clusters, rate, icc))
    return ClusteredRate(*hashed(generator, x, n), clusters)


def _compared(
    compare: Callable[[ClusteredRate, ClusteredRate], Estimate], world: World, generator: Generator
) -> Estimate:
    return compare(*world.drawn(generator))


def comparisons(
    name: str, compare: Callable[[ClusteredRate, ClusteredRate], Estimate]
) -> Iterator[Experiment]:
    for layout, sizes, clusters, (one, reference) in product(
        ("apart", "equal", "varying"), (alike, mixed, unequal), (20, 40, 200), RATES
    ):
        if layout != "apart" and clusters == 40:
            continue
        world = World(sizes, clusters, (one, reference), layout)
        truth = one / reference if compare is clustered_ratio else one - reference
        yield covering(
            f"{name}, groups {layout}",
            f"{clusters} {sizes.__name__} clusters, p {one} and {reference}",
            truth,
            partial(_compared, compare, world),
            goal=GOAL,
        )


def ratios() -> Iterator[Experiment]:
    yield from comparisons("Clustered ratio", clustered_ratio)


def differences() -> Iterator[Experiment]:
    yield from comparisons("Clustered difference", clustered_difference)


def proportions() -> Iterator[Experiment]:
    for sizes, clusters, rate in product((alike, mixed, unequal), (20, 40, 200), (0.5, 0.2, 0.05)):

        def draw(
            generator: Generator, s: Sizes = sizes, c: int = clusters, p: float = rate
        ) -> Estimate:
            return clustered_proportion(one_rate(generator, s, c, p))

        setting = f"{clusters} {sizes.__name__} clusters, p {rate}"
        yield covering("Clustered rate", setting, rate, draw, goal=GOAL)


def blocks() -> Iterator[Experiment]:
    """Blocks as they are, without a hash: counts for methods without degrees of freedom."""
    for count, spread in product((15, 64), (0.02, 0.3)):
        setting = f"{count} clusters, own rates Beta({0.3 / spread:.1f}, {0.7 / spread:.1f})"

        def drawn(generator: Generator, c: int = count, s: float = spread) -> list[np.ndarray]:
            n = generator.integers(1, 40, c)
            return [generator.binomial(n, generator.beta(0.3 / s, 0.7 / s, c)), n]

        def effective(generator: Generator, of=drawn) -> Estimate:
            return proportion(*effective_counts(*of(generator)))

        def jackknifed(generator: Generator, of=drawn) -> Estimate:
            state = np.stack(of(generator), axis=1)
            return delete_one_block(state, lambda total: float(total[0] / total[1]))

        yield covering("Effective counts", setting, 0.3, effective, level=0.90, goal=(0.87, 0.95))
        yield covering("Jackknife", setting, 0.3, jackknifed, level=0.90, goal=(0.86, 0.93))
    yield _squared_error()


def _squared_error() -> Experiment:
    def trial(generator: Generator) -> tuple[bool]:
        confidence = np.repeat(softmax(generator, 1600), 2)
        # One outcome for each pair of rows of equal confidence: half the information.
        right = np.repeat(generator.random(1600) < confidence[::2], 2)
        parts = zip(np.split(bent(confidence, 1.5), 64), np.split(right, 64), strict=True)
        states = [state_of(*part) for part in parts]
        estimate = clustered_squared_error(*map(np.stack, zip(*states, strict=True)))
        low, high = bounds(estimate, 0.05)
        return (low <= truth_of(softmax, 1.5)[0] <= high,)

    goals = {"90% interval covers": (0.85, 1.0)}
    return Experiment("Clustered squared error", "pairs, logits × 1.5, n 3200", goals, trial)


# -- weights ----------------------------------------------------------------------------------


def weights() -> Iterator[Experiment]:
    """Weighted units, their true rate .2; those with the outcome weigh so many times as much."""
    for times, n in product((0.25, 1.0, 4.0), (200, 1000)):

        def draw(generator: Generator, times: float = times, n: int = n) -> Estimate:
            # Units are drawn with a chance inverse to their weight.
            outcome = generator.random(n) < 0.2 / times / (0.2 / times + 0.8)
            w = generator.gamma(2, size=n) * np.where(outcome, times, 1.0)
            return proportion(*weighted_counts(_added(w[outcome]), _added(w[~outcome])))

        yield covering("Weighted rate", f"n {n}, hits weigh × {times}", 0.2, draw)


def weighted_clusters() -> Iterator[Experiment]:
    """Weights that clusters share: ratio of two groups within them."""
    for clusters in (20, 200):

        def draw(generator: Generator, clusters: int = clusters) -> Estimate:
            own = own_rates(generator, clusters, 0.4, 0.2)
            weight = generator.gamma(4, size=clusters)
            rates = []
            block = generator.integers(0, BLOCKS, clusters)
            for times in (0.8, 1.0):
                n = alike(generator, clusters)
                x = generator.binomial(n, times * own)
                parts = (weight * x, weight * n, weight**2 * x, weight**2 * n)
                hits, units, *squares = (np.bincount(block, part, BLOCKS) for part in parts)
                rates.append(
                    ClusteredRate(hits, units, clusters, hit_squares=squares[0], squares=squares[1])
                )
            return clustered_ratio(*rates)

        yield covering("Weighted and clustered ratio", f"{clusters} clusters", 0.8, draw, goal=GOAL)


def _added(some: np.ndarray) -> Weights:
    return Weights(float(some.sum()), float((some**2).sum()))


GROUPS: Groups = {
    "ratios": ratios,
    "differences": differences,
    "proportions": proportions,
    "blocks": blocks,
    "weights": weights,
    "weighted-clusters": weighted_clusters,
}

if __name__ == "__main__":
    sys.exit(main(GROUPS, __doc__))
