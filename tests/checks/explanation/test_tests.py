"""The tests of explanations as the audit tells them: numbers, table and curves."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from auditkit.checks import Findings
from auditkit.checks.explanation.explained_units import ExplainedUnits
from auditkit.checks.explanation.metrics import TEST_METRICS, TESTS
from auditkit.checks.explanation.tests import trials
from auditkit.evidence.basis import Sample
from auditkit.explain import explained
from auditkit.explain.explanation import Trial
from auditkit.measurement import Status
from auditkit.models import wrap
from auditkit.reports.figures import chart

METHODS = ("integrated_gradients", "saliency", "feature_ablation")


def tanh(seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(8, 32), nn.Tanh(), nn.Linear(32, 1)).eval()


def said(
    units: int = 40,
    tested: int = 24,
    gradients: float = 250.0,
    clusters: np.ndarray | None = None,
    network: nn.Module | None = None,
) -> Findings:
    torch.manual_seed(1)
    model = wrap(tanh() if network is None else network, task="binary", outputs="logits")
    found = explained(
        model, torch.randn(units, 8), model.heads[0], methods=METHODS,
        trial=Trial(tested, gradients, clusters),
    )  # fmt: skip
    distinct = None if clusters is None else len(set(clusters.tolist()))
    return trials(ExplainedUnits("", Sample(units, distinct), clusters, {}), found)


class Stepped(nn.Module):
    """Lets no gradient through where the first number is below a bound."""

    def __init__(self, below: float) -> None:
        super().__init__()
        self.inner, self.below = tanh(), below

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.inner(torch.where(x[:, :1] < self.below, x.round(), x))


def curves_of(found: Findings, method: str) -> list:
    pictures = [figure for figure in found.figures if figure.kind == "faithfulness_curves"]
    return [item for one in pictures for item in one.data["items"] if item["method"] == method]


@pytest.fixture(scope="module")
def findings() -> Findings:
    return said()


def test_every_test_of_every_method_is_a_number_or_a_reason(findings) -> None:
    table = pd.DataFrame(
        [(m.key.metric, m.key.label, m.status, m.units) for m in findings.measurements],
        columns=["metric", "method", "status", "units"],
    )
    assert len(table) == len(TESTS) * len(METHODS)
    assert set(table.metric) == {metric.id for metric in TEST_METRICS}
    assert (table[table.status == Status.MEASURED].units >= 20).all()
    assert (table.status == Status.MEASURED).sum() >= 15
    for measured in findings.measurements:
        assert measured.reason.endswith(".")
        assert (measured.value is None) == (measured.status is Status.NOT_APPLICABLE)
        if measured.status is Status.MEASURED:
            assert measured.interval is not None
            assert measured.interval.low <= measured.value <= measured.interval.high


def test_a_network_that_learned_nothing_strange_passes_deletion(findings) -> None:
    gain = next(
        m for m in findings.measurements
        if m.key.metric == "explanation.deletion_gain" and m.key.label == "Integrated gradients"
    )  # fmt: skip
    assert gain.interval.low > 0


def test_the_pictures(findings) -> None:
    trust, curves = findings.figures
    assert trust.kind == "explanation_trust"
    assert [row["method"] for row in trust.data["rows"]] == [
        "Integrated gradients", "Gradient", "Feature ablation"
    ]  # fmt: skip
    assert "What no test excludes stands among what was not tested." in trust.caption
    assert curves.kind == "faithfulness_curves"
    assert {item["curve"] for item in curves.data["items"]} == {"deletion", "insertion"}
    for item in curves.data["items"]:
        orders = {row["order"] for row in item["rows"]}
        assert orders == {"map", "random", "input magnitude"}
        assert all(0 <= row["share"] <= 1 for row in item["rows"])
    for figure in findings.figures:
        assert chart(figure).to_dict()


def test_what_the_budget_leaves_out_says_so() -> None:
    found = said(gradients=30.0)
    lacking = [m for m in found.measurements if m.status is Status.NOT_APPLICABLE]
    assert any("of the budget were left" in m.reason for m in lacking)


def test_nothing_was_tested() -> None:
    found = said(tested=0)
    assert len(found.measurements) == len(TESTS)
    assert {m.reason for m in found.measurements} == {
        "No explanation was tested: explain.tested is 0."
    }
    assert found.figures == ()


def test_all_orders_are_drawn_over_the_units_that_have_a_map() -> None:
    """Else curves of some units would stand beside those of others."""
    for item in curves_of(said(network=Stepped(0.0)), "Gradient"):
        assert 5 <= item["n"] < 24
        ends = {
            (row["order"], row["share"]): row["value"]
            for row in item["rows"]
            if row["share"] in (0, 1)
        }
        for share in (0, 1):
            assert len({ends[order, share] for order in ("map", "random", "input magnitude")}) == 1


def test_the_curves_of_fewer_than_five_units_are_not_drawn() -> None:
    assert curves_of(said(tested=4), "Gradient") == []
    assert curves_of(said(network=Stepped(1.5)), "Gradient") == []
    assert curves_of(said(network=Stepped(1.5)), "Feature ablation")


def test_the_bands_of_curves_know_of_clusters() -> None:
    def lows(clusters: np.ndarray | None) -> list:
        (item, _) = curves_of(said(clusters=clusters), "Gradient")
        return [row["low"] for row in item["rows"]]

    assert lows(None) != lows(np.arange(40) // 2)
    assert set(lows(np.arange(40) // 8)) == {None}


def test_that_all_units_agree_is_no_certainty() -> None:
    """The gradient of a linear model is the same under any noise: known, and it decides no gate."""
    torch.manual_seed(0)
    model = wrap(nn.Linear(6, 1), task="regression")
    found = explained(model, torch.randn(30, 6), model.heads[0], methods=["saliency"],
                      trial=Trial(24))  # fmt: skip
    result = trials(ExplainedUnits("", Sample(30), None, {}), found)
    (stable,) = [m for m in result.measurements if m.key.metric == "explanation.noise_stability"]
    assert stable.value == 1.0
    assert stable.units == 22  # of two, noise changes the number itself too much
    assert stable.interval is stable.estimate is None
    assert stable.reason.startswith("All units agree, so that nothing shows how far others would")
