"""Mass of maps in declared patches: what a corner of an image has of a map, against its area."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from auditkit.checks.explanation.regions import mass_over_area
from auditkit.data import dataset
from auditkit.explain import Maps
from auditkit.measurement import Status
from auditkit.models import wrap
from auditkit.variants.nuisances import Nuisance
from tests.checks.audits import findings, found

CORNER = Nuisance.of({"kind": "patch", "rows": [0, 4], "columns": [0, 4], "value": 1})


def maps(values: torch.Tensor, shown: torch.Tensor | None = None) -> Maps:
    every = torch.ones(len(values), dtype=torch.bool)
    return Maps((values,), every if shown is None else shown)


def test_ratios_by_hand() -> None:
    values = torch.zeros(4, 2, 8, 8)
    values[0] = 1.0  # everywhere: 1
    values[1, :, :4, :4] = -2.0  # in the corner alone: 4
    values[2, 0, 4:, 4:] = 3.0  # elsewhere: 0
    ratios = mass_over_area(maps(values), CORNER)
    np.testing.assert_allclose(ratios, [1, 4, 0, np.nan])


def test_maps_that_may_not_be_shown_count_nowhere() -> None:
    ratios = mass_over_area(maps(torch.ones(2, 1, 8, 8), torch.tensor([True, False])), CORNER)
    np.testing.assert_allclose(ratios, [1, np.nan])


class Corner(nn.Module):
    """Looks at one corner, or everywhere."""

    def __init__(self, side: int) -> None:
        super().__init__()
        mask = torch.zeros(1, 8, 8)
        mask[:, :side, :side] = 1
        self.weight = nn.Parameter(mask)

    def forward(self, images):
        return (images * self.weight).flatten(1).sum(1)


@pytest.mark.parametrize(("side", "low", "high"), [(4, 3.9, 4.1), (8, 0.8, 1.2)])
def test_a_model_that_looks_at_the_corner(side, low, high) -> None:
    torch.manual_seed(0)
    items = [(torch.rand(1, 8, 8), index % 2) for index in range(60)]
    model = wrap(Corner(side), task="binary", outputs="logits", decision={"threshold": 0.5},
                 inputs={"medium": "image", "range": (0, 1)}, device="cpu")  # fmt: skip
    result = findings("explanation", model, dataset(evaluation=items), nuisances=(CORNER,))
    measured = found(result, "explanation.region_mass", label="patch · Integrated gradients")
    assert low <= measured.value <= high


def test_no_region_was_declared() -> None:
    model = wrap(nn.Linear(3, 1), task="binary", outputs="logits", device="cpu")
    items = [(torch.rand(3), index % 2) for index in range(40)]
    measured = found(findings("explanation", model, dataset(evaluation=items)),
                     "explanation.region_mass")  # fmt: skip
    assert measured.status is Status.NOT_APPLICABLE
