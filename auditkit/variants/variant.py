"""What a model is asked again under: a change of its inputs, or of its weights."""

from __future__ import annotations

import math
from dataclasses import dataclass

from auditkit.errors import ConfigurationError
from auditkit.variants.nuisances.nuisance import DIRECTIONS, Nuisance

LEAST_EPSILON = 1e-5
"""The smallest radius of an attack, as a share of the input range."""


@dataclass(frozen=True, order=True)
class Variant:
    """One way to ask a model again.

    Attributes:
        name: what is changed: `noise`, `shuffled`, `pgd` …
        level: how much. A corruption has the levels 1, 2 and 3; that of an attack is its radius as
            a share of the input range; that of `member` is the place of an ensemble's member.
        repeats: how often the model is asked.
        nuisance: what is `applied` or `removed`; None of other variants.

    Raises:
        ValueError: there is no name, the level is negative or no finite number, the model would be
            asked less than once, or a nuisance is there without its direction or the other way
            round.

    >>> str(Variant("noise", 2)), str(PLAIN)
    ('noise 2', 'plain')
    """

    name: str
    level: float = 0.0
    repeats: int = 1
    nuisance: Nuisance | None = None

    def __post_init__(self) -> None:
        if not self.name:
            raise ValueError("a variant needs a name")
        if not (math.isfinite(self.level) and self.level >= 0):
            raise ValueError(f"expected a level of at least 0, got {self.level!r}")
        if self.repeats < 1:
            raise ValueError(f"expected at least one repeat, got {self.repeats!r}")
        if (self.nuisance is not None) != (self.name in DIRECTIONS):
            raise ValueError(f"{self.name!r} does not go with the nuisance {self.nuisance}")

    def __str__(self) -> str:
        if self.nuisance is not None:
            return f"{self.nuisance} {self.name}"
        if self.name in ATTACKS:
            return f"{self.name} at {self.level:.4g}"
        levelled = self.level or self.name == _MEMBER
        return f"{self.name} {self.level:g}" if levelled else self.name


_MEMBER = "member"
ATTACKS = ("fgsm", "pgd", "autoattack")
LEVELS = (1.0, 2.0, 3.0)

PLAIN = Variant("plain")

IMAGE_CORRUPTIONS = tuple(
    Variant(name, level)
    for name in ("noise", "blur", "brightness", "contrast", "pixelate")
    for level in LEVELS
)
"""Common corruptions of images, see `auditkit.variants.images.corrupted_images`."""

TABLE_CORRUPTIONS = tuple(
    Variant(name, level) for name in ("missing", "shuffled") for level in LEVELS
)
"""Damage to the cells of tables, see `auditkit.variants.tables.corrupted_frame`."""

DROPOUT = Variant("dropout", repeats=20)
"""Monte Carlo dropout: asked with the dropout layers at work (Gal and Ghahramani, ICML 2016)."""

SHIFTS = Variant("shifts", repeats=8)
"""Test-time augmentation: images moved by a little in each of eight directions."""


def attack(name: str, epsilon: float) -> Variant:
    """An attack within a ball of the largest absolute difference (L-infinity).

    Args:
        name: `fgsm`, `pgd` or `autoattack`.
        epsilon: radius of the ball as a share of the input range, at least 1e-5 and at most 1.

    Raises:
        ConfigurationError: the attack is unknown, or the radius lies outside.

    >>> str(attack("pgd", 8 / 255))
    'pgd at 0.03137'
    """
    if name not in ATTACKS:
        raise ConfigurationError(
            f"The attack is {name!r}; expected one of {', '.join(ATTACKS)}.",
            mend="Give one of these.",
        )
    if not LEAST_EPSILON <= epsilon <= 1:
        raise ConfigurationError(
            f"The radius of the attack {name} is {epsilon!r}; expected a share of the input range, "
            f"from {LEAST_EPSILON:g} to 1.",
            mend="Give for example 0.031, which is 8 of 255 grey levels.",
        )
    return Variant(name, float(epsilon))


def intervention(nuisance: Nuisance, direction: str) -> Variant:
    """Inputs that a nuisance is put into, or taken out of.

    Args:
        nuisance: what ought not to matter.
        direction: `applied` or `removed`.

    Raises:
        ValueError: there is no such direction.

    >>> str(intervention(Nuisance.of({"kind": "brightness", "by": 0.1}), "applied"))
    'brightness applied'
    """
    return Variant(direction, nuisance=nuisance)


def member(index: int) -> Variant:
    """The answer of one member of an ensemble.

    Args:
        index: its place, from 0.

    Raises:
        ValueError: the place is negative.

    >>> str(member(0))
    'member 0'
    """
    return Variant(_MEMBER, float(index))
