"""How far a map can be trusted: the label that stands beside every picture of one."""

from __future__ import annotations

from auditkit.explain import Explanation, Maps, NotExplainable
from auditkit.explain.methods.registry import METHODS
from auditkit.explain.trust.findings import UNCONVERGED
from auditkit.explain.trust.verdict import CONVERGED, LIMITED, WITHHELD

NOT_ASKED = "The method was not asked for."


def trust_of(found: Explanation, method: str, unit: int | None = None) -> dict[str, str]:
    """The trust label of a method's maps, or of the map of one unit.

    Args:
        found: what was found of the units.
        method: whose maps.
        unit: the place of one of the units; None for all of them together.

    Returns:
        `label`: `converged` (the method estimates its own error, and it is within the tolerance),
        `limited` or `withheld`; `reason`: a full sentence.
    """
    maps = found.maps.get(method)
    if not isinstance(maps, Maps):
        reason = maps.reason if isinstance(maps, NotExplainable) else NOT_ASKED
        return {"label": WITHHELD, "reason": reason}
    shown = maps.shown if unit is None else maps.shown[unit : unit + 1]
    hidden = int((~shown).sum())
    if hidden == len(shown):
        return {"label": WITHHELD, "reason": maps.withheld or "The map may not be shown."}
    missing = f"The maps of {hidden} of {len(shown)} units are left out. {maps.withheld}".strip()
    if method in found.tested:
        trust = found.tested[method].trust
        # It was tested on some of the units alone: the others may have fared worse.
        if trust.label == CONVERGED and hidden > UNCONVERGED * len(shown):
            return {"label": LIMITED, "reason": missing}
        return {"label": trust.label, "reason": trust.reason}
    limits = [warning] if (warning := METHODS[method].warning) else []
    if maps.error is None and maps.gap is None:
        limits.append("The method does not estimate its own error.")
    if hidden:
        limits.append(missing)
    if limits:
        return {"label": LIMITED, "reason": " ".join(limits)}
    return {"label": CONVERGED, "reason": _converged(found, maps)}


def _converged(found: Explanation, maps: Maps) -> str:
    tolerance = f"{found.settings.tolerance:.2g}"
    if maps.error is None:
        return f"What the map adds up to is off by at most {tolerance} of the output's change."
    return f"The integral converged within a tolerance of {tolerance}."
