"""Calibration and its relatives beside torchmetrics, relplot and resampled rows.

    python benchmarks/calibration.py [--rounds 5] [--only PART]

Everything in one process over the same arrays, in turn; what counts is the median of the rounds'
ratios, since the machine may be shared: of CPU time with one thread, of wall-clock time with two.
auditkit's numbers are asserted to be those of the definition in double precision; how far those of
the peers are off is told. What is extrapolated says so. Threads that wait for each other on busy
cores take many times as long: run two of them on an idle machine, or with OMP_WAIT_POLICY=passive.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from auditkit.data import Columns
from auditkit.evidence.class_bin_accumulators import ClassBinTables
from auditkit.evidence.host_axes import HostAxes
from auditkit.evidence.needs import (
    CORRECT,
    SCORE_CELL,
    ClassBinsNeed,
    CountNeed,
    SplitNeed,
    SumNeed,
)
from auditkit.evidence.plan import make_plan
from auditkit.evidence.subject import Subject, ViewKey, views_of
from auditkit.evidence.tables import Tables
from auditkit.evidence.units import HeadBatch, Units
from auditkit.models.head import Head, Outputs, Task
from auditkit.statistics.calibration import CELLS, expected_calibration_error
from auditkit.statistics.calibration_bootstrap import calibration_replicates
from auditkit.statistics.class_bins import ClassBins
from auditkit.statistics.smooth_calibration import smooth_calibration_error

BATCH = 1024
CPU = torch.device("cpu")
WHOLE = ViewKey("")
LOOKED_AT = 20  # classes of the peer's loop that are run, to extrapolate

Numbers = dict[str, float]


@dataclass(frozen=True)
class Outputs15:
    """Probabilities and true classes of some rows; by chance about as good as a trained model."""

    probabilities: Tensor
    target: Tensor

    @classmethod
    def drawn(cls, rows: int, classes: int) -> Outputs15:
        """Softmax of normal logits with one class raised, from which the truth is drawn."""
        generator = torch.Generator().manual_seed(0)
        logits = torch.randn(rows, classes, generator=generator)
        favourite = torch.randint(0, classes, (rows,), generator=generator)
        raised = torch.rand(rows, generator=generator) * 14
        logits[torch.arange(rows), favourite] += raised
        probabilities = logits.softmax(dim=1)
        target = torch.multinomial(probabilities, 1, generator=generator)[:, 0]
        return cls(probabilities, target)

    @property
    def classes(self) -> int:
        return self.probabilities.shape[1]


class Pass:
    """auditkit's states of one pass over given probabilities, in batches."""

    def __init__(self, classes: int) -> None:
        names = tuple(f"class {i}" for i in range(classes))
        self.head = Head("", Task.MULTICLASS, Outputs.PROBABILITIES, names)
        (self.view, *_) = views_of(self.head)
        self.subject = Subject(views=(self.view,), splits=("evaluation",), columns=Columns("y"))
        needs = (
            CountNeed(WHOLE, (SCORE_CELL, CORRECT)),
            SumNeed(WHOLE, "score", (SCORE_CELL,)),
            SumNeed(WHOLE, "brier"),
            SumNeed(WHOLE, "log_loss"),
            ClassBinsNeed(WHOLE),
        )
        wanted = make_plan([SplitNeed("evaluation", need) for need in needs], self.subject)
        self.plan = wanted.splits["evaluation"]

    def states(self, outputs: Outputs15) -> tuple[Tables, ClassBins]:
        host = HostAxes(self.subject, {}, "evaluation")
        tables = Tables(self.plan, self.subject, host, CPU)
        bins = ClassBinTables(self.plan.class_bins, self.subject, CPU)
        with torch.no_grad():
            batches = (whole.split(BATCH) for whole in (outputs.probabilities, outputs.target))
            for given, truth in zip(*batches, strict=True):
                units = {WHOLE: Units(self.view, HeadBatch(self.head, given, truth))}
                tables.add(units, {}, len(given))
                bins.add(units, {}, None)
        return tables, bins.bins()[ClassBinsNeed(WHOLE)]

    def numbers(self, outputs: Outputs15) -> Numbers:
        tables, bins = self.states(outputs)
        ((_, counts),) = tables.counts().items()
        sums = {need.value: moments for need, moments in tables.sums().items()}
        wrong, right = counts.marginal(str(SCORE_CELL), str(CORRECT)).values.T
        found = expected_calibration_error(wrong, right, sums["score"].of("score")[1])
        gaps = np.abs(bins.scores - bins.positives).sum(axis=(0, 2)) / bins.units
        return {
            "ece": found.value,
            "class-wise ece": float(gaps[:LOOKED_AT].mean()),
            "brier": float(sums["brier"].mean("brier")),
            "log loss": float(sums["log_loss"].mean("log_loss")),
        }


def literal(outputs: Outputs15, classes: int) -> Iterator[float]:
    """The four numbers as they are defined, in double precision."""
    given, truth = outputs.probabilities, outputs.target
    confidence, guess = given.max(dim=1)
    yield error_of(confidence, guess == truth)
    yield statistics.mean(error_of(given[:, label], truth == label) for label in range(classes))
    of_truth = given[torch.arange(len(given)), truth].double()
    yield float((given.double().square().sum(dim=1) - 2 * of_truth + 1).mean())
    yield float(-of_truth.log().mean())


def error_of(scores: Tensor, outcomes: Tensor) -> float:
    """The expected calibration error in 15 bins of equal width."""
    bins = (scores * 15).long().clamp(max=14).numpy()
    sums = (np.bincount(bins, part.double().numpy(), 15) for part in (scores, outcomes))
    return float(np.abs(np.subtract(*sums)).sum() / len(bins))


def peer_ece(outputs: Outputs15) -> float:
    from torchmetrics.functional.classification import multiclass_calibration_error

    found = multiclass_calibration_error(
        outputs.probabilities, outputs.target, outputs.classes, n_bins=15
    )
    return float(found)


def peer_classes(outputs: Outputs15, classes: int) -> float:
    """The class-wise error of the first so many classes, each against the rest."""
    from torchmetrics.functional.classification import binary_calibration_error

    errors = [
        binary_calibration_error(
            outputs.probabilities[:, label], (outputs.target == label).long(), n_bins=15
        )
        for label in range(classes)
    ]
    return float(torch.stack(errors).mean())


def peer_scores(outputs: Outputs15) -> tuple[float, float]:
    """Brier score and log loss as they are written down."""
    given, truth = outputs.probabilities, outputs.target
    brier = ((given - torch.nn.functional.one_hot(truth, outputs.classes)) ** 2).sum(dim=1).mean()
    loss = torch.nn.functional.nll_loss(given.log(), truth)
    return float(brier), float(loss)


def timed(work: Callable[[], Any]) -> float:
    clock = time.process_time if torch.get_num_threads() == 1 else time.perf_counter
    started = clock()
    work()
    return clock() - started


def in_turn(works: dict[str, Callable[[], Any]], rounds: int) -> dict[str, list[float]]:
    """Seconds of each work in every round, the first of them not counted, in changing order."""
    found: dict[str, list[float]] = {name: [] for name in works}
    for place in range(rounds + 1):
        for name in sorted(works, reverse=bool(place % 2)):
            seconds = timed(works[name])
            if place:
                found[name].append(seconds)
    return found


def ratio(one: list[float], other: list[float]) -> float:
    return statistics.median(a / b for a, b in zip(one, other, strict=True))


def line(*cells: str) -> None:
    print(f"| {' | '.join(cells)} |", flush=True)


def of_outputs(rows: int, classes: int, rounds: int, goals: tuple[str, str] = ("", "")) -> None:
    """The whole suite of one pass beside torchmetrics' functional metrics."""
    outputs, audit = Outputs15.drawn(rows, classes), Pass(classes)
    looked_at = min(classes, LOOKED_AT)
    exact = list(literal(outputs, looked_at))
    np.testing.assert_allclose(list(audit.numbers(outputs).values()), exact, rtol=1e-6)
    theirs = (peer_ece(outputs), peer_classes(outputs, looked_at), *peer_scores(outputs))
    apart = ", ".join(f"{found - true:+.0e}" for found, true in zip(theirs, exact, strict=True))
    note = f"the peers' four numbers are off by {apart}"
    if looked_at < classes:
        note += f"; class-wise loop extrapolated from {looked_at} classes"
    for threads in (1, 2):
        torch.set_num_threads(threads)
        took = in_turn(
            {
                "audit": partial(audit.numbers, outputs),
                "ece": partial(peer_ece, outputs),
                "loop": partial(peer_classes, outputs, looked_at),
                "scores": partial(peer_scores, outputs),
            },
            rounds,
        )
        parts = zip(took["ece"], took["loop"], took["scores"], strict=True)
        suite = [ece + loop / looked_at * classes + rest for ece, loop, rest in parts]
        where = f"{rows:,} × {classes:,}, {threads} thread{'s' if threads > 1 else ''}"
        own = statistics.median(took["audit"])
        line(
            f"ECE, class-wise ECE, Brier, log loss: torchmetrics and eager torch; {where}",
            f"{own:.3f}", f"{statistics.median(suite):.3f}",
            f"{ratio(suite, took['audit']):.1f}× faster", goals[0], note,
        )  # fmt: skip
        line(
            f"the same, beside torchmetrics' ECE alone; {where}",
            f"{own:.3f}", f"{statistics.median(took['ece']):.3f}",
            f"{ratio(took['audit'], took['ece']):.2f}× its time", goals[1], "",
        )  # fmt: skip


@dataclass(frozen=True)
class Scored:
    """Binary scores that are over-confident, and what came true."""

    scores: np.ndarray
    outcomes: np.ndarray

    @classmethod
    def drawn(cls, rows: int) -> Scored:
        rng = np.random.default_rng(0)
        odds = rng.normal(scale=2, size=rows)
        outcomes = (rng.random(rows) < 1 / (1 + np.exp(-0.7 * odds))).astype(np.int64)
        return cls(1 / (1 + np.exp(-odds)), outcomes)

    def state(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Wrong, right and the sum of scores in each cell: what a pass leaves."""
        cell = np.minimum((self.scores * CELLS).astype(np.int64), CELLS - 1)
        right = np.bincount(cell[self.outcomes == 1], minlength=CELLS)
        counted = np.bincount(cell, minlength=CELLS)
        return counted - right, right, np.bincount(cell, self.scores, minlength=CELLS)


def smooth(rows: int, rounds: int) -> None:
    """The smooth calibration error from rows on, beside its authors' own."""
    import relplot

    given = Scored.drawn(rows)

    def own(draws: int) -> float:
        return smooth_calibration_error(*given.state(), draws=draws).value

    def peer() -> float:
        return float(relplot.smECE(given.scores, given.outcomes))

    gap = abs(own(1) - peer())
    assert gap < 1e-3
    torch.set_num_threads(1)
    works = {"alone": partial(own, 1), "beside": partial(own, 100), "peer": peer}
    took = in_turn(works, rounds)
    for name, what, goal in (
        ("alone", "the error", "≥ 20×, within 1e-3"),
        ("beside", "the error, and ours of 100 perfect models", ""),
    ):
        line(
            f"smooth ECE of {rows:,} rows, from the rows on: {what}; relplot",
            f"{statistics.median(took[name]):.3f}", f"{statistics.median(took['peer']):.3f}",
            f"{ratio(took['peer'], took[name]):.1f}× faster", goal, f"apart by {gap:.1g}",
        )  # fmt: skip


def bootstrap(rows: int, rounds: int, draws: int = 200, looked_at: int = 3) -> None:
    """Replicates of squared error, gap and ECE from the state, beside rows drawn anew."""
    given = Scored.drawn(rows)
    state = given.state()
    edges = np.quantile(given.scores, np.arange(1, 15) / 15)
    rng = np.random.default_rng(1)

    def resampled() -> tuple[float, float, float]:
        drawn = rng.integers(0, rows, rows)
        scores, outcomes = given.scores[drawn], given.outcomes[drawn]
        gap = float(scores.mean() - outcomes.mean())
        wide = np.minimum((scores * 15).astype(np.int64), 14)
        ece = np.abs(binned(wide, scores) - binned(wide, outcomes)).sum() / rows
        equal = np.searchsorted(edges, scores, side="right")
        n, right = np.bincount(equal, minlength=15), binned(equal, outcomes)
        share, mean = right / n, binned(equal, scores) / n
        error = (n * ((share - mean) ** 2 - share * (1 - share) / (n - 1))).sum() / rows
        return float(error), gap, float(ece)

    def binned(bins: np.ndarray, weights: np.ndarray) -> np.ndarray:
        return np.bincount(bins, weights, minlength=15)

    # More draws than are timed: the two must spread alike, to what a hundred draws can tell.
    own = calibration_replicates(*state, draws=2000)
    peer = np.array([resampled() for _ in range(100)])
    for mine, theirs in zip((own.squared_error, own.gap, own.ece), peer.T, strict=True):
        assert 0.75 < theirs.std() / mine.std() < 1.33
        assert abs(theirs.mean() - mine.mean()) < 4 * mine.std() / 10
    torch.set_num_threads(1)
    took = in_turn(
        {
            "own": lambda: calibration_replicates(*state, draws=draws),
            "peer": lambda: [resampled() for _ in range(looked_at)],
        },
        rounds,
    )
    peers = [seconds / looked_at * draws for seconds in took["peer"]]
    line(
        f"{draws} replicates of squared error, gap and ECE, {rows:,} rows: rows drawn anew (NumPy)",
        f"{statistics.median(took['own']):.3f}", f"{statistics.median(peers):.3f}",
        f"{ratio(peers, took['own']):.0f}× faster", "≥ 50×",
        f"from the state; rows extrapolated from {looked_at}",
    )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", choices=("classes", "rows", "smooth", "bootstrap"))
    arguments = parser.parse_args()
    print(f"torch {torch.__version__}, torchmetrics {version('torchmetrics')}\n")
    line("work", "auditkit, s", "peer, s", "ratio", "goal", "")
    line(*["---"] * 6)
    parts: dict[str, Callable[[], None]] = {
        "classes": lambda: of_outputs(50_000, 1_000, arguments.rounds, ("≥ 20×", "≤ 2×")),
        "rows": lambda: of_outputs(1_000_000, 10, arguments.rounds),
        "smooth": lambda: smooth(1_000_000, arguments.rounds),
        "bootstrap": lambda: bootstrap(1_000_000, arguments.rounds),
    }
    for name, part in parts.items():
        if arguments.only in (None, name):
            part()


def version(package: str) -> str:
    from importlib.metadata import version as installed

    return installed(package)


if __name__ == "__main__":
    main()
