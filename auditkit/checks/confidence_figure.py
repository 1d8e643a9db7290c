"""The picture of risk and coverage: what is won by not answering the least confident units."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from auditkit.checks.confidence_probes import CONFIDENCE, Probe
from auditkit.checks.estimation import MIN_KEPT, NoEstimateError
from auditkit.evidence.outcome_rows import OutcomeRows
from auditkit.measurement import Figure
from auditkit.statistics import estimates
from auditkit.statistics.selective import RiskCoverage, risk_at, risk_coverage

POINTS = 100
"""The most points of one curve."""


def figure(probes: Sequence[Probe]) -> Figure | None:
    """The curves of all probes, that of the confidence with its band; None if nothing is ordered.

    Args:
        probes: of one view, the confidence first.
    """
    first = probes[0]
    if len(first.rows) < MIN_KEPT:
        return None
    view, curve = first.rows.view, _curve(first)
    of = f" of {view.key}" if str(view.key) else ""
    return Figure(
        kind="risk_coverage",
        title=f"Errors{of} if the least confident units are not answered",
        caption=(
            "From right to left fewer units are answered, those of the highest confidence last. A "
            "model that knows when it is wrong errs ever less; one whose confidence says nothing "
            "stays on the flat line. The band is the 90 % interval at each coverage by itself. "
            f"{_sampled(probes)}"
        ).strip(),
        check="confidence",
        data={
            "n": curve.n,
            "error": curve.error,
            "curves": _distinct(probes),
            "best": best_points(curve.error),
        },
    )


def _sampled(probes: Sequence[Probe]) -> str:
    fewer = [len(one.rows) for one in probes if len(one.rows) < len(probes[0].rows)]
    if not fewer:
        return ""
    return f"Where the model was asked again, that was for {fewer[0]:,} of the units."


def _curve(probe: Probe) -> RiskCoverage:
    return risk_coverage(probe.values, ~probe.rows.correct)


def _distinct(probes: Sequence[Probe]) -> list[dict[str, Any]]:
    """The curves that differ: with two classes several probes are one."""
    curves: list[dict[str, Any]] = []
    for probe in probes:
        if not np.isfinite(probe.values).all() or len(probe.rows) < MIN_KEPT:
            continue
        banded = probe.name == CONFIDENCE
        points = curve_points(_curve(probe), probe.rows if banded else None)
        shapes = [[(p["coverage"], p["risk"]) for p in one["points"]] for one in curves]
        shape = [(p["coverage"], p["risk"]) for p in points]
        if shape in shapes:
            curves[shapes.index(shape)]["probe"] += f", {probe.name}"
        else:
            curves.append({"probe": probe.name, "points": points})
    return curves


def curve_points(curve: RiskCoverage, rows: OutcomeRows | None) -> list[dict[str, float | None]]:
    """At most `POINTS` points of a curve, none of fewer than five units.

    Args:
        curve: of the rows.
        rows: whose band is wanted; None for no band.
    """
    wanted = np.arange(1, POINTS + 1) * curve.n / POINTS
    # Down to the first level that answers so many: of equal scores all or none are.
    levels = np.unique(np.searchsorted(curve.answered, wanted))
    levels = levels[(levels < len(curve.answered))]
    levels = levels[curve.answered[levels] >= MIN_KEPT]
    points: list[dict[str, float | None]] = [
        {"coverage": float(curve.coverage[level]), "risk": float(curve.risk[level])}
        for level in levels
    ]
    if rows is not None:
        for point, level in zip(points, levels, strict=True):
            point.update(_band(curve, int(level), rows))
    return points


def _band(curve: RiskCoverage, level: int, rows: OutcomeRows) -> dict[str, float | None]:
    inside = rows.part(curve.places <= level)
    if inside.sample.lack:
        return {"low": None, "high": None}
    try:
        (found,) = risk_at(curve, [level], rows.blocks, rows.clusters)
    except (NoEstimateError, ValueError):
        return {"low": None, "high": None}
    interval = estimates.interval(found)
    return {"low": interval.low, "high": interval.high}


def best_points(error: float) -> list[dict[str, float]]:
    """The best possible curve: no error until all units that are right are answered."""
    coverages = np.linspace(1 / POINTS, 1, POINTS)
    risks = np.maximum(coverages - (1 - error), 0) / coverages
    return [
        {"coverage": float(one), "risk": float(risk)}
        for one, risk in zip(coverages, risks, strict=True)
    ]
