"""Does the membership gate fail a model that has learnt by heart, and pass one that cannot have?

    OMP_NUM_THREADS=1 python benchmarks/membership.py > membership.md

40 features, 10 classes, a tenth of the labels drawn at random; networks 40-256-256-10. Each is
trained on units of its own, once until it knows them all (over-fitted), once for few epochs with
dropout and weight decay (regularised). Every trial is one network, some of its training units and
as many that it has not seen, through the check and the judge, under a policy that asks for an area
of at most .60. In the clean control both sides are unseen, so that nothing can have been memorised.

A trained network serves several trials, each on units drawn afresh: chance of the units is seen in
each, chance of training as often as there are networks. The table therefore tells the rate of the
worst network, too.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from scipy.stats import binomtest
from sklearn.datasets import make_classification
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import TensorDataset

import auditkit
from auditkit.checks.privacy.check import CHECK
from auditkit.data import dataset
from auditkit.evidence import LocalEngine, Options, make_plan
from auditkit.evidence.retraining import Retraining
from auditkit.policy import VerdictStatus, judge, policy_from_text
from auditkit.subjects import probe

FEATURES, CLASSES, NOISE = 40, 10, 0.1
APART = 1.05
"""How far classes lie apart: an over-fitted network is right on 60 % of unseen units."""
TRAINED_ON = 6000
LIMIT = 0.60
POLICY = policy_from_text(f"""\
id: membership
title: Nobody is given away
version: "1"
description: Membership attacks alone.
requirements:
  - id: membership
    title: These attacks found no leak
    metric: privacy.membership_auc
    at_most: {LIMIT}
    basis: convention
    explanation: Whoever was trained on should not be told from whoever was not.
""")


def drawn(number: int, seed: int) -> tuple[Tensor, Tensor]:
    """Units of one law, standardised, and their labels; the law is another one for each seed."""
    inputs, labels = make_classification(
        number, FEATURES, n_informative=20, n_redundant=0, n_classes=CLASSES,
        n_clusters_per_class=2, class_sep=APART, flip_y=NOISE, random_state=seed,
    )  # fmt: skip
    standard = (inputs - inputs.mean(axis=0)) / inputs.std(axis=0)
    return torch.from_numpy(standard).float(), torch.from_numpy(labels)


def trained(inputs: Tensor, labels: Tensor, seed: int, *, regularised: bool) -> nn.Module:
    """A network 40-256-256-10 after 80 epochs, or after 12 with dropout and weight decay."""
    torch.manual_seed(seed)
    drop = 0.4 if regularised else 0.0
    made = nn.Sequential(
        nn.Linear(FEATURES, 256), nn.ReLU(), nn.Dropout(drop),
        nn.Linear(256, 256), nn.ReLU(), nn.Dropout(drop), nn.Linear(256, CLASSES),
    )  # fmt: skip
    decay = 0.1 if regularised else 0.0
    optimiser = torch.optim.AdamW(made.parameters(), lr=1e-3, weight_decay=decay)
    for _ in range(12 if regularised else 80):
        for rows in torch.randperm(len(inputs)).split(128):
            loss = functional.cross_entropy(made(inputs[rows]), labels[rows])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    return made.eval()


def accuracy(made: nn.Module, inputs: Tensor, labels: Tensor) -> float:
    """Share of right decisions."""
    with torch.no_grad():
        return float((made(inputs).argmax(1) == labels).float().mean())


@dataclass(frozen=True)
class Trial:
    """What one audit found.

    Attributes:
        status: of the requirement: of several attacks the worst.
        areas: attack → its area.
        withheld: whether the blind baseline kept the verdict back.
    """

    status: VerdictStatus
    areas: Mapping[str, float]
    withheld: bool


_WORST = (VerdictStatus.FAIL, VerdictStatus.MISSING, VerdictStatus.INCONCLUSIVE, VerdictStatus.PASS)


def tried(
    made: nn.Module, members: TensorDataset, others: TensorDataset, seed: int, references: int = 0
) -> Trial:
    """One network and two sets of units, through the check and the judge.

    Args:
        made: the network.
        members, others: units that it was trained on, or so it is said, and others.
        seed: of the audit.
        references: how many models are trained on random halves of the members.
    """
    model = auditkit.wrap(
        made, task="multiclass", classes=tuple(map(str, range(CLASSES))), outputs="logits",
        device="cpu",
    )  # fmt: skip
    data = dataset(evaluation=others, training=members)
    with model.opened():
        again = Retraining(_again if references else None, references=references)
        probed = probe(model, data, seed=seed, batch_size=4096, retraining=again)
        plan = make_plan(CHECK.needs(probed.subject), probed.subject)
        options = Options(batch_size=4096, seed=seed, edges=probed.edges, quiet=True)
        evidence = LocalEngine().run(plan, probed.subject, model, data, options)
    found = CHECK.measure(probed.subject, evidence).measurements
    metrics = {metric.id: metric for metric in CHECK.metrics}
    statuses = {one.status for one in judge(POLICY, found, metrics=metrics).verdicts}
    whole = {one.key.label: one for one in found if one.key.metric == "privacy.membership_auc"}
    return Trial(
        next(status for status in _WORST if status in statuses),
        {name: one.value for name, one in whole.items() if one.value is not None},
        "not of one distribution" in whole["loss"].reason,
    )


def _again(inputs: Tensor, targets: Tensor, seed: int) -> nn.Module:
    return trained(inputs, targets, seed, regularised=False)


@dataclass(frozen=True)
class Setting:
    """A row of the table.

    Attributes:
        title: what is tried.
        goal: what should become of it, in words.
        right: which statuses are right.
        regularised: which network.
        clean: whether both sides are unseen.
        size: units a side.
        trials: of each network.
        references: models trained on random halves of the members, for further attacks.
        moved: by how much three of the features lie higher in the evaluation data.
    """

    title: str
    goal: str
    right: frozenset[VerdictStatus]
    regularised: bool
    clean: bool
    size: int
    trials: int
    references: int = 0
    moved: float = 0.0


_FAIL, _PASS, _OPEN = VerdictStatus.FAIL, VerdictStatus.PASS, VerdictStatus.INCONCLUSIVE
_NOT_FAILED = frozenset({_PASS, _OPEN})
_BOTH = "clean control, both sides unseen"
_MOVED = "clean, 3 of 40 features moved by .3"
SETTINGS = (
    Setting("over-fitted", "fail ≥ 95 %", frozenset({_FAIL}), False, False, 200, 20),
    Setting("over-fitted", "fail ≥ 95 %", frozenset({_FAIL}), False, False, 1000, 6),
    Setting("regularised", "no fail ≥ 95 %", _NOT_FAILED, True, False, 200, 20),
    Setting("regularised", "no fail ≥ 95 %", _NOT_FAILED, True, False, 2000, 3),
    Setting(_BOTH, "pass ≥ 95 %", frozenset({_PASS}), False, True, 2000, 20),
    Setting(_BOTH, "inconclusive", frozenset({_OPEN}), False, True, 950, 10),
    Setting(_BOTH, "inconclusive, fail ≤ 5 %", frozenset({_OPEN}), False, True, 200, 20),
    Setting(f"{_BOTH}, references", "pass ≥ 95 %", frozenset({_PASS}), False, True, 2000, 3, 4),
    Setting(_MOVED, "no verdict", frozenset({_OPEN}), False, True, 1000, 5, moved=0.3),
    Setting(_MOVED, "no verdict", frozenset({_OPEN}), False, True, 2000, 5, moved=0.3),
    Setting("over-fitted, references", "fail ≥ 95 %", frozenset({_FAIL}), False, False, 500, 3, 4),
)


def units_of(places: np.ndarray, inputs: Tensor, labels: Tensor) -> TensorDataset:
    """Some of the units as a data set."""
    chosen = torch.from_numpy(places)
    return TensorDataset(inputs[chosen], labels[chosen])


def trials(setting: Setting, made: nn.Module, seed: int, pool: int) -> Iterator[Trial]:
    """Trials of one network, each on units drawn afresh.

    Args:
        setting: the row.
        made: the network; trained on the first units of the pool.
        seed: of its pool.
        pool: number of units of it.
    """
    inputs, labels = drawn(pool, seed)
    rng = np.random.default_rng(seed)
    for trial in range(setting.trials):
        seen, unseen = rng.permutation(TRAINED_ON), TRAINED_ON + rng.permutation(pool - TRAINED_ON)
        others = unseen[: setting.size]
        members = unseen[setting.size : 2 * setting.size] if setting.clean else seen[: setting.size]
        changed = inputs[torch.from_numpy(others)]
        changed[:, :3] += setting.moved
        unlike = TensorDataset(changed, labels[torch.from_numpy(others)])
        yield tried(made, units_of(members, inputs, labels), unlike, trial, setting.references)


def shown(setting: Setting, found: list[list[Trial]]) -> str:
    """A row: how often each status came, and how often the right one, with its interval."""
    every = [trial for of_network in found for trial in of_network]
    right = sum(trial.status in setting.right for trial in every)
    interval = binomtest(right, len(every)).proportion_ci(0.95)
    statuses = Counter(trial.status.value for trial in every)
    worst = min(np.mean([t.status in setting.right for t in of_network]) for of_network in found)
    areas = {name: np.mean([one.areas[name] for one in every]) for name in every[0].areas}
    return (
        f"| {setting.title} | {setting.size:,} | "
        f"{', '.join(f'{name} {area:.3f}' for name, area in areas.items())} | "
        f"{', '.join(f'{n} {status}' for status, n in statuses.most_common())} | "
        f"{sum(trial.withheld for trial in every)} | {setting.goal} | "
        f"{right}/{len(every)} = {right / len(every):.1%} "
        f"({interval.low:.1%} to {interval.high:.1%}) | {worst:.0%} |"
    )


def main() -> None:
    """Train, try and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--networks", type=int, default=10)
    parser.add_argument("--pool", type=int, default=40_000)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    started = time.perf_counter()
    made: dict[bool, list[nn.Module]] = {False: [], True: []}
    print("| network | accuracy on its own units | on unseen units |\n|---|---|---|")
    for regularised, networks in made.items():
        shares = []
        for seed in range(arguments.networks):
            inputs, labels = drawn(arguments.pool, seed)
            own = inputs[:TRAINED_ON], labels[:TRAINED_ON]
            networks.append(trained(*own, seed, regularised=regularised))
            rest = inputs[TRAINED_ON:], labels[TRAINED_ON:]
            shares.append([accuracy(networks[-1], *own), accuracy(networks[-1], *rest)])
        seen, unseen = np.mean(shares, axis=0)
        name = "regularised" if regularised else "over-fitted"
        print(f"| {name} | {seen:.3f} | {unseen:.3f} |", flush=True)
    print(
        "\n| what | units a side | mean areas | verdicts | withheld | goal | reached | "
        "worst network |\n|---|---|---|---|---|---|---|---|"
    )
    for setting in SETTINGS:
        found = [
            list(trials(setting, network, seed, arguments.pool))
            for seed, network in enumerate(made[setting.regularised])
        ]
        print(shown(setting, found), flush=True)
    print(f"\n{time.perf_counter() - started:.0f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
