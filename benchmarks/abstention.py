"""Is the promise of an abstention threshold kept, and how much does it leave unanswered? Simulated.

    python benchmarks/abstention.py --repetitions 1000 > abstention.md

Each row draws calibration samples afresh from a population whose error at every threshold is known
exactly. "Broken" counts the samples whose threshold errs more than asked for in the population; its
goal is met if the 95 % Clopper–Pearson interval reaches down to the chance δ = .10. "Enough" counts
those that find a threshold with at least 80 % of the best threshold's coverage, none found being
not enough. A test of one such threshold, were the best to test known beforehand, passes about as
often as any method could ("known"); the goal of 90 % is asked for where that reaches it.

A second table is about samples without a threshold: how many units they are said to need (median),
beside the number at which half of the samples of a population have one. Its goal is a factor of 3,
counted from the sample itself where half of so many have a threshold already. With 1,000
repetitions all takes about six minutes on one core.
"""

from __future__ import annotations

import argparse
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.random import Generator
from scipy.stats import binom, binomtest, norm

from auditkit.statistics.abstention import (
    certified_threshold,
    one_of_each,
    units_needed,
)
from auditkit.statistics.rounding import coarse_confidences

ERROR, CHANCE = 0.05, 0.10
SIZES = (500, 1000, 5000)
SHARE, GOAL = 0.8, 0.9
CLUSTER, ALIKE = 5, 0.95

Floats = np.ndarray


@dataclass(frozen=True)
class Population:
    """Units by the share u of all that are more confident.

    Attributes:
        name: the error of a unit as a formula.
        error: of a unit at u.
        risk: mean error of all units up to u.
    """

    name: str
    error: Callable[[Floats], Floats]
    risk: Callable[[Floats], Floats]


def power(base: float, slope: float, exponent: float) -> Population:
    """The error base + slope u^exponent."""
    return Population(
        f"{base:g} + {slope:g} u^{exponent:g}",
        lambda u: base + slope * u**exponent,
        lambda u: base + slope * u**exponent / (exponent + 1),
    )


def confident_errors(top: float, base: float, slope: float) -> Population:
    """As `power` with exponent 4, but a third of the most confident are wrong."""
    return Population(
        f"1/3 up to {top:g}, then {base:g} + {slope:g} u^4",
        lambda u: np.where(u < top, 1 / 3, base + slope * u**4),
        lambda u: np.where(
            u < top,
            1 / 3,
            (top / 3 + base * (u - top) + slope * (u**5 - top**5) / 5) / np.maximum(u, top),
        ),
    )


POPULATIONS = (
    power(0, 0.9, 6),
    power(0.005, 0.8, 4),
    power(0.002, 0.5, 3),
    power(0.005, 0.1, 1),
    power(0.02, 0.6, 2),
    power(0, 0.5, 1),
    confident_errors(0.02, 0.002, 0.9),
    power(0.0501, 0, 1),  # every threshold errs too often, by next to nothing
)


@dataclass(frozen=True)
class Scores:
    """How units are scored.

    Attributes:
        name: in words.
        digits: to which scores are rounded; None for none.
        coarse: whether they are rounded up as the audit rounds confidences.
        clustered: whether units come five to a cluster and share most of their fate.
        apart: whether one unit of each cluster is taken.
    """

    name: str
    digits: int | None = None
    coarse: bool = False
    clustered: bool = False
    apart: bool = True

    def drawn(self, population: Population, n: int, generator: Generator) -> tuple[Floats, Floats]:
        """Scores and errors of one calibration sample of n rows."""
        u, other = generator.random(n), generator.random(n)
        if self.clustered:
            u, other = (_alike(n, generator) for _ in range(2))
        scores, wrong = 1 - u, other < population.error(u)
        if self.digits is not None:
            scores = scores.round(self.digits)
        if self.coarse:
            scores = coarse_confidences(scores)
        if self.clustered and self.apart:
            chosen = one_of_each(np.arange(n) // CLUSTER, generator.random(n))
            scores, wrong = scores[chosen], wrong[chosen]
        return scores, wrong

    def coverage(self, above: Floats | float) -> Floats:
        """The share of the population that scores above."""
        half = 0.0 if self.digits is None else 0.5 * 10.0**-self.digits
        return np.clip(1 - np.asarray(above) - half, 0, 1)

    def coverages(self) -> Floats:
        """All shares that a threshold can answer, or a fine grid of them."""
        steps = 10_000 if self.digits is None else 10**self.digits
        above = np.append(np.arange(steps + 1) / steps, -np.inf)
        shares = np.unique(self.coverage(above))
        return shares[shares > 0]


KINDS = (
    Scores("independent"),
    Scores("coarse confidences", coarse=True),
    Scores("ties: two digits", digits=2),
    Scores("ties: one digit", digits=1),
    Scores("clusters of 5, one of each", clustered=True),
)
NAIVE = Scores("clusters of 5, all rows", clustered=True, apart=False)


def _alike(n: int, generator: Generator) -> Floats:
    """Uniform numbers whose normal scores correlate by `ALIKE` within clusters."""
    shared = np.repeat(generator.normal(size=-(-n // CLUSTER)), CLUSTER)[:n]
    own = generator.normal(size=n)
    return norm.cdf(np.sqrt(ALIKE) * shared + np.sqrt(1 - ALIKE) * own)


def known(population: Population, scores: Scores, n: int) -> tuple[float, float]:
    """The best coverage, and how often a test of one enough threshold passes were it known."""
    shares = scores.coverages()
    kept = shares[population.risk(shares) <= ERROR]
    if not kept.size:
        return 0.0, 0.0
    best = float(kept.max())
    passes = 0.0
    for share in kept[kept >= SHARE * best]:
        answered = int(n * share)
        counts = np.arange(answered + 1)
        allowed = int((binom.cdf(counts, answered, ERROR) <= CHANCE).sum()) - 1
        passes = max(passes, float(binom.cdf(allowed, answered, population.risk(share))))
    return best, passes


@dataclass(frozen=True)
class Row:
    """What one experiment found.

    Attributes:
        repetitions: samples drawn.
        broken: of how many the threshold errs more than asked for.
        found: of how many there is a threshold.
        enough: of how many it answers enough.
        best: the best threshold's coverage.
        known: see `known`.
    """

    repetitions: int
    broken: int
    found: int
    enough: int
    best: float
    known: float

    @property
    def kept(self) -> bool:
        """Whether the promise is kept, Monte-Carlo error aside."""
        test = binomtest(self.broken, self.repetitions)
        return bool(test.proportion_ci(0.95, method="exact").low <= CHANCE)

    @property
    def verdict(self) -> str:
        """Whether enough is answered often enough, or why that is not asked for."""
        if self.known < GOAL:
            return "not attainable"
        test = binomtest(self.enough, self.repetitions)
        return "yes" if test.proportion_ci(0.95, method="exact").high >= GOAL else "**no**"


def run(population: Population, scores: Scores, n: int, repetitions: int, seed: int) -> Row:
    """Draw calibration samples; the seed and the names alone decide the random numbers."""
    name = f"{population.name} {scores.name} {n}"
    generator = np.random.default_rng([seed, zlib.crc32(name.encode())])
    units = n // CLUSTER if scores.clustered and scores.apart else n
    best, passes = known(population, scores, units)
    broken = found = enough = 0
    for _ in range(repetitions):
        threshold = certified_threshold(*scores.drawn(population, n, generator), ERROR, CHANCE)
        if threshold is None:
            continue
        share = float(scores.coverage(threshold.above))
        found += 1
        broken += share > 0 and float(population.risk(np.array(share))) > ERROR
        enough += best > 0 and share >= SHARE * best
    return Row(repetitions, broken, found, enough, best, passes)


def experiments() -> Iterator[tuple[Population, Scores, int]]:
    yield from product(POPULATIONS, KINDS, SIZES)
    yield from product(POPULATIONS[1:3], (NAIVE,), SIZES)


@dataclass(frozen=True)
class Need:
    """What samples without a threshold are said to need.

    Attributes:
        without: the share of samples that have none.
        silent: of how many of these no number of units would do.
        said: the median number said of the others; None if there are none.
        least: the smallest number said; None if there are none.
        half: about how many units give half of the samples a threshold; infinite beyond 64,000.
    """

    without: float
    silent: int
    said: float | None
    least: int | None
    half: float

    def kept(self, n: int) -> bool:
        """Whether more was said than there is, and about as much as it takes."""
        if self.said is None or self.least is None or np.isinf(self.half):
            return True
        target = max(n, self.half)
        return self.least > n and target / 3 <= self.said <= 3 * target


def half_found(population: Population, repetitions: int, seed: int) -> float:
    """The smallest of some numbers from which on half of the samples have a threshold."""
    generator = np.random.default_rng([seed, zlib.crc32(population.name.encode())])
    half = np.inf
    for n in (int(125 * 2 ** (step / 2)) for step in range(18, -1, -1)):
        samples = (KINDS[0].drawn(population, n, generator) for _ in range(repetitions))
        found = sum(certified_threshold(*one, ERROR, CHANCE) is not None for one in samples)
        if 2 * found < repetitions:
            break
        half = n
    return half


def need(population: Population, n: int, half: float, repetitions: int, seed: int) -> Need:
    """Ask samples without a threshold how many units they need."""
    generator = np.random.default_rng([seed, n, zlib.crc32(population.name.encode())])
    said: list[int | None] = []
    for _ in range(repetitions):
        sample = KINDS[0].drawn(population, n, generator)
        if certified_threshold(*sample, ERROR, CHANCE) is None:
            said.append(units_needed(*sample, ERROR, CHANCE))
    numbers = [one for one in said if one is not None]
    typical, least = (float(np.median(numbers)), min(numbers)) if numbers else (None, None)
    return Need(len(said) / repetitions, said.count(None), typical, least, half)


def needs(repetitions: int, seed: int) -> int:
    """Print what samples without a threshold are said to need; how many rows miss the goal."""
    print("\n|error of a unit|n|without|no number|said|half have one at|goal met|")
    print("|---" * 7 + "|")
    missed = 0
    for population in POPULATIONS:
        half = half_found(population, repetitions, seed)
        for n in (326, *SIZES):
            row = need(population, n, half, repetitions, seed)
            told = [population.name, f"{n:,}", f"{row.without:.3f}", f"{row.silent:,}"]
            told += ["–" if row.said is None else f"{row.said:,.0f}"]
            told += ["none" if np.isinf(half) else f"{half:,.0f}"]
            told += ["yes" if row.kept(n) else "**no**"]
            print("|".join(["", *told, ""]), flush=True)
            missed += not row.kept(n)
    return missed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repetitions", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    print(f"Error at most {ERROR:g}, chance {CHANCE:g}; {options.repetitions:,} repetitions.\n")
    columns = "error of a unit|scores|n|best coverage|found|broken|kept|enough|known|goal met"
    print("|".join(["", *columns.split("|"), ""]))
    print("|---" * len(columns.split("|")) + "|")
    start, missed, short = time.perf_counter(), 0, 0
    for population, scores, n in experiments():
        row = run(population, scores, n, options.repetitions, options.seed)
        shares = [count / row.repetitions for count in (row.found, row.broken, row.enough)]
        told = [population.name, scores.name, f"{n:,}", f"{row.best:.2f}", f"{shares[0]:.3f}"]
        told += [f"{shares[1]:.3f}", "yes" if row.kept else "**no**", f"{shares[2]:.3f}"]
        told += [f"{row.known:.2f}", row.verdict]
        print("|".join(["", *told, ""]), flush=True)
        missed += scores is not NAIVE and not row.kept
        short += scores is not NAIVE and row.verdict == "**no**"
    off = needs(options.repetitions // 5, options.seed)
    seconds = time.perf_counter() - start
    print(f"\n{seconds:.0f} s; promises broken: {missed}; too little answered: {short}; ", end="")
    print(f"units needed off by more than a factor of 3: {off}.")
    sys.exit(missed > 0)


if __name__ == "__main__":
    main()
