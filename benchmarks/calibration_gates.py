"""How often the gates of calibration err, and what their intervals cover. By simulation.

    python benchmarks/calibration_gates.py --repetitions 4000 > calibration_gates.md

A model of 2, 10 or 100 classes says how sure it is of its predicted class; its confidences come in
three shapes. It is right as often as it says (`calibrated`), or over-confident on the scale of the
log-odds by as much as makes a typical distance of .04 between the two (`twice` the tolerance). The
policy asks for a squared calibration error of at most .02², and for a confidence gap within ±.02;
it fails a model if either fails after Holm, and passes it if both pass, at a one-sided α of .05.

`gap` counts how often the 90 % interval of a calibrated model's gap holds zero; `area` and
`ranking` how often that of the area under the curve of confidence against being right holds the
true one, as `performance.auc` and `confidence.error_auroc` have it; `classes` are gap and squared
error of single classes, also of rare ones; `units` asks whether half, and twice, as many units as
an inconclusive verdict names decide as they should; `speed` compares 200 replicates from the state
with 200 samples of rows.

A goal is met if the 95 % Clopper–Pearson interval of the rate touches it. With 400 repetitions
this takes about twenty minutes on one core, nearly all of it the bootstrap of the squared error.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections.abc import Callable, Iterator
from functools import cache, partial
from itertools import product
from pathlib import Path

import numpy as np
from numpy.random import Generator
from scipy.optimize import brentq
from scipy.special import expit, logit

sys.path.insert(0, str(Path(__file__).parent.parent))

from auditkit.measurement import Estimate
from auditkit.statistics.auc import binned_auc
from auditkit.statistics.calibration import CELLS, confidence_gap, squared_error
from auditkit.statistics.calibration_bootstrap import calibration_replicates
from auditkit.statistics.cautious_auc import cautious_auc
from auditkit.statistics.class_bins import ClassBins
from auditkit.statistics.class_calibration import class_gap, class_squared_error
from auditkit.statistics.estimates import bounds, p_at_least, p_at_most, units_to_decide
from auditkit.statistics.multiplicity import holm
from auditkit.statistics.score_cells import BINS
from auditkit.statistics.score_grids import RANK_CELLS, REACH
from auditkit.statistics.sides import Sides
from benchmarks.coverage import Experiment, Goal, table

ALPHA, TOLERANCE = 0.05, 0.02
SIZES = (500, 1000, 2000, 5000, 10_000, 50_000)
CLASSES = (2, 10, 100)
SHAPES = {"spread": 1.0, "confident": 4.0, "near-saturated": 12.0}
"""Standard deviation of the logits."""

COVERS: Goal = (0.88, 0.93)
RARELY: Goal = (0.0, 0.05)
NEARLY: Goal = (0.0, 0.06)
"""On the threshold itself, where an approximate interval may err a little more often."""
_POOL = 200_000

State = tuple[np.ndarray, np.ndarray, np.ndarray]


@cache
def confidences(classes: int, shape: str) -> np.ndarray:
    """The confidences of a population, in ascending order."""
    generator = np.random.default_rng([classes, list(SHAPES).index(shape)])
    parts = []
    for _ in range(_POOL // 20_000):
        logits = generator.normal(0, SHAPES[shape], (20_000, classes))
        parts.append(1 / np.exp(logits - logits.max(axis=1, keepdims=True)).sum(axis=1))
    return np.sort(np.minimum(np.concatenate(parts), 1 - 1e-12))


@cache
def chances(classes: int, shape: str, distance: float) -> np.ndarray:
    """How often a unit of each confidence is right: less often, by `distance` (root mean square).

    The distance is that of the means of the estimator's bins.
    """
    given = confidences(classes, shape)
    if distance == 0:
        return given

    def excess(bend: float) -> float:
        return binned_distance(given, expit(logit(given) / bend)) - distance

    return np.asarray(expit(logit(given) / brentq(excess, 1, 1e4)))


def binned_distance(given: np.ndarray, chance: np.ndarray) -> float:
    """Root mean square over bins of equal mass of mean confidence minus mean chance."""
    bins = np.array_split(given - chance, BINS)
    return math.sqrt(float(np.mean([part.mean() ** 2 for part in bins])))


def drawn(
    generator: Generator, classes: int, shape: str, distance: float, n: int
) -> tuple[np.ndarray, np.ndarray]:
    """Confidences of n units, and whether each is right."""
    rows = generator.integers(0, _POOL, n)
    chance = chances(classes, shape, distance)[rows]
    return confidences(classes, shape)[rows], generator.random(n) < chance


def state_of(given: np.ndarray, right: np.ndarray) -> State:
    """The state from which calibration is read."""
    cell = np.minimum((given * CELLS).astype(int), CELLS - 1)
    return (
        np.bincount(cell[~right], minlength=CELLS),
        np.bincount(cell[right], minlength=CELLS),
        np.bincount(cell, weights=given, minlength=CELLS),
    )


def judged(state: State, alpha: float = ALPHA) -> tuple[bool, bool]:
    """Whether a policy on error and gap fails the model, and whether it passes it."""
    error, gap = squared_error(*state), confidence_gap(*state)
    sides = p_at_most(gap, TOLERANCE), p_at_least(gap, -TOLERANCE)
    p_values = [p_at_most(error, TOLERANCE**2), min(1.0, 2 * min(sides))]
    low, high = bounds(gap, alpha)
    inside = low >= -TOLERANCE and high <= TOLERANCE
    passed = inside and bounds(error, alpha)[1] <= TOLERANCE**2
    return bool((holm(p_values) <= alpha).any()), passed


# -- gates ------------------------------------------------------------------------------------


def calibrated() -> Iterator[Experiment]:
    for classes, shape, n in product(CLASSES, SHAPES, SIZES):
        goals: dict[str, Goal] = {"false fail": RARELY}
        if n in (10_000, 50_000):
            goals["pass"] = (0.75 if n == 10_000 else 0.98, 1.0)

        # Experiments are run while the loop goes on, so each trial holds its own setting.
        def trial(
            generator: Generator,
            world: tuple[int, str, float, int] = (classes, shape, 0.0, n),
            counted: int = len(goals),
        ) -> tuple[bool, ...]:
            failed, passed = judged(state_of(*drawn(generator, *world)))
            return (failed, passed)[:counted]

        yield Experiment("calibrated", f"{classes} classes, {shape}, n {n:,}", goals, trial)


def twice() -> Iterator[Experiment]:
    for classes, shape, n in product(CLASSES, SHAPES, SIZES[:-1]):
        goals: dict[str, Goal] = {"false pass": RARELY}
        if n == 10_000:
            goals["fail"] = (0.9, 1.0)

        def trial(
            generator: Generator,
            world: tuple[int, str, float, int] = (classes, shape, 2 * TOLERANCE, n),
            counted: int = len(goals),
        ) -> tuple[bool, ...]:
            failed, passed = judged(state_of(*drawn(generator, *world)))
            return (passed, failed)[:counted]

        yield Experiment("twice", f"{classes} classes, {shape}, n {n:,}", goals, trial)


def threshold() -> Iterator[Experiment]:
    """The squared error by itself, where the model is exactly on the tolerance."""
    for classes, shape, n in product(CLASSES, SHAPES, (2000, 10_000)):

        def trial(
            generator: Generator, world: tuple[int, str, float, int] = (classes, shape, 0.02, n)
        ) -> tuple[bool, bool]:
            low, high = bounds(squared_error(*state_of(*drawn(generator, *world))), ALPHA)
            return low > TOLERANCE**2, high < TOLERANCE**2

        goals = {"false fail, error alone": NEARLY, "false pass, error alone": NEARLY}
        yield Experiment("threshold", f"{classes} classes, {shape}, n {n:,}", goals, trial)


def gap() -> Iterator[Experiment]:
    for classes, shape, n in product(CLASSES, SHAPES, SIZES):

        def trial(
            generator: Generator, world: tuple[int, str, float, int] = (classes, shape, 0.0, n)
        ) -> tuple[bool]:
            low, high = bounds(confidence_gap(*state_of(*drawn(generator, *world))), 0.05)
            return (low <= 0 <= high,)

        goals = {"90% interval of the gap covers": COVERS}
        yield Experiment("gap", f"{classes} classes, {shape}, n {n:,}", goals, trial)


# -- ranking ----------------------------------------------------------------------------------


def true_area(classes: int, shape: str) -> float:
    """P(a right unit is surer than a wrong one) in the population of a calibrated model."""
    given = confidences(classes, shape)
    below = np.cumsum(1 - given) - (1 - given) / 2
    return float(given @ below / (given.sum() * (1 - given).sum()))


def ranks(given: np.ndarray) -> np.ndarray:
    """How many confidences lie in each of the cells in which scores are ranked."""
    place = np.clip(np.arcsinh(logit(given)), -REACH, REACH)
    cell = np.minimum(((place + REACH) * (RANK_CELLS / (2 * REACH))).astype(int), RANK_CELLS - 1)
    return np.bincount(cell, minlength=RANK_CELLS)


def area() -> Iterator[Experiment]:
    """From cells by DeLong, as `performance.auc` is measured."""
    for classes, shape, n in product(CLASSES, SHAPES, SIZES):

        def trial(
            generator: Generator, world: tuple[int, str, float, int] = (classes, shape, 0.0, n)
        ) -> tuple[bool]:
            given, right = drawn(generator, *world)
            low, high = bounds(binned_auc(ranks(given[right]), ranks(given[~right])).estimate, 0.05)
            return (low <= true_area(*world[:2]) <= high,)

        goals = {"90% interval of the area covers": COVERS}
        yield Experiment("area", f"{classes} classes, {shape}, n {n:,}", goals, trial)


def ranking() -> Iterator[Experiment]:
    """As the confidence check does it, on at most 20,000 rows."""
    for classes, shape, n in product(CLASSES, SHAPES, (*SIZES[:-1], 20_000)):

        def trial(
            generator: Generator, world: tuple[int, str, float, int] = (classes, shape, 0.0, n)
        ) -> tuple[bool]:
            given, right = drawn(generator, *world)
            low, high = bounds(cautious_auc(Sides(given[right], given[~right])), 0.05)
            return (low <= true_area(*world[:2]) <= high,)

        goals = {"90% interval of the area covers": COVERS}
        yield Experiment("ranking", f"{classes} classes, {shape}, n {n:,}", goals, trial)


# -- single classes ---------------------------------------------------------------------------


def class_state(given: np.ndarray, truth: np.ndarray) -> ClassBins:
    """The bins of two classes, from the probability of the first and whether a unit is of it."""
    sides = [(given, truth), (1 - given, ~truth)]
    bins = [np.minimum((p * BINS).astype(int), BINS - 1) for p, _ in sides]

    def by_bin(weights: list[np.ndarray]) -> np.ndarray:
        pairs = zip(bins, weights, strict=True)
        return np.stack([np.bincount(place, one, BINS) for place, one in pairs])[None]

    return ClassBins(
        ("one", "rest"),
        by_bin([np.ones(p.size) for p, _ in sides]).astype(int),
        by_bin([own.astype(float) for _, own in sides]).astype(int),
        by_bin([p for p, _ in sides]),
        [[float((p**2).sum()) for p, _ in sides]],
        [[float(p[own].sum()) for p, own in sides]],
    )


def classes() -> Iterator[Experiment]:
    """A class whose probability is Beta distributed: calibrated, or bent to be over-confident."""
    for share, bend, n in product((0.5, 0.1, 0.01), (1.0, 1.5), (500, 2000, 10_000)):
        pool = np.random.default_rng(0).beta(2 * share, 2 * (1 - share), _POOL)
        given = expit(bend * logit(np.clip(pool, 1e-12, 1 - 1e-12)))
        place = np.minimum((given * BINS).astype(int), BINS - 1)
        sums = np.bincount(place, given - pool, BINS)
        error = float((sums**2 / np.maximum(np.bincount(place, minlength=BINS), 1)).sum() / _POOL)
        # A class of five units has a gap that is hardly normal.
        goals: dict[str, Goal] = {"90% interval of the gap covers": (0.86, 0.97)}
        if bend == 1:
            goals["false fail of error ≤ .0004"] = RARELY
        elif share * n >= 1000:  # then no bins are joined, which would change the true error
            goals["false pass of its true error"] = NEARLY

        def trial(
            generator: Generator,
            pool: np.ndarray = pool,
            given: np.ndarray = given,
            truth: tuple[float, float, float] = (float((given - pool).mean()), error, bend),
            n: int = n,
            counted: int = len(goals),
        ) -> tuple[bool, ...]:
            rows = generator.integers(0, _POOL, n)
            state = class_state(given[rows], generator.random(n) < pool[rows])
            low, high = bounds(class_gap(state, 0), 0.05)
            below, above = bounds(class_squared_error(state, 0), ALPHA)
            wrong = below > TOLERANCE**2 if truth[2] == 1 else above < truth[1]
            return (low <= truth[0] <= high, wrong)[:counted]

        yield Experiment("classes", f"share {share}, log-odds × {bend}, n {n:,}", goals, trial)


# -- units that would decide --------------------------------------------------------------------


def error_of(generator: Generator, shape: str, distance: float, n: int) -> Estimate:
    return squared_error(*state_of(*drawn(generator, 10, shape, distance, n)))


def decided(one: Estimate) -> bool:
    low, high = bounds(one, ALPHA)
    return high <= TOLERANCE**2 or low > TOLERANCE**2


@cache
def named(shape: str, distance: float, n: int) -> int:
    """The number of units that the middle one of a hundred verdicts names."""
    generator = np.random.default_rng(1)
    samples = [error_of(generator, shape, distance, n) for _ in range(100)]
    region = (-math.inf, TOLERANCE**2)
    numbers = [units_to_decide(one, region, ALPHA, n) for one in samples]
    return int(np.median([10**9 if number is None else number for number in numbers]))


def units() -> Iterator[Experiment]:
    for shape, (distance, n) in product(SHAPES, ((0.0, 2000), (0.04, 1000))):
        for factor, what, goal in (
            (0.5, "half as many as named decide", (0.0, 0.5)),
            (2.0, "twice as many as named decide", (0.5, 1.0)),
        ):

            def trial(
                generator: Generator,
                world: tuple[str, float, int] = (shape, distance, n),
                factor: float = factor,
            ) -> tuple[bool]:
                size = round(factor * named(*world))
                return (decided(error_of(generator, *world[:2], size)),)

            setting = f"10 classes, {shape}, distance {distance}, n {n:,}"
            yield Experiment("units", setting, {what: goal}, trial)


GROUPS = {
    "calibrated": calibrated,
    "twice": twice,
    "threshold": threshold,
    "gap": gap,
    "area": area,
    "ranking": ranking,
    "classes": classes,
    "units": units,
}


# -- speed ----------------------------------------------------------------------------------------


def speed(n: int = 1_000_000, replicates: int = 200, measured: int = 10) -> Iterator[str]:
    """Replicates from the state against samples of rows, which are extrapolated from a few."""
    generator = np.random.default_rng(0)
    given, right = drawn(generator, 10, "confident", 0.0, n)
    state = state_of(given, right)

    def from_rows() -> None:
        for _ in range(measured):
            rows = generator.integers(0, n, n)
            calibration_replicates(*state_of(given[rows], right[rows]), draws=1)

    fast = _seconds(partial(calibration_replicates, *state, draws=replicates))
    slow = _seconds(from_rows) * replicates / measured
    ratio = slow / fast
    yield f"| {replicates} replicates of error, gap and ECE, n {n:,} | s |"
    yield "|---|---|"
    yield f"| from the state | {fast:.3f} |"
    yield f"| samples of rows (extrapolated from {measured}) | {slow:.1f} |"
    yield f"| ratio; goal ≥ 50 | {ratio:.0f} × {'(met)' if ratio >= 50 else '(**missed**)'} |"


def _seconds(work: Callable[[], object], repeats: int = 3) -> float:
    """The best of a few runs."""
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return min(times)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--repetitions", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--only", choices=[*GROUPS, "speed"], action="append", help="a group; repeatable"
    )
    options = parser.parse_args()
    names = options.only or [*GROUPS, "speed"]
    started, missed = time.perf_counter(), 0
    rates = [name for name in names if name in GROUPS]
    for text, met in table(GROUPS, rates, options.repetitions, options.seed) if rates else ():
        print(text, flush=True)
        missed += not met
    if rates:
        print(
            f"\n{options.repetitions} repetitions, seed {options.seed}, "
            f"{time.perf_counter() - started:.0f} s; goals not met: {missed}.\n"
        )
    if "speed" in names:
        print(*speed(), sep="\n")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
