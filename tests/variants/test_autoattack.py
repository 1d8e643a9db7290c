"""How AutoAttack is called, by a stand-in for its package."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor

from auditkit.errors import ConfigurationError, ModelError
from auditkit.models.head import Head, Outputs, Task
from auditkit.models.input_range import InputRange
from auditkit.variants.autoattack import autoattacked
from auditkit.variants.variant import attack
from auditkit.variants.victim import Victim

AUTO = attack("autoattack", 0.1)
RANGE = InputRange((-1, -2), (1, 2))
FOUR = Head("", Task.MULTICLASS, Outputs.LOGITS, ("a", "b", "c", "d"))
TWO = Head("", Task.BINARY, Outputs.PROBABILITIES)
WEIGHT = torch.linspace(-1, 1, 18 * 4).reshape(18, 4)


class Stand:
    """Asks the model once, moves every number up by the radius, and upsets global state."""

    made: Stand

    def __init__(self, model: Any, **options: Any) -> None:
        Stand.made = self
        self.model, self.options = model, options
        self.apgd = SimpleNamespace(n_restarts=5)
        self.apgd_targeted = SimpleNamespace(n_target_classes=9)

    def run_standard_evaluation(self, inputs: Tensor, target: Tensor, /, *, batch_size: int) -> Any:
        self.inputs, self.batch_size = inputs, batch_size
        self.logits = self.model(inputs)
        torch.manual_seed(0)
        sys.settrace(None)
        moved = (inputs + self.options["eps"]).clamp(0, 1)
        return moved, self.model(moved).argmax(1)


@pytest.fixture
def package(monkeypatch: pytest.MonkeyPatch) -> None:
    stand = ModuleType("pyautoattack")
    stand.AutoAttack = Stand  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "pyautoattack", stand)


def images() -> Tensor:
    low, high = RANGE.bounds(torch.zeros(1, 2))
    drawn = torch.rand(5, 2, 3, 3, generator=torch.Generator().manual_seed(1))
    return low[..., None, None] + drawn * (high - low)[..., None, None]


def four(x: Tensor) -> Tensor:
    return x.flatten(1) @ WEIGHT


def chance(x: Tensor) -> Tensor:
    return four(x)[:, 0].sigmoid()


@pytest.mark.usefixtures("package")
def test_what_the_package_is_asked() -> None:
    target = torch.tensor([0, 1, 2, 3, 0])
    ours = autoattacked(Victim(four, FOUR), images(), target, AUTO, RANGE, 2**32 + 7)
    made = Stand.made
    assert made.options == {
        "attacks": ["apgd-ce", "apgd-t"],
        "device": torch.device("cpu"),
        "eps": 0.1,
        "norm": "Linf",
        "seed": 7,
        "version": "custom",
    }
    assert made.apgd.n_restarts == 1
    assert made.apgd_targeted.n_target_classes == 3
    assert made.batch_size == 5
    assert made.inputs.shape == (5, 18)
    assert 0 <= float(made.inputs.min()) < float(made.inputs.max()) <= 1
    torch.testing.assert_close(made.logits, four(images()))
    low, high = RANGE.bounds(images())
    twin = torch.minimum(images() + 0.1 * (high - low), high)
    torch.testing.assert_close(ours.inputs, twin)
    assert not ours.stuck.any()


@pytest.mark.usefixtures("package")
def test_few_classes_are_attacked_without_targets() -> None:
    target = torch.tensor([0, 1, 1, 0, 0])
    ours = autoattacked(Victim(chance, TWO), images(), target, AUTO, RANGE, 1)
    assert Stand.made.options["attacks"] == ["apgd-ce"]
    assert Stand.made.logits.shape == (5, 2)
    torch.testing.assert_close(Stand.made.logits.softmax(1)[:, 1], chance(images()))
    assert ours.inputs.shape == images().shape


@pytest.mark.usefixtures("package")
def test_random_state_and_trace_are_kept() -> None:
    def trace(*_: Any) -> None:
        return None

    state, held = torch.get_rng_state(), sys.gettrace()
    sys.settrace(trace)
    try:
        with torch.inference_mode():
            autoattacked(Victim(four, FOUR), images(), torch.zeros(5).long(), AUTO, RANGE, 1)
        kept = sys.gettrace()
    finally:
        sys.settrace(held)
    assert kept is trace
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.usefixtures("package")
def test_units_without_a_gradient_are_told() -> None:
    middle = images()[:, 0, 0, 0].median() + 1e-4

    def forward(x: Tensor) -> Tensor:
        return four(x) * (x[:, 0, 0, 0] > middle)[:, None]

    ours = autoattacked(Victim(forward, FOUR), images(), torch.zeros(5).long(), AUTO, RANGE, 1)
    assert torch.equal(ours.stuck, images()[:, 0, 0, 0] <= middle)
    assert int(ours.stuck.sum()) == 3


@pytest.mark.usefixtures("package")
@pytest.mark.parametrize("late", [False, True])
def test_a_backward_pass_that_fails_is_an_error_of_the_model(
    late: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if late:  # not at the plain inputs, but where the package asks

        def broken(*_: Any, **__: Any) -> Any:
            raise RuntimeError("modified by an inplace operation")

        monkeypatch.setattr(Stand, "run_standard_evaluation", broken)

    def forward(x: Tensor) -> Tensor:
        return four(x) if late else four(x).sigmoid().mul_(2)

    with pytest.raises(ModelError, match=r"backward pass .* modified by an inplace operation"):
        autoattacked(Victim(forward, FOUR), images(), torch.zeros(5).long(), AUTO, RANGE, 1)


@pytest.mark.usefixtures("package")
def test_no_units_are_no_error() -> None:
    none = torch.zeros(0, dtype=torch.int64)
    assert len(autoattacked(Victim(four, FOUR), images()[:0], none, AUTO, RANGE, 1).inputs) == 0


def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyautoattack", None)
    with pytest.raises(ConfigurationError, match=r"needs the package pyautoattack.*\[autoattack\]"):
        autoattacked(Victim(four, FOUR), images(), torch.zeros(5).long(), AUTO, RANGE, 1)


def test_another_attack_is_refused() -> None:
    with pytest.raises(ValueError, match=r"pgd at 0.1 is not AutoAttack"):
        autoattacked(
            Victim(four, FOUR), images(), torch.zeros(5).long(), attack("pgd", 0.1), RANGE, 1
        )
