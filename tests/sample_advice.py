"""Advice of the sample record: one with options and a figure, one that found nothing."""

from __future__ import annotations

from auditkit.measurement import Estimate, Figure, Measurement, MeasurementKey, Slice, Status
from auditkit.mending import Advice, Option
from tests.sample_measurements import FEMALE, HOSTILE, HOSTILE_MARKDOWN, MALE, number, share

HALF = "held-out half of evaluation"


def threshold(part: Slice, value: float | None) -> Measurement:
    key = MeasurementKey("advice.threshold", part, split=HALF)
    if value is None:
        reason = "Nobody would be selected."
        return Measurement(key, Status.UNDEFINED, units=5000, rows=5000, reason=reason)
    estimate = Estimate("exact", {"value": value})
    return Measurement(key, Status.MEASURED, value, None, estimate, 5000, 5000)


def frontier() -> Figure:
    """The sample's figure of this kind; one point has no number."""
    asked = [0.2, 0.5, 0.8, 0.99]
    points = [
        {
            "option": option,
            "asked": limit,
            "reached": limit + 0.02,
            "value": None if limit == 0.5 else 0.82 - fall * limit,
            "low": None if limit == 0.5 else 0.815 - fall * limit,
            "high": None if limit == 0.5 else 0.825 - fall * limit,
        }
        for option, fall in (("a threshold for each group", 0.01), (HOSTILE, 0.4))
        for limit in asked
    ]
    marks = [
        {
            "option": "today",
            "asked": 0.2,
            "reached": 0.22,
            "value": 0.82,
            "low": 0.81,
            "high": 0.83,
        },
        {
            "option": HOSTILE,
            "asked": None,
            "reached": None,
            "value": 0.8,
            "low": None,
            "high": None,
        },
    ]
    return Figure(
        "frontier",
        "What the impact ratio by gender would cost",
        f"Accuracy under each limit {HOSTILE}.",
        "advice",
        {"axis": "lowest over highest", "asked": 0.8, "n": 16280, "points": points, "marks": marks},
    )


def sample_advice() -> tuple[Advice, ...]:
    """What would mend the sample record's ratio, and one that could not be searched."""
    today = (
        share("performance.accuracy", 13350, 16280, split=HALF),
        threshold(MALE, 0.5),
        threshold(FEMALE, 0.5),
    )
    by_group = (
        share("performance.accuracy", 13270, 16280, split=HALF),
        number("advice.accuracy_difference", -0.0049, 0.003, 16280, split=HALF),
        threshold(MALE, 0.9349),
        threshold(FEMALE, None),
    )
    return (
        Advice(
            adviser="group_thresholds",
            title="Thresholds for the impact ratio by gender",
            metric="bias.impact_ratio",
            slices=(FEMALE,),
            sentences=("The impact ratio of gender=Female compared with gender=Male is 0.22.",),
            cost=("A threshold for each group costs 0.5 points of accuracy.", HOSTILE),
            options=(
                Option("Today", today),
                Option(f"A threshold for each group {HOSTILE}", by_group),
            ),
            caution="Thresholds that differ by group can be unlawful.",
            limits=("Searched on one half, counted on the other.", HOSTILE_MARKDOWN),
            figure=frontier(),
            definitions={
                "advice.threshold": {"title": "Threshold", "unit": "score"},
                "advice.accuracy_difference": {
                    "title": "Change of accuracy",
                    "unit": "share",
                    "comparison": True,
                },
            },
        ),
        Advice(
            adviser="group_thresholds",
            title=f"Thresholds for the impact ratio by {HOSTILE_MARKDOWN}",
            metric="bias.impact_ratio",
            slices=(Slice.of(ethnicity=HOSTILE),),
            sentences=("No thresholds were searched: these groups are too small.", HOSTILE),
        ),
    )
