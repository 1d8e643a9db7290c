"""What is said of attributions: of tables, images, several inputs, and of what has none."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from auditkit.checks import Findings
from auditkit.data import dataset
from auditkit.evidence import AttributionNeed, Evidence, SplitEvidence
from auditkit.explain import Explanation, Maps, NotExplainable, Settings
from auditkit.measurement import Status
from auditkit.models import wrap
from tests.checks.audits import (
    CHECKS,
    DECIDING,
    collected,
    data_of,
    findings,
    found,
    scored,
    stored,
)

CHECK = CHECKS["explanation"]


def linear(weights: list[float], **declared):
    layer = nn.Linear(len(weights), 1)
    layer.weight.data = torch.tensor([weights])
    return wrap(layer, device="cpu", **{"task": "binary", "outputs": "logits", **declared})


def table(n: int = 300, columns: int = 3, seed: int = 0, **more: object) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    features = {f"x{i}": rng.normal(size=n).astype(np.float32) for i in range(columns)}
    return pd.DataFrame({**features, "y": rng.integers(0, 2, n), **more})


def of_images(n: int = 40) -> list:
    torch.manual_seed(0)
    return [(torch.rand(1, 16, 16), i % 2) for i in range(n)]


def test_the_attributions_of_a_linear_model_are_known() -> None:
    data = table()
    model = linear([3.0, -1.0, 0.0])
    result = findings("explanation", model, data_of(data), feature_names=("age", "pay", "noise"))
    _, evidence = collected(CHECK, model, data_of(data))
    sample = evidence["evaluation"].sample
    assert len(sample) == 128
    drawn = data.iloc[sample.row_ids]
    for name, column, weight in (("age", "x0", 3.0), ("pay", "x1", 1.0), ("noise", "x2", 0.0)):
        measured = found(result, "explanation.mean_attribution", label=name)
        expected = float(drawn[column].abs().mean()) * weight
        assert measured.value == pytest.approx(expected, rel=1e-4, abs=1e-9)
    share = found(result, "explanation.converged_share")
    assert (share.value, share.units) == (1.0, 128)
    assert share.interval.low > 0.95
    assert share.reason.startswith("A random sample of 128 rows")
    assert found(result, "explanation.error_estimate").value < 1e-4
    assert found(result, "explanation.completeness_gap").value < 1e-3


def test_the_ranking_is_drawn() -> None:
    result = findings(
        "explanation", linear([3.0, -1.0, 0.0]), data_of(table()), feature_names=("age", "pay", "z")
    )
    figure = next(figure for figure in result.figures if figure.kind == "ranking")
    assert [row["feature"] for row in figure.data["rows"]] == ["age", "pay", "z"]
    assert figure.data["n"] == 128
    assert "In 100% of random halves of the sample the first input is the same." in figure.caption
    # A feature without any attribution has no known spread either.
    assert figure.data["rows"][2] == {"feature": "z", "value": 0.0, "low": None, "high": None}


def test_names_that_do_not_fit_are_noted() -> None:
    result = findings("explanation", linear([1.0, 2.0]), data_of(table(columns=2)),
                      feature_names=("age", "pay", "town"))  # fmt: skip
    assert result.notes == (
        "feature_names has 3 names; the model takes 2 features. The inputs are numbered instead.",
    )
    assert found(result, "explanation.mean_attribution", label="input 1").value > 0


def test_repeated_names_stay_apart() -> None:
    result = findings("explanation", linear([1.0, 2.0]), data_of(table(columns=2)),
                      feature_names=("age", "age"))  # fmt: skip
    assert found(result, "explanation.mean_attribution", label="age (2)").value > 0


def test_images_are_ranked_by_region() -> None:
    model = wrap(nn.Sequential(nn.Flatten(), nn.Linear(256, 3)), task="multiclass",
                 outputs="logits", classes=("a", "b", "c"), device="cpu")  # fmt: skip
    result = findings("explanation", model, dataset(evaluation=of_images()))
    regions = [m for m in result.measurements if m.key.metric == "explanation.mean_attribution"]
    assert len(regions) == 64
    assert all(m.key.label.startswith("rows ") for m in regions)
    ranking = next(figure for figure in result.figures if figure.kind == "ranking")
    assert len(ranking.data["rows"]) == 20
    assert found(result, "explanation.converged_share").value == 1.0


class Two(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(2.0))

    def forward(self, image: torch.Tensor, number: torch.Tensor) -> torch.Tensor:
        return self.scale * image.flatten(1).sum(dim=1) + number[:, 0]


def test_several_inputs() -> None:
    model = wrap(Two(), task="regression", device="cpu")
    items = [((torch.rand(2, 2), torch.rand(1)), float(i)) for i in range(40)]
    result = findings("explanation", model, dataset(evaluation=items))
    ranked = [m for m in result.measurements if m.key.metric == "explanation.mean_attribution"]
    labels = {m.key.label for m in ranked}
    assert labels == {"0, input 0", "0, input 1", "1, input 0"}


def test_each_head_is_explained() -> None:
    class Heads(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(3, 2)

        def forward(self, x):
            out = self.layer(x)
            return {"risk": out[:, 0], "cost": out[:, 1]}

    heads = {"risk": {"task": "binary", "outputs": "logits"}, "cost": {"task": "regression"}}
    model = wrap(Heads(), heads=heads, device="cpu")
    frame = table().assign(z=1.0)
    data = dataset(evaluation=frame, label={"risk": "y", "cost": "z"}, features=("x0", "x1", "x2"))
    result = findings("explanation", model, data)
    for head in ("risk", "cost"):
        assert found(result, "explanation.converged_share", head=head).value == 1.0
    rankings = [figure for figure in result.figures if figure.kind == "ranking"]
    assert [figure.title for figure in rankings] == [
        "What the output of risk depends on most", "What the output of cost depends on most"
    ]  # fmt: skip


def test_clusters_are_the_units() -> None:
    frame = table(600).assign(person=np.arange(600) % 20)
    for column in ("x0", "x1", "x2"):
        frame[column] = frame.groupby("person")[column].transform("first")
    model = linear([3.0, -1.0, 0.5])
    naive, clustered = (
        findings("explanation", model, data_of(frame, cluster=cluster))
        for cluster in (None, "person")
    )
    one, other = (
        found(result, "explanation.mean_attribution", label="x0") for result in (naive, clustered)
    )
    assert one.value == pytest.approx(other.value)
    assert (one.units, other.units) == (128, 20)
    widths = [m.interval.high - m.interval.low for m in (one, other)]
    assert widths[1] > 1.5 * widths[0]
    assert found(clustered, "explanation.converged_share").units == 20


def test_few_clusters_are_too_few() -> None:
    frame = table(600).assign(person=np.arange(600) % 9)
    result = findings("explanation", linear([3.0, -1.0, 0.5]), data_of(frame, cluster="person"))
    numbers = [m for m in result.measurements if m.status is not Status.NOT_APPLICABLE]
    assert len(numbers) > 10
    for measured in numbers:
        assert measured.status is Status.TOO_FEW
        assert measured.interval is None
        assert re.search(r"(clusters|groups); an interval needs (at least )?10", measured.reason)


def explained(result: Explanation | NotExplainable) -> Findings:
    """What the check says of given attributions."""
    subject, _ = collected(CHECK, linear([1.0, 1.0]), data_of(table(columns=2)))
    given = SplitEvidence(rows=300, counts={}, sums={}, attributions={AttributionNeed(""): result})
    assert CHECK.unmet(subject) == ""
    return CHECK.measure(subject, Evidence({"evaluation": given}))


def attributions(n: int, values: torch.Tensor, **more: torch.Tensor) -> Explanation:
    numbers = {
        "gap": torch.full((n,), 0.01),
        "error": torch.full((n,), 0.02) + torch.arange(n) * 1e-3,
        "shown": torch.arange(n) > 0,
        **more,
    }
    maps = Maps((values,), withheld="It had not converged.", **numbers)
    index = torch.zeros(n, dtype=torch.int64)
    return Explanation(("",), {"integrated_gradients": maps}, index, "table", None, None,
                       Settings())  # fmt: skip


def test_what_cannot_be_explained_says_why_for_every_metric() -> None:
    result = explained(NotExplainable("The input is int64, such as token ids."))
    assert {m.key.metric for m in result.measurements} == {metric.id for metric in CHECK.metrics}
    assert {m.status for m in result.measurements} == {Status.NOT_APPLICABLE}
    assert {m.reason for m in result.measurements} == {"The input is int64, such as token ids."}
    assert result.figures == ()


def test_units_without_a_gap_are_left_out_and_counted() -> None:
    gap = torch.full((20,), 0.01) + torch.arange(20) * 1e-3
    gap[:4] = torch.nan
    result = explained(attributions(20, torch.rand(20, 2), gap=gap))
    measured = found(result, "explanation.completeness_gap")
    assert measured.value == pytest.approx(float(gap[4:].double().mean()))
    assert "4 of them have none: there is nothing to attribute." in measured.reason
    assert found(result, "explanation.converged_share").value == 0.95


def test_attributions_that_are_no_numbers() -> None:
    values = torch.rand(20, 2)
    values[3, 1] = torch.nan
    nothing = torch.full((20,), torch.nan)
    every = torch.ones(20, dtype=torch.bool)
    result = explained(attributions(20, values, error=nothing, shown=every))
    ranked = found(result, "explanation.mean_attribution", label="x0")
    assert ranked.value == pytest.approx(float(values[:, 0].double().mean()))
    known = values[torch.arange(20) != 3, 1].double()
    ranked = found(result, "explanation.mean_attribution", label="x1")
    assert ranked.value == pytest.approx(float(known.mean()))
    ranking = next(figure for figure in result.figures if figure.kind == "ranking")
    assert "Left out are 1 of 20 units. Their attributions are not finite." in ranking.caption
    error = found(result, "explanation.error_estimate")
    assert (error.status, error.value) == (Status.UNDEFINED, None)
    assert error.reason == "Fewer than two units have a value."


def test_numbers_rest_on_the_units_whose_maps_are_shown() -> None:
    shown = torch.arange(20) >= 8
    result = explained(attributions(20, torch.rand(20, 2), shown=shown))
    assert found(result, "explanation.mean_attribution", label="x0").units == 12
    assert found(result, "explanation.converged_share").units == 20


def test_maps_of_four_units_are_not_told_about() -> None:
    shown = torch.arange(20) >= 16
    result = explained(attributions(20, torch.rand(20, 2), shown=shown))
    (ranked,) = (m for m in result.measurements if m.key.metric == "explanation.mean_attribution")
    assert (ranked.status, ranked.value, ranked.units) == (Status.TOO_FEW, None, 0)
    assert "fewer than 5" in ranked.reason
    assert [figure.kind for figure in result.figures] == []


def test_of_very_many_inputs_the_largest_are_kept() -> None:
    values = torch.rand(20, 1200) * torch.arange(1200)
    result = explained(attributions(20, values))
    kept = [m for m in result.measurements if m.key.metric == "explanation.mean_attribution"]
    assert len(kept) == 500
    assert min(m.value for m in kept) > 200
    assert result.notes[-1] == (
        "The model has 1,200 inputs; the mean attributions of the 500 largest are kept."
    )


def test_models_that_cannot_be_explained_are_no_question() -> None:
    model = stored(**DECIDING)
    subject, _ = collected(CHECKS["performance"], model, data_of(scored(50)))
    assert CHECK.unmet(subject) == (
        "Only stored predictions are audited; the model is not here to be explained."
    )
    custom = wrap(
        nn.Linear(1, 1), task="custom", device="cpu", unit_metrics=lambda output, _: output[:, 0]
    )
    subject, _ = collected(CHECKS["performance"], custom, data_of(scored(50)))
    assert CHECK.unmet(subject) == "A custom output has no single number to explain."
