"""Do the intervals of AUROC and of the share let through at 95 % kept cover? By simulation.

    python benchmarks/out_of_distribution.py --repetitions 2000 > out_of_distribution.md

Worlds: scores of inside and outside units of normal and beta laws, few or many; scores of few
levels; inputs beside their corrupted copies, whose scores go along with theirs; inside units that
come in few or many clusters of alike ones. Printed is how often the 90 % interval held the truth,
how often it lay above or below it, its width, and how often there was none.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.random import Generator
from scipy.stats import beta, norm

from auditkit.measurement import Estimate
from auditkit.statistics.absence import NoEstimateError
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


def clustered_world(shift: float, clusters: int, n: int, m: int, between: float = 0.5) -> World:
    """Inside units in clusters, some share of their variance between these."""

    def draw(generator: Generator) -> Sides:
        cluster = np.arange(n) % clusters
        common = generator.normal(size=clusters) * between**0.5
        inside = common[cluster] + generator.normal(size=n) * (1 - between) ** 0.5
        units = cluster, np.arange(m) + clusters
        return Sides(inside + shift, generator.normal(size=m), units)

    base = normal_world(shift, n, m)
    name = f"{clusters} clusters, {between:.0%} between them, {shift:g} apart"
    return World(name, n, m, draw, base.auroc, base.accepted)


def tied_world(shift: float, levels: int, n: int, m: int) -> World:
    """Inside N(shift, 1), outside N(0, 1), both cut into levels that hold as many inside units."""
    cuts = norm.ppf((np.arange(levels) + 0.4) / levels) + shift

    def draw(generator: Generator) -> Sides:
        whole = generator.normal(size=n) + shift, generator.normal(size=m)
        return Sides(*(np.searchsorted(cuts, part).astype(np.float64) for part in whole))

    ends = np.concatenate([[-np.inf], cuts, [np.inf]])
    inside, outside = np.diff(norm.cdf(ends - shift)), np.diff(norm.cdf(ends))
    auroc = float(inside @ (np.cumsum(outside) - outside / 2))
    place = np.searchsorted(np.cumsum(inside), 1 - KEPT, side="right")
    return World(f"{levels} levels, {shift:g} apart", n, m, draw, auroc, norm.sf(ends[place]))


def worlds() -> Iterator[World]:
    """Every setting."""
    for n, m in ((500, 500), (1000, 1000), (100, 1000), (1000, 200)):
        yield from (normal_world(shift, n, m) for shift in (0.0, 1.0, 2.0, 3.0, 4.0))
        yield beta_world((8, 1), (3, 1), n, m)
        yield beta_world((20, 0.5), (2, 1), n, m)
    for correlation in (0.3, 0.9):
        yield from (paired_world(shift, correlation, 500) for shift in (0.3, 1.0, 2.0))
    for n, m in ((1000, 10), (1000, 20), (200, 10)):
        yield from (normal_world(shift, n, m) for shift in (1.0, 2.0, 3.0))
    for levels in (10, 20, 50):
        yield from (tied_world(2.0, levels, n, 500) for n in (100, 1000))
    for clusters in (40, 200):
        yield from (clustered_world(shift, clusters, 1000, 1000) for shift in (1.0, 2.0, 3.0))
    for clusters in (10, 15, 20):
        for between in (0.2, 0.8):
            of = (
                clustered_world(s, clusters, 20 * clusters, 500, between) for s in (1.0, 2.0, 3.0)
            )
            yield from of


def coverage(
    world: World, statistic: Callable[[Sides], Estimate], truth: float, repetitions: int, seed: int
) -> tuple[float, float, float, float, float]:
    """Shares of intervals that hold the truth, lie above and lie below it; width; share refused."""
    generator, found = np.random.default_rng(seed), []
    for _ in range(repetitions):
        with suppress(NoEstimateError):
            found.append(bounds(statistic(world.draw(generator)), ALPHA))
    refused = 1 - len(found) / repetitions
    if not found:
        return math.nan, math.nan, math.nan, math.nan, refused
    ends = np.array(found)
    above, below = float((ends[:, 0] > truth).mean()), float((ends[:, 1] < truth).mean())
    return 1 - above - below, above, below, float((ends[:, 1] - ends[:, 0]).mean()), refused


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    print(
        "| number | world | inside | outside | truth | holds it | above | below | width | refused |"
    )
    print("|---|---|---:|---:|---:|---:|---:|---:|---:|---:|")
    for world in worlds():
        for name, statistic, truth in (
            ("AUROC", separation, world.auroc),
            ("let through", false_acceptance, world.accepted),
        ):
            measure = partial(coverage, world, statistic, truth)
            held, above, below, width, refused = measure(chosen.repetitions, chosen.seed)
            shares = f"{held:.1%} | {above:.1%} | {below:.1%} | {width:.3f}"
            print(
                f"| {name} | {world.name} | {world.n} | {world.m} | {truth:.4f} "
                f"| {'– | – | – | –' if refused == 1 else shares} | {refused:.1%} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
