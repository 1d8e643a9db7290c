"""Fewer rows at once where memory ends, and no error of torch's where it ends for good."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from auditkit.errors import ModelError
from auditkit.explain.explanation import Trial, explained
from auditkit.explain.memory import AT_ONCE, halving
from auditkit.explain.method import Maps
from auditkit.explain.target import NotExplainable
from auditkit.models import wrap


def test_where_memory_ends_the_chunk_is_halved() -> None:
    sizes = []

    def step(size):
        sizes.append(size)
        if size > 3:
            raise torch.cuda.OutOfMemoryError("full")
        return size

    assert halving(step, 16) == (2, 2)
    assert sizes == [16, 8, 4, 2]


def test_a_single_row_that_does_not_fit_is_an_error() -> None:
    def step(size):
        raise torch.cuda.OutOfMemoryError("full")

    with pytest.raises(ModelError, match="Memory ended"):
        halving(step, 4)


def test_other_errors_are_not_taken_for_full_memory() -> None:
    def step(size):
        raise ModelError("It is odd.", mend="Mend it.")

    with pytest.raises(ModelError, match="It is odd"):
        halving(step, 4)


class Scarce(nn.Module):
    """Has memory for so many rows in its forward, and in its backward pass."""

    def __init__(self, forward: int, backward: int) -> None:
        super().__init__()
        self.inner = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
        self.room = (forward, backward)

    def forward(self, x: Tensor) -> Tensor:
        if len(x) > self.room[0]:
            raise torch.cuda.OutOfMemoryError("full")
        if x.requires_grad and len(x) > self.room[1]:
            x = x.clone()
            x.register_hook(_full)
        return self.inner(x)


def _full(gradient: Tensor) -> None:
    raise torch.cuda.OutOfMemoryError("full")


METHODS = ("integrated_gradients", "saliency", "feature_ablation", "smooth_grad")


def asked(module: nn.Module):
    model = wrap(module, task="regression")
    units = torch.rand(AT_ONCE + 9, 3, generator=torch.Generator().manual_seed(0))
    return explained(model, units, model.heads[0], methods=METHODS, trial=Trial(8, 500.0))


def test_a_model_that_fits_few_rows_is_explained_all_the_same() -> None:
    module = Scarce(5, 5)
    scarce, plenty = asked(module), asked(module.inner)
    # SmoothGrad draws other numbers where fewer rows fit.
    for name in METHODS[:-1]:
        one, other = scarce.maps[name], plenty.maps[name]
        assert isinstance(one, Maps)
        torch.testing.assert_close(one.values[0], other.values[0], rtol=1e-3, atol=1e-5)


def test_a_backward_pass_without_room_costs_the_gradients_alone() -> None:
    found = asked(Scarce(5, 0))
    assert isinstance(found.maps["feature_ablation"], Maps)
    for name in ("integrated_gradients", "saliency", "smooth_grad"):
        assert isinstance(found.maps[name], NotExplainable)
        assert "Memory ended" in found.maps[name].reason
