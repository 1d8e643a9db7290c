"""Speech that a few lines can understand: a word is 40 samples of one height."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from auditkit.auditing import Settings, audit
from auditkit.data import Dataset, audio, dataset
from auditkit.models.generators.function import FunctionSource
from auditkit.models.generators.wrapped import WrappedGenerator
from auditkit.run import Run
from tests.data.media_files import pcm

WORDS = [f"word{place}" for place in range(30)]
LENGTH, STEP = 40, 1024


def speech(n: int = 400, speakers: int = 80, seed: int = 0) -> pd.DataFrame:
    """Sounds of 2 to 8 words; half of the speakers have the accent `b`, a height below zero."""
    rng = np.random.default_rng(seed)
    rows = []
    for row in range(n):
        speaker = row % speakers
        words = rng.integers(0, len(WORDS), rng.integers(2, 9))
        sign = 1 if speaker % 2 else -1
        samples = np.repeat((words + 1) * STEP * sign, LENGTH)
        rows.append(
            {
                "wav": pcm(samples.astype(np.int16)),
                "said": " ".join(WORDS[word] for word in words).capitalize() + ".",
                "speaker": f"s{speaker}",
                "accent": "a" if speaker % 2 else "b",
            }
        )
    return pd.DataFrame(rows)


class Recogniser:
    """Writes down what it hears, with errors at given rates by accent.

    Where nobody speaks it says `invented`, and one sound in `looping` it repeats for ever.
    """

    def __init__(
        self, errors: tuple[float, float] = (0.05, 0.05), invented: str = "", looping: float = 0
    ) -> None:
        self.errors, self.invented, self.looping = errors, invented, looping

    def __call__(self, sounds: list[np.ndarray], rate: int, seed: int) -> list[dict[str, Any]]:
        assert rate == 8000
        return [self._one(sound, place + seed) for place, sound in enumerate(sounds)]

    def _one(self, sound: np.ndarray, seed: int) -> dict[str, Any]:
        codes = sound * 32_768 / STEP
        if not codes.any() or np.abs(codes - np.round(codes)).max() > 1e-3:
            return {"segments": [{"text": self.invented, "log_prob": -0.3, "no_speech": 0.9}]}
        rng = np.random.default_rng(seed)
        error = self.errors[0 if codes[0] > 0 else 1]
        heard = [WORDS[abs(round(code)) - 1] for code in codes[::LENGTH].tolist()]
        said = [word if rng.random() >= error else "hm" for word in heard]
        if rng.random() < self.looping:
            said *= 30
        return {"segments": [{"text": " ".join(said), "log_prob": -0.1, "no_speech": 0.0}]}


GENERATION = {"columns": {"spoken": True, "references": "said"}}


def data_of(table: pd.DataFrame, **declared: Any) -> Dataset:
    """The sounds, with what was said beside them."""
    sounds = audio(table, column="wav", seconds=8 * LENGTH / 8000, beside=["said"])
    return dataset(
        sounds, **{"groups": {"accent": {"reference": "a"}}, "cluster": "speaker", **declared}
    )


def model_of(recogniser: Recogniser) -> WrappedGenerator:
    return WrappedGenerator(texts=FunctionSource(recogniser), name="recogniser")


def audited(recogniser: Recogniser, table: pd.DataFrame, **declared: Any) -> Run:
    """An audit of the recogniser by the check of speech alone."""
    settings = Settings(checks=["speech"], quiet=True, generation=GENERATION)
    return audit(model_of(recogniser), data_of(table, **declared), settings=settings)
