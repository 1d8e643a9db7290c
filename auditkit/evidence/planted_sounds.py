"""Silence and noise for a speech recogniser, and what it writes down of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np

from auditkit.evidence.collected import Evidence
from auditkit.evidence.generation_needs import PlantedSoundNeed
from auditkit.models.generators.answer import Answer
from auditkit.models.generators.texts import Asked, Prompt
from auditkit.models.generators.wrapped import WrappedGenerator

SILENCE = "silence"
COLOURS = ("white", "pink")
LEVELS = (-50, -30)
"""Of noise, decibels to a root mean square of 1: faint, and clearly heard."""
_AT_ONCE = 16
_SHORTEST = 0.5
"""Of a row's length: so that no two silences are one and the same sound."""


@dataclass(frozen=True, eq=False)
class PlantedAnswers:
    """What was written down of sounds in which nobody speaks.

    Attributes:
        kinds: of each sound `silence`, or the noise in words: `white noise, -50 dB`.
        answers: to each.
    """

    kinds: tuple[str, ...]
    answers: tuple[Answer, ...]


def planted_answers(
    need: PlantedSoundNeed, evidence: Evidence, model: WrappedGenerator
) -> PlantedAnswers | str:
    """What the model writes down of planted sounds, or the reason why it was not asked.

    Args:
        need: which sounds.
        evidence: of all splits; the generations of one say how long sounds are.
        model: opened.

    Raises:
        ModelError: it failed on one of them.
    """
    if model.decoder is not None or not model.capabilities.present:
        return "The recogniser itself is not here, so that it could hear nothing else."
    generations = evidence[need.split].generations
    known = [] if generations is None else [row.facts for row in generations.rows]
    lengths = [int(facts["samples"]) for facts in known if facts.get("samples")]
    if generations is None or not lengths:
        return "No sounds were heard whose length others could have."
    rate = int(known[0].get("rate", 0))
    sounds = planted(need, lengths, generations.seed)
    asked = Asked(samples=0, max_tokens=need.max_tokens, seed=generations.seed)
    kinds: list[str] = []
    answers: list[Answer] = []
    assert model.texts is not None  # there is no decoder
    while part := list(islice(sounds, _AT_ONCE)):
        prompts = [
            Prompt(f"planted {len(kinds) + place}", "", sound, rate)
            for place, (_, sound) in enumerate(part)
        ]
        kinds += [kind for kind, _ in part]
        answers += [one.greedy for one in model.texts.answer(prompts, asked)]
    return PlantedAnswers(tuple(kinds), tuple(answers))


def planted(
    need: PlantedSoundNeed, lengths: list[int], seed: int
) -> Iterator[tuple[str, np.ndarray]]:
    """Kind and samples, float32, of each sound; the same for the same seed.

    Args:
        need: how many.
        lengths: of the rows' sounds, in samples.
        seed: of lengths and noise.
    """
    rng = np.random.default_rng([seed, len(lengths)])
    taken: set[int] = set()
    for _ in range(need.silences):
        length = _length(lengths, rng)
        while length in taken:
            length += 1
        taken.add(length)
        yield SILENCE, np.zeros(length, dtype=np.float32)
    noises = [(colour, level) for colour in COLOURS for level in LEVELS]
    for place in range(need.noises):
        colour, level = noises[place % len(noises)]
        samples = noise(colour, level, _length(lengths, rng), rng)
        yield f"{colour} noise, {level} dB", samples


def _length(lengths: list[int], rng: np.random.Generator) -> int:
    return max(int(lengths[rng.integers(len(lengths))] * rng.uniform(_SHORTEST, 1)), 1)


def noise(colour: str, level: float, length: int, rng: np.random.Generator) -> np.ndarray:
    """Gaussian noise, float32 between −1 and 1.

    Args:
        colour: `white`, or `pink`: of a power that falls as 1/f, as in most rooms.
        level: decibels, of its root mean square.
        length: number of samples.
        rng: where it is drawn from.

    Example:
        >>> made = noise("pink", -30, 8000, np.random.default_rng(0))
        >>> round(20 * np.log10(np.sqrt((made**2).mean())).item())
        -30
    """
    samples = rng.standard_normal(length)
    if colour == "pink" and length > 2:
        spectrum = np.fft.rfft(samples)
        spectrum[1:] /= np.sqrt(np.arange(1, len(spectrum)))
        spectrum[0] = 0
        samples = np.fft.irfft(spectrum, length)
    size = np.sqrt((samples**2).mean())
    scaled = samples * (10 ** (level / 20) / size) if size > 0 else samples
    found: np.ndarray = np.clip(scaled, -1, 1).astype(np.float32)
    return found


__all__ = ["COLOURS", "LEVELS", "SILENCE", "PlantedAnswers", "noise", "planted", "planted_answers"]
