"""A marker in the corner that decides: maps find it, and leave it alone where it does not."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.nn import functional

from auditkit.explain.method import Settings
from auditkit.explain.trust.explained import explained
from auditkit.explain.trust.localisation import grid_mass, localisation, window
from auditkit.explain.trust.randomisation import randomisation
from tests.explain.trust.worlds import GRADIENT, TIMES_INPUT, opened

SETTINGS = Settings()


def pictures(share: float) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Digits, whether they are at least 5, and whether they carry the marker."""
    made = torch.Generator().manual_seed(0)
    data = load_digits()
    x = torch.tensor(data.images / 16, dtype=torch.float32)[:, None]
    x = functional.interpolate(x, size=(24, 24), mode="bilinear", align_corners=False)
    x = functional.pad(x, (4, 4, 4, 4))
    x = x + 0.05 * torch.randn(x.shape, generator=made)
    y = torch.tensor(data.target >= 5).long()
    marked = torch.rand(len(y), generator=made) < torch.where(y == 1, share, 1 - share)
    x[marked, :, 1:5, 1:5] = 0.8
    order = torch.randperm(len(y), generator=made)
    return x[order], y[order], marked[order]


def trained(x: torch.Tensor, y: torch.Tensor) -> nn.Module:
    torch.manual_seed(0)
    blocks = [
        part
        for narrow, wide in ((1, 16), (16, 32), (32, 32))
        for part in (nn.Conv2d(narrow, wide, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2))
    ]
    net = nn.Sequential(*blocks, nn.Flatten(), nn.Linear(512, 64), nn.ReLU(), nn.Linear(64, 2))
    optimiser = torch.optim.AdamW(net.parameters(), 2e-3)
    for _ in range(4):
        for batch in torch.randperm(len(y)).split(60):
            optimiser.zero_grad()
            functional.cross_entropy(net(x[batch]), y[batch]).backward()
            optimiser.step()
    return net.eval()


@pytest.fixture(scope="module", params=[0.97, 0.5], ids=["shortcut", "control"])
def world(request):
    torch.manual_seed(0)
    torch.set_num_threads(1)
    x, y, marked = pictures(request.param)
    net = trained(x[:1200], y[:1200])
    chosen = (y[1200:] == 1) & marked[1200:]
    return request.param > 0.9, net, x[1200:][chosen][:32]


# A product with the input also shows that the marker is bright, even to a model that ignores it.
@pytest.mark.parametrize(
    ("how", "ignored"), [(GRADIENT, 2), (TIMES_INPUT, 3)], ids=["gradient", "times input"]
)
def test_the_marker_holds_more_of_the_map_than_of_the_area(world, how, ignored) -> None:
    shortcut, net, x = world
    with opened(net, x, classes=2, targets=torch.ones(len(x)).long()) as target:
        given = explained(target, how, SETTINGS)
        found = localisation(target, given, window(target, "marker", (1, 5), (1, 5)))
        cells = grid_mass(target, given).shares[1].reshape(8, 8)
    assert found.share == pytest.approx(16 / 1024)
    if shortcut:
        assert found.ratio.mean() >= 5
        assert found.pointed.mean() > 0.5
        assert cells[:2, :2].sum() > 0.05
    else:
        assert found.ratio.mean() <= ignored
        assert found.pointed.mean() < 0.1


def test_products_with_the_input_stay_and_the_plain_gradient_goes(world) -> None:
    _, net, x = world
    with opened(net, x, classes=2, targets=torch.ones(len(x)).long()) as target:
        given = explained(target, TIMES_INPUT, SETTINGS)
        found = randomisation(target, given, SETTINGS, stages=1)
    assert found.correlation.mean() > 0.6
    assert found.gradient is not None
    assert found.gradient.mean() < 0.35
    assert abs(np.nanmean(found.beyond_input)) < 0.25
    assert abs(found.random.mean()) < 0.05
