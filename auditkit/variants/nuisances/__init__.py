"""What ought not to matter, put into inputs and taken out of them."""

from __future__ import annotations

from auditkit.variants.nuisances.built_in import BUILT_IN
from auditkit.variants.nuisances.nuisance import (
    APPLIED,
    DIRECTIONS,
    REMOVED,
    Nuisance,
    declared_nuisances,
)

__all__ = ["APPLIED", "BUILT_IN", "DIRECTIONS", "REMOVED", "Nuisance", "declared_nuisances"]
