"""Make the clips that are audited, in seconds: clips/*.wav and clips.csv beside this file.

Half of them hold a second of speech (voices/, spoken by espeak-ng; see speak.py), in quiet or
before a background; the other half hold the background alone. The same on every machine.
"""

import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

HERE = Path(__file__).parent
RATE = 16_000
SAMPLES = 32 * 512
LOUDNESS = 0.08  # root mean square of the speech, and of backgrounds alone
RATIOS = {"faint": 10, "loud": -10}  # decibels that the speech has over the background
ALONE = 40

Make = Callable[[np.random.Generator], np.ndarray]
_TIME = np.arange(SAMPLES) / RATE


def hiss(generator: np.random.Generator) -> np.ndarray:
    """White noise."""
    return generator.normal(size=SAMPLES)


def hum(generator: np.random.Generator) -> np.ndarray:
    """Mains of 50 Hz, with twelve of their harmonics."""
    phases = generator.uniform(0, 2 * np.pi, 12)
    parts = [np.sin(2 * np.pi * 50 * k * _TIME + phases[k - 1]) / k for k in range(1, 13)]
    return np.sum(parts, axis=0)


def chord(generator: np.random.Generator) -> np.ndarray:
    """Three held notes, each with four overtones."""
    root = generator.uniform(150, 400)
    found = np.zeros(SAMPLES)
    for note in root * np.array([1, 1.25, 1.5]):
        phases = generator.uniform(0, 2 * np.pi, 4)
        for k in range(1, 5):
            found += np.sin(2 * np.pi * note * k * _TIME + phases[k - 1]) / k**2
    return found


def clicks(generator: np.random.Generator) -> np.ndarray:
    """About a dozen short knocks."""
    found = np.zeros(SAMPLES)
    for start in generator.integers(0, SAMPLES - 800, 12):
        pitch, length = generator.uniform(800, 3_000), np.arange(800) / RATE
        found[start : start + 800] += np.exp(-200 * length) * np.sin(2 * np.pi * pitch * length)
    return found


BACKGROUNDS: dict[str, Make] = {"hiss": hiss, "hum": hum, "chord": chord, "clicks": clicks}


def _level(sound: np.ndarray, loudness: float = LOUDNESS) -> np.ndarray:
    return loudness * sound / np.sqrt(np.mean(sound**2))


def _quiet(generator: np.random.Generator) -> np.ndarray:
    return _level(generator.normal(size=SAMPLES), LOUDNESS / 200)


def pieces() -> dict[str, np.ndarray]:
    """What the voices say, a second each: `low-1a`, `low-1b` …"""
    found = {}
    for place in sorted((HERE / "voices").glob("*.wav")):
        with wave.open(str(place)) as file:
            samples = np.frombuffer(file.readframes(2 * SAMPLES), dtype="<i2") / 32_768
        for part, sound in zip("ab", samples.reshape(2, SAMPLES), strict=True):
            found[place.stem + part] = _level(sound)
    return found


def clips() -> list[tuple[dict[str, str], np.ndarray]]:
    """Each clip with what is known of it; a clip without speech has no voice."""
    generator = np.random.default_rng(0)
    found = []

    def add(sound: np.ndarray, label: str, background: str, level: str, piece: str) -> None:
        about = {
            "label": label,
            "background": background,
            "level": level,
            "voice": piece.partition("-")[0] if label == "speech" else "",
            "recording": piece or f"clip {len(found)}",
        }
        found.append((about, sound / max(1.0, 1.02 * np.abs(sound).max())))

    for piece, speech in pieces().items():
        add(speech + _quiet(generator), "speech", "quiet", "faint", piece)
        for background, make in BACKGROUNDS.items():
            for level, ratio in RATIOS.items():
                behind = _level(make(generator), LOUDNESS * 10 ** (-ratio / 20))
                add(speech + behind, "speech", background, level, piece)
    for background, make in {"quiet": _quiet, **BACKGROUNDS}.items():
        for number in range(ALONE // 2 if background == "quiet" else ALONE):
            loud = background != "quiet" and number % 2 == 1
            loudness = LOUDNESS * 10 ** (-RATIOS["loud" if loud else "faint"] / 20)
            sound = make(generator) if background == "quiet" else _level(make(generator), loudness)
            add(sound, "nothing", background, "loud" if loud else "faint", "")
    return found


if __name__ == "__main__":
    (HERE / "clips").mkdir(exist_ok=True)
    rows = []
    for number, (about, sound) in enumerate(clips()):
        name = f"{number:03}.wav"
        rows.append({"file": name, **about})
        with wave.open(str(HERE / "clips" / name), "wb") as file:
            file.setparams((1, 2, RATE, SAMPLES, "NONE", ""))
            file.writeframes(np.round(32_767 * sound).astype("<i2").tobytes())
    pd.DataFrame(rows).to_csv(HERE / "clips.csv", index=False)
    print(f"{len(rows)} clips in {HERE / 'clips'}, described in {HERE / 'clips.csv'}")
