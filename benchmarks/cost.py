"""Are operations counted as they are written down, and calls timed as by hand?

    OMP_NUM_THREADS=1 python benchmarks/cost.py > cost.md

Operations of four networks, against the number written down beside them, by both ways of counting,
and the time that the counting takes beside one call that takes 50 ms or more. Latency, median and
95th percentile, beside a loop written by hand: twenty runs of each in turns, every other run in the
other order; told is the median of the ratios.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn

from auditkit.evidence.costs.costs import FlopCount
from auditkit.evidence.costs.flops import SLOW, Asked, count_flops
from auditkit.evidence.costs.timing import timings, waiting_for
from auditkit.models import wrap
from auditkit.models.wrapped import WrappedModel

LEAST = 0.05
"""Seconds that a call takes at least, beside which counting is timed."""
QUANTILES = (0.5, 0.95)


class Recurrent(nn.Module):
    """Two LSTM layers, read at the last step."""

    def __init__(self) -> None:
        super().__init__()
        self.layers, self.out = nn.LSTM(32, 128, 2, batch_first=True), nn.Linear(128, 2)

    def forward(self, series: Tensor) -> Tensor:
        last: Tensor = self.out(self.layers(series)[0][:, -1])
        return last


class Transformer(nn.Module):
    """Four encoder layers and the mean over tokens."""

    def __init__(self) -> None:
        super().__init__()
        layer = nn.TransformerEncoderLayer(128, 4, 512, batch_first=True)
        self.layers, self.out = nn.TransformerEncoder(layer, 4), nn.Linear(128, 2)

    def forward(self, tokens: Tensor) -> Tensor:
        found: Tensor = self.out(self.layers(tokens).mean(1))
        return found


def _perceptron() -> nn.Module:
    return nn.Sequential(
        nn.Linear(128, 1024), nn.ReLU(), nn.Linear(1024, 1024), nn.ReLU(), nn.Linear(1024, 2)
    )


def _convolutions() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3, padding=1), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(64, 128, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        nn.Linear(128, 2),
    )  # fmt: skip


@dataclass(frozen=True)
class Network:
    """A network, the shape of a unit, the batch that is timed, and the products of a unit."""

    made: Callable[[], nn.Module]
    unit: tuple[int, ...]
    batch: int
    products: int

    def inputs(self, units: int) -> Tensor:
        return torch.randn(units, *self.unit)

    def wrapped(self) -> WrappedModel:
        torch.manual_seed(0)
        classes = ("a", "b")
        return wrap(self.made(), task="multiclass", classes=classes, outputs="logits", device="cpu")


_TOKENS, _STEPS = 64, 100
_LAYER = _TOKENS * (128 * 3 * 128 + 2 * _TOKENS * 128 + 128 * 128 + 2 * 128 * 512)
NETWORKS = {
    "MLP, 128-1024-1024-2": Network(
        _perceptron, (128,), 16, 128 * 1024 + 1024 * 1024 + 1024 * 2
    ),
    "CNN, three layers, 3 × 32 × 32": Network(
        _convolutions, (3, 32, 32), 4,
        32**2 * 32 * 27 + 16**2 * 64 * 32 * 9 + 8**2 * 128 * 64 * 9 + 128 * 2,
    ),
    "transformer, 4 layers, 64 tokens": Network(
        Transformer, (_TOKENS, 128), 2, 4 * _LAYER + 128 * 2
    ),
    "LSTM, 2 layers, 100 steps": Network(
        Recurrent, (_STEPS, 32), 4,
        _STEPS * 4 * 128 * ((32 + 128) + (128 + 128)) + 128 * 2,
    ),
}  # fmt: skip


def _slow_batch(network: Network, model: WrappedModel) -> tuple[Tensor, float]:
    """Inputs on which a call takes long enough, and how long it takes."""
    units = network.batch
    while True:
        given = network.inputs(units)
        spans = [_timed(partial(model.answer, given)) for _ in range(21)]
        if np.median(spans[2:]) >= LEAST:
            return given, float(np.median(spans[2:]))
        units *= 2


def _timed(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def operations() -> Iterator[str]:
    """The table of operations."""
    yield "| network | written down, MFLOP | copy | real call | a call | counting | share |"
    yield "|---|---|---|---|---|---|---|"
    for name, network in NETWORKS.items():
        model = network.wrapped()
        with model.opened(), torch.no_grad():
            given, seconds = _slow_batch(network, model)
            counts = [_count(model, given, pace) for pace in (*[SLOW] * 20, 0.0)]
        copies, (real,) = counts[1:20], counts[20:]  # the first imports what torch needs for it
        spent = float(np.median([one.seconds for one in copies]))
        truth = 2 * network.products
        off = [abs(one.per_unit / truth - 1) for one in (copies[0], real)]
        yield (
            f"| {name} | {truth / 1e6:,.3f} | {off[0]:.4%} off | {off[1]:.4%} off | "
            f"{seconds * 1000:,.0f} ms ({len(given):,} units) | {spent * 1000:.1f} ms | "
            f"{spent / seconds:.1%} |"
        )


def _count(model: WrappedModel, given: Tensor, pace: float) -> FlopCount:
    found = count_flops(model, Asked(given, len(given), pace))
    assert isinstance(found, FlopCount), found
    assert found.complete, found
    return found


def latencies(runs: int, seconds: float) -> Iterator[str]:
    """The table of latencies."""
    yield "| network | batch | median by hand | ratio, median | ratio, 95 % | worst run, 95 % |"
    yield "|---|---|---|---|---|---|"
    for name, network in NETWORKS.items():
        model = network.wrapped()
        with model.opened(), torch.no_grad():
            given = network.inputs(network.batch)
            pairs = [_both(model, given, seconds, turned=bool(run % 2)) for run in range(runs)]
        hand = float(np.median([mine[0] for mine, _ in pairs]))
        ratios = np.array([theirs / mine for mine, theirs in pairs])
        middle = np.median(ratios, axis=0)
        worst = ratios[np.abs(np.log(ratios[:, 1])).argmax(), 1]
        yield (
            f"| {name} | {network.batch} | {hand * 1000:.3f} ms | {middle[0]:.3f} | "
            f"{middle[1]:.3f} | {worst:.2f} |"
        )
        print(name, file=sys.stderr)


def _both(
    model: WrappedModel, given: Tensor, seconds: float, *, turned: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Quantiles of calls by hand, and of those that auditkit times."""
    if turned:
        theirs = _theirs(model, given, seconds)
        return _by_hand(model, given, seconds), theirs
    mine = _by_hand(model, given, seconds)
    return mine, _theirs(model, given, seconds)


def _by_hand(model: WrappedModel, given: Tensor, seconds: float) -> np.ndarray:
    module = model.module
    assert module is not None  # all of them are networks
    for _ in range(5):
        module(given)
    spans: list[float] = []
    started = time.perf_counter()
    while len(spans) < 500 and time.perf_counter() - started < seconds:
        before = time.perf_counter()
        module(given)
        spans.append(time.perf_counter() - before)
    return np.asarray(np.quantile(spans, QUANTILES))


def _theirs(model: WrappedModel, given: Tensor, seconds: float) -> np.ndarray:
    wait = waiting_for(model.device)

    def call() -> None:
        model.answer(given)
        wait()

    (found,) = timings(lambda _: call, (len(given),), seconds)
    return np.asarray(np.quantile(found.seconds, QUANTILES))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=1.0, help="of each side of a run")
    parsed = parser.parse_args()
    torch.set_num_threads(1)
    for line in operations():
        print(line)
    print()
    for line in latencies(parsed.runs, parsed.seconds):
        print(line)


if __name__ == "__main__":
    main()
