"""Where a model runs: automatically, by name, or where it lies."""

from __future__ import annotations

import warnings

import pytest
import torch
from torch import nn

from auditkit.errors import ConfigurationError, ModelError
from auditkit.models.devices import named_device, place
from auditkit.models.wrapped import wrap


class Halves(nn.Module):
    """A model whose halves were placed by a library, whose hooks move what passes between them."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(3, 4), nn.Linear(4, 1)
        self.hf_device_map = {"first": "cpu", "second": "cpu:0"}
        self.moves = 0
        for half in (self.first, self.second):
            half.register_forward_pre_hook(self._move)

    def _move(self, half, inputs):
        self.moves += 1
        return tuple(value.to(next(half.parameters()).device) for value in inputs)

    def forward(self, x):
        return self.second(self.first(x).relu())

    def to(self, *arguments, **options):
        raise AssertionError("a dispatched model must not be moved")


def test_an_ordinary_module_goes_to_the_best_device() -> None:
    found = place(nn.Linear(3, 1), "auto")
    assert found.device == named_device("cuda" if torch.cuda.is_available() else "cpu")
    assert not found.kept
    assert place(nn.Linear(3, 1), "cpu").move is False


@pytest.mark.parametrize("device", ["auto", "keep"])
def test_a_dispatched_model_stays_and_is_used_by_its_forward(device) -> None:
    module = Halves()
    model = wrap(module, task="regression", device=device)
    with model.opened():
        found = model.predict(torch.ones(5, 3))[""]
    assert torch.equal(found, module(torch.ones(5, 3))[:, 0])
    assert module.moves == 4
    assert model.capabilities.present
    assert not model.capabilities.copyable
    assert not model.capabilities.differentiable
    said = model.capabilities.reasons["copyable"]
    assert said == "The model is used by its forward alone, since it is dispatched over cpu, cpu:0."
    assert model.describe()["kept"] == "it is dispatched over cpu, cpu:0"


def test_a_dispatched_model_on_a_named_device_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="it is dispatched over cpu, cpu:0") as caught:
        wrap(Halves(), task="regression", device="cpu")
    assert "device='keep'" in str(caught.value)


def test_an_ordinary_module_can_be_kept_too() -> None:
    found = place(nn.Linear(3, 1), "keep")
    assert (found.device, found.move, found.kept) == (
        torch.device("cpu"),
        False,
        "it was asked to stay (keep)",
    )


def test_a_module_on_several_devices_is_kept() -> None:
    module = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3, device="meta"))
    assert place(module, "auto").kept == "it is spread over cpu, meta"


def test_a_quantised_module_is_kept() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch announces that this form will go
        module = torch.ao.quantization.quantize_dynamic(nn.Sequential(nn.Linear(3, 1)), {nn.Linear})
        model = wrap(module, task="regression")
        with model.opened():
            assert model.predict(torch.ones(2, 3))[""].shape == (2,)
    assert model.capabilities.reasons["copyable"].endswith("since it is quantised.")


def test_weights_without_values_are_refused() -> None:
    with pytest.raises(ModelError, match="weights are on the meta device"):
        place(nn.Linear(3, 1, device="meta"), "auto")


@pytest.mark.parametrize("name", ["cuda:99", "gpu", "tpu:0", "xpu"])
def test_a_device_that_is_not_there_is_refused(name) -> None:
    with pytest.raises(ConfigurationError, match=f"The device '{name}' is not available here"):
        place(nn.Linear(3, 1), name)


@pytest.mark.gpu
def test_a_module_is_moved_to_cuda_and_back() -> None:
    module = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 1))
    pointers = [p.data_ptr() for p in module.parameters()]
    expected = module.eval()(torch.ones(2, 3))[:, 0]
    model = wrap(module, task="regression")
    digest = model.digest()
    with model.opened():
        assert model.digest() == digest
        found = model.predict(torch.ones(2, 3))[""]
        assert found.device.type == "cuda"
    assert torch.allclose(found.cpu(), expected, atol=1e-6)
    assert [p.data_ptr() for p in module.parameters()] == pointers
