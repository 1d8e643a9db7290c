"""What the user wants explained, and how; conventions where nothing is said. Plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from auditkit.errors import ConfigurationError

DEFAULT_METHODS = ("integrated_gradients", "saliency", "feature_ablation")
"""One method of each family that works on most models."""

MOST_SHOWN = 50
"""Decisions that are shown at most: nobody looks at more."""


@dataclass(frozen=True)
class Wishes:
    """How decisions are explained.

    Attributes:
        methods: which attribution methods are asked; the first that works ranks the features.
        units: how many units are explained.
        tested: on how many of them the explanations themselves are tested; 0 for none.
        budget: what these tests may cost for a unit, in gradients.
        tolerance: relative error that the path integral may have.
        samples: how many single decisions are shown, with their inputs: a record keeps inputs of
            units only where this is asked for.

    Raises:
        ConfigurationError: a number is out of its range, or no method is named.
    """

    methods: tuple[str, ...] = DEFAULT_METHODS
    units: int = 128
    tested: int = 32
    budget: int = 250
    tolerance: float = 0.02
    samples: int = 0

    def __post_init__(self) -> None:
        named: object = self.methods
        given = [named] if isinstance(named, str) else named
        if not isinstance(given, list | tuple) or not given:
            raise ConfigurationError(
                f"explain.methods is {self.methods!r}; expected a list of methods.",
                mend="Give for example [integrated_gradients, feature_ablation].",
            )
        object.__setattr__(self, "methods", tuple(str(name) for name in given))
        for name, low, high in _WHOLE:
            number = getattr(self, name)
            whole = isinstance(number, int) and not isinstance(number, bool)
            if not whole or not low <= number <= high:
                raise ConfigurationError(
                    f"explain.{name} is {number!r}; expected a whole number from {low} to "
                    f"{high:,}.",
                    mend=f"Give for example {_USUAL[name]}.",
                )
        tolerance = self.tolerance
        if (
            isinstance(tolerance, bool)
            or not isinstance(tolerance, int | float)
            or not (0 < tolerance < 1)
        ):
            raise ConfigurationError(
                f"explain.tolerance is {tolerance!r}; expected a share between 0 and 1.",
                mend="Give for example 0.02.",
            )

    @classmethod
    def of(cls, given: Wishes | Mapping[str, Any]) -> Wishes:
        """Wishes from what a user may say.

        Raises:
            ConfigurationError: a wish is unknown, or see `Wishes`.

        >>> Wishes.of({"samples": 6}).samples
        6
        """
        if isinstance(given, Wishes):
            return given
        known = [one.name for one in fields(cls)]
        if not isinstance(given, Mapping) or not set(given) <= set(known):
            raise ConfigurationError(
                f"explain is {given!r}; expected some of {', '.join(known)}.",
                mend='Give for example {"methods": ["integrated_gradients"], "samples": 6}.',
            )
        return cls(**given)

    def describe(self) -> dict[str, Any]:
        """The wishes as JSON-able data."""
        return {**asdict(self), "methods": list(self.methods)}


_WHOLE = (
    ("units", 1, 10_000),
    ("tested", 0, 1000),
    ("budget", 1, 100_000),
    ("samples", 0, MOST_SHOWN),
)
_USUAL = {"units": 128, "tested": 32, "budget": 250, "samples": 6}
