"""The methods that follow the gradient: what is said where there is none."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from auditkit.explain import Maps, explained
from auditkit.models import wrap


class Magnitude(nn.Module):
    """The length of each pair of numbers, as of a spectrum: without a slope at silence."""

    def forward(self, x: Tensor) -> Tensor:
        return x.unflatten(1, (-1, 2)).square().sum(2).sqrt().sum(1)


def test_a_path_through_a_place_without_a_gradient_is_not_called_slow_to_converge() -> None:
    model = wrap(Magnitude(), task="regression")
    found = explained(model, torch.rand(3, 4) + 0.5, model.heads[0])
    path, slope = found.maps["integrated_gradients"], found.maps["saliency"]
    assert isinstance(path, Maps)
    assert isinstance(slope, Maps)
    assert not path.shown.any()
    assert path.withheld == (
        "The gradient has numbers that are not finite somewhere on the way from the baseline to "
        "the input."
    )
    assert slope.shown.all()
    assert found.chosen == "saliency"
