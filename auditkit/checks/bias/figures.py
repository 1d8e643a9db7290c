"""The pictures of a group comparison: rates with intervals, and how they compare."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from auditkit.checks.estimation import drawn_ends
from auditkit.checks.groups import Groups, named
from auditkit.evidence.subject import View
from auditkit.measurement import REST, Figure, Measurement, Slice


@dataclass(frozen=True)
class _Picture:
    """What one figure draws.

    Attributes:
        rate, comparison: the metrics on its left and on its right, without the family.
        title: of the figure, before "by" and the attribute.
        shown: what its caption calls the rate, and how that is compared.
        crossed: whether intersections are drawn too; their other rates are in the tables.
    """

    rate: str
    comparison: str
    title: str
    shown: str
    crossed: bool = False


_PICTURES = (
    _Picture(
        "selection_rate",
        "impact_ratio",
        "Favourable predictions",
        "Share of each group with the favourable prediction, and its ratio to that of",
        crossed=True,
    ),
    _Picture(
        "true_positive_rate",
        "true_positive_rate_difference",
        "Favourable predictions where they are right",
        "Share with the favourable prediction among those of each group whose true outcome is "
        "favourable (true positive rate), and its distance from that of",
    ),
    _Picture(
        "false_positive_rate",
        "false_positive_rate_difference",
        "Favourable predictions where they are wrong",
        "Share with the favourable prediction among those of each group whose true outcome is not "
        "favourable (false positive rate), and its distance from that of",
    ),
)


def rate_figures(view: View, groups: Groups, found: Sequence[Measurement]) -> Iterator[Figure]:
    """Rates of the groups, compared with the declared reference or the group selected most."""
    for picture in _PICTURES:
        if picture.crossed or len(groups.attributes) == 1:
            yield _figure(picture, view, groups, found)


def _figure(picture: _Picture, view: View, groups: Groups, found: Sequence[Measurement]) -> Figure:
    declared = groups.reference if groups.reference in groups.samples else None
    reference = declared or _highest(groups, found)
    against = named(REST).lower() if reference is None else named(reference)
    chosen = "" if declared or reference is None else ", the group selected most in these data"
    rates = [m for m in found if m.key.metric == f"bias.{picture.rate}"]
    compared = [
        m
        for m in found
        if m.key.metric == f"bias.{picture.comparison}" and m.key.reference == (reference or REST)
    ]
    of = f" of {view.key}" if str(view.key) else ""
    return Figure(
        kind="group_rates",
        title=f"{picture.title}{of} by {groups.title}",
        caption=f"{picture.shown} {against}{chosen}.",
        check="bias",
        data={
            "attribute": groups.title,
            "metric": f"bias.{picture.rate}",
            "unit": "share",
            "rows": [_row(m) for m in rates],
            "comparison": f"bias.{picture.comparison}",
            "reference": against,
            "ratios": [_row(m) for m in compared],
        },
    )


def _highest(groups: Groups, found: Sequence[Measurement]) -> Slice | None:
    """The group with the highest selection rate, where no reference is declared; None if unknown.

    A picture tests nothing, so that it may be read off the data, as rules that speak of the highest
    rate do. A verdict never rests on it.
    """
    rates = {
        one.key.slice: one.value
        for one in found
        if one.key.metric == "bias.selection_rate" and one.value is not None
    }
    known = [where for where in groups.known if where in rates]
    if len(known) < 2 or not groups.all_paired:
        return None
    return max(known, key=lambda where: rates[where])


def _row(measurement: Measurement) -> dict[str, Any]:
    return {
        "group": ", ".join(level for _, level in measurement.key.slice.conditions),
        "value": measurement.value,
        **drawn_ends(measurement.interval),
        "n": None if measurement.uncounted else measurement.rows,
    }
