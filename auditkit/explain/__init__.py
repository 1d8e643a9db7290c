"""Attribution methods on Captum, and what says how far an attribution can be trusted."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from auditkit.explain.concepts import Concept, ConceptEffect, concept_effects
    from auditkit.explain.explanation import Explanation, explained
    from auditkit.explain.features import Magnitudes, magnitudes
    from auditkit.explain.method import Family, Maps, Method, Settings
    from auditkit.explain.path import PathIntegral, along, integrated
    from auditkit.explain.ranking import RankedFeature, Ranking, rank_features
    from auditkit.explain.reasons import Reason, Reasons, reason_codes
    from auditkit.explain.target import NotExplainable, Target, targeting
    from auditkit.explain.wishes import Wishes

__all__ = [
    "Concept",
    "ConceptEffect",
    "Explanation",
    "Family",
    "Magnitudes",
    "Maps",
    "Method",
    "NotExplainable",
    "PathIntegral",
    "RankedFeature",
    "Ranking",
    "Reason",
    "Reasons",
    "Settings",
    "Target",
    "Wishes",
    "along",
    "concept_effects",
    "explained",
    "integrated",
    "magnitudes",
    "rank_features",
    "reason_codes",
    "targeting",
]

_HOMES = {
    "Concept": "concepts",
    "ConceptEffect": "concepts",
    "Explanation": "explanation",
    "Family": "method",
    "Magnitudes": "features",
    "Maps": "method",
    "Method": "method",
    "NotExplainable": "target",
    "PathIntegral": "path",
    "RankedFeature": "ranking",
    "Ranking": "ranking",
    "Reason": "reasons",
    "Reasons": "reasons",
    "Settings": "method",
    "Target": "target",
    "Wishes": "wishes",
    "along": "path",
    "concept_effects": "concepts",
    "explained": "explanation",
    "integrated": "path",
    "magnitudes": "features",
    "rank_features": "ranking",
    "reason_codes": "reasons",
    "targeting": "target",
}


def __getattr__(name: str) -> Any:
    # Lazily: torch, and Captum with matplotlib.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
