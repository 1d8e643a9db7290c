"""At which frequencies a sound matters: known gradients, and what they add up to."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from auditkit.explain.bands import OCTAVES, band_attributions, band_edges


@pytest.mark.parametrize("shape", [(3, 100), (2, 2, 63), (1, 1), (4, 1, 5000)])
def test_bands_add_up_to_the_map(shape: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    sound, slope = torch.randn(shape), torch.randn(shape)
    found = band_attributions(sound * slope, sound)
    assert found.shape == (shape[0], OCTAVES)
    total = (sound * slope).double().flatten(1).sum(dim=1).numpy()
    assert found.sum(axis=1) == pytest.approx(total, rel=1e-4, abs=1e-4)


@pytest.mark.parametrize("place", range(1, OCTAVES))
def test_a_model_that_hears_one_octave(place: int) -> None:
    # The output is the energy in one octave: its gradient is what the sound has there.
    torch.manual_seed(place)
    sound = torch.randn(5, 4096, dtype=torch.float64)
    frequency = torch.fft.rfftfreq(4096)
    low, high = band_edges()[place : place + 2]
    inside = (frequency >= low) & (frequency < high)
    heard = torch.fft.irfft(torch.fft.rfft(sound) * inside, n=4096)
    found = np.abs(band_attributions(sound * heard, sound))
    share = found[:, place] / found.sum(axis=1)
    assert (share > 0.999).all()


def test_a_gradient_alone_would_not_do() -> None:
    # A tone of a model that hears that tone: the map's own spectrum lies at zero and at twice it.
    steps = torch.arange(1024)
    tone = torch.sin(2 * torch.pi * steps / 10)[None]
    spectrum = torch.fft.rfft(tone * tone).abs()[0]
    strongest = torch.fft.rfftfreq(1024)[spectrum.argsort(descending=True)[:2]]
    assert not ((strongest >= 0.0625) & (strongest < 0.125)).any()
    assert band_attributions(tone * tone, tone)[0].argmax() == band_edges().index(0.0625)


def test_silence_has_no_gradient() -> None:
    sound = torch.zeros(2, 64)
    assert (band_attributions(torch.zeros(2, 64), sound) == 0).all()


def test_no_sounds_and_other_shapes() -> None:
    assert band_attributions(torch.zeros(0, 8), torch.zeros(0, 8)).shape == (0, OCTAVES)
    with pytest.raises(ValueError, match="attributions"):
        band_attributions(torch.zeros(1, 8), torch.zeros(1, 9))
