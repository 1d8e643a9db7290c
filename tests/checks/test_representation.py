"""Attributes planted in a layer are found there, and none is found in noise."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import nn

from auditkit.checks import Findings
from auditkit.data import Group
from auditkit.measurement import Status
from auditkit.models import wrap
from auditkit.statistics import estimates
from tests.checks.audits import CHECKS, collected, data_of, findings, found, value

N = 900


def people(n: int = N, seed: int = 0, **columns: Any) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(rng.normal(size=(n, 3)), columns=["x0", "x1", "x2"])
    sex, town = rng.choice(["F", "M"], n), rng.choice(["a", "b", "c"], n)
    return frame.assign(y=rng.integers(0, 2, n), sex=sex, town=town, **columns)


def network(**declared: Any) -> Any:
    torch.manual_seed(1)
    layers = nn.Sequential(nn.Linear(3, 80), nn.Tanh(), nn.Linear(80, 1))
    settings = {"outputs": "logits", "decision": {"threshold": 0.5}, "device": "cpu", **declared}
    return wrap(layers, task="binary", **settings)


def probe(frame: pd.DataFrame, *, model: Any = None, **roles: Any) -> Findings:
    roles = {"groups": ("sex", "town"), "features": ("x0", "x1", "x2"), **roles}
    return findings("representation", model or network(), data_of(frame, **roles))


def test_a_planted_attribute_is_found() -> None:
    frame = people(seed=2)
    frame["x1"] += 1.2 * (frame["sex"] == "F")
    result = probe(frame)
    women, men = (found(result, "representation.probe_auc", {"sex": s}) for s in ("F", "M"))
    assert women.value == men.value > 0.72
    assert women.interval == men.interval
    assert women.interval.low > value(result, "representation.probe_null", {"sex": "F"}) > 0.5
    p_value = found(result, "representation.probe_p_value", {"sex": "F"})
    assert (p_value.value, p_value.estimate) == (1 / 200, None)
    assert p_value.reason == "Of 199 random dealings of the groups, one-sided."
    assert women.rows == women.units == N
    assert women.share is None  # of a sample; the groups' own shares are those of the whole split
    # What was not planted is not found.
    for town in "abc":
        assert value(result, "representation.probe_p_value", {"town": town}) > 0.01
        low, high = estimates.bounds(
            found(result, "representation.probe_auc", {"town": town}).estimate, 0.005
        )
        assert low < 0.5 < high


def test_the_layer_is_looked_at_and_not_the_input() -> None:
    frame = people()
    frame["x1"] += 1.2 * (frame["sex"] == "F")
    torch.manual_seed(1)
    blind = nn.Linear(3, 80)
    with torch.no_grad():
        blind.weight[:, 1] = 0  # what tells the sexes apart does not get in
    module = nn.Sequential(blind, nn.Tanh(), nn.Linear(80, 1))
    model = wrap(module, task="binary", outputs="logits", device="cpu")
    result = probe(frame, model=model)
    assert value(result, "representation.probe_p_value", {"sex": "F"}) > 0.01
    assert abs(value(result, "representation.probe_auc", {"sex": "F"}) - 0.5) < 0.06


def test_a_declared_layer() -> None:
    model = network(layer="2")
    frame = people()
    frame["x1"] += 1.2 * (frame["sex"] == "F")
    data = data_of(frame, groups=("sex",), features=("x0", "x1", "x2"))
    subject, evidence = collected(CHECKS["representation"], model, data)
    (log,) = evidence["evaluation"].row_logs.values()
    assert subject.layer == "2"
    assert log.embedding.shape == (N, 1)
    assert not any(part._forward_hooks for part in model.module.modules())


def test_figures() -> None:
    result = probe(people())
    sexes, towns = result.figures
    assert sexes.kind == "null_band"
    assert [row["group"] for row in towns.data["rows"]] == ["a", "b", "c"]
    for row in towns.data["rows"]:
        assert row["low"] < row["value"] < row["high"]
        assert row["null_low"] < 0.5 < row["null_high"]
        assert row["n"] > 200


def test_clusters_are_the_units() -> None:
    rng = np.random.default_rng(3)
    person = np.repeat(np.arange(120), 8)
    frame = people(len(person), person=person)
    # Each person has a place of his own in the embedding, and women are nowhere in particular.
    for name in ("x0", "x1", "x2"):
        frame[name] += 3 * rng.normal(size=120)[person]
    frame["sex"] = rng.choice(["F", "M"], 120)[person]
    result = probe(frame, cluster="person")
    women = found(result, "representation.probe_auc", {"sex": "F"})
    assert women.units == 120
    assert women.rows == len(person)
    assert value(result, "representation.probe_p_value", {"sex": "F"}) > 0.01
    reason = found(result, "representation.probe_p_value", {"sex": "F"}).reason
    assert "dealings of the groups among clusters" in reason
    few = probe(
        frame.assign(few=person // 8), cluster="few", groups=("sex",)
    )  # fmt: skip
    measured = found(few, "representation.probe_auc", {"sex": "F"})
    assert measured.units == 15


def test_small_and_unknown_groups() -> None:
    frame = people()
    frame["town"] = ["d"] * 3 + ["e"] * 20 + ["f"] * (N - 23)
    frame.loc[200:260, "sex"] = None
    result = probe(frame)
    tiny = found(result, "representation.probe_auc", {"town": "d"})
    assert (tiny.status, tiny.value) == (Status.TOO_FEW, None)
    assert (tiny.rows, tiny.units, tiny.share) == (0, 0, None)
    assert tiny.reason == (
        "The group or all others are fewer than 5; numbers about so few are not kept, since they "
        "could tell about a person."
    )
    small = found(result, "representation.probe_null", {"town": "e"})
    assert small.status is Status.TOO_FEW
    assert small.reason == ("The group has 20 rows and all others 880; a probe needs 30 of each.")
    assert found(result, "representation.probe_auc", {"sex": "F"}).rows == N - 61
    assert not [m for m in result.measurements if m.key.slice.conditions == (("sex", "(missing)"),)]


def test_few_clusters_are_too_few() -> None:
    frame = people(person=np.arange(N) % 9)
    one = found(probe(frame, cluster="person"), "representation.probe_auc", {"sex": "F"})
    assert (one.status, one.estimate) == (Status.TOO_FEW, None)
    assert "an interval needs at least 10 independent units" in one.reason


def test_a_layer_without_finite_output() -> None:
    class Broken(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.where(x[:, :1] > 1, torch.nan, x)

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body, self.head = Broken(), nn.Linear(3, 1)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.head(torch.nan_to_num(self.body(x)))

    frame = people()
    model = wrap(Model(), task="binary", outputs="logits", device="cpu", layer="body")
    measured = found(probe(frame, model=model), "representation.probe_auc")
    assert measured.status is Status.NOT_APPLICABLE
    broken = int((frame["x0"].astype(np.float32) > 1).sum())
    assert measured.reason == (f"The layer's output is not finite for {broken} of {N} rows.")


def test_where_it_does_not_apply() -> None:
    check = CHECKS["representation"]
    frame = people()
    model = wrap(nn.Linear(3, 1), task="binary", outputs="logits", device="cpu")
    subject, _ = collected(
        CHECKS["performance"], model, data_of(frame, features=("x0", "x1", "x2"))
    )
    assert check.unmet(subject).startswith("No group attribute is declared")
    groups = (Group("sex", "sex"),)
    subject, _ = collected(
        CHECKS["performance"], model, data_of(frame, groups=groups, features=("x0", "x1", "x2"))
    )
    assert check.unmet(subject) == (
        "Fewer than two layers of the model have weights of their own; declare model.layer, the "
        "name of the one whose output is to be looked at."
    )
