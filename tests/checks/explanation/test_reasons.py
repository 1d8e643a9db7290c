"""Reasons of single decisions in a record: only where samples are asked for."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import torch
from torch import nn

from auditkit.models import wrap
from tests.checks.audits import data_of
from tests.checks.explained import explaining, figures, numbers_in

NAMES = ("pay", "debt", "age")


def model_of(*weights: float, **declared: object):
    layer = nn.Linear(len(weights), 1)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([weights]))
        layer.bias.zero_()
    usual = {"task": "binary", "outputs": "logits", "decision": {"threshold": 0.5}}
    return wrap(layer, device="cpu", **{**usual, **declared})


def table(n: int = 200) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({f"x{i}": rng.normal(size=n).astype(np.float32) for i in range(3)})
    return frame.assign(y=rng.integers(0, 2, n))


def test_the_reasons_of_a_few_decisions() -> None:
    frame = table()
    result = explaining(model_of(2.0, -1.0, 0.1), data_of(frame), NAMES, samples=3)
    (figure,) = figures(result, "reason_codes")
    assert figure.data["n"] == 3
    for item in figure.data["items"]:
        row = frame.loc[int(item["title"].removeprefix("row ")), ["x0", "x1", "x2"]]
        part = row.to_numpy(np.float64) * [2.0, -1.0, 0.1]
        assert item["decision"] == f"predicted {int(part.sum() >= 0)}"
        first = item["reasons"][0]
        assert first["feature"] == NAMES[int(np.abs(part).argmax())]
        assert set(first) == {"feature", "direction", "share", "low", "high", "stability"}
        assert 0 <= first["low"] <= first["share"] <= first["high"] <= 1
        assert item["trust"]["label"] == "converged"
    assert result.notes == (
        "Row ids of 3 units, and what moved their decisions, are kept in this record, since "
        "explain.samples asks for them; who may read it may read these.",
    )


def test_without_samples_no_decision_is_in_the_record() -> None:
    frame = table()
    for column in ("x0", "x1", "x2"):
        frame[column] += 500
    result = explaining(model_of(2.0, -1.0, 0.1), data_of(frame), NAMES)
    assert not figures(result, "reason_codes")
    assert result.notes == ()
    kept = {number for figure in result.figures for number in numbers_in(dict(figure.data))}
    raw = {float(f"{value:.3g}") for value in frame[["x0", "x1", "x2"]].to_numpy().ravel()}
    assert not kept & (raw | set(frame["x0"].astype(float)))
    assert "row " not in json.dumps([dict(figure.data) for figure in result.figures])


def test_a_predicted_number() -> None:
    model = model_of(2.0, -1.0, 0.1, task="regression", outputs="values", decision=None)
    result = explaining(model, data_of(table()), NAMES, samples=2)
    (figure,) = figures(result, "reason_codes")
    assert figure.data["items"][0]["decision"].startswith("predicts ")
    assert "towards a larger number" in figure.caption


class _Wild(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        total = x.sum(dim=1)
        return torch.where(total > 0.5, torch.sin(4000 * total) * 50, total)


def test_a_decision_whose_map_is_wrong_has_no_reasons() -> None:
    model = wrap(_Wild(), task="regression", device="cpu")
    result = explaining(model, data_of(table()), NAMES, samples=20)
    (figure,) = figures(result, "reason_codes")
    labels = {item["trust"]["label"]: bool(item["reasons"]) for item in figure.data["items"]}
    assert labels.pop("withheld") is False
    assert all(labels.values())


def test_names_that_do_not_fit_are_numbers() -> None:
    result = explaining(model_of(2.0, -1.0, 0.1), data_of(table()), ("a", "b"), samples=1)
    (figure,) = figures(result, "reason_codes")
    assert figure.data["items"][0]["reasons"][0]["feature"].startswith("input ")
