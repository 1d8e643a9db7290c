"""A model that is sure when it is wrong is found; one that knows when it is wrong passes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.special import logsumexp, softmax
from scipy.stats import entropy
from sklearn.metrics import roc_auc_score
from torch import nn

from auditkit.checks import Findings
from auditkit.checks.confidence.check import CHECK
from auditkit.checks.confidence.figure import POINTS
from auditkit.checks.confidence.probes import asked_probes
from auditkit.data import Dataset, dataset
from auditkit.measurement import Measurement, Status
from auditkit.models import wrap
from auditkit.models.wrapped import WrappedModel
from auditkit.statistics import estimates
from tests.checks.audits import (
    BINARY,
    DECIDING,
    collected,
    data_of,
    found,
    inside,
    outside,
    scored,
    stored,
)

CLASSES = ("a", "b", "c")
LOGITS = ["score_a", "score_b", "score_c"]
PLAIN = ("max_softmax", "margin", "entropy", "energy")
ASKED = ("mc_dropout", "mc_dropout_information", "test_time", "ensemble", "ensemble_disagreement")


def three(**declared: Any) -> WrappedModel:
    return stored(
        LOGITS, **{"task": "multiclass", "outputs": "logits", "classes": CLASSES, **declared}
    )


def answers(n: int = 3000, seed: int = 0, *, misled: bool = False, **columns: Any) -> pd.DataFrame:
    """Logits of three classes and outcomes drawn from them; or sure just where they are wrong."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(n, 3)) * 2.5
    chances = softmax(logits, axis=1)
    truth = (chances.cumsum(axis=1) < rng.random((n, 1))).sum(axis=1).clip(0, 2)
    if misled:
        wrong = logits.argmax(axis=1) != truth
        logits *= np.where(wrong, 4.0, 0.5)[:, None]
    frame = pd.DataFrame(logits, columns=LOGITS)
    return frame.assign(y=np.array(CLASSES)[truth], **columns)


def measured(model: WrappedModel, data: Dataset, **settings: Any) -> Findings:
    subject, evidence = collected(CHECK, model, data, **settings)
    assert CHECK.unmet(subject) == ""
    return CHECK.measure(subject, evidence)


def of_probe(result: Findings, name: str, probe: str = "max_softmax", **where: Any) -> Measurement:
    return found(result, f"confidence.{name}", label=probe, **where)


def test_a_model_that_knows_when_it_is_wrong_passes() -> None:
    result = measured(three(), data_of(answers()))
    assert inside(of_probe(result, "error_auroc"), 0.7, 1)
    assert inside(of_probe(result, "aurc"), 0, 0.12)
    assert inside(of_probe(result, "excess_aurc"), 0, 0.09)
    assert inside(found(result, "confidence.confidently_wrong"), 0, 0.03)


def test_a_model_that_is_sure_when_it_is_wrong_fails() -> None:
    result = measured(three(), data_of(answers(misled=True)))
    ranked = of_probe(result, "error_auroc")
    assert outside(ranked, 0.5, 1)
    assert ranked.value is not None
    assert ranked.value < 0.3
    assert outside(of_probe(result, "aurc"), 0, 0.12)
    assert outside(found(result, "confidence.confidently_wrong"), 0, 0.03)


def test_probes_are_those_of_their_formulas() -> None:
    frame = answers(800)
    result = measured(three(), data_of(frame))
    logits = frame[LOGITS].to_numpy()
    chances, ordered = softmax(logits, axis=1), np.sort(softmax(logits, axis=1), axis=1)
    right = np.array(CLASSES)[logits.argmax(axis=1)] == frame["y"]
    expected = {
        "max_softmax": chances.max(axis=1),
        "margin": ordered[:, 2] - ordered[:, 1],
        "entropy": -entropy(chances, axis=1),
        "energy": logsumexp(logits, axis=1),
    }
    for probe, values in expected.items():
        auroc = roc_auc_score(right, values)
        assert of_probe(result, "error_auroc", probe).value == pytest.approx(auroc, abs=1e-6)
    sure = (~right & (chances.max(axis=1) >= 0.9)).mean()
    assert found(result, "confidence.confidently_wrong").value == pytest.approx(sure)


def test_confidence_is_that_of_the_class_predicted() -> None:
    """A positive at .3, where .2 is the threshold, has the confidence .3 and not .7."""
    frame = scored(2000)
    model = stored(**BINARY, decision={"threshold": 0.2, "favourable": "1"})
    score = frame["score"].to_numpy()
    said = score >= 0.2
    expected = roc_auc_score(said == frame["y"], np.where(said, score, 1 - score))
    ranked = of_probe(measured(model, data_of(frame)), "error_auroc")
    assert ranked.value == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (stored(**DECIDING), "the outputs are probabilities"),
        (stored(**{**DECIDING, "outputs": "logits"}), "one logit for each class"),
    ],
)
def test_energy_needs_a_logit_for_each_class(model: WrappedModel, reason: str) -> None:
    energy = of_probe(measured(model, data_of(scored(400))), "error_auroc", "energy")
    assert energy.status is Status.NOT_APPLICABLE
    assert reason in energy.reason


def test_what_cannot_be_asked_again_says_why() -> None:
    result = measured(three(), data_of(answers(400)))
    for probe in ASKED:
        for name in ("error_auroc", "aurc", "excess_aurc"):
            absent = of_probe(result, name, probe)
            assert absent.status is Status.NOT_APPLICABLE
            assert absent.reason == "The model is not here: its stored predictions are audited."


class Images(torch.utils.data.Dataset[Any]):
    """Noisy images of two classes, some of them with the wrong label."""

    def __init__(self, n: int = 500) -> None:
        generator = torch.Generator().manual_seed(1)
        self.truth = torch.arange(n) % 2
        self.images = torch.rand(n, 1, 8, 8, generator=generator)
        self.images[:, :, :4] += 0.05 * self.truth[:, None, None, None]
        self.images = self.images.clamp(0, 1)

    def __len__(self) -> int:
        return len(self.truth)

    def __getitem__(self, index: int) -> Any:
        return self.images[index], self.truth[index], {"side": "ab"[index % 3 == 0]}


def network(seed: int) -> nn.Module:
    torch.manual_seed(seed)
    body = nn.Sequential(nn.Flatten(), nn.Linear(64, 16), nn.Tanh(), nn.Dropout(0.3))
    last = nn.Linear(16, 2)
    with torch.no_grad():
        body[1].weight[0] = torch.cat([torch.full((32,), 1.0), torch.full((32,), -1.0)])
        last.weight[:, 0] = torch.tensor([-1.0, 1.0])
    return nn.Sequential(body, last).eval()


def images(**declared: Any) -> tuple[WrappedModel, Dataset]:
    model = wrap(
        network(0), task="multiclass", outputs="logits", classes=("dark", "bright"),
        device="cpu", inputs={"medium": "image", "range": (0, 1)}, **declared,
    )  # fmt: skip
    return model, dataset(evaluation=Images(), groups=("side",))


def test_a_network_is_asked_again() -> None:
    model, data = images(members=[network(1), network(2)])
    result = measured(model, data)
    for probe in (*PLAIN, *ASKED):
        ranked = of_probe(result, "error_auroc", probe)
        assert ranked.status is Status.MEASURED, ranked.reason
        assert ranked.interval is not None
        assert ranked.rows == 500


def test_probes_of_an_ensemble_are_those_of_its_members() -> None:
    model, data = images(members=[network(1), network(2)])
    subject, evidence = collected(CHECK, model, data)
    (view,) = subject.main_views
    probes = {one.name: one for one in asked_probes(subject, evidence, view)}
    rows = probes["ensemble"].rows
    with torch.no_grad():
        # The rows come in the order of their keys: their own outputs say which is which.
        outputs = network(0)(Images().images).numpy()
        apart = np.abs(outputs[None] - rows.outputs[:, None]).sum(axis=2)
        inputs = Images().images[apart.argmin(axis=1)]
        each = np.stack([softmax(network(s)(inputs).numpy(), axis=1) for s in range(3)])
    mean = each.mean(axis=0)
    said = each[0].argmax(axis=1)
    assert np.array_equal(rows.prediction, said)
    assert np.allclose(probes["ensemble"].values, mean[np.arange(500), said], atol=1e-5)
    spread = entropy(mean, axis=1) - entropy(each, axis=2).mean(axis=0)
    assert np.allclose(probes["ensemble_disagreement"].values, -spread, atol=1e-5)


def test_where_fewer_units_are_asked_about_a_probe_is_of_these(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("auditkit.evidence.asking.MAX_BYTES", 20 * 2 * 4 * 200)
    model, data = images(members=[network(1)])
    result = measured(model, data)
    rows = {probe: of_probe(result, "aurc", probe).rows for probe in ASKED}
    assert rows["mc_dropout"] == rows["mc_dropout_information"] == 200
    assert rows["ensemble"] == 500
    reason = of_probe(result, "aurc", "mc_dropout").reason
    assert "No more than 200 were asked about, for the size of their outputs." in reason


def test_the_reason_is_the_models_own() -> None:
    frame = scored(300).assign(x=0.0)
    model = wrap(
        nn.Linear(1, 1), task="binary", outputs="logits", decision={"threshold": 0.5}, device="cpu"
    )
    result = measured(model, data_of(frame, features=("x",)))
    assert "no dropout layer" in of_probe(result, "aurc", "mc_dropout").reason
    assert "rows of a table" in of_probe(result, "aurc", "test_time").reason
    assert "members" in of_probe(result, "aurc", "ensemble").reason


def test_groups_have_numbers_of_their_own_and_three_people_have_none() -> None:
    n = 2000
    group = np.random.default_rng(1).choice(["F", "M"], n)
    group[:3] = "X"
    frame = answers(n, sex=group)
    result = measured(three(), data_of(frame, groups=("sex",)))
    for sex in ("F", "M"):
        own = measured(three(), data_of(frame[frame["sex"] == sex]))
        for name in ("error_auroc", "aurc"):
            of_group = of_probe(result, name, where={"sex": sex})
            assert of_group.value == pytest.approx(of_probe(own, name).value)
            assert of_group.interval is not None
        sure = found(result, "confidence.confidently_wrong", {"sex": sex})
        assert sure.value == pytest.approx(found(own, "confidence.confidently_wrong").value)
    for name, label in (("error_auroc", "max_softmax"), ("confidently_wrong", "")):
        few = found(result, f"confidence.{name}", {"sex": "X"}, label=label)
        assert (few.status, few.value, few.rows) == (Status.TOO_FEW, None, 0)
        assert "fewer than 5 are not kept" in few.reason


def test_a_group_that_is_hardly_ever_wrong_has_no_ranking() -> None:
    frame = answers(1500, sex=["F", "M", "M"] * 500)
    said = np.array(CLASSES)[frame[LOGITS].to_numpy().argmax(axis=1)]
    women = (frame["sex"] == "F").to_numpy()
    frame.loc[women, "y"] = said[women]
    result = measured(three(), data_of(frame, groups=("sex",)))
    ranked = of_probe(result, "error_auroc", where={"sex": "F"})
    assert (ranked.status, ranked.value) == (Status.TOO_FEW, None)
    assert "too few units that are wrong" in ranked.reason
    assert of_probe(result, "error_auroc", where={"sex": "M"}).value is not None


@pytest.mark.parametrize(("wrong", "said"), [(0, "0 are wrong"), (1, "1 is wrong")])
def test_few_errors_cannot_be_ranked(wrong: int, said: str) -> None:
    frame = scored(300)
    frame["y"] = (frame["score"] >= 0.5).astype(int)
    frame.loc[: wrong - 1, "y"] = 1 - frame.loc[: wrong - 1, "y"]
    result = measured(stored(**DECIDING), data_of(frame))
    ranked = of_probe(result, "error_auroc")
    assert ranked.status is Status.TOO_FEW
    assert said in ranked.reason
    assert found(result, "confidence.confidently_wrong").interval is not None


def test_clusters_are_the_units() -> None:
    people = np.repeat(np.arange(40), 50)
    frame = answers(40, seed=3).iloc[people].reset_index(drop=True).assign(person=people)
    alone = measured(three(), data_of(frame))
    result = measured(three(), data_of(frame, cluster="person"))
    for name in ("error_auroc", "aurc", "excess_aurc"):
        own, each = of_probe(alone, name), of_probe(result, name)
        assert each.value == pytest.approx(own.value)
        assert each.units == 40
        assert own.interval is not None
        assert each.interval is not None
        narrow = own.interval.high - own.interval.low
        assert each.interval.high - each.interval.low > 4 * narrow


def test_few_errors_have_cautious_bounds() -> None:
    """Five errors, all at the end: DeLong's lower bound alone would be above .99."""
    frame = scored(1000)
    frame["y"] = (frame["score"] >= 0.5).astype(int)
    least_sure = (frame["score"] - 0.5).abs().nsmallest(8).index[3:]
    frame.loc[least_sure, "y"] = 1 - frame.loc[least_sure, "y"]
    ranked = of_probe(measured(stored(**DECIDING), data_of(frame)), "error_auroc")
    assert ranked.value is not None
    assert ranked.value > 0.99
    assert ranked.interval is not None
    assert 0.6 < ranked.interval.low < 0.9


def test_few_clusters_have_no_interval() -> None:
    frame = answers(600).assign(person=np.arange(600) % 4)
    result = measured(three(), data_of(frame, cluster="person"))
    for one in (of_probe(result, "error_auroc"), found(result, "confidence.confidently_wrong")):
        assert (one.status, one.interval, one.estimate) == (Status.TOO_FEW, None, None)
        assert "There are 4 clusters" in one.reason


def test_the_figure_holds_the_curves_the_band_and_both_references() -> None:
    (figure,) = measured(three(), data_of(answers())).figures
    assert figure.kind == "risk_coverage"
    curves = figure.data["curves"]
    assert [curve["probe"] for curve in curves] == list(PLAIN)
    for curve in curves:
        assert len(curve["points"]) <= POINTS
        assert curve["points"][-1] == {
            **curve["points"][-1],
            "coverage": 1.0,
            "risk": pytest.approx(figure.data["error"]),
        }
    assert all(p["low"] <= p["risk"] <= p["high"] for p in curves[0]["points"])
    assert "low" not in curves[1]["points"][0]
    assert figure.data["best"][-1]["risk"] == pytest.approx(figure.data["error"])


def test_curves_that_are_one_are_drawn_once_and_few_units_not_at_all() -> None:
    (figure,) = measured(stored(**DECIDING), data_of(scored(60))).figures
    (curve,) = figure.data["curves"]
    assert curve["probe"] == "max_softmax, margin, entropy"
    assert curve["points"][0]["coverage"] * 60 >= 5
    assert not measured(stored(**DECIDING), data_of(scored(4))).figures


@pytest.mark.parametrize("n", [9, 33, 60, 130, 480])
def test_no_two_points_of_a_curve_tell_about_fewer_than_five(n: int) -> None:
    for curve in measured(three(), data_of(answers(n))).figures[0].data["curves"]:
        told = [round(point["coverage"] * n) for point in curve["points"]]
        assert told[-1] == n
        assert np.diff([0, *told]).min() >= 5


def test_without_a_label_a_decision_or_probabilities_nothing_is_measured() -> None:
    frame = scored(200)
    subject, _ = collected(CHECK, stored(**DECIDING), data_of(frame, label=None))
    assert CHECK.unmet(subject).startswith("No label is declared")
    subject, _ = collected(CHECK, stored(**BINARY), data_of(frame))
    assert CHECK.unmet(subject).startswith("No decision is declared")
    values = stored(task="binary", outputs="values", decision={"threshold": 0.5})
    subject, _ = collected(CHECK, values, data_of(frame))
    assert CHECK.unmet(subject).startswith("The outputs are not declared as probabilities")
    prices = stored(task="regression")
    subject, _ = collected(CHECK, prices, data_of(frame.assign(price=1.0), label="price"))
    assert CHECK.unmet(subject) == "No output decides between classes."


def test_probabilities_of_one_saturate_and_are_tied() -> None:
    frame = answers(500)
    frame[LOGITS] *= 1000
    ranked = of_probe(measured(three(), data_of(frame)), "error_auroc")
    assert ranked.value == pytest.approx(0.5, abs=0.02)
    assert ranked.interval is not None


def test_part_of_the_split_cannot_pass() -> None:
    result = measured(three(), data_of(answers()), limit=500)
    assert all(one.sampled for one in result.measurements)


def test_estimates_can_be_judged_at_any_level() -> None:
    result = measured(three(), data_of(answers(), groups=()))
    for one in result.measurements:
        if one.estimate is not None:
            low, high = estimates.bounds(one.estimate, 0.01)
            assert one.interval is not None
            assert low <= one.interval.low <= one.interval.high <= high
