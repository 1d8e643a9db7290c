"""Deletion and insertion: a literal twin, linear models, orders without meaning, odd units."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from auditkit.explain.method import Settings
from auditkit.explain.regions import regions
from auditkit.explain.trust.deletion import controls, deletion
from auditkit.explain.trust.explained import explained
from auditkit.explain.trust.ranks import orders
from tests.explain.trust.worlds import (
    BACKWARDS,
    GRADIENT,
    INPUT_ONLY,
    RANDOM,
    TIMES_INPUT,
    ZERO,
    Linear,
    maps_of,
    method,
    network,
    opened,
    table,
)

SETTINGS = Settings()


def ran(module, how, task="multiclass", inputs=None, settings=SETTINGS):
    with opened(module, table() if inputs is None else inputs, task) as target:
        return deletion(target, explained(target, how, settings), settings)


def far(values: np.ndarray) -> float:
    """How many standard errors the mean of what is defined lies from zero."""
    values = values[~np.isnan(values)]
    assert len(values) > 30
    return float(values.mean() / (values.std(ddof=1) / len(values) ** 0.5))


def test_a_literal_twin_finds_the_same_curves() -> None:
    module, x = network(), table(5)
    found = ran(module, TIMES_INPUT, inputs=x).curves
    with opened(module, x) as target:
        strong = explained(target, TIMES_INPUT, SETTINGS).strength
        index = target.index
    place = orders(strong, SETTINGS.seed)
    for unit in range(5):
        best = np.argsort(place[unit])
        for k, share in enumerate(found.shares):
            away = round(share * 16)
            for curve, gone in ((found.deletion, best[:away]), (found.insertion, best[away:])):
                one = x[unit].clone()
                one[torch.from_numpy(gone)] = 0
                p = module(one[None]).detach().softmax(1)[0, index[unit]]
                assert curve[unit, k] == pytest.approx(float(p), abs=1e-6)
    assert found.deletion_area == pytest.approx(
        [sum((c[1:] + c[:-1]) / 2) / 16 for c in found.deletion]
    )


@pytest.mark.parametrize("how", [GRADIENT, TIMES_INPUT])
def test_the_order_of_a_linear_model_beats_chance_and_the_input(how) -> None:
    """All |x| are about 1, so the weights alone tell which column moves the number most."""
    found = ran(Linear(), how, "regression")
    for gain in (
        found.deletion_over_random,
        found.insertion_over_random,
        found.deletion_over_input,
        found.insertion_over_input,
    ):
        assert far(gain) > 5
    backwards = ran(Linear(), BACKWARDS, "regression")
    assert far(backwards.deletion_over_random) < -5


def test_a_map_without_meaning_gains_nothing() -> None:
    for how in (RANDOM, INPUT_ONLY):
        found = ran(Linear(), how, "regression", table(400))
        assert abs(far(found.deletion_over_random)) < 3
        assert abs(far(found.insertion_over_random)) < 3


def test_random_orders_are_even_and_read_both_ways() -> None:
    """Of a linear model an order and its reverse have the area of a straight line, exactly."""
    with opened(Linear(), table(), "regression") as target:
        found = controls(target, regions(target), SETTINGS, points=9, draws=2)
    curve = found.random.deletion
    assert found.random.deletion_area == pytest.approx((curve[:, 0] + curve[:, -1]) / 2, abs=1e-5)
    assert (found.random.insertion == curve[:, ::-1]).all()
    assert found.cost.forwards == 4 * 9


def test_a_constant_map_has_no_order_to_be_praised_for() -> None:
    found = ran(network(), ZERO)
    assert np.isnan(found.deletion_over_random).all()
    assert np.isnan(found.insertion_over_input).all()


def test_units_whose_output_does_not_move_have_no_direction() -> None:
    x = table(6)
    x[2] = 0
    found = ran(Linear(), GRADIENT, "regression", x)
    assert np.isnan(found.controls.direction[2])
    assert np.isnan(found.deletion_over_random[2])
    sign = np.sign((x @ (0.7 ** torch.arange(16))).numpy())
    told = ~np.isnan(found.controls.direction)
    assert told.sum() > 3
    assert (found.controls.direction == sign)[told].all()


def test_a_single_column_and_a_single_unit() -> None:
    found = ran(nn.Linear(1, 1), GRADIENT, "regression", torch.ones(1, 1))
    assert found.curves.shares.tolist() == [0, 1]
    assert np.isnan(found.deletion_over_random).all()


def test_units_that_may_not_be_shown_have_no_curve() -> None:
    def attribute(target, settings):
        found = target.gradient(target.inputs, target.every)[1]
        return maps_of(found, shown=target.inputs[0][:, 0] > 0, withheld="Some are wrong.")

    found = ran(network(), method("half", attribute))
    hidden = (table()[:, 0] <= 0).numpy()
    assert (np.isnan(found.curves.deletion).all(axis=1) == hidden).all()
    assert np.isnan(found.deletion_over_random[hidden]).all()


@pytest.mark.parametrize("chunk", [1, 7, 100])
def test_the_chunk_does_not_matter(chunk) -> None:
    first = ran(network().double(), TIMES_INPUT, inputs=table().double())
    second = ran(
        network().double(), TIMES_INPUT, inputs=table().double(), settings=Settings(chunk=chunk)
    )
    assert first.curves.deletion == pytest.approx(second.curves.deletion)
    assert first.deletion_over_random == pytest.approx(second.deletion_over_random, nan_ok=True)


def test_a_model_without_gradients_is_asked_all_the_same() -> None:
    class Steps(nn.Module):
        def forward(self, x):
            return (x @ (0.7 ** torch.arange(16.0)) > 0).float() + 0.1 * x.detach()[:, 0].round()

    found = ran(Steps(), INPUT_ONLY, "regression")
    assert np.isfinite(found.curves.deletion).all()


def test_too_few_points_are_refused() -> None:
    with opened(network(), table()) as target, pytest.raises(ValueError, match="two points"):
        controls(target, regions(target), SETTINGS, points=1)
