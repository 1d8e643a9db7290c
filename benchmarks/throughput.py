"""The audit's prediction pass beside a bare `for batch: model(batch)` over the same loader.

    python benchmarks/throughput.py [--rounds 5]

Both run in one process over the same batches, in turn and in changing order; what counts is the
median of the rounds' ratios, since the machine may be shared. `resnet` is a small residual network
on 32 × 32 images, whose bare loop is the DataLoader's own; `income` is the network of
examples/income on its table, whose bare loop reads and preprocesses as the audit does.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import auditkit
from auditkit.assembly import Code, build_dataset, build_model
from auditkit.checks.registry import load_checks
from auditkit.configuration import read_configuration
from auditkit.data import Dataset
from auditkit.evidence.engine import LocalEngine, Options
from auditkit.evidence.plan import Plan, make_plan
from auditkit.evidence.sample_needs import AnswerNeed, AttributionNeed
from auditkit.models.wrapped import WrappedModel
from auditkit.subjects import probe

INCOME = Path(__file__).parent.parent / "examples" / "income" / "audit.yaml"


class Block(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(),
            nn.Conv2d(channels, channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels),
        )

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return torch.relu(inputs + self.body(inputs))


def residual_network() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(3, 32, 3, padding=1),
        Block(32),
        nn.MaxPool2d(2),
        Block(32),
        nn.MaxPool2d(2),
        Block(32),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(32, 10),
    )


Work = Callable[[], object]


def images(rows: int) -> tuple[Work, Work]:
    """The bare loop and the audit's pass over random images."""
    torch.manual_seed(0)
    loader = DataLoader(
        TensorDataset(torch.randn(rows, 3, 32, 32), torch.randint(0, 10, (rows,))), batch_size=128
    )
    network = residual_network().eval()
    model = auditkit.wrap(
        network,
        task="multiclass",
        outputs="logits",
        classes=[str(digit) for digit in range(10)],
    )

    def bare() -> None:
        with torch.no_grad():
            for inputs, _ in loader:
                network(inputs)

    return bare, collected(model, auditkit.dataset(evaluation=loader), 128)


def income(batch_size: int = 1024) -> tuple[Work, Work]:
    """The bare loop and the audit's pass over the census table."""
    configuration = read_configuration(INCOME)
    code = Code(INCOME.parent, allowed=True)
    model, _ = build_model(configuration.model, code)
    data = build_dataset(configuration.data, code)
    source = data["evaluation"]

    def bare() -> None:
        with model.opened(), torch.no_grad():
            for fragment in source.fragments():
                for batch in source.batches(fragment, batch_size):
                    model.forward(model.prepare(batch.inputs))

    return bare, collected(model, data, batch_size)


def collected(model: WrappedModel, data: Dataset, batch_size: int) -> Work:
    """The audit's one pass for every need of every check.

    Left out is what comes after it: attributions, and the questions about a sample.
    """
    with model.opened():
        probed = probe(model, data, seed=0, batch_size=batch_size)
    checks, _ = load_checks()
    needs = [
        need
        for check in checks
        if not check.unmet(probed.subject)
        for need in check.needs(probed.subject)
        if not isinstance(need.need, AttributionNeed | AnswerNeed)
    ]
    plan: Plan = make_plan(needs, probed.subject)
    options = Options(batch_size=batch_size, quiet=True, edges=probed.edges)

    def run() -> None:
        with model.opened():
            LocalEngine().run(plan, probed.subject, model, data, options)

    return run


def seconds(work: Work) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--rows", type=int, default=2_000, help="images")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    print("| work | rows | bare loop, s | audit pass, s | share of bare throughput |")
    print("|---|---|---|---|---|")
    for name, rows, (bare, audit) in (
        ("resnet", arguments.rows, images(arguments.rows)),
        ("income", 32_561, income()),
    ):
        alone, audited = rounds(bare, audit, arguments.rounds)
        ratio = statistics.median(a / b for a, b in zip(alone, audited, strict=True))
        one, other = statistics.median(alone), statistics.median(audited)
        print(f"| {name} | {rows:,} | {one:.2f} | {other:.2f} | {ratio:.1%} |", flush=True)


def rounds(first: Work, second: Work, number: int) -> tuple[list[float], list[float]]:
    """Seconds of both in each round; every other round begins with the second."""
    first(), second()  # warm
    times: tuple[list[float], list[float]] = ([], [])
    for number_of_round in range(number):
        order = (0, 1) if number_of_round % 2 == 0 else (1, 0)
        for which in order:
            times[which].append(seconds((first, second)[which]))
    return times


if __name__ == "__main__":
    main()
