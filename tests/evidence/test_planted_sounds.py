"""Planted silence and noise: of the rows' length, no two silences alike, the same for one seed."""

from __future__ import annotations

import numpy as np
import pytest

from auditkit.evidence.generation_needs import PlantedSoundNeed
from auditkit.evidence.planted_sounds import COLOURS, LEVELS, SILENCE, noise, planted

NEED = PlantedSoundNeed(silences=20, noises=8)


def test_what_is_planted() -> None:
    sounds = list(planted(NEED, [1000, 2000], seed=3))
    silent = [sound for kind, sound in sounds if kind == SILENCE]
    noisy = [sound for kind, sound in sounds if kind != SILENCE]
    assert (len(silent), len(noisy)) == (20, 8)
    assert len({len(sound) for sound in silent}) == 20
    assert all(500 <= len(sound) <= 2020 for _, sound in sounds)
    assert not any(sound.any() for sound in silent)
    assert all(sound.dtype == np.float32 for _, sound in sounds)
    kinds = {kind for kind, _ in sounds if kind != SILENCE}
    assert kinds == {f"{colour} noise, {level} dB" for colour in COLOURS for level in LEVELS}


def test_the_seed_decides() -> None:
    one, again, other = (list(planted(NEED, [1000], seed=seed)) for seed in (0, 0, 1))
    assert all(np.array_equal(a[1], b[1]) for a, b in zip(one, again, strict=True))
    assert not np.array_equal(one[-1][1], other[-1][1])


def test_very_short_sounds_are_still_several() -> None:
    lengths = [len(sound) for kind, sound in planted(NEED, [1], seed=0) if kind == SILENCE]
    assert lengths == list(range(1, 21))


@pytest.mark.parametrize("colour", COLOURS)
@pytest.mark.parametrize("level", LEVELS)
def test_noise_has_its_level(colour: str, level: int) -> None:
    made = noise(colour, level, 20_000, np.random.default_rng(0)).astype(float)
    assert 10 * np.log10((made**2).mean()) == pytest.approx(level, abs=0.1)


def test_noise_has_its_colour() -> None:
    for colour, slope in (("white", 0), ("pink", -1)):
        power = np.abs(np.fft.rfft(noise(colour, -30, 2**16, np.random.default_rng(0)))) ** 2
        places = np.arange(1, len(power))
        fitted = np.polyfit(np.log(places), np.log(power[1:]), 1)[0]
        assert fitted == pytest.approx(slope, abs=0.05)
