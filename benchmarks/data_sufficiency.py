"""Is it right about hunger for data? The gate of the last doubling, and the extrapolation.

    python benchmarks/data_sufficiency.py --repetitions 60 > data_sufficiency.md

Twelve kinds of synthetic data, from lines to checkerboards (the clouds are scikit-learn's), some
labels at random, and learners that want more or less of them. What is true is the mean over 100
training samples, on 10,000 further units.

The gate. Each repetition draws 800 training units and 1,000 evaluation units afresh, and teaches on
all and on halves, three draws of each, as the check does; "at most .01" is judged at α = .05. Where
the true gain is above .01 `pass` is wrong, where it is below `fail` is. Two ways of drawing: the
800 are all there are, so that the whole is the same in every draw; or they are drawn from 3,200. A
third set-up has ten draws and 4,000 evaluation units, in a quarter of the repetitions. The interval
ought to hold the true gain, of any training sample of that size, in 90 %.

The extrapolation. Ladders of 125 to 1,000 units in three draws, evaluated on 1,000; the fan of the
check at 2,000 is compared with the true error there, beside a forecast of no gain at all. There is
no goal: it is told how often the fan is right.

With the default 20 repetitions all takes two and a half minutes on one core.
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.random import Generator
from scipy.stats import binomtest
from sklearn.datasets import make_classification
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.neural_network import MLPClassifier
from sklearn.tree import DecisionTreeClassifier

from auditkit.checks.data_sufficiency.curve import Curve
from auditkit.statistics.crossed import crossed_mean
from auditkit.statistics.estimates import bounds
from auditkit.statistics.learning_curve import back_test, fitted
from auditkit.statistics.widths import half_width

LIMIT, ALPHA = 0.01, 0.05
WHOLE = 800
DRAWS, EVALUATED = 3, 1000
LADDER = (125, 250, 500, 1000)
TRUTH_SAMPLES, TRUTH_UNITS = 100, 10_000

Floats = np.ndarray
Units = tuple[Floats, Floats]
LEARNERS: dict[str, Callable[[int], Any]] = {
    "logistic": lambda seed: LogisticRegression(max_iter=200, random_state=seed),
    "tree": lambda seed: DecisionTreeClassifier(min_samples_leaf=5, random_state=seed),
    "naive Bayes": lambda _: GaussianNB(),
    "network": lambda seed: MLPClassifier((32,), max_iter=60, random_state=seed),
}


@dataclass(frozen=True)
class Task:
    """One kind of data.

    Attributes:
        name: in words.
        units: number and generator → units.
    """

    name: str
    units: Callable[[int, Generator], Units]


def _clouds(features: int, apart: float, noise: float, clusters: int) -> Callable[..., Units]:
    """Classes that are clouds at the corners of a cube; the same cube in every draw."""

    def units(n: int, rng: Generator) -> Units:
        # One large world, of which each draw is a sample: the cube of every call would be another.
        world = _WORLDS.setdefault(
            (features, apart, noise, clusters),
            make_classification(
                60_000, features, n_informative=features // 2, n_redundant=0, class_sep=apart,
                flip_y=noise, n_clusters_per_class=clusters, random_state=features,
            ),
        )  # fmt: skip
        chosen = rng.integers(0, len(world[1]), n)
        return world[0][chosen], world[1][chosen]

    return units


_WORLDS: dict[Any, Units] = {}


def _lines(features: int, noise: float) -> Callable[..., Units]:
    def units(n: int, rng: Generator) -> Units:
        x = rng.normal(size=(n, features))
        y = x.sum(axis=1) / np.sqrt(features) + noise * rng.normal(size=n) > 0
        return x, y.astype(int)

    return units


def _rings(features: int) -> Callable[..., Units]:
    def units(n: int, rng: Generator) -> Units:
        x = rng.normal(size=(n, features))
        far = (x[:, :2] ** 2).sum(axis=1) > 2 * np.log(2)
        return x, (far ^ (rng.random(n) < 0.05)).astype(int)

    return units


def _board(fields: int) -> Callable[..., Units]:
    def units(n: int, rng: Generator) -> Units:
        x = rng.random((n, 2))
        return x, (np.floor(x * fields).sum(axis=1) % 2).astype(int)

    return units


TASKS = (
    Task("line of 3", _lines(3, 0.3)),
    Task("line of 20", _lines(20, 0.3)),
    Task("line of 60", _lines(60, 0.3)),
    Task("line of 60, noisy", _lines(60, 1.0)),
    Task("clouds of 6", _clouds(6, 1.0, 0.02, 1)),
    Task("clouds of 10", _clouds(10, 1.0, 0.1, 2)),
    Task("clouds of 20", _clouds(20, 1.0, 0.05, 2)),
    Task("clouds of 40", _clouds(40, 0.7, 0.1, 3)),
    Task("ring among 2", _rings(2)),
    Task("ring among 10", _rings(10)),
    Task("board of 4", _board(4)),
    Task("board of 8", _board(8)),
)


def taught(learner: str, units: Units, seed: int) -> Any:
    """What was learnt."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return LEARNERS[learner](seed).fit(*units)


def wrong(model: Any, units: Units) -> Floats:
    """Which units it is wrong about, as numbers."""
    return np.asarray(model.predict(units[0]) != units[1], dtype=np.float64)


def part(units: Units, chosen: Floats) -> Units:
    """Some of the units."""
    return units[0][chosen], units[1][chosen]


def true_error(task: Task, learner: str, size: int, samples: int) -> float:
    """The mean error of training samples of a size."""
    rng = np.random.default_rng(size)
    judges = task.units(TRUTH_UNITS, rng)
    models = (taught(learner, task.units(size, rng), seed) for seed in range(samples))
    return float(np.mean([wrong(model, judges).mean() for model in models]))


def true_gain(task: Task, learner: str) -> float:
    """The mean gain of the last doubling over training samples of the size that is asked about."""
    rng = np.random.default_rng(WHOLE)
    judges, gains = task.units(TRUTH_UNITS, rng), []
    for seed in range(TRUTH_SAMPLES):
        there = task.units(WHOLE, rng)
        half, whole = (
            wrong(taught(learner, part(there, np.arange(size)), seed), judges).mean()
            for size in (WHOLE // 2, WHOLE)
        )
        gains.append(half - whole)
    return float(np.mean(gains))


@dataclass(frozen=True)
class Setup:
    """How the gate is asked.

    Attributes:
        pool: training units that there are.
        draws: of each size.
        evaluated: evaluation units.
        part: one of so many repetitions.
    """

    pool: int
    draws: int = DRAWS
    evaluated: int = EVALUATED
    part: int = 1

    def __str__(self) -> str:
        return f"{self.pool:,}, {self.draws} draws, {self.evaluated:,} evaluated"


SETUPS = (Setup(800), Setup(3200), Setup(3200, draws=10, evaluated=4000, part=4))


def gained(task: Task, learner: str, setup: Setup, rng: Generator) -> Floats:
    """By how much each evaluation unit gained in each draw, shape (draws, evaluated)."""
    there, judges = task.units(setup.pool, rng), task.units(setup.evaluated, rng)
    saved = []
    for draw in range(setup.draws):
        order = rng.permutation(setup.pool)[:WHOLE]
        half, whole = (
            wrong(taught(learner, part(there, order[:size]), draw), judges)
            for size in (WHOLE // 2, WHOLE)
        )
        saved.append(half - whole)
    return np.stack(saved)


@dataclass
class Tally:
    """What became of the gate.

    Attributes:
        asked: how often it was asked.
        passed, failed: how often it passed and failed.
        held: how often its interval held the true gain.
    """

    asked: int = 0
    passed: int = 0
    failed: int = 0
    held: int = 0

    def add(self, other: Tally) -> None:
        """Both together."""
        self.asked += other.asked
        self.passed += other.passed
        self.failed += other.failed
        self.held += other.held


def judged(task: Task, learner: str, setup: Setup, true: float, repetitions: int) -> Tally:
    """The gate, again and again."""
    rng, tally = np.random.default_rng(7), Tally(repetitions)
    for _ in range(repetitions):
        estimate = crossed_mean(gained(task, learner, setup, rng), of_hits=True).estimate
        low, high = bounds(estimate, ALPHA)
        tally.passed += high <= LIMIT
        tally.failed += low > LIMIT
        tally.held += low <= true <= high
    return tally


def fan(task: Task, learner: str, rng: Generator) -> tuple[Curve, float, float]:
    """The curve of one ladder, the fan's middle at twice its largest size, and half its width."""
    there, judges = task.units(LADDER[-1], rng), task.units(EVALUATED, rng)
    steps = []
    for size in LADDER:
        orders = [rng.permutation(len(there[1]))[:size] for _ in range(DRAWS)]
        models = (taught(learner, part(there, order), draw) for draw, order in enumerate(orders))
        steps.append(crossed_mean([wrong(model, judges) for model in models]))
    sizes, errors = np.array(LADDER, dtype=float), np.array([step.value for step in steps])
    law = fitted(sizes, errors)
    curve = Curve(sizes, errors, half_width(steps[-1].estimate), law, back_test(sizes, errors))
    end = 2.0 * LADDER[-1]
    return curve, float(law.errors(end)), curve.reach(end)


def share(successes: int, n: int) -> str:
    """A share in per cent with its 95 % Clopper–Pearson interval."""
    ends = binomtest(successes, n).proportion_ci(0.95)
    return f"{successes / n:.1%} ({ends.low:.1%} to {ends.high:.1%})"


KINDS = {
    "under .005": lambda true: true < LIMIT / 2,
    ".005 to .01": lambda true: LIMIT / 2 <= true <= LIMIT,
    ".01 to .03": lambda true: LIMIT < true <= 3 * LIMIT,
    "above .03": lambda true: true > 3 * LIMIT,
}


def gate_rows(repetitions: int) -> Iterator[str]:
    """The verdicts by kind of data, and under it by set-up and true gain."""
    sums = {(setup, kind): Tally() for setup in SETUPS for kind in KINDS}
    yield "| data | learner | true gain | training units | pass | fail | interval holds it |"
    yield "|---|---|---|---|---|---|---|"
    for task, learner in product(TASKS, ("logistic", "tree", "naive Bayes")):
        true = true_gain(task, learner)
        (kind,) = (name for name, holds in KINDS.items() if holds(true))
        for setup in SETUPS:
            tally = judged(task, learner, setup, true, max(repetitions // setup.part, 2))
            sums[setup, kind].add(tally)
            shares = (tally.passed, tally.failed, tally.held)
            told = " | ".join(f"{number / tally.asked:.0%}" for number in shares)
            yield f"| {task.name} | {learner} | {true:+.4f} | {setup} | {told} |"
    yield ""
    yield "| training units | true gain | asked | pass | fail | interval holds it |"
    yield "|---|---|---|---|---|---|"
    for (setup, kind), tally in sums.items():
        if tally.asked:
            told = " | ".join(
                share(number, tally.asked) for number in (tally.passed, tally.failed, tally.held)
            )
            yield f"| {setup} | {kind} | {tally.asked:,} | {told} |"


def fan_rows(repetitions: int) -> Iterator[str]:
    """The table of the extrapolation."""
    yield "| learner | mean miss of the curve | of no gain | half-width of the fan | fan holds |"
    yield "|---|---|---|---|---|"
    for learner, times in (("logistic", repetitions), ("tree", repetitions), ("network", 3)):
        missed, flat, widths, held = [], [], [], 0
        for task in TASKS:
            true = true_error(task, learner, 2 * LADDER[-1], 10 if learner == "network" else 40)
            rng = np.random.default_rng(11)
            for _ in range(times):
                curve, middle, width = fan(task, learner, rng)
                missed.append(abs(middle - true))
                flat.append(abs(curve.errors[-1] - true))
                widths.append(width)
                held += abs(middle - true) <= width
        yield (
            f"| {learner} | {np.mean(missed):.4f} | {np.mean(flat):.4f} | {np.mean(widths):.4f} | "
            f"{share(held, len(missed))} |"
        )


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=20)
    repetitions = parser.parse_args().repetitions
    started = time.perf_counter()
    print("### The gate of the last doubling\n")
    for row in gate_rows(repetitions):
        print(row, flush=True)
    print("\n### The extrapolation to twice the data\n")
    for row in fan_rows(max(repetitions // 8, 3)):
        print(row, flush=True)
    print(f"{time.perf_counter() - started:.0f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
