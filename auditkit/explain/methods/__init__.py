"""Attribution methods on Captum behind one interface, guarded where it fails without a sign."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from auditkit.explain.methods.registry import METHODS

__all__ = ["METHODS"]

_HOMES = {"METHODS": "registry"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
