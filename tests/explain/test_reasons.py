"""Reasons of single decisions: against weights that are known, and where they are shaky."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from auditkit.errors import ConfigurationError, ModelError
from auditkit.explain import reason_codes
from auditkit.models import wrap

WEIGHTS = [2.0, -1.0, 0.5, 0.25, -0.1, 0.01]
NAMES = ("pay", "debt", "age", "years", "cards", "code")
CREDIT = {
    "task": "binary", "outputs": "logits", "decision": {"threshold": 0.5}, "device": "cpu",
    "classes": ("refused", "granted"),
}  # fmt: skip


def linear(*weights: float, **declared: object):
    layer = nn.Linear(len(weights), 1)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([weights]))
        layer.bias.zero_()
    return wrap(layer, **{**CREDIT, **declared})


def people(n: int = 60, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(rng.normal(size=(n, len(NAMES))).astype(np.float32), columns=NAMES)


def test_the_reasons_of_a_linear_model_are_known() -> None:
    rows = people()
    found = reason_codes(linear(*WEIGHTS), rows)
    assert len(found) == 60
    parts = rows.to_numpy(np.float64) * WEIGHTS
    for one, part in zip(found, parts, strict=True):
        granted = part.sum() >= 0
        assert one.decision == ("predicted granted" if granted else "predicted refused")
        order = np.argsort(-np.abs(part))[:4]
        assert [reason.feature for reason in one.reasons] == [NAMES[place] for place in order]
        for reason, place in zip(one.reasons, order, strict=True):
            assert reason.share == pytest.approx(abs(part[place]) / np.abs(part).sum(), rel=1e-3)
            towards = (part[place] > 0) == granted
            assert reason.direction == ("towards" if towards else "against")
            assert reason.low is None or reason.low <= reason.share <= reason.high


def test_a_clear_reason_is_stable_and_a_tie_is_not() -> None:
    rows = people(40)
    rows.iloc[:] = 1.0
    rows.iloc[1:] += people(39, seed=1).to_numpy()  # something for the noise to be scaled by
    clear = reason_codes(linear(8.0, 4.0, 2.0, 1.0, 0.1, 0.1), rows)[0]
    assert [reason.stability for reason in clear.reasons] == [1.0, 1.0, 1.0, 1.0]
    tied = reason_codes(linear(8.0, 4.0, 2.0, 1.0, 1.0, 1.0), rows)[0]
    assert [reason.stability for reason in tied.reasons[:3]] == [1.0, 1.0, 1.0]
    assert tied.reasons[3].stability < 0.9
    assert tied.copies == 8
    assert all(0 < one.high - one.low < 0.1 for one in tied.reasons)


def test_a_decision_on_the_edge_keeps_few_copies() -> None:
    rows = people(40)
    rows.iloc[0] = 0.001
    one = reason_codes(linear(*WEIGHTS), rows)[0]
    assert one.copies < 5
    assert [(r.low, r.high, r.stability) for r in one.reasons] == [(None, None, None)] * 4


def test_the_declared_threshold_is_the_edge_that_copies_must_not_cross() -> None:
    rows = people(40)
    rows.iloc[0] = [1.0, 0.5, 1.0, 0.0, 0.0, 0.0]  # a score of 2
    at = {"decision": {"threshold": 1 / (1 + np.exp(-2.0))}}
    assert reason_codes(linear(*WEIGHTS), rows)[0].copies == 8
    assert reason_codes(linear(*WEIGHTS, **at), rows)[0].copies < 7
    raw = {"outputs": "values", "decision": {"threshold": 2.0}}
    assert reason_codes(linear(*WEIGHTS, **raw), rows)[0].copies < 7


def test_what_somebody_lacks_is_no_reason_of_theirs() -> None:
    rows = people(40)
    rows["age"] = (rows["age"] > 0).astype(np.float32)
    rows.iloc[0] = [1.0, 1.0, 0.0, 1.0, 1.0, 1.0]
    one = reason_codes(linear(1.0, 1.0, 50.0, 1.0, 1.0, 1.0), rows, most=6)[0]
    # Noise would lend the absent level a part of every copy.
    assert "age" not in [reason.feature for reason in one.reasons]
    assert sum(reason.share for reason in one.reasons) == pytest.approx(1)
    assert all(reason.low <= reason.share <= reason.high for reason in one.reasons)
    assert all(reason.high - reason.low < 0.1 for reason in one.reasons)


def test_nothing_moved_it() -> None:
    rows = people(10)
    rows.iloc[0] = 0.0
    one = reason_codes(linear(*WEIGHTS), rows)[0]
    assert (one.reasons, one.withheld) == ((), "No feature moved this decision.")


def test_the_baseline_is_what_a_decision_is_compared_with() -> None:
    rows = people(30)
    usual = torch.tensor(rows.mean().to_numpy(np.float32))[None]
    one = reason_codes(linear(*WEIGHTS), rows, baseline=usual)[3]
    part = (rows.iloc[3].to_numpy() - usual.numpy()[0]) * WEIGHTS
    assert one.reasons[0].feature == NAMES[int(np.abs(part).argmax())]
    assert one.reasons[0].share == pytest.approx(np.abs(part).max() / np.abs(part).sum(), rel=1e-3)


def test_a_single_applicant() -> None:
    (one,) = reason_codes(linear(*WEIGHTS), people(1), most=2)
    assert len(one.reasons) == 2
    assert one.reasons[0].stability == 1.0


def test_a_predicted_number_has_reasons_towards_a_larger_one() -> None:
    model = linear(*WEIGHTS, task="regression", outputs="values", decision=None, classes=())
    rows = people(20)
    found = reason_codes(model, rows)
    value = float((rows.iloc[0].to_numpy() * WEIGHTS).sum())
    assert found[0].decision == f"predicts {value:.4g}"
    first = found[0].reasons[0]
    place = NAMES.index(first.feature)
    assert (first.direction == "towards") == (rows.iloc[0, place] * WEIGHTS[place] > 0)


def test_many_classes_are_explained_by_the_decided_one() -> None:
    layer = nn.Linear(2, 3, bias=False)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, -1.0]]))
    model = wrap(layer, task="multiclass", outputs="logits", classes=("a", "b", "c"), device="cpu")
    rows = pd.DataFrame({"x": [3.0, 1.0, -2.0], "y": [1.0, 3.0, -1.0]})
    found = reason_codes(model, rows)
    assert [one.decision for one in found] == ["predicted a", "predicted b", "predicted c"]
    assert [one.reasons[0].feature for one in found] == ["x", "y", "x"]
    assert all(reason.direction == "towards" for one in found for reason in one.reasons)


class _Wild(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        total = x.sum(dim=1)
        return torch.where(total > 1, torch.sin(4000 * total) * 50, total)


def test_maps_that_did_not_converge_give_no_reasons() -> None:
    rows = pd.DataFrame({"x": [0.1, 3.0, 0.2], "y": [0.2, 1.0, 0.3]})
    first, second, _ = reason_codes(wrap(_Wild(), **CREDIT), rows)
    assert first.reasons
    assert second.reasons == ()
    assert "had not converged" in second.withheld


class _Steps(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return (x[:, 0] > 0).float()


def test_what_cannot_be_explained_is_an_error() -> None:
    model = wrap(_Steps(), **{**CREDIT, "outputs": "probabilities"})
    with pytest.raises(ModelError, match="Choose another method"):
        reason_codes(model, people(5))
    found = reason_codes(model, people(5), method="feature_ablation")
    assert {one.reasons[0].feature for one in found if one.reasons} <= {"pay"}


def test_what_was_asked_wrongly() -> None:
    model = linear(*WEIGHTS)
    with pytest.raises(ConfigurationError, match="no head 'risk'; it has ''"):
        reason_codes(model, people(5), "risk")
    with pytest.raises(ConfigurationError, match="2 names; the model takes 6 features"):
        reason_codes(model, people(5), feature_names=("a", "b"))
    with pytest.raises(ConfigurationError, match="no attribution method 'magic'"):
        reason_codes(model, people(5), method="magic")


def test_the_model_is_as_it_came() -> None:
    model = linear(*WEIGHTS)
    model.module.train()
    rows, before = people(8), model.digest()
    kept = rows.copy()
    reason_codes(model, rows)
    assert model.digest() == before
    assert model.module.training
    assert not any(p.grad is not None for p in model.module.parameters())
    pd.testing.assert_frame_equal(rows, kept)
