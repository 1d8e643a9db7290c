"""The picture of a group comparison: rates with intervals, and their ratios to the reference."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from auditkit.checks.estimation import drawn_ends
from auditkit.checks.groups import Groups, named
from auditkit.evidence.subject import View
from auditkit.measurement import REST, Figure, Measurement


def rate_figure(view: View, groups: Groups, found: Sequence[Measurement]) -> Figure:
    """Selection rates of the groups, and their ratios to the declared reference or the rest."""
    reference = groups.reference if groups.reference in groups.samples else None
    against = named(REST).lower() if reference is None else named(reference)
    rates = [m for m in found if m.key.metric == "bias.selection_rate"]
    ratios = [
        m
        for m in found
        if m.key.metric == "bias.impact_ratio" and m.key.reference == (reference or REST)
    ]
    of = f" of {view.key}" if str(view.key) else ""
    return Figure(
        kind="group_rates",
        title=f"Favourable predictions{of} by {groups.title}",
        caption=(
            f"Share of each group with the favourable prediction, and its ratio to that of "
            f"{against}. Bars are 90 % intervals."
        ),
        check="bias",
        data={
            "attribute": groups.title,
            "metric": "bias.selection_rate",
            "unit": "share",
            "rows": [_row(m) for m in rates],
            "comparison": "bias.impact_ratio",
            "reference": against,
            "ratios": [_row(m) for m in ratios],
        },
    )


def _row(measurement: Measurement) -> dict[str, Any]:
    return {
        "group": ", ".join(level for _, level in measurement.key.slice.conditions),
        "value": measurement.value,
        **drawn_ends(measurement.interval),
        "n": measurement.rows,
    }
