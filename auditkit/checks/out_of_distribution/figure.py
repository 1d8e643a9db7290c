"""The picture of what a score gives inside and outside."""

from __future__ import annotations

from typing import Any

import numpy as np

from auditkit.checks.estimation import NoEstimateError
from auditkit.checks.out_of_distribution.encounters import Encounter
from auditkit.measurement import Figure
from auditkit.statistics.detection import Sides, threshold

BINS = 30
_SHOWN = 0.995


def figure(encounter: Encounter) -> Figure | None:
    """Histograms of the score that separates best; None where no score has a value."""
    found = encounter.best()
    if found is None:
        return None
    score, sides = found
    of = f" of {encounter.view.key}" if str(encounter.view.key) else ""
    what = f"copies under {encounter.copies}" if encounter.copies else "outside inputs"
    return Figure(
        kind="separation",
        title=f"{score.name[:1].upper()}{score.name[1:]}{of}: evaluation data and {what}",
        caption=(
            "Of the scores that were measured this one tells the two apart best. The further "
            "right, the more familiar; where the two lie over each other, no threshold tells them "
            "apart."
        ),
        check="out_of_distribution",
        data={
            "score": score.name,
            "outside": what,
            "n_inside": len(sides.inside),
            "n_outside": len(sides.outside),
            "threshold": _threshold(sides),
            "rows": _bins(sides),
        },
    )


def _threshold(sides: Sides) -> float | None:
    try:
        return threshold(sides.inside)
    except NoEstimateError:
        return None


def _bins(sides: Sides) -> list[dict[str, Any]]:
    """Shares of both sides in bins of equal width; what lies far out is in the bins at the ends."""
    every = np.concatenate([sides.inside, sides.outside])
    low, high = np.quantile(every, [1 - _SHOWN, _SHOWN]).tolist()
    if not high - low > 1e-9 * max(abs(low), abs(high)):
        low, high = low - 0.5, high + 0.5
    edges = np.linspace(low, high, BINS + 1)
    inside, outside = (
        np.histogram(scores.clip(low, high), edges)[0] / len(scores)
        for scores in (sides.inside, sides.outside)
    )
    return [
        {"low": float(a), "high": float(b), "inside": float(one), "outside": float(other)}
        for a, b, one, other in zip(edges, edges[1:], inside, outside, strict=False)
    ]
