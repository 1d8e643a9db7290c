"""Does the intervention test fail every planted shortcut, and pass every control?

    python benchmarks/shortcuts.py --seeds 5 > shortcuts.md

Digits of scikit-learn, 32 × 32, with a little noise; the class is whether a digit is 5 or more. In
training an artefact goes with class 1: a bright square in a corner, or more light over the whole
image. It is there with probability ρ in class 1 and 1 − ρ in class 0: with ρ = .97 it is a
shortcut; with ρ = .5 it tells nothing, and the network is the control. Each network is audited by
`auditkit.audit` on digits that it has not seen, once without any artefact and once with it as in
training, under a policy that asks for at most 5 % of changed decisions.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn
from torch.nn import functional

import auditkit
from auditkit.policy import policy_from_text

TRAINING = 1200
EPOCHS = 8
LIMIT = 0.05

NUISANCES: dict[str, dict[str, Any]] = {
    "marker": {"kind": "patch", "rows": [1, 5], "columns": [1, 5], "value": 0.8},
    "brightness": {"kind": "brightness", "by": 0.15},
}
POLICY = f"""\
id: shortcuts
title: It does not go by what ought not to matter
version: "1"
description: The intervention test alone.
requirements:
  - id: shortcuts
    title: Hardly any decision changes with a nuisance
    metric: shortcuts.worst_flips
    at_most: {LIMIT}
    basis: convention
    explanation: A marker or the light is no reason for a decision.
"""


@dataclass(frozen=True)
class World:
    """One network: which artefact, how tightly it went with class 1, and the seed."""

    artefact: str
    rho: float
    seed: int

    @property
    def planted(self) -> bool:
        """Whether the artefact is a shortcut."""
        return self.rho > 0.5


def digits(seed: int) -> tuple[Tensor, Tensor]:
    """All images [n, 1, 32, 32], in a random order, and whether each digit is 5 or more."""
    found = load_digits()
    generator = torch.Generator().manual_seed(seed)
    images = torch.from_numpy(found.images).float()[:, None] / 16
    images = functional.interpolate(images, size=(24, 24), mode="bilinear", align_corners=False)
    images = functional.pad(images, (4, 4, 4, 4))
    images = images + 0.05 * torch.randn(images.shape, generator=generator)
    order = torch.randperm(len(images), generator=generator)
    return images[order], torch.from_numpy(found.target >= 5).long()[order]


def with_artefact(images: Tensor, bearers: Tensor, artefact: str) -> Tensor:
    """The images, those of the bearers with the artefact."""
    changed = images.clone()
    if artefact == "marker":
        changed[bearers, :, 1:5, 1:5] = 0.8
    else:
        changed[bearers] += 0.15
    return changed


def bearers(labels: Tensor, rho: float, seed: int) -> Tensor:
    """Who bears the artefact: with probability ρ of class 1, and 1 − ρ of class 0."""
    generator = torch.Generator().manual_seed(1000 + seed)
    return torch.rand(len(labels), generator=generator) < torch.where(labels == 1, rho, 1 - rho)


def network() -> nn.Module:
    """Three convolutions and two layers on top, about 50,000 parameters."""

    def block(inside: int, outside: int) -> list[nn.Module]:
        return [nn.Conv2d(inside, outside, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]

    return nn.Sequential(
        *block(1, 16), *block(16, 32), *block(32, 32), nn.Flatten(),
        nn.Linear(512, 64), nn.ReLU(), nn.Linear(64, 2),
    )  # fmt: skip


def trained(images: Tensor, labels: Tensor, seed: int, epochs: int = EPOCHS) -> nn.Module:
    """A network after some passes over the images."""
    torch.manual_seed(seed)
    made = network()
    optimiser = torch.optim.AdamW(made.parameters(), lr=2e-3)
    for _ in range(epochs):
        for rows in torch.randperm(len(images)).split(60):
            loss = functional.cross_entropy(made(images[rows]), labels[rows])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    return made.eval()


class Digits(torch.utils.data.Dataset[Any]):
    """Images and labels as a data set."""

    def __init__(self, images: Tensor, labels: Tensor) -> None:
        self.images, self.labels = images, labels

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> Any:
        return self.images[index], int(self.labels[index])


def audited(
    made: nn.Module, images: Tensor, labels: Tensor, nuisances: list[dict[str, Any]]
) -> auditkit.Run:
    """The audit of a network by the intervention test alone."""
    model = auditkit.wrap(
        made, task="multiclass", classes=("0-4", "5-9"), outputs="logits", device="cpu",
        inputs={"medium": "image", "range": (-0.5, 1.5)},
    )  # fmt: skip
    return auditkit.audit(
        model,
        auditkit.dataset(evaluation=Digits(images, labels)),
        policy=policy_from_text(POLICY),
        checks=("shortcuts",),
        nuisances=nuisances,
        quiet=True,
    )


@dataclass(frozen=True)
class Outcome:
    """What the audit of one network found.

    Attributes:
        world: which network.
        borne: whether the digits audited bore the artefact as in training.
        accuracy: on digits with the artefact as in training, without it, and the other way round.
        worst, low, high: the gate's number and its 90 % interval.
        flips: the share of all units that change when it is applied, and when it is removed.
        verdict: of the policy.
    """

    world: World
    borne: bool
    accuracy: tuple[float, float, float]
    worst: float
    low: float
    high: float
    flips: tuple[float, float]
    verdict: str


def outcomes(world: World, epochs: int = EPOCHS) -> Iterator[Outcome]:
    """Train a network, and audit it on plain digits and on digits as in training."""
    images, labels = digits(world.seed)
    there = bearers(labels, world.rho, world.seed)
    usual = with_artefact(images, there, world.artefact)
    training, rest = slice(0, TRAINING), slice(TRAINING, None)
    made = trained(usual[training], labels[training], world.seed, epochs)
    other = with_artefact(images, ~there, world.artefact)
    truth = labels[rest]
    accuracy = tuple(_accuracy(made, one[rest], truth) for one in (usual, images, other))
    for borne, given in ((False, images), (True, usual)):
        run = audited(made, given[rest], truth, [NUISANCES[world.artefact]])
        yield _outcome(world, borne, accuracy, run)


def _accuracy(made: nn.Module, images: Tensor, labels: Tensor) -> float:
    with torch.no_grad():
        return float((made(images).argmax(dim=1) == labels).float().mean())


def _outcome(world: World, borne: bool, accuracy: tuple[float, ...], run: auditkit.Run) -> Outcome:
    found = {(one.key.metric, one.key.label): one for one in run.record.measurements}
    kind = NUISANCES[world.artefact]["kind"]
    worst = found["shortcuts.worst_flips", kind]
    flips = [found["shortcuts.flips", f"{kind} {way}"].value for way in ("applied", "removed")]
    assert worst.interval is not None
    plain, without, flipped = accuracy
    return Outcome(
        world, borne, (plain, without, flipped), worst.value or 0.0, worst.interval.low,
        worst.interval.high, (flips[0] or 0.0, flips[1] or 0.0), str(run.verdict),
    )  # fmt: skip


def worlds(seeds: range) -> Iterator[World]:
    """Four networks for each seed."""
    for artefact in NUISANCES:
        for rho in (0.97, 0.5):
            for seed in seeds:
                yield World(artefact, rho, seed)


HEAD = (
    "| artefact | ρ | seed | digits audited | accuracy as in training / without / the other way "
    "round | flips applied | flips removed | worst class (90 % interval) | verdict |",
    "|---|---|---|---|---|---|---|---|---|",
)


def row(one: Outcome) -> str:
    """One line of the table."""
    world, shares = one.world, " / ".join(f"{share:.3f}" for share in one.accuracy)
    audited_on = "as in training" if one.borne else "without it"
    return (
        f"| {world.artefact} | {world.rho:g} | {world.seed} | {audited_on} | {shares} | "
        f"{one.flips[0]:.1%} | {one.flips[1]:.1%} | {one.worst:.1%} ({one.low:.1%} to "
        f"{one.high:.1%}) | {one.verdict} |"
    )


def main() -> None:
    """Print the table, and how many verdicts are what they should be."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    given = parser.parse_args()
    torch.set_num_threads(1)
    print("\n".join(HEAD))
    right: dict[tuple[str, bool], list[bool]] = {}
    for world in worlds(range(given.first, given.first + given.seeds)):
        for one in outcomes(world):
            print(row(one), flush=True)
            wanted = "fail" if world.planted else "pass"
            kind = f"{world.artefact}, {'shortcut' if world.planted else 'control'}"
            right.setdefault((kind, one.borne), []).append(one.verdict == wanted)
    for (kind, borne), hits in right.items():
        print(f"{kind}, digits {'as in training' if borne else 'without it'}: "
              f"{sum(hits)} of {len(hits)} verdicts are right")  # fmt: skip


if __name__ == "__main__":
    main()
