"""The model asked again: corrupted inputs, attacks, nuisances; what the variants are called."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from auditkit.variants.attacks import Attacked, attacked
    from auditkit.variants.autoattack import autoattacked
    from auditkit.variants.images import corrupted_images, shifted_images
    from auditkit.variants.tables import corrupted_columns, corrupted_frame
    from auditkit.variants.variant import (
        ATTACKS,
        DROPOUT,
        IMAGE_CORRUPTIONS,
        PLAIN,
        SHIFTS,
        TABLE_CORRUPTIONS,
        Variant,
        attack,
        intervention,
        member,
    )
    from auditkit.variants.victim import Victim, no_attack

__all__ = [
    "ATTACKS",
    "DROPOUT",
    "IMAGE_CORRUPTIONS",
    "PLAIN",
    "SHIFTS",
    "TABLE_CORRUPTIONS",
    "Attacked",
    "Variant",
    "Victim",
    "attack",
    "attacked",
    "autoattacked",
    "corrupted_columns",
    "corrupted_frame",
    "corrupted_images",
    "intervention",
    "member",
    "no_attack",
    "shifted_images",
]

_HOMES = {
    "ATTACKS": "variant",
    "DROPOUT": "variant",
    "IMAGE_CORRUPTIONS": "variant",
    "PLAIN": "variant",
    "SHIFTS": "variant",
    "TABLE_CORRUPTIONS": "variant",
    "Attacked": "attacks",
    "Variant": "variant",
    "Victim": "victim",
    "attack": "variant",
    "attacked": "attacks",
    "autoattacked": "autoattack",
    "corrupted_columns": "tables",
    "corrupted_frame": "tables",
    "corrupted_images": "images",
    "intervention": "variant",
    "member": "variant",
    "no_attack": "victim",
    "shifted_images": "images",
}


def __getattr__(name: str) -> Any:
    # Lazily: names of variants are plain data, and need no torch.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
