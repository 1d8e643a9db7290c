"""The picture of a group comparison: rates with intervals, and their ratios to the reference."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from auditkit.checks.groups import Groups, named
from auditkit.evidence.subject import View
from auditkit.measurement import REST, Figure, Measurement


def rate_figure(view: View, groups: Groups, found: Sequence[Measurement]) -> Figure:
    """Selection rates of the groups, and their ratios to the declared reference or the rest."""
    reference = groups.reference or REST
    rates = [m for m in found if m.key.metric == "bias.selection_rate"]
    ratios = [
        m
        for m in found
        if m.key.metric == "bias.impact_ratio"
        and m.key.reference == (reference if m.key.slice != reference else None)
    ]
    attribute = " × ".join(groups.attributes)
    of = f" of {view.key.head}" if view.key.head else ""
    return Figure(
        kind="group_rates",
        title=f"Favourable predictions{of} by {attribute}",
        caption=(
            f"Share of each group with the favourable prediction, and its ratio to "
            f"{named(reference)}. Bars are 90 % intervals."
        ),
        check="bias",
        data={
            "attribute": attribute,
            "metric": "bias.selection_rate",
            "unit": "share",
            "rows": [_row(m) for m in rates],
            "comparison": "bias.impact_ratio",
            "reference": named(reference),
            "ratios": [_row(m) for m in ratios],
        },
    )


def _row(measurement: Measurement) -> dict[str, Any]:
    interval = measurement.interval
    return {
        "group": ", ".join(level for _, level in measurement.key.slice.conditions),
        "value": measurement.value,
        "low": None if interval is None else interval.low,
        "high": None if interval is None or interval.high == float("inf") else interval.high,
        "n": measurement.rows,
    }
