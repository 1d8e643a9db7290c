"""The pictures of abstaining: where the threshold lies, and what it does to each group."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from auditkit.checks.abstention.halves import AbstentionHalves
from auditkit.checks.confidence.figure import best_points, curve_points
from auditkit.checks.confidence.probes import CONFIDENCE, confidence
from auditkit.checks.estimation import MIN_KEPT, drawn_ends
from auditkit.checks.outcome_groups import OutcomeGroups
from auditkit.checks.percentages import percent
from auditkit.measurement import Figure, Measurement
from auditkit.statistics.selective import risk_coverage


def curve_figure(halves: AbstentionHalves, found: Sequence[Measurement]) -> Figure | None:
    """Risk and coverage of the held-out half, with the threshold; None if it would tell too much.

    It would of fewer than five units in all, and if fewer than five are not answered, whose errors
    are those of all but of the answers.

    Args:
        halves: of one view.
        found: the numbers of that view, those of all units first.
    """
    rows = halves.held_out
    marked = int(halves.answered.sum()) if halves.usable else None
    unanswered = 0 if marked is None else len(rows) - marked
    if len(rows) < MIN_KEPT or 0 < unanswered < MIN_KEPT:
        return None
    curve = risk_coverage(confidence(rows), ~rows.correct)
    of = f" of {rows.view.key}" if str(rows.view.key) else ""
    told = {one.key.metric: one for one in found if not one.key.slice.conditions}
    mark, words = _mark(halves, told)
    return Figure(
        kind="risk_coverage",
        title=f"How much{of} can be answered if errors must stay at {percent(halves.aims.error)}",
        caption=(
            f"{words} From right to left fewer units are answered, those of the highest confidence "
            "last. The curve is of the half of the rows that the threshold was not chosen on; the "
            "band is the 90 % interval at each coverage by itself."
        ),
        check="abstention",
        data={
            "n": curve.n,
            "error": curve.error,
            "curves": [{"probe": CONFIDENCE, "points": curve_points(curve, rows, marked)}],
            "best": best_points(curve.error),
            "limit": halves.aims.error,
            **mark,
        },
    )


def _mark(halves: AbstentionHalves, told: dict[str, Measurement]) -> tuple[dict[str, Any], str]:
    """The threshold as data and in a sentence."""
    coverage, error = told["abstention.coverage"], told["abstention.error"]
    if not halves.usable:
        return {}, f"No threshold was found that {halves.promise}."
    text = f"threshold {halves.shown}"
    point = {"coverage": coverage.value, "risk": error.value, "text": text}
    sentence = (
        f"Where confidence is above {halves.shown} the model answers: as far as the half of the "
        f"rows that it was chosen on can show, that {halves.promise}. {halves.breach}"
    ).strip()
    return {"mark": {**point, **drawn_ends(error.interval)}}, sentence


_SHOWN = (
    ("group_coverage", "How much is answered", "Share of each group that is answered"),
    ("group_error", "Errors among the answers", "Share of wrong ones among each group's answers"),
)


def group_figures(
    halves: AbstentionHalves, groups: OutcomeGroups, found: Sequence[Measurement]
) -> Iterator[Figure]:
    """Coverage and error of the groups of one attribute, with intervals; none of a threshold alone.

    Args:
        halves: of one view.
        groups: of one attribute, among the held-out rows.
        found: their measurements.
    """
    if not halves.usable or len(groups.groups.attributes) > 1:
        return
    of = f" of {halves.held_out.view.key}" if str(halves.held_out.view.key) else ""
    for name, title, shown in _SHOWN:
        metric = f"abstention.{name}"
        yield Figure(
            kind="group_rates",
            title=f"{title}{of} by {groups.groups.title}",
            caption=f"{shown}, where only confidences above {halves.shown} are answered.",
            check="abstention",
            data={
                "attribute": groups.groups.title,
                "metric": metric,
                "unit": "share",
                "rows": [_row(one) for one in found if one.key.metric == metric],
            },
        )


def _row(measurement: Measurement) -> dict[str, Any]:
    return {
        "group": ", ".join(level for _, level in measurement.key.slice.conditions),
        "value": measurement.value,
        **drawn_ends(measurement.interval),
        "n": None if measurement.uncounted else measurement.rows,
    }
