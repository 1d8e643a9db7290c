"""Integrated gradients beside Captum's: memory, time, and how wrong the maps are.

    python benchmarks/explanations.py > explanations.md

Memory is the peak resident size of a fresh process above that after the model was loaded and asked
once. Times are seconds of the process on one thread, the median of several rounds in which both
sides take turns. The error of a map is ‖A − R‖ / ‖R‖, R by 400 Gauss–Legendre nodes.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from captum.attr import InputXGradient, IntegratedGradients, Saliency
from shortcuts import TRAINING, bearers, digits, with_artefact
from shortcuts import trained as train_on_digits
from sklearn.datasets import load_breast_cancer, load_digits
from torch import Tensor, nn

from auditkit.checks.explanation.regions import mass_over_area
from auditkit.explain import Settings, Target, along, integrated, targeting
from auditkit.explain.gradients import gradient_maps
from auditkit.explain.methods.registry import METHODS
from auditkit.explain.nodes import gauss_legendre
from auditkit.models import wrap
from auditkit.variants.nuisances import Nuisance

ROUNDS = 5
NODES = 50
TOLERANCE = 0.02
REFERENCE = 400


class Residual(nn.Module):
    """Two convolutions, added to their input."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first, self.second = (nn.Conv2d(width, width, 3, padding=1) for _ in range(2))
        self.norms = nn.ModuleList(nn.BatchNorm2d(width) for _ in range(2))
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        inner = self.relu(self.norms[0](self.first(x)))
        return self.relu(x + self.norms[1](self.second(inner)))


def residual_network(width: int = 32) -> nn.Module:
    """Like a small ResNet, for 3 × 64 × 64."""
    blocks: list[nn.Module] = [nn.Conv2d(3, width, 3, padding=1)]
    for _ in range(4):
        blocks += [Residual(width), nn.MaxPool2d(2)]
    return nn.Sequential(*blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, 10))


class Recurrent(nn.Module):
    """An LSTM over the rows of a digit."""

    def __init__(self) -> None:
        super().__init__()
        self.cells, self.score = nn.LSTM(8, 64, batch_first=True), nn.Linear(64, 10)

    def forward(self, x: Tensor) -> Tensor:
        return self.score(self.cells(x)[0][:, -1])


class Attentive(nn.Module):
    """Two transformer layers over the rows of a digit."""

    def __init__(self) -> None:
        super().__init__()
        layer = nn.TransformerEncoderLayer(128, 4, 256, 0.0, batch_first=True, norm_first=True)
        self.rows, self.places = nn.Linear(8, 128), nn.Parameter(torch.randn(8, 128) / 10)
        self.layers = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.score = nn.Linear(128, 10)

    def forward(self, x: Tensor) -> Tensor:
        return self.score(self.layers(self.rows(x) + self.places).mean(1))


@dataclass(frozen=True)
class Case:
    """A trained network and units to explain; `classes` columns of logits."""

    name: str
    network: nn.Module
    inputs: Tensor
    classes: int


def cases(units: int) -> Iterator[Case]:
    """An MLP on a table; a CNN, an LSTM and a transformer on digits."""
    torch.manual_seed(0)
    table, digits = load_breast_cancer(), load_digits()
    scaled = (table.data - table.data.mean(0)) / table.data.std(0)
    x, y = torch.tensor(scaled, dtype=torch.float32), torch.tensor(table.target)
    mlp = nn.Sequential(
        nn.Linear(30, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2)
    )
    yield Case("MLP, table of 30", trained(mlp, x, y, 40), x[:units], 2)
    rows, labels = torch.tensor(digits.images / 16).float(), torch.tensor(digits.target)
    large = nn.functional.interpolate(rows[:, None], 32, mode="bilinear")
    cnn = nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(2048, 64), nn.ReLU(), nn.Linear(64, 10),
    )  # fmt: skip
    yield Case("CNN, 1 × 32 × 32", trained(cnn, large, labels, 4), large[:units], 10)
    yield Case("LSTM, 8 × 8", trained(Recurrent(), rows, labels, 12), rows[:units], 10)
    yield Case("transformer, 8 × 8", trained(Attentive(), rows, labels, 8), rows[:units], 10)


def trained(network: nn.Module, x: Tensor, y: Tensor, epochs: int) -> nn.Module:
    """The network after some epochs of Adam."""
    optimiser = torch.optim.Adam(network.parameters(), 1e-3)
    for _ in range(epochs):
        for rows in torch.randperm(len(x)).split(64):
            optimiser.zero_grad()
            nn.functional.cross_entropy(network(x[rows]), y[rows]).backward()
            optimiser.step()
    return network.eval()


@contextmanager
def opened(case: Case, *, probabilities: bool = False) -> Iterator[Target]:
    """The units as a target, of logits or of probabilities."""
    network = nn.Sequential(case.network, nn.Softmax(1)) if probabilities else case.network
    model = wrap(
        network.eval(),
        task="multiclass",
        outputs="probabilities" if probabilities else "logits",
        classes=[str(one) for one in range(case.classes)],
        device="cpu",
    )
    with targeting(model, case.inputs, model.heads[0]) as target:
        assert isinstance(target, Target)
        yield target


def side_by_side(*sides: Callable[[], object]) -> list[float]:
    """Median seconds of each side, which take turns."""
    seconds: list[list[float]] = [[] for _ in sides]
    for _ in range(ROUNDS):
        for kept, side in zip(seconds, sides, strict=True):
            start = time.process_time()
            side()
            kept.append(time.process_time() - start)
    return [statistics.median(one) for one in seconds]


def relative(values: Tensor, reference: Tensor) -> Tensor:
    """[n] the error of each map."""
    difference = (values.double() - reference).flatten(1).norm(dim=1)
    return difference / reference.flatten(1).norm(dim=1)


def times(units: int) -> None:
    print("| network | units | Captum, 50 nodes | auditkit, the same nodes | ratio | difference |")
    print("|---|---|---|---|---|---|")
    for case in cases(units):
        with opened(case) as target:
            index, rule = target.index, gauss_legendre(NODES)
            peer = IntegratedGradients(case.network)

            def captum(peer=peer, case=case, index=index) -> Tensor:
                return peer.attribute(case.inputs, target=index, n_steps=NODES)

            def own(target=target, rule=rule) -> Tensor:
                return along(target, rule).values[0]

            reference = captum().double()
            far = float((own().double() - reference).abs().max() / reference.abs().max())
            theirs, ours = side_by_side(captum, own)
        print(
            f"| {case.name} | {len(case.inputs)} | {theirs:.3f} s | {ours:.3f} s | "
            f"{theirs / ours:.2f}× | {far:.1e} |",
            flush=True,
        )


def pack(units: int) -> None:
    print(
        "| network | Captum: saliency, input × gradient, IG with delta | auditkit, the same with "
        "error estimates | ratio | gradients a unit | true error: Captum | auditkit, mean (max) |"
    )
    print("|---|---|---|---|---|---|---|")
    for case in cases(units):
        with opened(case) as target:
            index, settings = target.index, Settings(tolerance=TOLERANCE)
            methods = [kind(case.network) for kind in (Saliency, InputXGradient)]
            peer = IntegratedGradients(case.network)

            def captum(peer=peer, case=case, index=index, methods=methods) -> Tensor:
                for method in methods:
                    method.attribute(case.inputs.clone().requires_grad_(), target=index)
                return peer.attribute(
                    case.inputs, target=index, n_steps=NODES, return_convergence_delta=True
                )[0]

            def own(target=target, settings=settings):
                return gradient_maps(target, settings)["integrated_gradients"]

            reference = along(target, gauss_legendre(REFERENCE)).values[0].double()
            maps = own()
            wrong = relative(maps.values[0], reference)
            theirs, ours = side_by_side(captum, own)
            print(
                f"| {case.name} | {theirs:.3f} s | {ours:.3f} s | {theirs / ours:.2f}× | "
                f"{maps.gradients:.1f} | {float(relative(captum(), reference).mean()):.2%} | "
                f"{float(wrong.mean()):.2%} ({float(wrong.max()):.2%}) |",
                flush=True,
            )


def estimates(units: int) -> None:
    print(
        "| network | output | converged | gradients a unit | error, mean (max) | "
        "estimate below the error | gap below the error |"
    )
    print("|---|---|---|---|---|---|---|")
    for case in cases(units):
        for probabilities in (False, True):
            with opened(case, probabilities=probabilities) as target:
                found = integrated(target, tolerance=TOLERANCE)
                reference = along(target, gauss_legendre(REFERENCE)).values[0].double()
            wrong = relative(found.values[0], reference)
            print(
                f"| {case.name} | {'probability' if probabilities else 'logit'} | "
                f"{float(found.converged.double().mean()):.1%} | "
                f"{float(found.gradients.double().mean()):.1f} | "
                f"{float(wrong.mean()):.2%} ({float(wrong.max()):.2%}) | "
                f"{float((wrong > found.error).double().mean()):.1%} | "
                f"{float((wrong > found.gap).double().mean()):.1%} |",
                flush=True,
            )


def memory() -> None:
    print("| batch | nodes | Captum, its default | auditkit | ratio |")
    print("|---|---|---|---|---|")
    for batch, nodes in ((8, 50), (16, 50), (32, 50), (16, 25), (16, 100)):
        theirs, ours = (peak(side, batch, nodes) for side in ("captum", "auditkit"))
        ratio = theirs / max(ours, 1)
        print(
            f"| {batch} | {nodes} | {theirs:.0f} MiB | {ours:.0f} MiB | {ratio:.1f} |", flush=True
        )


MARKER = Nuisance.of({"kind": "patch", "rows": [1, 5], "columns": [1, 5], "value": 0.8})
SCREENED = ("integrated_gradients", "saliency", "occlusion", "grad_cam")


def marker(seeds: int) -> None:
    """Maps of digits of class 1 with the marker, by a network that uses it and by its control."""
    print("| seed | network | " + " | ".join(METHODS[name].title for name in SCREENED) + " |")
    print("|---|---|" + "---|" * len(SCREENED))
    for seed in range(seeds):
        images, labels = digits(seed)
        for kind, rho in (("shortcut", 0.97), ("control", 0.5)):
            borne = with_artefact(images, bearers(labels, rho, seed), "marker")
            made = train_on_digits(borne[:TRAINING], labels[:TRAINING], seed)
            ones = images[TRAINING:][labels[TRAINING:] == 1][:64]
            every = torch.ones(len(ones), dtype=torch.bool)
            case = Case("", made, with_artefact(ones, every, "marker"), 2)
            print(f"| {seed} | {kind} | " + " | ".join(masses(case)) + " |", flush=True)


def masses(case: Case) -> Iterator[str]:
    """Mass over area of the marker, mean over the units, by method."""
    with opened(case) as target:
        for name in SCREENED:
            maps = METHODS[name](target, Settings())
            ratio = float(np.nanmean(mass_over_area(maps, MARKER)))
            yield f"{ratio:.1f}"


def peak(side: str, batch: int, nodes: int) -> float:
    """MiB of one side, in a process of its own."""
    command = [sys.executable, str(Path(__file__)), "--peak", side, str(batch), str(nodes)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def print_peak(side: str, batch: int, nodes: int) -> None:
    torch.manual_seed(0)
    case = Case("", residual_network().eval(), torch.rand(batch, 3, 64, 64), 10)
    with opened(case) as target:
        target.gradient(tuple(one[:1] for one in target.inputs), target.every[:1])
        base = resident("VmRSS")
        Path("/proc/self/clear_refs").write_text("5")  # the peak so far is forgotten
        if side == "captum":
            peer = IntegratedGradients(case.network)
            peer.attribute(case.inputs, target=target.index, n_steps=nodes)
        else:
            along(target, gauss_legendre(nodes))
    print(resident("VmHWM") - base)


def resident(field: str) -> float:
    """MiB that the process has, or had at most."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(field))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--units", type=int, default=64)
    parser.add_argument("--samples", type=int, default=400, help="for the error estimates")
    parser.add_argument("--seeds", type=int, default=3, help="of the networks with a marker")
    parser.add_argument("--only", help="the first word of a title")
    parser.add_argument("--peak", nargs=3, help=argparse.SUPPRESS)
    given = parser.parse_args()
    torch.set_num_threads(1)
    if given.peak:
        print_peak(given.peak[0], int(given.peak[1]), int(given.peak[2]))
        return
    for title, run in (
        ("Memory", memory),
        ("Time at the same nodes", lambda: times(given.units)),
        ("The pack", lambda: pack(given.units)),
        ("Estimates", lambda: estimates(given.samples)),
        ("A marker in the corner", lambda: marker(given.seeds)),
    ):
        if given.only and not title.startswith(given.only):
            continue
        print(f"\n### {title}\n")
        run()


if __name__ == "__main__":
    main()
