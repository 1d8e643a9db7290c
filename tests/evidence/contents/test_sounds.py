"""Sounds that were trimmed, made quieter or noisier stay near."""

from __future__ import annotations

import numpy as np
import pytest

from auditkit.evidence.contents.sounds import SHORTEST, shows_sounds, sound_content


def sounds(number: int, seed: int = 0) -> np.ndarray:
    """A second of five tones, each of its own length and pitch, in a little noise."""
    rng = np.random.default_rng(seed)
    time = np.arange(8000) / 8000
    found = 0.002 * rng.standard_normal((number, 8000))
    for one in found:
        for start in np.sort(rng.uniform(0, 0.8, 5)):
            envelope = np.exp(-np.square((time - start) / rng.uniform(0.03, 0.1)))
            one += 0.3 * envelope * np.sin(2 * np.pi * rng.uniform(100, 3000) * time)
    return np.asarray(found, dtype=np.float32)


SOUNDS = sounds(60)


@pytest.mark.parametrize("change", ["noise", "quieter", "trimmed", "channels"])
def test_copies_are_nearer_than_anything_else(change: str) -> None:
    noise = 0.0005 * np.random.default_rng(1).standard_normal(SOUNDS.shape)
    changed = {
        "noise": SOUNDS + noise,
        "quieter": 0.2 * SOUNDS,
        "trimmed": np.pad(SOUNDS[:, 30:], ((0, 0), (0, 30))),
        "channels": np.stack([SOUNDS, SOUNDS], axis=1),
    }[change]
    original, copy = sound_content(SOUNDS).vectors, sound_content(changed).vectors
    cosines = copy @ original.T
    assert cosines.diagonal().min() > (cosines - 2 * np.eye(60)).max() + 0.02


def test_strange_sounds() -> None:
    strange = np.zeros((5, SHORTEST))
    strange[4] = 1e37 * np.sin(np.arange(SHORTEST))
    strange[1] = np.nan
    strange[2] = 1.0
    strange[3] = np.inf
    found = sound_content(strange)
    assert np.isfinite(found.vectors).all()
    assert not found.vectors[[0, 1, 3]].any()
    assert found.vectors[4].any()
    assert len(np.unique(found.hashes[:, 0])) == 5


def test_shapes_of_sounds() -> None:
    assert shows_sounds(np.zeros((1, SHORTEST)))
    assert shows_sounds(np.zeros((1, 2, SHORTEST)))
    assert not shows_sounds(np.zeros((1, SHORTEST - 1)))
    assert not shows_sounds(np.zeros((1, 80, SHORTEST)))
