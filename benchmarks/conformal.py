"""Is the coverage of conformal sets judged rightly, and what do the sets cost? By simulation.

    python benchmarks/conformal.py --repetitions 4000 > conformal.md
    python benchmarks/conformal.py --speed              # beside MAPIE, which is to be installed

The world: a million units of ten classes, an over-confident model (its logits are those of the
truth times 1.5), and conformity scores of their true classes. Repetitions draw from these units
with replacement, so that the coverage of a threshold is known exactly: the share of the million
whose score does not exceed it. A policy asks for `conformal.coverage at_least .88`, .02 under the
.90 that sets aim at; it fails at the .05 level what lies below, and passes what lies above.

"This threshold covers p": the threshold is fixed, its coverage of the million is p, and 1,000 units
are drawn to measure it. "Calibrated anew": each repetition also draws 1,000 units to calibrate on,
so that coverage differs from threshold to threshold and p is its average over them; where p is not
what was aimed at, the outcomes of a part of the held-out units are drawn anew, as after a shift.
Goals and rates as in `benchmarks/coverage.py`.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import product
from pathlib import Path

import numpy as np
from numpy.random import Generator

sys.path.insert(0, str(Path(__file__).parent.parent))

from auditkit.statistics.conformal import (
    APS,
    RAPS,
    adaptive_scores,
    adaptive_sets,
    adaptive_sizes,
    lac_scores,
    lac_sets,
)
from auditkit.statistics.conformal_coverage import p_value
from auditkit.statistics.conformal_thresholds import threshold
from auditkit.statistics.estimates import bounds
from auditkit.statistics.rates import Rate, rate_estimate
from benchmarks.coverage import Experiment, Goal, Groups, main

AIM, ASKED, ALPHA = 0.9, 0.88, 0.05
UNITS, POPULATION, CLASSES = 1000, 1_000_000, 10
RARE: Goal = (0.0, 0.05)
METHODS = ("LAC", "APS", "RAPS")


@dataclass(frozen=True)
class World:
    """Scores of the true classes of all units, and of classes drawn anew, one row for a method."""

    scores: np.ndarray
    strange: np.ndarray

    def limit(self, coverage: float) -> float:
        """The threshold that covers this share of the units."""
        return float(np.quantile(self.scores, coverage, method="inverted_cdf"))

    def covered(self, limits: np.ndarray) -> float:
        """The mean coverage of thresholds, and the same of outcomes drawn anew."""
        ordered = np.sort(self.scores)
        return float(np.searchsorted(ordered, limits, side="right").mean() / len(ordered))

    def shift(self, coverage: float) -> float:
        """The part of outcomes to be drawn anew for thresholds to cover this share on average."""
        generator = np.random.default_rng(1)
        limits = np.array(
            [threshold(generator.choice(self.scores, UNITS), AIM) for _ in range(4000)]
        )
        known = self.covered(limits)
        anew = World(self.strange, self.strange).covered(limits)
        return max((known - coverage) / (known - anew), 0.0)


def softmaxed(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


@cache
def worlds() -> dict[str, World]:
    generator = np.random.default_rng(0)
    logits = generator.normal(0, 2, (POPULATION, CLASSES))
    truth = (logits + generator.gumbel(size=logits.shape)).argmax(axis=1)
    shares, parts = softmaxed(1.5 * logits), generator.random(POPULATION)
    anew = generator.integers(0, CLASSES, POPULATION)
    return {
        name: World(score(shares, truth, parts), score(shares, anew, parts))
        for name, score in SCORES.items()
    }


Score = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]
SCORES: dict[str, Score] = {
    "LAC": lambda shares, labels, _: lac_scores(shares, labels),
    "APS": lambda shares, labels, parts: adaptive_scores(shares, labels, parts, APS),
    "RAPS": lambda shares, labels, parts: adaptive_scores(shares, labels, parts, RAPS),
}


def judged(hits: np.ndarray, blocks: np.ndarray | None = None) -> tuple[bool, bool]:
    """Whether a policy would fail or pass what was measured."""
    if blocks is None:
        rate = Rate(np.array([hits.sum()]), np.array([len(hits)]), clustered=False)
    else:
        rate = Rate(np.bincount(blocks, hits, 64), np.bincount(blocks, minlength=64), True)
    low, high = bounds(rate_estimate(rate), ALPHA)
    return high < ASKED, low >= ASKED


def verdict(wrong: str, coverage: float) -> str:
    return f"false {wrong} of ≥ {ASKED} where {coverage:.2f} is covered"


# On the limit itself each verdict has the error of Wilson's bound: .05, but for the steps of a
# binomial number. With 1,000 units it is .056 for a fail and .052 for a pass, by exact summation.
FIXED: dict[float, tuple[str, ...]] = {0.90: ("fail",), 0.88: ("fail", "pass"), 0.86: ("pass",)}
ON_THE_LIMIT: Goal = (0.0, 0.06)


def fixed() -> Iterator[Experiment]:
    for method, (coverage, wrong) in product(METHODS, FIXED.items()):

        def trial(
            generator: Generator,
            method: str = method,
            coverage: float = coverage,
            wrong: tuple[str, ...] = wrong,
        ) -> tuple[bool, ...]:
            drawn = generator.choice(worlds()[method].scores, UNITS)
            failed, passed = judged(drawn <= limit_of(method, coverage))
            return tuple({"fail": failed, "pass": passed}[name] for name in wrong)

        goal = ON_THE_LIMIT if coverage == ASKED else RARE
        goals = {verdict(name, coverage): goal for name in wrong}
        setting = f"{method}, this threshold covers {coverage}, {UNITS} units"
        yield Experiment("Gate on coverage", setting, goals, trial)


@cache
def limit_of(method: str, coverage: float) -> float:
    return worlds()[method].limit(coverage)


@cache
def shift_of(method: str, coverage: float) -> float:
    return worlds()[method].shift(coverage)


def anew() -> Iterator[Experiment]:
    for method, (coverage, wrong) in product(METHODS, ((0.90, "fail"), (0.86, "pass"))):

        def trial(
            generator: Generator,
            method: str = method,
            coverage: float = coverage,
            wrong: str = wrong,
        ) -> tuple[bool]:
            world = worlds()[method]
            limit = threshold(generator.choice(world.scores, UNITS), AIM)
            held = generator.integers(0, POPULATION, UNITS)
            part = 0.0 if coverage == AIM else shift_of(method, coverage)
            strange = generator.random(UNITS) < part
            scores = np.where(strange, world.strange[held], world.scores[held])
            failed, passed = judged(scores <= limit)
            return (failed if wrong == "fail" else passed,)

        setting = f"{method}, calibrated anew on {UNITS}, {UNITS} units"
        yield Experiment("Gate on coverage", setting, {verdict(wrong, coverage): RARE}, trial)


def clustered() -> Iterator[Experiment]:
    """Scores of rows in clusters of ten, normal, half of their variance between clusters."""
    from scipy.stats import norm

    for clusters in (100, 400):

        def scores(generator: Generator, clusters: int = clusters) -> np.ndarray:
            of_cluster = np.repeat(generator.normal(size=clusters), 10)
            return (of_cluster + generator.normal(size=10 * clusters)) / np.sqrt(2)

        def trial(
            generator: Generator,
            clusters: int = clusters,
            scores: Callable[[Generator], np.ndarray] = scores,
        ) -> tuple[bool, ...]:
            blocks = np.repeat(generator.integers(0, 64, clusters), 10)
            limit = threshold(scores(generator), AIM)
            held = scores(generator)
            failed, _ = judged(held <= limit, blocks)
            at_limit = judged(held <= norm.ppf(ASKED), blocks)
            return failed, *at_limit

        goals = {
            f"false fail of ≥ {ASKED}, calibrated anew at {AIM}": RARE,
            f"false fail of ≥ {ASKED}, this threshold covers {ASKED}": ON_THE_LIMIT,
            f"pass of ≥ {ASKED}, this threshold covers {ASKED}": ON_THE_LIMIT,
        }
        yield Experiment(
            "Gate on coverage", f"{clusters} clusters of ten, half shared", goals, trial
        )


def law() -> Iterator[Experiment]:
    for method, units in product(METHODS, (500, 1000, 5000)):

        def trial(
            generator: Generator, method: str = method, units: int = units
        ) -> tuple[bool, bool]:
            world = worlds()[method]
            limit = threshold(generator.choice(world.scores, units), AIM)
            held = generator.choice(world.scores, units)
            lost = generator.random(units) < 0.03
            inside = held <= limit
            counts = int(inside.sum()), int((inside & ~lost).sum())
            level, power = (p_value(one, units, units, AIM) <= ALPHA for one in counts)
            return level, power

        found = {500: (0.2, 1.0), 1000: (0.4, 1.0), 5000: (0.95, 1.0)}[units]
        goals: dict[str, Goal] = {
            "rejects what is as it should be": RARE,
            "rejects where .873 is covered": found,
        }
        setting = f"{method}, {units} and {units} units"
        yield Experiment("Beta-binomial law", setting, goals, trial)


GROUPS: Groups = {"fixed": fixed, "anew": anew, "clustered": clustered, "law": law}


# -- speed --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Halves:
    """Probabilities to calibrate on and to make sets for, and MAPIE's random parts."""

    before: np.ndarray
    truth: np.ndarray
    after: np.ndarray
    parts: np.ndarray

    @classmethod
    def drawn(cls, units: int, classes: int) -> Halves:
        generator = np.random.default_rng(0)
        logits = generator.normal(0, 3, (units, classes))
        labels = (logits + generator.gumbel(size=logits.shape)).argmax(axis=1)
        labels[:classes] = np.arange(classes)  # MAPIE wants each class among them
        shares, half = softmaxed(logits), units // 2
        parts = 1 - np.random.RandomState(0).uniform(size=half)
        return cls(shares[:half], labels[:half], shares[half:], parts)

    def lac(self) -> np.ndarray:
        return lac_sets(self.after, threshold(lac_scores(self.before, self.truth), AIM))

    def limit(self) -> float:
        return threshold(adaptive_scores(self.before, self.truth, self.parts), AIM)

    def aps(self) -> np.ndarray:
        return adaptive_sets(self.after, self.parts, self.limit())

    def sizes(self) -> np.ndarray:
        return adaptive_sizes(self.after, self.parts, self.limit())

    def mapie(self, score: str) -> np.ndarray:
        from mapie.classification import SplitConformalClassifier

        told = told_estimator(self.before.shape[1])
        peer = SplitConformalClassifier(told, AIM, score, prefit=True, random_state=0)
        peer.conformalize(self.before, self.truth)
        last = {"include_last_label": "randomized"}
        return np.asarray(peer.predict_set(self.after, last)[1][..., 0])


def told_estimator(classes: int) -> object:
    """An estimator for MAPIE whose input is what it predicts."""
    from sklearn.base import BaseEstimator, ClassifierMixin

    class Told(ClassifierMixin, BaseEstimator):
        classes_ = np.arange(classes)
        fitted_ = True

        def predict_proba(self, x: np.ndarray) -> np.ndarray:
            return x

        def predict(self, x: np.ndarray) -> np.ndarray:
            return np.asarray(x.argmax(axis=1))

    return Told()


def speed(units: int = 20_000, classes: int = 1000, rounds: int = 3) -> None:
    """Print what it costs to calibrate on half of the units and to make sets for the other.

    MAPIE compares with a tolerance of 1e-8, within which a few of ten million probabilities lie:
    there its sets have one class more.
    """
    halves = Halves.drawn(units, classes)
    print(f"{units:,} units, {classes:,} classes; best of {rounds}, in turns, one process.\n")
    print("| what | auditkit, ms | MAPIE, ms | times | sets that differ |")
    print("|---|---|---|---|---|")
    rows = (
        ("LAC sets", halves.lac, "lac"),
        ("APS sets", halves.aps, "aps"),
        ("APS set sizes", halves.sizes, "aps"),
    )
    for name, own, peer in rows:
        timed = [(*clocked(own), *clocked(lambda peer=peer: halves.mapie(peer)))
                 for _ in range(rounds)]  # fmt: skip
        ours, theirs = (min(one[place] for one in timed) for place in (0, 2))
        sets, others = timed[0][1], timed[0][3]
        unlike = (sets != others).any(axis=1) if sets.ndim == 2 else sets != others.sum(axis=1)
        print(
            f"| {name} | {1000 * ours:.0f} | {1000 * theirs:.0f} | {theirs / ours:.1f} "
            f"| {int(unlike.sum()):,} of {len(sets):,} |",
            flush=True,
        )


def clocked(call: Callable[[], np.ndarray]) -> tuple[float, np.ndarray]:
    started = time.perf_counter()
    answer = call()
    return time.perf_counter() - started, answer


if __name__ == "__main__":
    if "--speed" in sys.argv[1:]:
        speed()
    else:
        sys.exit(main(GROUPS, __doc__))
