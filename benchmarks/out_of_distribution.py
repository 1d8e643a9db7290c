"""Do the intervals of AUROC and of the share let through at 95 % kept cover? By simulation.

    python benchmarks/out_of_distribution.py --repetitions 2000 > out_of_distribution.md

Worlds: scores of inside and outside units of normal and beta laws; inputs beside their corrupted
copies, whose scores go along with theirs; inside units that come in clusters of alike ones. Printed
is how often the 90 % interval held the truth, how often it lay above or below it, and its width.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.random import Generator
from scipy.stats import beta, norm

from auditkit.measurement import Estimate
from auditkit.statistics.detection import KEPT, Sides, false_acceptance, separation
from auditkit.statistics.estimates import bounds

ALPHA = 0.05


@dataclass(frozen=True)
class World:
    """A law of scores, and what is true of it."""

    name: str
    n: int
    m: int
    draw: Callable[[Generator], Sides]
    auroc: float
    accepted: float


def normal_world(shift: float, n: int, m: int) -> World:
    """Inside N(shift, 1), outside N(0, 1)."""

    def draw(generator: Generator) -> Sides:
        return Sides(generator.normal(size=n) + shift, generator.normal(size=m))

    accepted = float(norm.sf(norm.ppf(1 - KEPT) + shift))
    return World(f"normal, {shift:g} apart", n, m, draw, norm.cdf(shift / 2**0.5), accepted)


def beta_world(inside: tuple[float, float], outside: tuple[float, float], n: int, m: int) -> World:
    """Confidences, crowded near 1."""

    def draw(generator: Generator) -> Sides:
        return Sides(generator.beta(*inside, size=n), generator.beta(*outside, size=m))

    places = (np.arange(200_000) + 0.5) / 200_000
    auroc = float(beta.cdf(beta.ppf(places, *inside), *outside).mean())
    accepted = float(beta.sf(beta.ppf(1 - KEPT, *inside), *outside))
    return World(f"beta {inside} and {outside}", n, m, draw, auroc, accepted)


def paired_world(shift: float, correlation: float, n: int) -> World:
    """Inputs and their copies, `shift` lower, the scores of the two correlated."""

    def draw(generator: Generator) -> Sides:
        plain = generator.normal(size=n)
        own = np.sqrt(1 - correlation**2) * generator.normal(size=n)
        units = np.arange(n)
        return Sides(plain + shift, correlation * plain + own, (units, units))

    base = normal_world(shift, n, n)
    name = f"copies, {shift:g} apart, correlation {correlation:g}"
    return World(name, n, n, draw, base.auroc, base.accepted)


def clustered_world(shift: float, clusters: int, n: int, m: int) -> World:
    """Inside units in clusters, half of their variance between these."""

    def draw(generator: Generator) -> Sides:
        cluster = generator.integers(0, clusters, n)
        common = generator.normal(size=clusters) * 0.5**0.5
        inside = common[cluster] + generator.normal(size=n) * 0.5**0.5
        units = cluster, np.arange(m) + clusters
        return Sides(inside + shift, generator.normal(size=m), units)

    base = normal_world(shift, n, m)
    return World(f"{clusters} clusters, {shift:g} apart", n, m, draw, base.auroc, base.accepted)


def worlds() -> Iterator[World]:
    """Every setting."""
    for n, m in ((500, 500), (1000, 1000), (100, 1000), (1000, 200)):
        yield from (normal_world(shift, n, m) for shift in (0.0, 1.0, 2.0, 3.0, 4.0))
        yield beta_world((8, 1), (3, 1), n, m)
        yield beta_world((20, 0.5), (2, 1), n, m)
    for correlation in (0.3, 0.9):
        yield from (paired_world(shift, correlation, 500) for shift in (0.3, 1.0, 2.0))
    for clusters in (40, 200):
        yield from (clustered_world(shift, clusters, 1000, 1000) for shift in (1.0, 2.0, 3.0))


def coverage(
    world: World, statistic: Callable[[Sides], Estimate], truth: float, repetitions: int, seed: int
) -> tuple[float, float, float, float]:
    """Shares of intervals that hold the truth, lie above and lie below it; their mean width."""
    generator = np.random.default_rng(seed)
    ends = np.array([bounds(statistic(world.draw(generator)), ALPHA) for _ in range(repetitions)])
    above, below = float((ends[:, 0] > truth).mean()), float((ends[:, 1] < truth).mean())
    return 1 - above - below, above, below, float((ends[:, 1] - ends[:, 0]).mean())


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    print("| number | world | inside | outside | truth | holds it | above | below | width |")
    print("|---|---|---:|---:|---:|---:|---:|---:|---:|")
    for world in worlds():
        for name, statistic, truth in (
            ("AUROC", separation, world.auroc),
            ("let through", false_acceptance, world.accepted),
        ):
            measure = partial(coverage, world, statistic, truth)
            held, above, below, width = measure(chosen.repetitions, chosen.seed)
            print(
                f"| {name} | {world.name} | {world.n} | {world.m} | {truth:.4f} | {held:.1%} "
                f"| {above:.1%} | {below:.1%} | {width:.3f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
