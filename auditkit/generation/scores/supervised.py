"""What a score that has to be fitted is, and what it is fitted on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auditkit.generation.scores.score import Material, NotScored, Values

Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Lesson:
    """What is known of the answers.

    Attributes:
        wrong: whether each greedy answer is wrong, shape (n,); where nobody judged, of no meaning.
        judged: whether that is known, shape (n,).
        fit: the half that may be fitted on, shape (n,).
    """

    wrong: Mask
    judged: Mask
    fit: Mask

    @property
    def taught(self) -> Mask:
        """The rows whose outcome may be looked at, shape (n,)."""
        return self.fit & self.judged


@dataclass(frozen=True)
class FittedScore:
    """One score that is fitted; higher always means that the answer is more likely to be wrong.

    Attributes:
        name, title, definition, source, parts: as of `Score`; parts are those without which there
            is none of it.
        compute: the score of each prompt, finite, float64 of shape (n,); or why there is none.
    """

    name: str
    title: str
    definition: str
    source: str
    parts: frozenset[str]
    compute: Callable[[Material, Lesson], Values | NotScored]


def clusters_of(material: Material) -> NDArray[np.uint64]:
    """Of each row, shape (n,): its own key where rows are independent."""
    found = material.generations.clusters
    return material.generations.keys if found is None else np.asarray(found)


__all__ = ["FittedScore", "Lesson", "Mask", "clusters_of"]
