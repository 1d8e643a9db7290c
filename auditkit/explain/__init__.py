"""Attribution methods on Captum, and what says how far an attribution can be trusted."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from auditkit.explain.features import Magnitudes, magnitudes
    from auditkit.explain.integrated import Attributions, NotExplainable, integrated_gradients
    from auditkit.explain.ranking import RankedFeature, Ranking, rank_features

__all__ = [
    "Attributions",
    "Magnitudes",
    "NotExplainable",
    "RankedFeature",
    "Ranking",
    "integrated_gradients",
    "magnitudes",
    "rank_features",
]

_HOMES = {
    "Attributions": "integrated",
    "Magnitudes": "features",
    "NotExplainable": "integrated",
    "RankedFeature": "ranking",
    "Ranking": "ranking",
    "integrated_gradients": "integrated",
    "magnitudes": "features",
    "rank_features": "ranking",
}


def __getattr__(name: str) -> Any:
    # Lazily: Captum loads torch and matplotlib.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
