"""What each nuisance changes, as a picture."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from auditkit.checks.estimation import drawn_ends
from auditkit.checks.robustness.pairs import is_number
from auditkit.evidence.subject import View
from auditkit.measurement import Figure, Measurement

Row = dict[str, Any]


def figure(view: View, found: Sequence[Measurement]) -> Figure | None:
    """Changed decisions and moved scores by nuisance and direction; None where none is measured.

    Args:
        view: the output.
        found: its measurements.
    """
    flips = list(_rows(view, found, ("flips", "class_flips")))
    scores = list(_rows(view, found, ("score_change", "number_change")))
    if not flips and not scores:
        return None
    of = f" of {view.key}" if str(view.key) else ""
    return Figure(
        kind="shortcut_effects",
        title=f"What changes the decisions{of}, and ought not to"
        if flips
        else f"What moves the predictions{of}, and ought not to",
        caption=(
            "Each nuisance was put into the inputs (applied) and taken out of them (removed). A "
            "model that does not go by it changes hardly any decision; where one class changes and "
            "the others do not, the nuisance speaks for or against that class. Bars are 90 % "
            "intervals."
        ),
        check="shortcuts",
        data={
            "n": max(row["n"] for row in (*flips, *scores)),
            "unit": "standard deviations" if is_number(view) else "share",
            "flips": flips,
            "scores": scores,
        },
    )


def _rows(view: View, found: Sequence[Measurement], numbers: tuple[str, ...]) -> Iterator[Row]:
    for one in found:
        if one.key.metric.partition(".")[2] in numbers and one.value is not None:
            change, part = _words(view, one)
            whole = one.key.metric != "shortcuts.class_flips" and not one.key.slice.conditions
            yield {
                "change": change,
                "part": part,
                "whole": whole,
                "value": one.value,
                **drawn_ends(one.interval),
                "n": one.rows,
            }


def _words(view: View, one: Measurement) -> tuple[str, str]:
    """The change, and what of it the row is about: a class, a score, a group; "" of all units."""
    label = one.key.label
    if view.key.label:
        label = label.removeprefix(f"{view.key.label} · ")
    change, _, about = label.partition(" · ")
    if about:
        about = f"P({about})" if one.key.metric.endswith("score_change") else f"taken for {about}"
    where = str(one.key.slice) if one.key.slice.conditions else ""
    return change, ", ".join(part for part in (about, where) if part)
