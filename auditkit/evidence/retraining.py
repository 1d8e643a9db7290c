"""How the model may be trained again, where the user says how. Plain data, and one function."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from auditkit.errors import ConfigurationError
from auditkit.models.subject import callable_name, source_digest

Train = Callable[[Any, Any, int], Any]
"""`train(inputs, targets, seed)`: a model trained on these units, asked as the audited one is.

`inputs` are as the audited model's forward takes them, on the CPU; `targets` are encoded (class
codes as int64, or numbers), a mapping from head to targets where the model has several heads.
"""

_RANGES = {
    "units": (20, 1_000_000),
    "sizes": (2, 8),
    "repeats": (3, 50),
    "references": (0, 256),
    "permutations": (0, 20),
}


@dataclass(frozen=True)
class Retraining:
    """How the model may be trained again.

    Attributes:
        train: the user's function; None where there is none, and nothing is trained again but
            simple models.
        units: of so many training units at most, drawn at random, any model is taught.
        sizes: steps of the ladder of training sizes, each twice the one before.
        repeats: how often each step is trained, on another draw.
        references: models, each trained on a random half, that membership attacks compare with.
        permutations: models trained on permuted labels.

    Raises:
        ConfigurationError: `train` cannot be called, or a number is out of its range.
    """

    train: Train | None = None
    units: int = 10_000
    sizes: int = 4
    repeats: int = 3
    references: int = 4
    permutations: int = 1

    def __post_init__(self) -> None:
        if self.train is not None and not callable(self.train):
            raise ConfigurationError(
                f"retraining.train is {self.train!r}; expected a callable.",
                mend="Give a function train(inputs, targets, seed) that returns a trained model.",
            )
        for name, (low, high) in _RANGES.items():
            number = getattr(self, name)
            whole = isinstance(number, int) and not isinstance(number, bool)
            if not whole or not low <= number <= high:
                raise ConfigurationError(
                    f"retraining.{name} is {number!r}; expected a whole number from {low:,} to "
                    f"{high:,}.",
                    mend=f"Give for example {getattr(type(self), name)}.",
                )

    @property
    def possible(self) -> bool:
        """Whether the model itself can be trained again."""
        return self.train is not None

    @classmethod
    def of(cls, given: Retraining | Mapping[str, Any]) -> Retraining:
        """Retraining from what a user may say.

        Raises:
            ConfigurationError: a key is unknown, or see `Retraining`.

        >>> Retraining.of({"references": 8}).references
        8
        """
        if isinstance(given, Retraining):
            return given
        known = [one.name for one in fields(cls)]
        if not isinstance(given, Mapping) or not set(given) <= set(known):
            raise ConfigurationError(
                f"retraining is {given!r}; expected some of {', '.join(known)}.",
                mend='Give for example {"train": train, "references": 4}.',
            )
        return cls(**given)

    def describe(self) -> dict[str, Any]:
        """How the model may be trained again, as JSON-able data."""
        numbers = {name: getattr(self, name) for name in _RANGES}
        if self.train is None:
            return {"train": None, **numbers}
        digest, _ = source_digest(self.train)
        return {"train": [callable_name(self.train), digest or None], **numbers}
