"""The layers whose hidden states every prompt has, and their states."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from auditkit.generation.evidence import GenerationEvidence, Hidden
from auditkit.generation.parts import HIDDEN
from auditkit.generation.scores.absence import lacking, said_of
from auditkit.generation.scores.score import Material, Values


def layers(material: Material) -> tuple[int, ...]:
    """Those that were kept of every prompt, ascending."""
    kept = [set(row.hidden) for row in material.generations.rows]
    return tuple(sorted(set.intersection(*kept))) if kept else ()


def middle_layer(material: Material) -> int:
    """The middle one of those kept; the lower of two."""
    found = layers(material)
    return found[(len(found) - 1) // 2]


def states(material: Material, layer: int, which: str) -> Values:
    """`prompt` or `answer` states of a layer, float64 of shape (n, width)."""
    rows = material.generations.rows
    return np.stack([getattr(row.hidden[layer], which) for row in rows]).astype(np.float64)


def without_states(
    material: Material, layer: Callable[[Material], int], read: Callable[[Hidden], np.ndarray]
) -> str:
    """Why a score of hidden states cannot be had; "" where it can."""
    absent = lacking(material, HIDDEN, "no hidden states", lambda row: bool(row.hidden))
    if absent:
        return absent
    if not layers(material):
        return "No layer was kept of all prompts."
    place, rows = layer(material), material.generations.rows
    if len({read(row.hidden[place]).shape[-1] for row in rows}) > 1:
        return "The hidden states of the prompts differ in their width."

    def infinite(row: GenerationEvidence) -> bool:
        return not np.isfinite(read(row.hidden[place])).all()

    bad = sum(map(infinite, rows))
    return said_of(bad, len(rows), "hidden states that are not finite") if bad else ""


__all__ = ["layers", "middle_layer", "states", "without_states"]
