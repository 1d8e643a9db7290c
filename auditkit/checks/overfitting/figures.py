"""The pictures of the gaps: every score on both sides, and one score by class or group."""

from __future__ import annotations

from typing import Any

from auditkit.checks.estimation import MIN_KEPT, drawn_ends
from auditkit.evidence.subject import View
from auditkit.measurement import Figure, Measurement


def overall_figure(rows: list[dict[str, Any]]) -> tuple[Figure, ...]:
    """Every score on both sides; none without rows."""
    if not rows:
        return ()
    return (
        Figure(
            kind="gap",
            title="Performance on training and evaluation data",
            caption=(
                "A model that has learnt its examples by heart is much better on the training "
                "data. Bars are 90 % intervals."
            ),
            check="overfitting",
            data={"rows": rows},
        ),
    )


def gap_words(title: str) -> str:
    """The gap of a score in words.

    >>> gap_words("Log loss"), gap_words("AUC")
    ('Gap of log loss', 'Gap of AUC')
    """
    return f"Gap of {title if title.isupper() else title[:1].lower() + title[1:]}"


def part_row(name: str, gap: Measurement) -> dict[str, Any]:
    """The gap of one class or group, as the figure draws it; without a number, why."""
    return {
        "part": name,
        "value": gap.value,
        **drawn_ends(gap.interval),
        # Of fewer than five it is not told how many they are.
        "n": gap.rows if gap.rows >= MIN_KEPT else None,
    }


def parts_figure(
    by: str, score: str, view: View, rows: list[dict[str, Any]], unit: str
) -> tuple[Figure, ...]:
    """The gap of one score by class or group; none where no part has a number.

    Args:
        by: `class`, or the attributes of the groups.
        score: its title.
        view: of which output.
        rows: as of `part_row`.
        unit: of the score.
    """
    if not any(row["value"] is not None for row in rows):
        return ()
    of, metric = f" of {view.key}" if str(view.key) else "", gap_words(score)
    return (
        Figure(
            kind="gap_parts",
            title=f"{metric}{of} by {by}",
            caption=(
                "How much better the model is on training than on evaluation data, part by part. "
                "Right of zero it is better on what it has seen; a part far to the right is one "
                "that the model has learnt by heart. Bars are 90 % intervals."
            ),
            check="overfitting",
            data={"metric": metric, "unit": unit, "rows": rows},
        ),
    )
