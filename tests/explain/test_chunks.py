"""How many rows fit, and what happens where fewer do."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from auditkit.explain import integrated, targeting
from auditkit.explain.chunks import HOST_BUDGET, fitting
from auditkit.models import wrap
from tests.explain.functions import regression


@pytest.mark.parametrize("width", [8, 1024])
def test_larger_layers_fit_fewer_rows(width) -> None:
    module = nn.Sequential(nn.Conv2d(3, width, 3, padding=1), nn.ReLU(), nn.Flatten(),
                           nn.Linear(width * 256, 1))  # fmt: skip
    model = wrap(module, task="regression")
    with targeting(model, torch.rand(2, 3, 16, 16), model.heads[0]) as target:
        rows = fitting(target)
    # What ReLU and Linear keep: the feature maps, in single precision.
    kept = width * 256 * 4
    assert HOST_BUDGET / (4 * kept) - 1 <= rows <= min(1024, HOST_BUDGET / kept)


def test_an_integral_goes_on_with_half_the_rows() -> None:
    """The model's forward runs out of memory above five rows: nothing is counted twice."""
    asked = []

    def scarce(x):
        asked.append(len(x))
        if len(x) > 5:
            raise torch.cuda.OutOfMemoryError("full")
        return (x**2).sum(1)

    model, x = regression(scarce), torch.rand(4, 3)
    with targeting(model, x, model.heads[0]) as target:
        found = integrated(target, chunk=16)
    torch.testing.assert_close(found.values[0], x**2, rtol=1e-5, atol=1e-6)
    assert max(asked) == 16
    assert asked.count(16) == 1
