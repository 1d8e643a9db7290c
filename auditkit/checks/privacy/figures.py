"""The pictures of membership attacks: their curves, their areas, and what members' losses show."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from auditkit.checks.estimation import MIN_KEPT, drawn_ends
from auditkit.checks.privacy.attacks import Attack, Attacked, plain
from auditkit.checks.privacy.numbers import AUC, TNR
from auditkit.checks.privacy.sides import Scored
from auditkit.checks.score_bins import score_bins
from auditkit.measurement import Figure, Measurement
from auditkit.models.head import Task
from auditkit.statistics.sides import Sides

FEWEST_DRAWN = 50
"""Units on each side; of fewer no curve and no histogram is drawn."""

_POINTS, _LOWEST = 60, 1e-3


def figures(
    attacked: Attacked, scored: Mapping[Attack, Scored], found: Sequence[Measurement]
) -> Iterator[Figure]:
    """Curves, areas and histogram of one output, as far as there is enough to draw.

    Args:
        attacked: the output.
        scored: what each attack gave.
        found: what was measured.
    """
    enough = {
        attack: one
        for attack, one in scored.items()
        if min(map(len, one.known.rows)) >= FEWEST_DRAWN
    }
    if not enough:
        return
    of = f" of {attacked.view.key}" if str(attacked.view.key) else ""
    yield _curves(of, enough)
    areas = [one for one in found if one.value is not None and one.key.metric != TNR.id]
    if areas:
        yield _areas(of, areas, attacked.view.key.label)
    yield _losses(of, attacked)


def _curves(of: str, scored: Mapping[Attack, Scored]) -> Figure:
    return Figure(
        kind="attack_roc",
        title=f"Membership attacks on the output{of}",
        caption=(
            "How many members an attack finds, by how many non-members it takes for members. Both "
            "axes are logarithmic, since an attack that is sure of a few is a leak, too (Carlini "
            "et al. 2022). Points that rest on fewer than five units of a side are left out."
        ),
        check="privacy",
        data={
            "n_members": max(len(one.known.members) for one in scored.values()),
            "n_others": max(len(one.known.others) for one in scored.values()),
            "rows": [row for attack, one in scored.items() for row in _curve(attack.name, one)],
        },
    )


def _curve(name: str, scored: Scored) -> Iterator[dict[str, Any]]:
    halves = [half.sides for half in scored.halves]
    members, others = (len(rows) for rows in scored.known.rows)
    for wanted in np.geomspace(max(_LOWEST, MIN_KEPT / others), 1.0, _POINTS):
        caught, mistaken = (
            sum(numbers) for numbers in zip(*(_taken(half, wanted) for half in halves), strict=True)
        )
        if min(caught, mistaken) >= MIN_KEPT:
            yield {
                "attack": name,
                "false_positives": mistaken / others,
                "true_positives": caught / members,
            }


def _taken(sides: Sides, wanted: float) -> tuple[int, int]:
    """How many of both sides lie at or above the score that a share of the others reaches."""
    place = min(max(round(wanted * len(sides.outside)), 1), len(sides.outside))
    limit = np.sort(sides.outside)[-place]
    return int((sides.inside >= limit).sum()), int((sides.outside >= limit).sum())


def _areas(of: str, found: Sequence[Measurement], view_label: str) -> Figure:
    return Figure(
        kind="group_rates",
        title=f"How well attacks on the output{of} tell who was a member",
        caption=(
            "Area under the curve of each attack, overall, by class and by group: .5 is no better "
            "than chance, 1 names every member. Intervals are 90 %, n is of the side with fewer. "
            "These are the attacks that were made; others may find more."
        ),
        check="privacy",
        data={
            "attribute": "attack",
            "metric": AUC.id,
            "unit": "",
            "units": max(one.rows for one in found),
            "rows": [
                {
                    "group": _name(one, view_label),
                    "value": one.value,
                    **drawn_ends(one.interval),
                    "n": one.rows,
                }
                for one in found
            ],
        },
    )


def _name(measured: Measurement, view_label: str) -> str:
    label = measured.key.label.removeprefix(f"{view_label} · ") if view_label else ""
    where = str(measured.key.slice) if measured.key.slice.conditions else ""
    return " · ".join(part for part in (label or measured.key.label, where) if part)


def _losses(of: str, attacked: Attacked) -> Figure:
    number = attacked.view.task is Task.REGRESSION
    score = "minus the loss" if number else "log odds of the true class"
    members, others = (plain(rows) for rows in attacked.known.rows)
    return Figure(
        kind="separation",
        title=f"What the output{of} gives of members and of non-members",
        caption=(
            "A model that knows units by heart is surer of them: their scores are higher, their "
            "losses smaller. The further the two differ, the more an attack has to go by. Bins of "
            "fewer than five units are left out."
        ),
        check="privacy",
        data={
            "score": score,
            "inside": "members",
            "outside": "non-members",
            "n_inside": len(members),
            "n_outside": len(others),
            "threshold": None,
            "rows": score_bins(members, others),
        },
    )
