"""Do the intervals cover, and do the gates err as rarely as they say? By simulation.

    python benchmarks/coverage.py --repetitions 4000 > coverage.md

Every row is an experiment with a known truth. A goal is met if the 95 % Clopper–Pearson interval of
the rate touches it, so that Monte-Carlo error alone fails few. With 4,000 repetitions this takes
about half an hour on one core, most of it calibration. `tests/statistics/test_coverage.py`
runs some of the same experiments with few repetitions.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import product

import numpy as np
from numpy.random import Generator
from scipy.stats import binomtest, norm

from auditkit.measurement import Estimate
from auditkit.statistics.association import cramers_v
from auditkit.statistics.auc import binned_auc
from auditkit.statistics.calibration import (
    BINS,
    CELLS,
    confidence_gap,
    squared_error,
)
from auditkit.statistics.distances import kolmogorov_smirnov, total_variation
from auditkit.statistics.estimates import (
    bounds,
    f1,
    independent_difference,
    mean,
    mean_of_proportions,
    paired_difference,
    proportion,
    proportion_difference,
    proportion_ratio,
)

Groups = Mapping[str, Callable[[], "Iterator[Experiment]"]]
Goal = tuple[float, float]
Trial = Callable[[Generator], tuple[bool, ...]]


@dataclass(frozen=True)
class Experiment:
    """Things that should happen at certain rates.

    Attributes:
        group: what is examined.
        setting: the truth and the sizes.
        goals: what is counted → lowest and highest rate aimed at.
        trial: one repetition: which of these happened?
    """

    group: str
    setting: str
    goals: dict[str, Goal]
    trial: Trial


@dataclass(frozen=True)
class Rate:
    """How often it happened, with the 95 % Clopper–Pearson interval."""

    hits: int
    repetitions: int

    @property
    def value(self) -> float:
        return self.hits / self.repetitions

    @property
    def interval(self) -> tuple[float, float]:
        ends = binomtest(self.hits, self.repetitions).proportion_ci(0.95, method="exact")
        return float(ends.low), float(ends.high)

    def meets(self, goal: Goal) -> bool:
        low, high = self.interval
        return low <= goal[1] and high >= goal[0]


def run(experiment: Experiment, repetitions: int, seed: int = 0) -> dict[str, Rate]:
    """Repeat a trial; the seed and the names alone decide the random numbers."""
    name = f"{experiment.group} {experiment.setting}"
    generator = np.random.default_rng([seed, zlib.crc32(name.encode())])
    hits = np.sum([experiment.trial(generator) for _ in range(repetitions)], axis=0)
    rates = (Rate(int(count), repetitions) for count in hits)
    return dict(zip(experiment.goals, rates, strict=True))


def covering(
    group: str,
    setting: str,
    truth: float,
    draw: Callable[[Generator], Estimate],
    level: float = 0.95,
    goal: Goal = (0.94, 0.975),
) -> Experiment:
    """The two-sided interval holds the truth."""

    def trial(generator: Generator) -> tuple[bool]:
        low, high = bounds(draw(generator), (1 - level) / 2)
        return (low <= truth <= high,)

    return Experiment(group, setting, {f"{level:.0%} interval covers": goal}, trial)


# -- proportions ------------------------------------------------------------------------------

RATES, SIZES, REFERENCE = (0.05, 0.2, 0.5), (20, 50, 200, 1000), 2000


def koopman() -> Iterator[Experiment]:
    for p, ratio, n in product(RATES, (0.8, 1.0), SIZES):

        def draw(generator: Generator, p: float = p, r: float = ratio, n: int = n) -> Estimate:
            x1, x2 = generator.binomial(n, p * r), generator.binomial(REFERENCE, p)
            return proportion_ratio(x1, n, x2, REFERENCE)

        yield covering("Koopman", f"p {p}, ratio {ratio}, n {n}", ratio, draw)


def koopman_gate() -> Iterator[Experiment]:
    for p, n in product(RATES, SIZES):

        def failed(generator: Generator, p: float = p, n: int = n) -> tuple[bool]:
            x1, x2 = generator.binomial(n, p), generator.binomial(REFERENCE, p)
            return (bounds(proportion_ratio(x1, n, x2, REFERENCE), 0.025)[1] < 0.8,)

        goals = {"false fail of ≥ .8 at α .025": (0.0, 0.025)}
        yield Experiment("Koopman", f"p {p}, equal, n {n}", goals, failed)


def newcombe() -> Iterator[Experiment]:
    for p, ratio, n in product(RATES, (0.8, 1.0), SIZES):

        def draw(generator: Generator, p: float = p, r: float = ratio, n: int = n) -> Estimate:
            x1, x2 = generator.binomial(n, p * r), generator.binomial(REFERENCE, p)
            return proportion_difference(x1, n, x2, REFERENCE)

        yield covering(
            "Newcombe", f"p {p}, ratio {ratio}, n {n}", p * ratio - p, draw, goal=(0.935, 0.985)
        )


def wilson() -> Iterator[Experiment]:
    # The exact coverage of Wilson's interval oscillates with n p between about .93 and .99.
    for p, n in product(RATES, SIZES):

        def draw(generator: Generator, p: float = p, n: int = n) -> Estimate:
            return proportion(generator.binomial(n, p), n)

        yield covering("Wilson", f"p {p}, n {n}", p, draw, goal=(0.925, 0.99))


def tango() -> Iterator[Experiment]:
    for (wins, losses), n in product([(0.06, 0.06), (0.1, 0.03), (0.01, 0.01)], (50, 200, 1000)):

        def draw(generator: Generator, n: int = n, w: float = wins, q: float = losses) -> Estimate:
            won, lost, _ = generator.multinomial(n, [w, q, 1 - w - q])
            return paired_difference(won, lost, n)

        # With about one discordant pair the interval can't help covering always.
        goal = (0.935, 0.985 if n * (wins + losses) > 5 else 1)
        yield covering("Tango", f"{wins} / {losses}, n {n}", wins - losses, draw, goal=goal)


def classification() -> Iterator[Experiment]:
    for n in (50, 200, 1000):

        def balanced(generator: Generator, n: int = n) -> Estimate:
            sizes = [n, 4 * n]
            return mean_of_proportions([generator.binomial(sizes[0], 0.7),
                                        generator.binomial(sizes[1], 0.9)], sizes)  # fmt: skip

        def f1_of(generator: Generator, n: int = n) -> Estimate:
            hits, errors, _ = generator.multinomial(n, [0.3, 0.15, 0.55])
            return f1(hits, errors)

        def gap(generator: Generator, n: int = n) -> Estimate:
            seen, unseen = generator.binomial(n, 0.95), generator.binomial(n, 0.9)
            return independent_difference(proportion(seen, n), proportion(unseen, n))

        yield covering("Balanced accuracy", f".7 and .9, n {n} + {4 * n}", 0.8, balanced)
        yield covering("F1", f"n {n}", 0.6 / 0.75, f1_of, goal=(0.93, 0.985))
        yield covering("Accuracy gap", f".95 − .90, n {n} + {n}", 0.05, gap, goal=(0.935, 0.985))


def means() -> Iterator[Experiment]:
    for n in (50, 1000):

        def draw(generator: Generator, n: int = n) -> Estimate:
            loss = generator.exponential(size=n)
            return mean(loss.sum(), (loss**2).sum(), n)

        # The t interval of a skewed loss needs many values; 50 exponential ones are not enough.
        goal = (0.91, 0.96) if n == 50 else (0.94, 0.96)
        yield covering("Mean", f"exponential, n {n}", 1.0, draw, goal=goal)


# -- AUC --------------------------------------------------------------------------------------


def scores(generator: Generator, n: int, shift: float) -> np.ndarray:
    """Counts of normal scores, squeezed into [0, 1], in the cells of the state."""
    return np.histogram(norm.cdf(generator.normal(shift, 1, n)), CELLS, (0, 1))[0]


def delong() -> Iterator[Experiment]:
    for auc, n in product((0.6, 0.75, 0.9, 0.98), (50, 200, 1000)):

        def draw(generator: Generator, auc: float = auc, n: int = n) -> Estimate:
            shift = math.sqrt(2) * norm.ppf(auc)
            return binned_auc(scores(generator, n, shift), scores(generator, n, 0)).estimate

        yield covering(
            "DeLong", f"AUC {auc}, n {n} + {n}", auc, draw, level=0.90, goal=(0.88, 0.94)
        )


# -- calibration ------------------------------------------------------------------------------


def softmax(generator: Generator, n: int) -> np.ndarray:
    """The confidence of ten classes: accuracy about two thirds."""
    logits = generator.normal(0, 3, (n, 10))
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return (powers / powers.sum(axis=1, keepdims=True)).max(axis=1)


def sure(generator: Generator, n: int) -> np.ndarray:
    """The confidence of a model that is nearly always right."""
    return np.clip(generator.beta(20, 0.4, n), 1e-6, 1 - 1e-6)


def bent(confidence: np.ndarray, bend: float) -> np.ndarray:
    """Over-confident by a factor on the logit scale."""
    return 1 / (1 + np.exp(-bend * np.log(confidence / (1 - confidence))))


def state_of(reported: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, ...]:
    cell = np.minimum((reported * CELLS).astype(int), CELLS - 1)
    return (
        np.bincount(cell[~right], minlength=CELLS),
        np.bincount(cell[right], minlength=CELLS),
        np.bincount(cell, weights=reported, minlength=CELLS),
    )


@cache
def truth_of(
    population: Callable[[Generator, int], np.ndarray], bend: float
) -> tuple[float, float]:
    """The population's squared error with the estimator's bins, and its confidence gap."""
    confidence = population(np.random.default_rng(0), 500_000)
    gap = bent(confidence, bend) - confidence
    bins = np.array_split(gap[np.argsort(confidence)], BINS)
    return float(np.mean([part.mean() ** 2 for part in bins])), float(gap.mean())


def calibration() -> Iterator[Experiment]:
    """The gate at α .05, its threshold where the model is (a whisker above 0 for the perfect)."""
    settings = [(1.0, 500), (1.0, 2000), (1.0, 20_000), (1.2, 2000), (1.2, 20_000), (1.5, 2000)]
    for population, (bend, n) in product((softmax, sure), settings):
        goals = {
            "false fail at the threshold": (0.0, 0.05),
            "false pass at the threshold": (0.0, 0.05),
            "90% interval of the gap covers": (0.86, 0.94),
        }
        if bend == 1 and n == 20_000:
            goals["pass of ≤ .0025"] = (0.95, 1.0)

        def trial(
            generator: Generator,
            f: Callable[[Generator, int], np.ndarray] = population,
            bend: float = bend,
            n: int = n,
            counted: int = len(goals),
        ) -> tuple[bool, ...]:
            error, gap = truth_of(f, bend)
            confidence = f(generator, n)
            state = state_of(bent(confidence, bend), generator.random(n) < confidence)
            low, high = bounds(squared_error(*state), 0.05)
            below, above = bounds(confidence_gap(*state), 0.05)
            threshold = max(error, 1e-6)
            happened = (low > threshold, high < threshold, below <= gap <= above)
            return (*happened, high <= 0.0025)[:counted]

        setting = f"{population.__name__}, logits × {bend}, n {n}"
        yield Experiment("Squared calibration error", setting, goals, trial)


# -- distances --------------------------------------------------------------------------------


def distances() -> Iterator[Experiment]:
    for shift, n in product((0.0, 0.1, 0.5), (500, 5000)):
        edges = norm.ppf(np.arange(1, 20) / 20)
        p = np.diff(np.concatenate([[0], norm.cdf(edges), [1]]))
        q = np.diff(np.concatenate([[0], norm.cdf(edges - shift), [1]]))
        truths = (
            ("Total variation", total_variation, float(np.abs(p - q).sum() / 2)),
            ("Kolmogorov–Smirnov", kolmogorov_smirnov, float(np.abs(np.cumsum(p - q)).max())),
        )
        for name, distance, truth in truths:

            def draw(generator: Generator, d=distance, n: int = n, p=p, q=q) -> Estimate:
                return d(generator.multinomial(2 * n, p), generator.multinomial(n, q))

            setting = f"shift {shift}, n {2 * n} and {n}"
            # Valid for any distributions, hence wide: it may cover always.
            yield covering(name, setting, truth, draw, level=0.90, goal=(0.90, 1))


# -- associations -----------------------------------------------------------------------------


def partly_diagonal(rows: int, columns: int, share: float) -> tuple[np.ndarray, float]:
    """Shares of cells, so much of them along the diagonal, the rest independent; and their V."""
    ends = [np.arange(size + 1) / size for size in (rows, columns)]
    overlap = np.minimum(ends[0][1:, None], ends[1][1:])
    overlap -= np.maximum(ends[0][:-1, None], ends[1][:-1])
    p = (1 - share) / (rows * columns) + share * np.clip(overlap, 0, None)
    phi_squared = float(((p - 1 / (rows * columns)) ** 2).sum()) * rows * columns
    return p, math.sqrt(phi_squared / (min(rows, columns) - 1))


def associations() -> Iterator[Experiment]:
    """Each bound of the 90 % interval of Cramér's V; wide by design where there is next to none."""
    shapes = ((2, 2), (5, 2), (19, 2), (19, 5))
    for (rows, columns), share, n in product(shapes, (0, 0.1, 0.4, 0.8), (200, 1000, 10_000)):
        p, truth = partly_diagonal(rows, columns, share)

        def trial(
            generator: Generator, p: np.ndarray = p, n: int = n, truth: float = truth
        ) -> tuple[bool, ...]:
            counts = generator.multinomial(n, p.ravel()).reshape(p.shape)
            low, high = bounds(cramers_v(counts), 0.05)
            return low > truth + 1e-12, high < truth - 1e-12

        goals = {"lower bound above": (0.0, 0.05), "upper bound below": (0.0, 0.05)}
        yield Experiment("Cramér's V", f"{rows} × {columns}, V {truth:.2f}, n {n}", goals, trial)


GROUPS: Groups = {
    "koopman": koopman,
    "koopman-gate": koopman_gate,
    "newcombe": newcombe,
    "wilson": wilson,
    "tango": tango,
    "classification": classification,
    "means": means,
    "delong": delong,
    "calibration": calibration,
    "distances": distances,
    "associations": associations,
}


def table(
    groups: Groups, names: list[str], repetitions: int, seed: int
) -> Iterator[tuple[str, bool]]:
    """The lines of a Markdown table, each with whether its goal was met."""
    yield "| interval | truth and sizes | counted | goal, % | rate, % | 95 % | met |", True
    yield "|---|---|---|---|---|---|---|", True
    for name in names:
        for experiment in groups[name]():
            for what, rate in run(experiment, repetitions, seed).items():
                yield line(experiment, what, rate), rate.meets(experiment.goals[what])


def line(experiment: Experiment, what: str, rate: Rate) -> str:
    """One line of the table."""
    goal = "–".join(f"{100 * end:g}" for end in experiment.goals[what])
    ends = "–".join(f"{100 * end:.1f}" for end in rate.interval)
    met = "yes" if rate.meets(experiment.goals[what]) else "**no**"
    return (
        f"| {experiment.group} | {experiment.setting} | {what} | {goal} "
        f"| {100 * rate.value:.2f} | {ends} | {met} |"
    )


def main(groups: Groups, about: str) -> int:
    """The command: repeat the experiments of some groups, and print the table."""
    parser = argparse.ArgumentParser(description=about.splitlines()[0])
    parser.add_argument("--repetitions", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", choices=groups, action="append", help="a group; repeatable")
    options = parser.parse_args()
    started = time.perf_counter()
    missed = 0
    names = options.only or list(groups)
    for text, met in table(groups, names, options.repetitions, options.seed):
        print(text, flush=True)
        missed += not met
    print(
        f"\n{options.repetitions} repetitions, seed {options.seed}, "
        f"{time.perf_counter() - started:.0f} s; goals not met: {missed}."
    )
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(GROUPS, __doc__))
