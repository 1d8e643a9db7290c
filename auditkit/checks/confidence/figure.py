"""The picture of risk and coverage: what is won by not answering the least confident units."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from auditkit.checks.confidence.probes import CONFIDENCE, Probe
from auditkit.checks.estimation import MIN_KEPT, NoEstimateError, drawn_ends
from auditkit.checks.kept_groups import GroupedRows
from auditkit.evidence.basis import Sample
from auditkit.measurement import Estimate, Figure
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


def curve_points(
    curve: RiskCoverage, rows: GroupedRows | None, marked: int | None = None
) -> list[dict[str, float | None]]:
    """At most `POINTS` points of a curve, so far apart that no two tell about fewer than five.

    The last answers all units, whatever else is told.

    Args:
        curve: of the rows.
        rows: whose band is wanted; None for no band.
        marked: how many units another point of the figure answers, if there is one.
    """
    levels = _far_apart(curve.answered, curve.n, marked)
    points: list[dict[str, float | None]] = [
        {"coverage": float(curve.coverage[level]), "risk": float(curve.risk[level])}
        for level in levels
    ]
    if rows is not None:
        for point, level in zip(points, levels, strict=True):
            inside = rows.part(curve.places <= level)
            point.update(ends_of(partial(_risk, curve, level, rows), inside.sample))
    return points


def _far_apart(answered: np.ndarray, n: int, marked: int | None) -> list[int]:
    """Levels between which, and before which, at least five units lie, and always the last."""
    wanted = np.arange(1, POINTS + 1) * n / POINTS
    told = {n} if marked is None else {n, marked}
    levels: list[int] = []
    before = 0
    # Down to the first level that answers so many: of equal scores all or none are.
    for level in np.unique(np.searchsorted(answered, wanted)).tolist():
        if level >= len(answered):
            continue
        number = int(answered[level])
        near = any(0 < abs(number - one) < MIN_KEPT for one in told)
        if number == n or (number - before >= MIN_KEPT and not near):
            levels.append(level)
            before = number
    return levels


def _risk(curve: RiskCoverage, level: int, rows: GroupedRows) -> Estimate:
    (found,) = risk_at(curve, [level], rows.blocks, rows.clusters)
    return found


def ends_of(estimate: Callable[[], Estimate], sample: Sample) -> dict[str, float | None]:
    """The ends of the 90 % interval of an estimate for a figure; None where it has none.

    Args:
        estimate: which; what it refuses has no interval.
        sample: what it rests on: no interval where clusters are too few.
    """
    if sample.lack:
        return drawn_ends(None)
    try:
        return drawn_ends(estimates.interval(estimate()))
    except (NoEstimateError, ValueError):
        return drawn_ends(None)


def best_points(error: float) -> list[dict[str, float]]:
    """The best possible curve: no error until all units that are right are answered."""
    coverages = np.linspace(1 / POINTS, 1, POINTS)
    risks = np.maximum(coverages - (1 - error), 0) / coverages
    return [
        {"coverage": float(one), "risk": float(risk)}
        for one, risk in zip(coverages, risks, strict=True)
    ]
