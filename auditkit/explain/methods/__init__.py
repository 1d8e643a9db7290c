"""Attribution methods on Captum behind one interface, guarded where it fails without a sign."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from auditkit.explain.methods.asking import sum_gradient
    from auditkit.explain.methods.layers import LayerMaps, layer_attribution
    from auditkit.explain.methods.registry import METHODS

__all__ = ["METHODS", "LayerMaps", "layer_attribution", "sum_gradient"]

_HOMES = {
    "METHODS": "registry",
    "LayerMaps": "layers",
    "layer_attribution": "layers",
    "sum_gradient": "asking",
}


def __getattr__(name: str) -> Any:
    # Lazily: Captum loads torch and matplotlib.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
