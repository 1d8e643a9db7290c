"""How often is a model wrongly called better than a rival, and is a better one found?

    python benchmarks/rivals.py [--repetitions 4000] [--only words|taught|income]

`words`: rows of two models are drawn whose true difference is known, and what the check says of
them is counted: better, worse, within the margin, or that it is not shown. A word rests on a 90 %
interval, so each may be wrong in 5 % of samples. Rates come with their 95 % Clopper–Pearson
interval, and a goal is met if that touches it. `taught`: the whole check, where the truth is a line
and a network cannot be better, and where it is a product, which no line can learn. `income`: the
network of examples/income beside its rivals, in one run.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import torch
from numpy.random import Generator
from scipy.special import expit
from torch import nn

sys.path.insert(0, str(Path(__file__).parent.parent))

import auditkit
from auditkit.assembly import Code, build_model
from auditkit.checks import Findings
from auditkit.checks.paired.gains import GAINS, Gain
from auditkit.checks.paired.standing import Standing, standing
from auditkit.checks.rival.check import CHECK
from auditkit.configuration import read_configuration
from auditkit.data import Dataset
from auditkit.evidence import LocalEngine, Options, make_plan
from auditkit.evidence.paired_rows import PairedRows
from auditkit.models.wrapped import WrappedModel
from auditkit.statistics import estimates
from auditkit.subjects import probe
from benchmarks.coverage import Goal, Rate
from tests.sample_pairs import DECIDING, rows_of

SELDOM: Goal = (0.0, 0.05)
OFTEN: Goal = (0.9, 1.0)
ACCURACY, LOG_LOSS = GAINS[0], GAINS[1]
INCOME = Path(__file__).parent.parent / "examples" / "income"

Draw = Callable[[Generator], PairedRows]


@dataclass(frozen=True)
class Row:
    """One property.

    Attributes:
        world: how the rows are drawn, in words.
        said: the word that is counted.
        goal: lowest and highest rate aimed at; None where it is only reported.
        draw: one sample.
        gain: what is compared.
    """

    world: str
    said: Standing
    goal: Goal | None
    draw: Draw
    gain: Gain = ACCURACY


# -- words ------------------------------------------------------------------------------------


def decided(wins: np.ndarray, losses: np.ndarray, clusters: np.ndarray | None) -> PairedRows:
    """Rows that the first alone, the second alone, or both are right about."""
    target = np.zeros(len(wins), dtype=np.int64)
    half = np.full(len(wins), 0.5)
    sides = (
        rows_of(half, target, prediction=wrong.astype(np.int64), clusters=clusters)
        for wrong in (losses, wins)
    )
    return PairedRows(*sides)


def alone(win: float, lose: float, n: int, generator: Generator) -> PairedRows:
    """Independent rows."""
    kind = generator.choice(3, n, p=[win, lose, 1 - win - lose])
    return decided(kind == 0, kind == 1, None)


def together(gain: float, clusters: int, alike: float, generator: Generator) -> PairedRows:
    """Clusters of about 20 rows, in each of which one model is better by chance; 6 % discordant."""
    sizes = np.maximum(generator.poisson(20, clusters), 1)
    leaning = generator.normal(0, alike, clusters)
    base = 0.03 * np.exp(-(alike**2) / 2)
    win, lose = base * np.exp(leaning) + gain / 2, base * np.exp(-leaning) - gain / 2
    member = np.repeat(np.arange(clusters), sizes)
    place = generator.random(len(member))
    wins = place < np.minimum(win, 0.5)[member]
    losses = place > 1 - np.clip(lose, 0, 0.5)[member]
    # The ids of clusters come hashed, and so spread over the blocks.
    ids = generator.integers(0, 2**63, clusters, dtype=np.uint64)
    return decided(wins, losses, ids[member])


def guessed(n: int, off: float, generator: Generator) -> PairedRows:
    """Two models that are off the truth by errors of one size."""
    odds = generator.normal(0, 2, n)
    target = (generator.random(n) < expit(odds)).astype(np.int64)
    sides = [expit(odds + generator.normal(0, off, n)) for _ in range(2)]
    first, second = (rows_of(one, target, DECIDING, (one >= 0.5).astype(np.int64)) for one in sides)
    return PairedRows(first, second)


def word_rows() -> Iterator[Row]:
    for n in (200, 2000, 10_000):
        for share in (0.01, 0.06, 0.2):
            draw = partial(alone, share / 2, share / 2, n)
            world = f"no gain, {n:,} rows, {share:.0%} discordant"
            yield Row(world, Standing.BETTER, SELDOM, draw)
            yield Row(world, Standing.WORSE, SELDOM, draw)
    found = partial(alone, 0.04, 0.02, 2000)
    yield Row("gain .02, 2,000 rows, 6 % discordant", Standing.BETTER, OFTEN, found)
    for n in (2000, 10_000):
        draw = partial(alone, 0.035, 0.025, n)
        yield Row(f"gain .01, the margin, {n:,} rows", Standing.WITHIN, SELDOM, draw)
    alike = partial(alone, 0.03, 0.03, 10_000)
    yield Row("no gain, 10,000 rows, 6 % discordant", Standing.WITHIN, OFTEN, alike)
    for clusters in (12, 50, 200):
        for close in (0.0, 1.0):
            world = f"no gain, {clusters} clusters of about 20, spread {close:g}"
            yield Row(world, Standing.BETTER, SELDOM, partial(together, 0.0, clusters, close))
    draw = partial(together, 0.02, 200, 0.0)
    yield Row("gain .02, 200 clusters, spread 0", Standing.BETTER, None, draw)
    for n in (200, 2000):
        draw = partial(guessed, n, 0.5)
        yield Row(f"no gain of log loss, {n:,} rows", Standing.BETTER, SELDOM, draw, LOG_LOSS)


def word(row: Row, generator: Generator) -> Standing:
    """What the check says of one sample."""
    pair = row.draw(generator)
    interval = estimates.interval(row.gain.estimate(pair))
    return standing(interval, row.gain.margin(pair))


def words(repetitions: int) -> None:
    print("| world | word | repetitions | rate | 95 % interval | goal | met |")
    print("|---|---|---|---|---|---|---|")
    for row in word_rows():
        generator = np.random.default_rng(zlib.crc32(f"{row.world} {row.gain.name}".encode()))
        hits = sum(word(row, generator) is row.said for _ in range(repetitions))
        told(row.world, row.said.value, Rate(hits, repetitions), row.goal)


def told(world: str, said: str, rate: Rate, goal: Goal | None) -> None:
    low, high = rate.interval
    aim = "–" if goal is None else f"{goal[0]:.0%} to {goal[1]:.0%}"
    met = "reported" if goal is None else "yes" if rate.meets(goal) else "**no**"
    print(
        f"| {world} | {said} | {rate.repetitions:,} | {rate.value:.1%} | {low:.1%} to {high:.1%} | "
        f"{aim} | {met} |",
        flush=True,
    )


# -- taught -----------------------------------------------------------------------------------


class Network(nn.Module):
    """Taught on these rows for two hundred steps."""

    def __init__(self, frame: pd.DataFrame, seed: int) -> None:
        super().__init__()
        torch.manual_seed(seed)
        self.layers = nn.Sequential(nn.Linear(3, 32), nn.Tanh(), nn.Linear(32, 1))
        inputs = torch.tensor(frame[["x1", "x2", "x3"]].to_numpy(np.float32))
        target = torch.tensor(frame["y"].to_numpy(np.float32))
        optimiser = torch.optim.Adam(self.parameters(), lr=0.02)
        for _ in range(200):
            optimiser.zero_grad()
            nn.functional.binary_cross_entropy_with_logits(self(inputs)[:, 0], target).backward()
            optimiser.step()

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.layers(inputs)
        return logits


def drawn(n: int, seed: int, product: float, line: float) -> pd.DataFrame:
    generator = np.random.default_rng(seed)
    frame = pd.DataFrame(generator.normal(size=(n, 3)), columns=["x1", "x2", "x3"])
    odds = product * frame["x1"] * frame["x2"] + line * frame["x3"]
    return frame.assign(y=(generator.random(n) < expit(odds)).astype(int))


def audited(model: WrappedModel, data: Dataset) -> Findings:
    """The check alone."""
    with model.opened():
        probed = probe(model, data, seed=0, batch_size=4096)
        plan = make_plan(CHECK.needs(probed.subject), probed.subject)
        options = Options(batch_size=4096, edges=probed.edges, quiet=True)
        evidence = LocalEngine().run(plan, probed.subject, model, data, options)
        return CHECK.measure(probed.subject, evidence)


def says(seed: int, product: float, line: float) -> dict[str, bool]:
    """Rival → whether a network, taught on 2,000 rows as they are, is called better."""
    training, evaluation = (drawn(2000, 2 * seed + part, product, line) for part in (0, 1))
    model = auditkit.wrap(
        Network(training, seed),
        task="binary",
        outputs="logits",
        decision={"threshold": 0.5},
        device="cpu",
    )
    features = ("x1", "x2", "x3")
    data = auditkit.dataset(evaluation=evaluation, training=training, label="y", features=features)
    found = audited(model, data).measurements
    return {
        one.key.label: one.reason.startswith("The model is better")
        for one in found
        if one.key.metric == "rival.accuracy_gain"
    }


def taught(repetitions: int) -> None:
    print("| world | rival | repetitions | called better | 95 % interval | goal | met |")
    print("|---|---|---|---|---|---|---|")
    line, trees = "logistic regression", "gradient boosting"
    worlds: tuple[tuple[str, float, float, dict[str, Goal | None]], ...] = (
        ("the truth is a line", 0.0, 2.0, {line: SELDOM, trees: None}),
        ("the truth is a product and a line", 1.5, 1.0, {line: OFTEN, trees: None}),
    )
    for world, product, straight, goals in worlds:
        done = [says(seed, product, straight) for seed in range(repetitions)]
        for rival, goal in goals.items():
            hits = sum(one[rival] for one in done)
            told(world, rival, Rate(hits, repetitions), goal)


# -- income -----------------------------------------------------------------------------------


def income() -> None:
    configuration = read_configuration(INCOME / "audit.yaml")
    model, _ = build_model(configuration.model, Code(INCOME, allowed=True))
    census = module_at(INCOME / "census.py")
    data = auditkit.dataset(
        evaluation=census.asked(),
        training=census.taught(),
        label=configuration.data.label,
        features=configuration.data.features,
        groups={"gender": {"column": "gender", "reference": "Male"}},
    )
    started = time.perf_counter()
    found = audited(model, data)
    seconds = time.perf_counter() - started
    print(f"The check alone took {seconds:.1f} s.\n")
    print("| measure | rival | slice | the model is better by | 90 % interval | said |")
    print("|---|---|---|---|---|---|")
    for one in found.measurements:
        ends = one.interval
        assert ends is not None
        name, where = one.key.metric.partition(".")[2], one.key.slice
        said = one.reason.partition(". ")[0].rstrip(".")
        print(
            f"| {name} | {one.key.label} | {where} | {one.value:.4f} | {ends.low:.4f} to "
            f"{ends.high:.4f} | {said} |"
        )
    (costs,) = (figure for figure in found.figures if figure.kind == "rival_cost")
    print(f"\n| {' | '.join(costs.data['rows'][0])} |")
    print(f"|{'---|' * len(costs.data['rows'][0])}")
    for row in costs.data["rows"]:
        print(f"| {' | '.join(map(str, row.values()))} |")


def module_at(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repetitions", type=int, default=4000)
    parser.add_argument("--only", choices=["words", "taught", "income"])
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    parts = {
        "words": lambda: words(arguments.repetitions),
        "taught": lambda: taught(min(arguments.repetitions, 200)),
        "income": income,
    }
    for name, part in parts.items():
        if arguments.only in (None, name):
            part()
            print()


if __name__ == "__main__":
    main()
