"""What is decided about explained units: as the declared rule, and as all other checks count it."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from auditkit.explain import explained
from auditkit.explain.decided import decision_of, sign_of
from auditkit.models import wrap


def found_of(module: nn.Module, inputs: torch.Tensor, **declared: object):
    model = wrap(module, device="cpu", **declared)
    return explained(model, inputs, model.heads[0], methods=["saliency"]), model.heads[0]


SCORES = torch.tensor([[-2.0], [0.0], [0.3], [3.0]])


@pytest.mark.parametrize(
    ("outputs", "decision", "decided"),
    [
        ("logits", {"threshold": 0.5}, [0, 1, 1, 1]),
        ("logits", {"threshold": 0.6}, [0, 0, 0, 1]),
        ("values", {"threshold": 0.3}, [0, 0, 1, 1]),
        ("logits", {"rule": "argmax"}, [0, 0, 1, 1]),
    ],
)
def test_binary(outputs: str, decision: dict, decided: list[int]) -> None:
    found, head = found_of(
        nn.Identity(), SCORES, task="binary", outputs=outputs, decision=decision,
        classes=("no", "yes"),
    )  # fmt: skip
    assert found.decision.tolist() == decided
    assert found.value.tolist() == pytest.approx(SCORES[:, 0].tolist())
    assert decision_of(found, head, 0) == "predicted no"
    assert [sign_of(found, head, unit) for unit in range(4)] == [2 * one - 1 for one in decided]


def test_binary_with_two_columns() -> None:
    inputs = torch.tensor([[1.0, 0.0], [0.0, 0.0], [0.0, 2.0]])
    declared = {"task": "binary", "outputs": "logits", "classes": ("no", "yes")}
    found, _ = found_of(nn.Identity(), inputs, **declared, decision={"rule": "argmax"})
    assert found.decision.tolist() == [0, 0, 1]  # even scores go to the first class
    found, _ = found_of(nn.Identity(), inputs, **declared, decision={"threshold": 0.5})
    assert found.decision.tolist() == [0, 1, 1]


def test_without_a_rule_nothing_is_decided() -> None:
    found, head = found_of(nn.Identity(), SCORES, task="binary", outputs="logits")
    assert found.decision is None
    assert decision_of(found, head, 3) == "score 3"
    assert sign_of(found, head, 0) == 1


def test_many_classes_and_labels() -> None:
    inputs = torch.tensor([[0.1, 0.9, 0.3], [2.0, 0.0, 1.0]])
    found, head = found_of(
        nn.Identity(), inputs, task="multiclass", outputs="logits", classes=("a", "b", "c")
    )
    assert found.decision.tolist() == [1, 0]
    assert decision_of(found, head, 0) == "predicted b"
    found, head = found_of(
        nn.Identity(), inputs, task="multilabel", outputs="logits", classes=("a", "b", "c")
    )
    assert (found.decision.tolist(), decision_of(found, head, 1)) == ([1, 0], "label a")
    assert sign_of(found, head, 1) == 1


def test_a_number_is_predicted() -> None:
    found, head = found_of(nn.Identity(), SCORES, task="regression")
    assert (found.decision, decision_of(found, head, 2)) == (None, "predicts 0.3")
