"""What the user wants of the model's confidence, beside what a policy asks for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from auditkit.errors import ConfigurationError
from auditkit.variants.variant import ATTACKS, LEAST_EPSILON

MOST_REVIEWED = 1000
"""Rows that are listed at most: nobody reads more."""


@dataclass(frozen=True)
class Aims:
    """What the user wants of the model's confidence; conventions where nothing is said.

    Attributes:
        coverage: share of units whose prediction set or interval should hold the truth.
        error: largest share of errors among the cases that are answered, where others are not.
        violation: chance that a threshold which keeps that share on a sample fails to keep it.
        epsilon: how far an attack may move a number that the model is given, as a share of the
            declared range of its inputs.
        attacks: which attacks are tried: `fgsm`, `pgd`, `autoattack`.
        review: how many of the units whose label the model contradicts most are listed by row id,
            and how many pairs of copies; a record keeps rows only where this is asked for.

    Raises:
        ConfigurationError: a share does not lie between 0 and 1, an attack is unknown, or `review`
            is no number of rows.
    """

    coverage: float = 0.9
    error: float = 0.05
    violation: float = 0.1
    epsilon: float = 8 / 255
    attacks: tuple[str, ...] = ("fgsm", "pgd")
    review: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "attacks", _listed(self.attacks))
        for name in ("coverage", "error", "violation", "epsilon"):
            share = getattr(self, name)
            number = isinstance(share, int | float) and not isinstance(share, bool)
            if not number or not 0 < share < 1:
                raise ConfigurationError(
                    f"aims.{name} is {share!r}; expected a share between 0 and 1.",
                    mend="Give for example 0.05.",
                )
        if self.epsilon < LEAST_EPSILON:
            raise ConfigurationError(
                f"aims.epsilon is {self.epsilon!r}; expected at least {LEAST_EPSILON:g}.",
                mend="Give for example 0.031, which is 8 of 255 grey levels.",
            )
        if unknown := [name for name in self.attacks if name not in ATTACKS]:
            raise ConfigurationError(
                f"aims.attacks names {unknown[0]!r}; expected some of {', '.join(ATTACKS)}.",
                mend="Name one of these, or none.",
            )
        whole = isinstance(self.review, int) and not isinstance(self.review, bool)
        if not whole or not 0 <= self.review <= MOST_REVIEWED:
            raise ConfigurationError(
                f"aims.review is {self.review!r}; expected a number of rows from 0 to "
                f"{MOST_REVIEWED:,}.",
                mend="Give for example 50.",
            )

    @classmethod
    def of(cls, given: Aims | Mapping[str, Any]) -> Aims:
        """Aims from what a user may say.

        Raises:
            ConfigurationError: an aim is unknown, or see `Aims`.

        >>> Aims.of({"error": 0.02}).error
        0.02
        """
        if isinstance(given, Aims):
            return given
        known = [one.name for one in fields(cls)]
        if not isinstance(given, Mapping) or not set(given) <= set(known):
            raise ConfigurationError(
                f"aims is {given!r}; expected some of {', '.join(known)}.",
                mend='Give for example {"coverage": 0.9, "error": 0.05}.',
            )
        return cls(**given)

    def describe(self) -> dict[str, Any]:
        """The aims as JSON-able data."""
        return {**asdict(self), "attacks": list(self.attacks)}


def _listed(attacks: object) -> tuple[str, ...]:
    """The names of attacks, of which one alone needs no list."""
    given = [attacks] if isinstance(attacks, str) else attacks
    if not isinstance(given, list | tuple):
        raise ConfigurationError(
            f"aims.attacks is {attacks!r}; expected a list of {', '.join(ATTACKS)}.",
            mend="Give for example [fgsm, pgd].",
        )
    return tuple(str(name) for name in given)
