"""At which frequencies a sound matters: attributions of its samples, moved to its spectrum.

What a spectrum of an attribution map shows is not that: a map is a product of the sound with a
gradient, whose own frequencies are sums and differences of theirs. By Parseval's theorem the sum
over samples of x·g is the sum over frequencies of Re(X·Ḡ), so each frequency has its own part of
what the map adds up to: the attribution of an invisible layer before the model that turns a
spectrum into the sound.

Source: Vielhaben, Lapuschkin, Montavon and Samek, Pattern Recognition 150 (2024) 110309.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

OCTAVES = 8
_AT_ONCE = 1 << 22

Floats = NDArray[np.float64]


def band_edges() -> tuple[float, ...]:
    """The edges of the bands, in cycles per sample: octaves up to half a cycle, and what is below.

    >>> band_edges()[-3:]
    (0.125, 0.25, 0.5)
    """
    return (0.0, *(0.5 / 2**octave for octave in range(OCTAVES - 1, -1, -1)))


def band_attributions(values: Tensor, inputs: Tensor) -> Floats:
    """The attribution of each band of frequencies; it adds up to that of the samples.

    Args:
        values: [n, …, samples], products of the inputs with some gradient, such as integrated
            gradients from silence.
        inputs: likewise. Where a sample is zero its gradient cannot be told, and is taken as zero.

    Returns:
        float64 [n, bands], signed.

    Raises:
        ValueError: the shapes differ.

    Example: a tone of an eighth of a cycle per sample, to which the output is proportional.
        >>> tone = torch.sin(torch.arange(64) * torch.pi / 4 + 0.3)[None]
        >>> band_attributions(tone * tone, tone)[0].round(3).tolist()
        [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 32.0, 0.0]
    """
    if values.shape != inputs.shape:
        raise ValueError(f"attributions {tuple(values.shape)} of inputs {tuple(inputs.shape)}")
    if not len(values):
        return np.zeros((0, OCTAVES))
    samples = values.shape[-1]
    rows = max(1, _AT_ONCE // max(values[:1].numel(), 1))
    pairs = zip(torch.split(values, rows), torch.split(inputs, rows), strict=True)
    parts = [_bands(*pair, samples) for pair in pairs]
    return np.concatenate(parts)


def _bands(values: Tensor, inputs: Tensor, samples: int) -> Floats:
    sound = inputs.double().reshape(len(inputs), -1, samples)
    product = values.double().reshape(sound.shape)
    gradient = torch.where(sound == 0, 0.0, product / torch.where(sound == 0, 1.0, sound))
    spectrum, slope = torch.fft.rfft(sound), torch.fft.rfft(gradient)
    # Frequencies but the first, and of an even number of samples the last, stand for two.
    twice = torch.full((spectrum.shape[-1],), 2.0, dtype=torch.float64)
    twice[0] = 1.0
    if samples % 2 == 0:
        twice[-1] = 1.0
    parts = ((spectrum * slope.conj()).real * twice / samples).sum(dim=1).numpy()
    places = np.searchsorted(band_edges()[1:-1], np.fft.rfftfreq(samples), side="right")
    inside: Floats = parts @ np.eye(OCTAVES)[places]
    return inside
