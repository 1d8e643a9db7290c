"""A marker in the corner that gives the answer away: the maps of a model that uses it show it."""

from __future__ import annotations

import pytest
import torch

from auditkit.explain.method import Settings
from auditkit.explain.methods.registry import METHODS
from tests.explain.sample_marker import AREA, Marked, marked, mass_over_area
from tests.explain.sample_methods import maps, opened

UNITS = 12
FEW = {"shapley_sampling": 3, "kernel_shap": 3, "occlusion": 4}
SETTINGS = Settings(samples=4)


def _mass(name: str, sample: Marked) -> float:
    """Over the corner, of marked images; as many without the marker lie beside them."""
    half = FEW.get(name, UNITS)
    x = torch.cat([sample.shown[:half], sample.clean[:half]])
    ones = torch.ones(len(x), dtype=torch.int64)
    with opened(sample.module, x, ones, classes=("low", "high")) as target:
        return mass_over_area(maps(name, target, SETTINGS).values[0][:half])


@pytest.fixture(scope="module")
def shortcut() -> Marked:
    return marked(0.97)


@pytest.fixture(scope="module")
def control() -> Marked:
    return marked(0.5)


def test_the_networks_differ_in_what_they_use(shortcut, control) -> None:
    with torch.no_grad():
        for sample, drop in ((shortcut, 0.5), (control, 0.05)):
            with_it, without = (
                sample.module(x).softmax(1)[:, 1].mean() for x in (sample.shown, sample.clean)
            )
            assert bool(with_it - without > drop) is (sample is shortcut)
    assert AREA == 16 / 1024


@pytest.mark.parametrize(
    "name",
    [
        "smooth_grad",
        "gradient_shap",
        "deep_lift",
        "deep_lift_shap",
        "lrp",
        "occlusion",
        "feature_ablation",
        "shapley_sampling",
        "kernel_shap",
    ],
)
def test_maps_show_the_marker_that_the_model_uses(name, shortcut, control) -> None:
    assert _mass(name, shortcut) >= 5
    assert _mass(name, control) <= 2


def test_grad_cam_is_blind_to_it_and_says_so(shortcut) -> None:
    assert _mass("grad_cam", shortcut) < 5
    assert "blind to small markers" in METHODS["grad_cam"].warning


def test_references_that_all_have_the_marker_hide_it(shortcut) -> None:
    x = shortcut.shown[:UNITS]
    ones = torch.ones(len(x), dtype=torch.int64)
    with opened(shortcut.module, x, ones, classes=("low", "high")) as target:
        assert mass_over_area(maps("gradient_shap", target, SETTINGS).values[0]) == 0
    assert "what all of them share counts nothing" in METHODS["gradient_shap"].warning
