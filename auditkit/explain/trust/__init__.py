"""The test of an explanation: what speaks for a map, what against it, and what was not tried.

`auditkit.explain.trust.tested.tested` runs everything within a budget. A test that has the name of
its module is imported from there: `from auditkit.explain.trust.deletion import deletion`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from auditkit.explain.trust.averages import Average, average
    from auditkit.explain.trust.budget import Budget, Plan, Planned, plan
    from auditkit.explain.trust.cost import Cost
    from auditkit.explain.trust.explained import Explained
    from auditkit.explain.trust.findings import Finding
    from auditkit.explain.trust.localisation import (
        Area,
        GridMass,
        Localisation,
        columns,
        grid_mass,
        positions,
        window,
    )
    from auditkit.explain.trust.not_run import NotRun
    from auditkit.explain.trust.results import Results
    from auditkit.explain.trust.tested import planned
    from auditkit.explain.trust.trust_result import TrustResult
    from auditkit.explain.trust.verdict import Trust, judged

__all__ = [
    "Area",
    "Average",
    "Budget",
    "Cost",
    "Explained",
    "Finding",
    "GridMass",
    "Localisation",
    "NotRun",
    "Plan",
    "Planned",
    "Results",
    "Trust",
    "TrustResult",
    "average",
    "columns",
    "grid_mass",
    "judged",
    "plan",
    "planned",
    "positions",
    "window",
]

_HOMES = {
    "Area": "localisation",
    "Average": "averages",
    "Budget": "budget",
    "Cost": "cost",
    "Explained": "explained",
    "Finding": "findings",
    "GridMass": "localisation",
    "Localisation": "localisation",
    "NotRun": "not_run",
    "Plan": "budget",
    "Planned": "budget",
    "Results": "results",
    "Trust": "verdict",
    "TrustResult": "trust_result",
    "average": "averages",
    "columns": "localisation",
    "grid_mass": "localisation",
    "judged": "verdict",
    "plan": "budget",
    "planned": "tested",
    "positions": "localisation",
    "window": "localisation",
}


def __getattr__(name: str) -> Any:
    # Lazily: the tests load torch and SciPy.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
