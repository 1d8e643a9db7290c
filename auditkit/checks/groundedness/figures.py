"""The pictures: planted claims beside supported ones, groups, and what was flagged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from auditkit.checks.estimation import MIN_KEPT, NoEstimateError, drawn_ends
from auditkit.checks.groundedness.supports import Supports
from auditkit.checks.groups import Groups
from auditkit.checks.percentages import percent
from auditkit.checks.rounding import rounded
from auditkit.checks.score_bins import score_bins
from auditkit.generation.generations import Generations
from auditkit.generation.grounding.overlap import best_passage
from auditkit.generation.grounding.planting import PLANTS
from auditkit.measurement import Figure, Measurement
from auditkit.statistics.detection import KEPT

_SHOWN = {
    "flagged_share": (
        "Sentences flagged as unsupported",
        f"Below the support that {percent(KEPT)} of the sentences of right answers reach: about "
        f"{percent(round(1 - KEPT, 6))} are flagged where all are supported, and not all that are "
        "unsupported are flagged. A list to read, no rate of errors.",
    ),
    "unsupported_share": (
        "Sentences that people found unsupported",
        "Of the sentences of answers that people looked at.",
    ),
    "context_reliance": (
        "What the context adds to answers",
        "By how much likelier, on average, a token of an answer is with the context than without "
        "it: 0 where the context changes nothing.",
    ),
}
"""Number → title and caption of its picture by groups."""


def separations(supports: Supports) -> Iterator[Figure]:
    """The support of planted claims beside that of supported ones, by the detector that flags."""
    detector = supports.chosen()
    if detector.kind == "overlap":
        return  # what is planted was chosen by it
    try:
        limit: float | None = supports.threshold()
    except NoEstimateError:
        limit = None
    for plant, words in PLANTS.items():
        inside, outside = supports.of_supported(detector), supports.of_plant(detector, plant)
        if min(len(inside.values), len(outside.values)) < MIN_KEPT:
            continue
        yield Figure(
            kind="separation",
            title=f"Support of sentences, and of planted ones: {plant}",
            caption=(
                f"Planted is {words}. The further right, the better the context supports a "
                "sentence; where the two lie over each other, the detector cannot tell them "
                "apart. Bins of fewer than five sentences are left out."
            ),
            check="groundedness",
            data={
                "score": detector.title,
                "inside": "supported sentences",
                "outside": f"planted: {plant}",
                "n_inside": len(inside.values),
                "n_outside": len(outside.values),
                "threshold": limit,
                "rows": score_bins(inside.values, outside.values),
            },
        )


def of_groups(groups: Groups, found: Sequence[Measurement]) -> Iterator[Figure]:
    """One number by the groups of one attribute, with intervals."""
    if len(groups.attributes) > 1:
        return
    for name, (title, caption) in _SHOWN.items():
        metric = f"groundedness.{name}"
        rows = [_row(one) for one in found if one.key.metric == metric]
        if not any(row["value"] is not None for row in rows):
            continue
        yield Figure(
            kind="group_rates",
            title=f"{title} by {groups.title}",
            caption=f"{caption} Lines are 90 % intervals of each group by itself.",
            check="groundedness",
            data={
                "attribute": groups.title,
                "metric": metric,
                "unit": "nats" if name == "context_reliance" else "share",
                "rows": rows,
            },
        )


def _row(measurement: Measurement) -> dict[str, Any]:
    return {
        "group": ", ".join(level for _, level in measurement.key.slice.conditions),
        "value": measurement.value,
        **drawn_ends(measurement.interval),
        "n": None if measurement.uncounted else measurement.rows,
    }


def least_supported(supports: Supports, generations: Generations, most: int) -> Iterator[Figure]:
    """The sentences of answers that the detector finds least supported, with their best passage.

    Args:
        supports: of all claims.
        generations: of the split.
        most: how many may be shown; 0 for none.
    """
    detector = supports.chosen()
    found = supports.of_answers(detector)
    places = np.flatnonzero(found.known)[np.argsort(found.values, kind="stable")][:most]
    if not len(places):
        return
    values = np.sort(found.values, kind="stable")[: len(places)].tolist()
    rows = []
    for place, value in zip(places.tolist(), values, strict=True):
        claim = supports.answers.claims[place]
        best = best_passage(claim.text, claim.passages)
        rows.append(
            {
                "row": generations.rows[claim.row].question.id,
                "sentence": claim.text,
                "support": rounded(value),
                "nearest passage": "" if best is None else claim.passages[best],
            }
        )
    yield Figure(
        kind="plain_table",
        title="Sentences that the context supports least",
        caption=(
            f"By {detector.title}; whether a sentence is unsupported is for a person to say. The "
            "nearest passage is the one that holds most of its words."
        ),
        check="groundedness",
        data={"n": len(rows), "rows": rows},
    )


__all__ = ["least_supported", "of_groups", "separations"]
