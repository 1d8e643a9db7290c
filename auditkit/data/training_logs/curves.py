"""A training log as curves: numbers by step, whatever wrote them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

LARGEST = 1e100
"""No loss is as large; its square is still a float. What is larger counts as no finite number."""

MOST_CURVES = 1_000
MOST_POINTS = 500_000
"""Of all curves together; more are no log of a training's progress, and take minutes to read."""


@dataclass(frozen=True)
class Curve:
    """One number that was logged again and again.

    Attributes:
        name: as the log has it.
        steps: when it was logged, ascending and distinct; as long as `values`.
        epochs: the same in epochs, as far as the log tells; () where it does not tell of every
            point.
        values: finite numbers below `LARGEST`.
        lost: how many further points were none.
    """

    name: str
    steps: tuple[float, ...]
    epochs: tuple[float, ...]
    values: tuple[float, ...]
    lost: int = 0


@dataclass(frozen=True)
class TrainingLog:
    """What was logged while the model was trained.

    Attributes:
        name: of the file or folder, without the path to it.
        format: `tensorboard`, `lightning` or `transformers`.
        digest: `sha256:…` of the bytes that were read.
        curves: in the order of their names.
    """

    name: str
    format: str
    digest: str
    curves: tuple[Curve, ...]

    def describe(self) -> dict[str, Any]:
        """What a record keeps of it, and what tells two logs apart, as JSON-able data."""
        return {"name": self.name, "format": self.format, "digest": self.digest}


@dataclass(frozen=True)
class Point:
    """One logged number; `epoch` is None where it is not known."""

    step: float
    epoch: float | None
    value: float


def curves_of(points: Mapping[str, Iterable[Point]]) -> tuple[Curve, ...]:
    """Curves from points in the order in which they were written; their steps are finite.

    What was written later at the same step counts: a training that was taken up again writes its
    steps anew.

    >>> curves_of({"loss": [Point(2, 1.0, 0.5), Point(1, 0.5, 0.9), Point(2, 1.0, 0.4)]})
    (Curve(name='loss', steps=(1, 2), epochs=(0.5, 1.0), values=(0.9, 0.4), lost=0),)
    """
    return tuple(_curve(name, points[name]) for name in sorted(points))


def counted(number: float | None) -> float | None:
    """A step or an epoch; None of what can't be one.

    >>> counted(3.5), counted(float("nan")), counted(None)
    (3.5, None, None)
    """
    return number if number is not None and abs(number) < LARGEST else None


def _curve(name: str, points: Iterable[Point]) -> Curve:
    last = {point.step: point for point in points}
    every = [last[step] for step in sorted(last)]
    known = [point for point in every if abs(point.value) < LARGEST]
    epochs = [point.epoch for point in known if point.epoch is not None]
    return Curve(
        name,
        tuple(point.step for point in known),
        tuple(epochs) if len(epochs) == len(known) else (),
        tuple(point.value for point in known),
        len(every) - len(known),
    )
