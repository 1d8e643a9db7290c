"""Loudness, a tone and an offset of sounds and series."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from auditkit.errors import ConfigurationError
from auditkit.models.input_range import InputRange
from auditkit.variants.nuisances import Nuisance
from auditkit.variants.nuisances.waves import intervened_waves, usual_of_waves

HUM = {"kind": "hum", "period": 7.3, "amplitude": 0.4}


def waves(*shape: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(3)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


def done(plain: dict[str, Any], direction: str, given: torch.Tensor) -> torch.Tensor:
    nuisance = Nuisance.of(plain)
    level = usual_of_waves(given, nuisance)
    usual = None if level is None else level.mean(dim=0)
    return intervened_waves(given, nuisance, direction, None, usual)


@pytest.mark.parametrize("shape", [(4, 50), (4, 2, 50)])
def test_gain_and_offset(shape: tuple[int, ...]) -> None:
    given = waves(*shape)
    axes = tuple(range(1, len(shape)))
    assert torch.equal(done({"kind": "gain", "factor": 2}, "applied", given), 2 * given)
    assert torch.allclose(done({"kind": "offset", "by": 0.5}, "applied", given), given + 0.5)
    quiet = done({"kind": "gain", "factor": 2}, "removed", given)
    loudness = given.square().mean(dim=axes).sqrt()
    found = quiet.square().mean(dim=axes).sqrt()
    assert torch.allclose(found, loudness.float().mean().double().expand(4), rtol=1e-6)
    centred = done({"kind": "offset", "by": 0.5}, "removed", given)
    assert torch.allclose(centred.mean(dim=axes), given.mean().expand(4), atol=1e-7)


@pytest.mark.parametrize(("shape", "axis"), [((3, 40), -1), ((3, 2, 40), -1), ((3, 40, 2), 1)])
def test_a_hum_is_a_sine_and_is_taken_out_by_least_squares(
    shape: tuple[int, ...], axis: int
) -> None:
    given = waves(*shape)
    plain = {**HUM, "axis": axis}
    places = 2 * np.pi * np.arange(40) / 7.3
    sine = torch.from_numpy(np.sin(places))
    along = sine[:, None] if axis == 1 else sine
    assert torch.allclose(done(plain, "applied", given), given + 0.4 * along)
    design = np.stack([np.sin(places), np.cos(places)], axis=1)
    series = np.moveaxis(given.numpy(), axis, -1).reshape(-1, 40).T
    residual = series - design @ np.linalg.lstsq(design, series, rcond=None)[0]
    found = np.moveaxis(done(plain, "removed", given).numpy(), axis, -1).reshape(-1, 40).T
    np.testing.assert_allclose(found, residual, atol=1e-12)
    # What was put in leaves nothing behind, whatever its phase.
    after = done(plain, "removed", done(plain, "applied", given))
    assert torch.allclose(after, done(plain, "removed", given))


def test_silence_stays_silent_and_the_range_holds() -> None:
    given = torch.stack([torch.zeros(20), torch.linspace(-1, 1, 20)])
    assert torch.equal(done({"kind": "gain", "factor": 2}, "removed", given)[0], torch.zeros(20))
    loud = Nuisance.of({"kind": "gain", "factor": 5})
    found = intervened_waves(given.half(), loud, "applied", InputRange(-1, 1))
    assert found.dtype == torch.float16
    assert float(found.abs().max()) == 1


@pytest.mark.parametrize(
    ("plain", "words"),
    [
        ({**HUM, "period": 60}, "a period of 60 steps, and the inputs have 20 steps"),
        ({**HUM, "axis": 2}, "is along axis 2, and the inputs have the shape (2, 20)"),
        ({**HUM, "axis": -2}, "is along axis -2"),
    ],
)
def test_what_does_not_fit_is_refused(plain: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        done(plain, "applied", waves(2, 20))
    assert words in refused.value.problem


def test_of_several_axes_one_is_named() -> None:
    with pytest.raises(ConfigurationError) as refused:
        done(HUM, "applied", waves(2, 20, 3))
    assert "does not say which axis is time, and the inputs have the shape (2, 20, 3)." in str(
        refused.value
    )
