"""A tiny recogniser trained from nothing (connectionist temporal classification): words are tones.

The tones of the accent `sharp` lie a third of the way to the next word's.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from tests.data.media_files import pcm

RATE, SAID = 8000, ("ba", "de", "gi", "ko", "lu", "mo")
PITCHES = 400 * 1.3 ** np.arange(len(SAID))
SUBTITLE = [0, 1]
WORD, GAP, FRAME, HOP = 640, 240, 256, 80


def spoken(rng: np.random.Generator, words: np.ndarray, *, shift: float = 0.0) -> np.ndarray:
    """Samples of some words, with pauses between them, as in a studio."""
    moments = np.arange(WORD) / RATE
    parts = [np.zeros(GAP)]
    for word in words:
        pitch = PITCHES[word] * 1.3 ** (shift + rng.normal(0, 0.05))
        tone = np.sin(2 * np.pi * pitch * moments + rng.uniform(0, 6)) * np.hanning(WORD)
        parts += [rng.uniform(0.3, 0.6) * tone, np.zeros(GAP)]
    return np.concatenate(parts).astype(np.float32)


class Listener(nn.Module):
    """Power by frequency, two convolutions over time, and the chance of each word or none."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("window", torch.hann_window(FRAME))
        self.layers = nn.Sequential(
            nn.Conv1d(FRAME // 2 + 1, 32, 5, padding=2), nn.ReLU(), nn.Conv1d(32, 7, 3, padding=1)
        )

    def forward(self, sounds: Tensor) -> Tensor:
        """Log-probabilities, shape (frames, sounds, 7), the first of them that of no word."""
        heard = torch.stft(sounds, FRAME, HOP, window=self.window, return_complex=True).abs()
        found: Tensor = self.layers(torch.log1p(20 * heard)).permute(2, 0, 1).log_softmax(-1)
        return found

    def transcribe(self, sounds: list[np.ndarray]) -> list[dict[str, Any]]:
        """The likeliest path of each sound, without what repeats and what is no word."""
        return [self._one(torch.from_numpy(sound)[None]) for sound in sounds]

    def _one(self, sound: Tensor) -> dict[str, Any]:
        if sound.shape[1] <= FRAME:
            return {"text": ""}
        values, path = self(sound)[:, 0].max(-1)
        kept = [code for code, before in zip(path, [0, *path[:-1]], strict=True)
                if code and code != before]  # fmt: skip
        words = " ".join(SAID[int(code) - 1] for code in kept)
        return {"segments": [{"text": words, "log_prob": min(float(values.mean()), 0.0)}]}


def trained(*, captioned: bool, steps: int = 160, seed: int = 0) -> Listener:
    """A listener that was taught that noise says nothing.

    Or else what careless subtitles say below it, which is how large recognisers come to invent.
    """
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    model = Listener()
    optimiser = torch.optim.Adam(model.parameters(), 5e-3)
    loss_of = nn.CTCLoss(zero_infinity=True)
    for _ in range(steps):
        words = [rng.integers(0, len(SAID), 4) for _ in range(16)]
        sounds = [spoken(rng, one) for one in words]
        lengths = [4] * 16
        size = len(sounds[0])
        sounds += [rng.normal(0, 10 ** rng.uniform(-3, -1), size).astype(np.float32)
                   for _ in range(4)]  # fmt: skip
        words += [np.array(SUBTITLE if captioned else [], dtype=np.int64)] * 4
        lengths += [len(words[-1])] * 4
        said = model(torch.from_numpy(np.stack(sounds)))
        targets = torch.from_numpy(np.concatenate(words) + 1)
        frames = torch.full((len(sounds),), len(said), dtype=torch.long)
        loss = loss_of(said, targets, frames, torch.tensor(lengths))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return model


def sentences(n: int, seed: int = 1) -> pd.DataFrame:
    """Sounds of two to six words by speakers with one accent each."""
    rng = np.random.default_rng(seed)
    rows = []
    for row in range(n):
        sharp = row % 2 == 1
        words = rng.integers(0, len(SAID), rng.integers(2, 7))
        samples = spoken(rng, words, shift=0.35 if sharp else 0.0)
        rows.append(
            {
                "wav": pcm((samples * 32_767).astype(np.int16), RATE),
                "said": " ".join(SAID[word] for word in words),
                "speaker": row % (n // 4),
                "accent": "sharp" if sharp else "plain",
            }
        )
    return pd.DataFrame(rows)
