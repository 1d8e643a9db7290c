"""Versions whose answers are known row by row."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from auditkit.comparing import Version
from auditkit.evidence.kept_outcomes import KeptOutcomes
from auditkit.models.head import Head
from tests.sample_pairs import DECIDING, rows_of

DATA = "sha256:" + "d" * 64


def version(name: str, *kept: KeptOutcomes, data: str = DATA, **more: Any) -> Version:
    """A version with these outcomes."""
    return Version(name, f"{name}.yaml", f"parameters:{name}", data, kept, **more)


def deciding(right: np.ndarray, target: np.ndarray, head: Head = DECIDING, **more: Any) -> Any:
    """Rows of a model that is right where it is said to be."""
    prediction = np.where(right, target, 1 - target)
    return rows_of(0.1 + 0.8 * prediction, target, head, prediction, **more)


def kept(rows: Any, mark: str = "one salt", *, named: bool = True) -> KeptOutcomes:
    """These rows, of all that there are."""
    return KeptOutcomes(rows, mark, named, len(rows))


def two(wins: int, losses: int, n: int, **more: Any) -> tuple[Version, Version]:
    """A and B on n rows: of `wins` rows B alone is right, of `losses` A alone."""
    target = np.arange(n) % 2
    of_a, of_b = np.ones(n, dtype=bool), np.ones(n, dtype=bool)
    of_a[:wins], of_b[wins : wins + losses] = False, False
    return (
        version("a", kept(deciding(of_a, target, **more))),
        version("b", kept(deciding(of_b, target, **more))),
    )


def with_rows(one: Version, **changes: Any) -> Version:
    """The same version, its rows changed in something."""
    (outcomes,) = one.kept
    return replace(one, kept=(replace(outcomes, rows=replace(outcomes.rows, **changes)),))
