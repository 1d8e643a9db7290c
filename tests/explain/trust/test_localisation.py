"""How much of a map lies in an area, and where the maps of a class lie."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from auditkit.explain.method import Settings
from auditkit.explain.trust.explained import explained
from auditkit.explain.trust.localisation import (
    columns,
    grid_mass,
    localisation,
    positions,
    window,
)
from tests.explain.trust.worlds import (
    INPUT_ONLY,
    ZERO,
    Linear,
    maps_of,
    method,
    network,
    opened,
    table,
)

SETTINGS = Settings()
IMAGES = nn.Sequential(nn.Flatten(), nn.Linear(2 * 8 * 12, 3))


def images(n: int = 6) -> torch.Tensor:
    x = torch.full((n, 2, 8, 12), 0.1)
    x[:, :, 1:3, 4:6] = 2.0
    return x


def test_mass_against_area_by_hand() -> None:
    with opened(IMAGES, images()) as target:
        given = explained(target, INPUT_ONLY, SETTINGS)
        found = localisation(target, given, window(target, "stamp", (1, 3), (4, 6)))
    mass = 4 * 2.0 / (4 * 2.0 + 92 * 0.1)
    assert found.mass == pytest.approx(mass)
    assert found.share == pytest.approx(4 / 96)
    assert found.ratio == pytest.approx(mass * 96 / 4)
    assert found.pointed == pytest.approx(1)


def test_an_area_can_be_widened_and_ends_at_the_edge() -> None:
    with opened(IMAGES, images()) as target:
        given = explained(target, INPUT_ONLY, SETTINGS)
        wide = localisation(target, given, window(target, "wide", (0, 1), (4, 6), margin=1))
        assert wide.share == pytest.approx(2 * 4 / 96)
        assert wide.pointed == pytest.approx(0.5)  # half of the strongest pixels lie in it
        with pytest.raises(ValueError, match="is empty"):
            window(target, "beyond", (20, 30), (4, 6))
        with pytest.raises(ValueError, match="expected one table or series"):
            columns(target, "none", [0])


def test_columns_of_a_table() -> None:
    x = torch.arange(1.0, 17).expand(4, 16).clone()
    with opened(network(), x) as target:
        given = explained(target, INPUT_ONLY, SETTINGS)
        found = localisation(target, given, columns(target, "last", [15]))
        assert found.mass == pytest.approx(16 / 136)
        assert found.ratio == pytest.approx(16 * 16 / 136)
        with pytest.raises(ValueError, match="places from 0 to 15, got 16"):
            columns(target, "none", [16])
        with pytest.raises(ValueError, match="expected one input of images"):
            window(target, "none", (0, 1), (0, 1))
        with pytest.raises(ValueError, match="expected one input of images"):
            grid_mass(target, given)


def test_steps_and_columns_of_series() -> None:
    x = torch.ones(3, 5, 4)
    x[:, 2] = 3.0
    with opened(nn.Sequential(nn.Flatten(), nn.Linear(20, 3)), x) as target:
        given = explained(target, INPUT_ONLY, SETTINGS)
        step = localisation(target, given, positions(target, "third", [2]))
        column = localisation(target, given, columns(target, "first two", [0, 1]))
    assert step.mass == pytest.approx(12 / 28)
    assert column.mass == pytest.approx(0.5)
    assert column.ratio == pytest.approx(1)


def test_a_map_of_zeros_and_a_hidden_one_have_no_mass() -> None:
    def attribute(target, settings):
        first = torch.arange(target.units) > 0
        return maps_of(target.inputs, shown=first, withheld="One is wrong.")

    with opened(Linear(), table(1), "regression") as target:
        area = columns(target, "first", [0])
        zero = localisation(target, explained(target, ZERO, SETTINGS), area)
        hidden = localisation(
            target, explained(target, method("hidden", attribute), SETTINGS), area
        )
    for found in (zero, hidden):
        for values in (found.mass, found.ratio, found.pointed):
            assert np.isnan(values).all()
    assert zero.share == pytest.approx(1 / 16)


def test_a_background_like_the_baseline_counts_as_area_and_as_mass() -> None:
    x = torch.zeros(3, 2, 8, 12)
    x[:, :, 1:3, 4:6] = 2.0
    even = method("even", lambda target, settings: maps_of([0 * target.inputs[0] + 1]))
    with opened(IMAGES, x) as target:
        area = window(target, "stamp", (1, 3), (4, 6))
        found = localisation(target, explained(target, even, SETTINGS), area)
    assert found.mass == pytest.approx(4 / 96)
    assert found.ratio == pytest.approx(1)


def test_the_mean_map_of_each_class_on_a_grid() -> None:
    with opened(IMAGES, images(), targets=torch.tensor([0, 0, 0, 2, 2, 2])) as target:
        found = grid_mass(target, explained(target, INPUT_ONLY, SETTINGS))
    assert (found.rows, found.columns) == (8, 8)
    assert found.units == {0: 3, 2: 3}
    shares = found.shares[2].reshape(8, 8)
    assert shares.sum() == pytest.approx(1)
    assert {tuple(one) for one in np.argwhere(shares > 0.1)} <= {(1, 2), (1, 3), (2, 2), (2, 3)}
