"""Infidelity against Captum, linear models and maps without meaning."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from captum.metrics import infidelity as of_captum

from auditkit.explain.method import Settings
from auditkit.explain.regions import regions
from auditkit.explain.trust.explained import explained
from auditkit.explain.trust.infidelity import infidelity, perturbed
from tests.explain.trust.worlds import (
    GRADIENT,
    RANDOM,
    TIMES_INPUT,
    ZERO,
    Linear,
    network,
    opened,
    table,
)

SETTINGS = Settings()


def ran(module, how, task="multiclass", inputs=None, settings=SETTINGS, **options):
    with opened(module, table() if inputs is None else inputs, task) as target:
        draws = perturbed(target, regions(target), settings, **options)
        return infidelity(target, explained(target, how, settings), settings, draws), draws


@pytest.mark.parametrize("how", [GRADIENT, TIMES_INPUT])
def test_captum_agrees(how) -> None:
    module, x = network().double(), table(6).double()
    found, draws = ran(module, how, inputs=x)
    with opened(module, x) as target:
        values, index = explained(target, how, SETTINGS).maps.values[0], target.index
    removed = torch.from_numpy(draws.removed)

    def perturb(inputs):
        """Captum repeats each unit as often as there are perturbations."""
        mask = removed.reshape(-1, 16).double()
        taken = mask if how.times_input else mask * inputs
        return taken, inputs * (1 - mask)

    expected = of_captum(
        module, perturb, x, values, target=index, n_perturb_samples=10, normalize=True
    )
    assert found.value == pytest.approx(expected.numpy(), rel=1e-6, abs=1e-12)
    zero = of_captum(
        module, perturb, x, 0 * values, target=index, n_perturb_samples=10, normalize=True
    )
    assert found.of_zero == pytest.approx(zero.numpy(), rel=1e-6)


@pytest.mark.parametrize("how", [GRADIENT, TIMES_INPUT])
def test_the_gradient_of_a_linear_model_foretells_every_change(how) -> None:
    found, draws = ran(Linear(), how, "regression")
    assert found.unexplained == pytest.approx(0, abs=1e-6)
    assert (found.gain > 0).all()
    assert draws.cost.forwards == 11


def test_a_map_without_meaning_is_no_better_than_its_shuffled_self() -> None:
    found, _ = ran(Linear(), RANDOM, "regression", table(400))
    error = found.gain.std(ddof=1) / len(found.gain) ** 0.5
    assert abs(found.gain.mean()) < 3 * error
    assert found.of_random.mean() < found.of_zero.mean()


def test_no_map_is_undefined_and_no_change_as_well() -> None:
    found, _ = ran(network(), ZERO)
    assert np.isnan(found.value).all()
    assert np.isnan(found.gain).all()
    assert (found.of_zero > 0).all()
    x = table(4)
    x[1] = 0
    found, _ = ran(network(), GRADIENT, inputs=x)
    assert found.of_zero[1] == 0
    assert np.isnan(found.gain[1])
    assert not np.isnan(found.gain[0])


def test_every_perturbation_takes_something_away() -> None:
    _, draws = ran(network(3), GRADIENT, inputs=table(40, 3))
    assert draws.removed.any(axis=2).all()


def test_draws_repeat_and_the_chunk_does_not_matter() -> None:
    first, draws = ran(network(), TIMES_INPUT)
    second, again = ran(network(), TIMES_INPUT, settings=Settings(chunk=7))
    assert (draws.removed == again.removed).all()
    assert first.value == pytest.approx(second.value, rel=1e-3)
    with pytest.raises(ValueError, match="at least one perturbation"):
        ran(network(), TIMES_INPUT, perturbations=0)
