"""What is no score at all, but has to be beaten by one: length and chance."""

from __future__ import annotations

import numpy as np

from auditkit.generation.scores.score import Material, Score, Values


def length(material: Material) -> Values:
    """Tokens of the greedy answer; its words where the tokens of any answer are not known."""
    answers = [row.greedy for row in material.generations.rows]
    tokens = [one.length for one in answers]
    if any(one is None for one in tokens):
        return np.array([len(one.text.split()) for one in answers], dtype=np.float64)
    return np.array(tokens, dtype=np.float64)


def random(material: Material) -> Values:
    """A number in [0, 1) that a row's key and the seed alone decide, whatever stands beside it."""
    seed = np.array([material.generations.seed % 2**64], dtype=np.uint64)
    return np.asarray((_mixed(material.generations.keys ^ _mixed(seed)) >> _ELEVEN) * 2.0**-53)


def _mixed(numbers: np.ndarray) -> np.ndarray:
    """A bijection of 64-bit numbers under which neighbours look unrelated.

    Source: Steele, Lea and Flood, Fast Splittable Pseudorandom Number Generators, OOPSLA 2014.
    """
    mixed = numbers + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(mixed ^ (mixed >> np.uint64(31)))


_ELEVEN = np.uint64(11)


def _unmet(material: Material) -> str:
    return "" if len(material) else "There are no prompts."


SCORES = (
    Score(
        "length",
        "Length of the answer (control)",
        "The number of tokens of the greedy answer; of answers known by their text alone, of "
        "words. No score: one that does not beat it measures length.",
        "Janiak et al., The Illusion of Progress, arXiv 2508.08285 (2025)",
        frozenset(),
        _unmet,
        length,
        control=True,
    ),
    Score(
        "random",
        "Chance (control)",
        "A number between 0 and 1 that the prompt's id and the seed alone decide. No score: one "
        "that does not beat it says nothing.",
        "Steele, Lea and Flood, OOPSLA 2014 (SplitMix64)",
        frozenset(),
        _unmet,
        random,
        control=True,
    ),
)
