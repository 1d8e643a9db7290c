"""One small audit for each kind of model: what every check must cope with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import nn

from auditkit.data import Dataset, Group, dataset
from auditkit.data.training_logs import Curve, TrainingLog
from auditkit.evidence.cost_wishes import CostWishes
from auditkit.evidence.retraining import Retraining
from auditkit.models import stored_predictions, wrap
from auditkit.models.wrapped import WrappedModel
from tests.checks.audits import DECIDING, data_of, scored, stored

Case = tuple[WrappedModel, Dataset]
GROUPS = (Group("sex", "sex", "F"), Group("town", "town"))


def people(n: int = 240, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return (
        scored(n, seed)
        .assign(
            x=rng.normal(size=n),
            other=rng.random(n),
            third=rng.random(n),
            label=rng.choice(["a", "b", "c"], n),
            z=rng.integers(0, 2, n),
            price=rng.normal(size=n),
            sex=rng.choice(["F", "M", None], n, p=[0.45, 0.45, 0.1]),
            town=[["north", "south", "tiny"][0 if i % 2 else 1 if i else 2] for i in range(n)],
            person=rng.integers(0, 40, n),
            rank=rng.choice(["low", "high"], n),
            weight=rng.uniform(0.5, 3, n),
            before=rng.integers(0, 2, n),
            p_one=rng.random(n),
            search=rng.integers(0, 30, n),
        )
        .assign(p_other=lambda table: 1 - table["p_one"])
    )


def tabular(model: WrappedModel, label: Any = "y", **roles: Any) -> Case:
    roles = {"groups": GROUPS, "intersections": [("sex", "town")], **roles}
    features = ("score", "other", "third", "x")
    evaluation, training = people(), people(200, 1)
    return model, data_of(evaluation, training, label=label, features=features, **roles)


def _binary() -> Case:
    return tabular(stored(**DECIDING))


def _clustered() -> Case:
    return tabular(stored(**DECIDING), cluster="person")


ROLES = {
    "controls": ("rank",),
    "proxy_groups": {"race": {"columns": {"one": "p_one", "other": "p_other"}}},
    "previous": "before",
    "labelled": "people who were accepted",
    "query": "search",
    "top": 3,
}


ROLES_OF_SOME = {name: role for name, role in ROLES.items() if name != "labelled"}


def _roles(**more: Any) -> Case:
    return tabular(stored(**DECIDING), **ROLES, **more)


def _partly_labelled(model: WrappedModel, label: Any = "y", **roles: Any) -> Case:
    """The outcome of every third row is not known."""
    roles = {"groups": GROUPS, "intersections": [("sex", "town")], **roles}
    features = ("score", "other", "third", "x")
    evaluation, training = (
        frame.assign(**{label: frame[label].where(frame.index % 3 > 0)})
        for frame in (people(), people(200, 1))
    )
    return model, data_of(
        evaluation, training, label=label, features=features, labelled="two thirds", **roles
    )


def _weighted_classes() -> Case:
    _, data = tabular(stored(**DECIDING), label="label", weight="weight")
    return _multiclass()[0], data


def _few_clusters() -> Case:
    model, data = tabular(stored(**DECIDING), cluster="z")
    return model, data


def _undecided() -> Case:
    return tabular(stored(task="binary", outputs="values"))


def _multiclass() -> Case:
    model = stored(
        ["score", "other", "third"], task="multiclass", outputs="logits", classes=("a", "b", "c"),
        decision={"rule": "argmax", "favourable": "b"},
    )  # fmt: skip
    return tabular(model, label="label")


def _multilabel() -> Case:
    model = stored(
        ["score", "other"], task="multilabel", outputs="probabilities", classes=("cat", "dog"),
        decision={"threshold": 0.5, "favourable": "dog"},
    )  # fmt: skip
    return tabular(model, label=("y", "z"))


def _regression() -> Case:
    return tabular(stored("score", task="regression"), label="price")


def _heads() -> Case:
    heads = {"risk": DECIDING, "cost": {"task": "regression"}}
    model = stored_predictions({"risk": "score", "cost": "other"}, heads=heads)
    return tabular(model, label={"risk": "y", "cost": "price"}, groups=GROUPS[:1], intersections=())


def planted(n: int = 2400, seed: int = 0, wrong: float = 0.6, spread: float = 4.0) -> pd.DataFrame:
    """Decisions and numbers that are worse for one job at one site; `score` and `guess` predict."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "job": rng.choice(["clerk", "nurse", "smith"], n),
            "site": rng.choice(["hill", "lake", "moor"], n),
            "age": rng.integers(18, 80, n),
            "guess": rng.normal(size=n),
            "score": rng.random(n),
            "sex": rng.choice(["F", "M"], n),
            "person": rng.integers(0, n // 4, n),
        }
    )
    worse = ((frame["job"] == "smith") & (frame["site"] == "lake")).to_numpy()
    errs = rng.random(n) < np.where(worse, wrong, 0.1)
    frame["y"] = ((frame["score"] >= 0.5) ^ errs).astype(int)
    frame["price"] = frame["guess"] + rng.normal(size=n) * np.where(worse, spread, 1.0)
    return frame


def planted_case(frame: pd.DataFrame, **roles: Any) -> Case:
    heads = {"risk": DECIDING, "cost": {"task": "regression"}}
    model = stored_predictions({"risk": "score", "cost": "guess"}, heads=heads)
    features = ("job", "site", "age", "score", "guess")
    label = {"risk": "y", "cost": "price"}
    return model, data_of(frame, label=label, features=features, groups=("sex",), **roles)


def _custom() -> Case:
    def quality(output: torch.Tensor, target: torch.Tensor) -> dict[str, torch.Tensor]:
        return {"distance": (output - target).abs(), "near": (output - target).abs() < 0.3}

    model = wrap(
        lambda frame: torch.tensor(frame["score"].to_numpy()), task="custom", unit_metrics=quality
    )
    return tabular(model)


def _network(cluster: str | None = None) -> Case:
    torch.manual_seed(0)
    model = wrap(
        nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1)), task="binary",
        outputs="logits", decision={"threshold": 0.5, "favourable": "1"}, device="cpu",
    )  # fmt: skip
    return tabular(model, cluster=cluster)


def _taught(regression: bool) -> Callable[[torch.Tensor, torch.Tensor, int], nn.Module]:
    """A way to train a network again that learns some of its units by heart, in little time."""

    def train(inputs: torch.Tensor, targets: torch.Tensor, seed: int) -> nn.Module:
        torch.manual_seed(seed)
        network = nn.Sequential(nn.Linear(4, 64), nn.Tanh(), nn.Linear(64, 1))
        optimiser = torch.optim.Adam(network.parameters(), lr=0.05)
        far = (
            nn.functional.mse_loss if regression else nn.functional.binary_cross_entropy_with_logits
        )
        for _ in range(60):
            optimiser.zero_grad()
            far(network(inputs)[:, 0], targets.float()).backward()
            optimiser.step()
        return network

    return train


def _gathering() -> Case:
    """A network that is wrong about most units with a large x."""
    network = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 1))
    with torch.no_grad():
        network[0].weight.copy_(torch.eye(4))
        network[0].bias.zero_()
    model = wrap(
        network, task="binary", outputs="logits", device="cpu",
        decision={"threshold": 0.5, "favourable": "1"},
    )  # fmt: skip
    frame = people(800)
    with torch.no_grad():
        inputs = torch.tensor(frame[["score", "other", "third", "x"]].to_numpy(np.float32))
        says = network(inputs)[:, 0].numpy() >= 0
    wrong = (frame["x"] > 0.7) & (frame.index % 5 > 0)
    frame["y"] = (says ^ wrong).astype(int)
    features = ("score", "other", "third", "x")
    return model, data_of(frame, people(200, 1), features=features, groups=GROUPS)


class _Items(torch.utils.data.Dataset[Any]):
    def __len__(self) -> int:
        return 60

    def __getitem__(self, index: int) -> Any:
        image = torch.full((1, 6, 6), (index % 7) / 7)
        return image, index % 3, {"sex": "FM"[index % 2]}


def _images() -> Case:
    torch.manual_seed(0)
    model = wrap(
        nn.Sequential(nn.Flatten(), nn.Linear(36, 3)), task="multiclass", outputs="logits",
        classes=("0", "1", "2"), device="cpu",
    )  # fmt: skip
    return model, dataset(evaluation=_Items(), training=_Items(), groups=("sex",))


def _leaked() -> Case:
    """Evaluation rows that training rows repeat, of a class and of a number, with their moments."""
    training, evaluation = people(200, 1).assign(when=1.0), people().assign(when=2.0)
    evaluation.loc[:39, ["third", "x"]] = training.loc[:39, ["third", "x"]]
    evaluation.loc[:9, "when"] = 0.0
    heads = {"risk": DECIDING, "cost": {"task": "regression"}}
    model = stored_predictions({"risk": "score", "cost": "other"}, heads=heads)
    features = ("score", "other", "third", "x")
    label = {"risk": "y", "cost": "price"}
    return model, data_of(evaluation, training, label=label, features=features, time="when")


def _sure() -> Case:
    """Decisions that are wrong only where they are unsure, so that a threshold is found."""
    frame = people(1200).assign(town=["north", "south"] * 600)
    wrong = ((frame["score"] - 0.5).abs() < 0.1) & (frame.index % 3 == 0)
    frame["y"] = ((frame["score"] >= 0.5) ^ wrong).astype(int)
    features = ("score", "other", "third", "x")
    return stored(**DECIDING), data_of(frame, people(200, 1), features=features, groups=GROUPS)


def _prices() -> Case:
    """A network that predicts a number, and can be asked again."""
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1))
    return tabular(wrap(network, task="regression", device="cpu"), label="price")


class _Strange(_Items):
    def __getitem__(self, index: int) -> Any:
        image, _, _ = super().__getitem__(index)
        return (1 - image * (torch.arange(6) % 2),)


class _Bright(_Items):
    """Images of three kinds of brightness, some of them with the wrong label."""

    def __init__(self, n: int = 240, seed: int = 0) -> None:
        generator = torch.Generator().manual_seed(seed)
        self.kinds = torch.randint(0, 3, (n,), generator=generator)
        self.images = (self.kinds / 3)[:, None, None, None] + 0.3 * torch.rand(
            n, 1, 6, 6, generator=generator
        )
        self.labels = torch.where(
            torch.rand(n, generator=generator) < 0.2,
            torch.randint(0, 3, (n,), generator=generator),
            self.kinds,
        )

    def __len__(self) -> int:
        return len(self.kinds)

    def __getitem__(self, index: int) -> Any:
        return self.images[index], int(self.labels[index]), {"sex": "FM"[index % 2]}


def _asked_again() -> Case:
    """A network that can be asked again in every way, and inputs of another kind."""
    torch.manual_seed(0)

    def network() -> nn.Module:
        made = nn.Sequential(nn.Flatten(), nn.Linear(36, 4), nn.Dropout(0.3), nn.Linear(4, 3))
        with torch.no_grad():  # the brighter, the higher the class
            made[1].weight.fill_(1 / 36).add_(0.01 * torch.randn(4, 36))
            made[1].bias.zero_()
            made[3].weight.copy_(torch.tensor([[-4.0], [0.0], [4.0]]).expand(3, 4) / 2)
            made[3].bias.copy_(torch.tensor([4.0, 2.0, -4.5]))
        return made

    model = wrap(
        network(), task="multiclass", outputs="logits", classes=("0", "1", "2"), device="cpu",
        inputs={"medium": "image", "range": (0, 1)}, members=[network(), network()],
    )  # fmt: skip
    return model, dataset(
        evaluation=_Bright(), training=_Bright(120, 1), outside=_Strange(), groups=("sex",)
    )


def _lightness() -> Case:
    """A network that predicts a number of an image, and can be asked again."""
    torch.manual_seed(0)
    model = wrap(
        nn.Sequential(nn.Flatten(), nn.Linear(36, 1)), task="regression", device="cpu",
        inputs={"medium": "image", "range": (0, 2)},
    )  # fmt: skip
    return model, dataset(evaluation=_Bright(), groups=("sex",))


def _many_classes() -> Case:
    names = tuple(str(code) for code in range(25))
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(600, 25)) * 2, columns=[f"score{n}" for n in names])
    odds = np.exp(frame.to_numpy())
    frame["y"] = [rng.choice(25, p=p) for p in odds / odds.sum(axis=1, keepdims=True)]
    model = stored(
        [f"score{name}" for name in names], task="multiclass", outputs="logits", classes=names
    )
    return model, data_of(frame)


def _many_members() -> Case:
    """Enough training units for what is told of the largest of their losses."""
    frames = (people(1100, seed) for seed in (0, 1))
    return stored(**DECIDING), data_of(*frames, features=("score", "other", "x"))


def _quantiles() -> WrappedModel:
    return stored(["score", "other", "third"], task="regression", quantiles=(0.25, 0.5, 0.75))


CASES: dict[str, Callable[[], Case]] = {
    "binary": _binary,
    "clustered": _clustered,
    "two clusters": _few_clusters,
    "every role": _roles,
    "every role, clustered": lambda: _roles(cluster="person"),
    "every role, weighted": lambda: _roles(weight="weight"),
    "weighted clusters": lambda: _roles(weight="weight", cluster="person"),
    "weighted classes": _weighted_classes,
    "undecided": _undecided,
    "multiclass": _multiclass,
    "multilabel": _multilabel,
    "regression": _regression,
    "several heads": _heads,
    "custom": _custom,
    "planted": lambda: planted_case(planted()),
    "network": _network,
    "clustered network": lambda: _network("person"),
    "trained again": _network,
    "prices, trained again": _prices,
    "images": _images,
    "gathering": _gathering,
    "sure": _sure,
    "leaked": _leaked,
    "network, prices": _prices,
    "asked again": _asked_again,
    "numbers of images": _lightness,
    "many classes": _many_classes,
    "many members": _many_members,
    "quantiles": lambda: tabular(_quantiles(), label="price"),
    "quantiles, clustered": lambda: tabular(_quantiles(), label="price", cluster="person"),
    "quantiles, weighted": lambda: tabular(_quantiles(), label="price", weight="weight"),
    "partly labelled quantiles": lambda: _partly_labelled(_quantiles(), "price"),
    "no label, quantiles": lambda: tabular(_quantiles(), label=None),
    "partly labelled": lambda: _partly_labelled(stored(**DECIDING), **ROLES_OF_SOME),
    "partly labelled, clustered": lambda: _partly_labelled(
        stored(**DECIDING), cluster="person", **ROLES_OF_SOME
    ),
    "partly labelled, weighted": lambda: _partly_labelled(
        stored(**DECIDING), weight="weight", **ROLES_OF_SOME
    ),
    "partly labelled classes": lambda: _partly_labelled(_multiclass()[0], "label"),
    "partly labelled network": lambda: _partly_labelled(_network()[0]),
    "partly labelled prices": lambda: _partly_labelled(_regression()[0], "price"),
    "no label": lambda: tabular(stored(**DECIDING), label=None, **ROLES_OF_SOME),
    "no label, classes": lambda: tabular(_multiclass()[0], label=None, cluster="person"),
    "no label, network": lambda: tabular(_network()[0], label=None),
    "no label, prices": lambda: tabular(_regression()[0], label=None),
    "no label, custom": lambda: tabular(_custom()[0], label=None),
    "no label, several": lambda: tabular(_multilabel()[0], label=None),
}

_LOG = TrainingLog(
    "metrics.csv",
    "lightning",
    "sha256:0",
    (
        Curve("train_loss", (1, 2, 3), (1.0, 2.0, 3.0), (0.8, 0.5, 0.3)),
        Curve("val_loss", (1, 2, 3), (1.0, 2.0, 3.0), (0.9, 0.7, 0.8), lost=1),
    ),
)

_PRICES = CostWishes(
    price_per_hour=1.2, currency="EUR", power_watts=65, grid_grams_per_kwh=56, grid_source="RTE"
)
SETTINGS: dict[str, dict[str, Any]] = {
    "trained again": {
        "retraining": Retraining(_taught(regression=False), units=200),
        "training_log": _LOG,
    },
    "prices, trained again": {
        "retraining": Retraining(_taught(regression=True), units=200),
        "cost": _PRICES,
    },
}
"""Case → what is declared beside the model and its data."""
