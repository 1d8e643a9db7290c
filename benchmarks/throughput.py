"""The audit's prediction pass beside a bare `for batch: model(batch)` over the same loader.

    python benchmarks/throughput.py [--rounds 5]

Both run in one process, in turn, over the same batches; the ratio of the medians is what counts,
since the machine may be shared. `resnet` is a small residual network on 32 × 32 images, `income` the
network of examples/income on its table.
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
from auditkit.evidence.needs import AttributionNeed, Plan, make_plan
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


def images(rows: int) -> tuple[WrappedModel, Dataset]:
    torch.manual_seed(0)
    loader = DataLoader(
        TensorDataset(torch.randn(rows, 3, 32, 32), torch.randint(0, 10, (rows,))), batch_size=128
    )
    model = auditkit.wrap(
        residual_network(),
        task="multiclass",
        outputs="logits",
        classes=[str(digit) for digit in range(10)],
    )
    return model, auditkit.dataset(evaluation=loader)


def income() -> tuple[WrappedModel, Dataset]:
    configuration = read_configuration(INCOME)
    code = Code(INCOME.parent, allowed=True)
    model, _ = build_model(configuration.model, code)
    return model, build_dataset(configuration.data, code)


def bare(model: WrappedModel, data: Dataset, batch_size: int) -> None:
    """The loop that anybody would write: read, preprocess, predict."""
    source = data["evaluation"]
    with model.opened(), torch.no_grad():
        for fragment in source.fragments():
            for batch in source.batches(fragment, batch_size):
                model.forward(model.prepare(batch.inputs))


def collected(model: WrappedModel, data: Dataset, batch_size: int) -> Callable[[], None]:
    """The audit's pass with every need of every check, the attributions (a pass of their own) off."""
    with model.opened():
        probed = probe(model, data, seed=0, batch_size=batch_size)
    checks, _ = load_checks()
    needs = [
        need
        for check in checks
        if not check.unmet(probed.subject)
        for need in check.needs(probed.subject)
        if not isinstance(need.need, AttributionNeed)
    ]
    plan: Plan = make_plan(needs, probed.subject)
    options = Options(batch_size=batch_size, quiet=True, edges=probed.edges)

    def run() -> None:
        with model.opened():
            LocalEngine().run(plan, probed.subject, model, data, options)

    return run


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rows", type=int, default=8_000, help="images")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    print("| work | rows | bare loop, s | audit pass, s | share of bare throughput |")
    print("|---|---|---|---|---|")
    for name, (model, data), batch_size in (
        ("resnet", images(arguments.rows), 128),
        ("income", income(), 1024),
    ):
        audit = collected(model, data, batch_size)
        alone, audited = [], []
        for _ in range(arguments.rounds):
            alone.append(seconds(lambda: bare(model, data, batch_size)))  # noqa: B023 - run at once
            audited.append(seconds(audit))
        one, other = statistics.median(alone), statistics.median(audited)
        rows = data["evaluation"].rows
        print(f"| {name} | {rows:,} | {one:.2f} | {other:.2f} | {one / other:.1%} |", flush=True)


if __name__ == "__main__":
    main()
