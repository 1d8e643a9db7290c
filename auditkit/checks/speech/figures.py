"""The picture of word error rates by group of speakers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from auditkit.checks.estimation import drawn_ends
from auditkit.checks.groups import Groups, named
from auditkit.checks.speech.metrics import RATE, RATIO
from auditkit.measurement import REST, Figure, Measurement


def rate_figure(groups: Groups, found: Sequence[Measurement]) -> Figure:
    """The rate of each group, and its ratio to that of the declared reference, else of the rest."""
    reference = groups.reference if groups.reference in groups.samples else REST
    assert reference is not None  # it is among the samples, or the rest
    rates = [one for one in found if one.key.metric == RATE.id]
    ratios = [one for one in found if one.key.metric == RATIO.id and one.key.reference == reference]
    against = named(reference) if reference != REST else named(REST).lower()
    return Figure(
        kind="group_rates",
        title=f"Word errors by {groups.title}",
        caption="Words inserted, left out or replaced for each word that was said by each group, "
        f"and the ratio to the rate of {against}. Intervals are 90 %.",
        check="speech",
        data={
            "attribute": groups.title,
            "metric": RATE.id,
            "unit": RATE.unit,
            "rows": [_row(one) for one in rates],
            "comparison": RATIO.id,
            "reference": against,
            "ratios": [_row(one) for one in ratios],
        },
    )


def _row(measurement: Measurement) -> dict[str, Any]:
    return {
        "group": ", ".join(level for _, level in measurement.key.slice.conditions),
        "value": measurement.value,
        **drawn_ends(measurement.interval),
        "n": None if measurement.uncounted else measurement.rows,
    }


__all__ = ["rate_figure"]
