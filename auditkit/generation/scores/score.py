"""What a score is: what it needs, how it is computed, and where it comes from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from auditkit.generation.equivalence.classes import Classes
from auditkit.generation.generations import Generations
from auditkit.generation.settings import GenerationSettings

Values: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Material:
    """What scores are computed from.

    Attributes:
        generations: n prompts with their answers.
        classes: of their answers; None where nothing was sampled.
        settings: of the audit.
    """

    generations: Generations
    classes: Classes | None
    settings: GenerationSettings

    def __len__(self) -> int:
        return len(self.generations)


@dataclass(frozen=True)
class Score:
    """One score; higher always means that the answer is more likely to be wrong.

    Attributes:
        name: as in tables and policies: `semantic_entropy` …
        title: what a reviewer reads.
        definition: one sentence, with the formula.
        source: paper.
        parts: what must have been heard: some of `auditkit.generation.parts.PARTS`, and
            `log_probs`, `entropies`, `certainties` of the answers.
        unmet: why it cannot be had of this material, a full sentence; "" if it can.
        compute: the score of each prompt, finite, float64 of shape (n,).
        control: True of what is no score at all but must be beaten (length, random).
    """

    name: str
    title: str
    definition: str
    source: str
    parts: frozenset[str]
    unmet: Callable[[Material], str]
    compute: Callable[[Material], Values]
    control: bool = False


@dataclass(frozen=True)
class NotScored:
    """Why a score is not there; a full sentence."""

    reason: str


__all__ = ["Material", "NotScored", "Score", "Values"]
