"""Rates of groups, and their ratios or differences against what the policy requires."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from typing import Any

import altair as alt

from auditkit.measurement import REST, Figure, MeasurementKey, Slice
from auditkit.policy.verdict import Judgement, Verdict
from auditkit.reports.figures import style
from auditkit.reports.formatting import Scale, count, level
from auditkit.reports.text import distinct, shorten, visible
from auditkit.reports.wording import VERDICTS, WORST_FIRST, joined, metric_title

WIDTH, MOST_GROUPS = 220, 40
NO_VERDICT = ("", style.QUIET, "circle")


def draw(figure: Figure, judgement: Judgement | None) -> alt.TopLevelMixin:
    """Left the rate of each group, right how it compares with the reference, a row each.

    The region that the policy asks for is shaded on the right; it is taken from the judgement's
    verdicts on that metric and attribute. Groups that could not be measured keep their row.
    """
    data = figure.data
    rates, ratios = Scale({"unit": data.get("unit", "")}), comparison_scale(data)
    verdicts = matching(data, judgement)
    rows = _rows(data, rates, ratios, verdicts)[:MOST_GROUPS]
    region = _region(verdicts)
    left = rates_panel(rows, metric_title(str(data["metric"])), rates)
    title = style.title(figure.title, list(_notes(data, rows, ratios, verdicts)))
    if not data.get("ratios"):
        return left.properties(title=title)
    right = comparisons_panel(rows, _axis_title(data), ratios, region)
    return alt.hconcat(left, right, spacing=20, title=title)


def comparison_scale(data: Any) -> Scale:
    """How the comparison's numbers are written: a figure holds no definition of that metric."""
    if str(data.get("comparison", "")).endswith("_difference"):
        return Scale({"unit": data.get("unit", ""), "comparison": True})
    return Scale({})


def matching(data: Any, judgement: Judgement | None) -> list[Verdict]:
    """The verdicts on comparisons of this figure's groups with its reference."""
    return [
        verdict
        for verdict in (judgement.verdicts if judgement else ())
        if verdict.region is not None
        and verdict.measurement is not None
        and _concerns(verdict.measurement.key, data)
    ]


def _verdict_on(group: str, verdicts: list[Verdict]) -> Verdict | None:
    """The worst verdict on one group, None if there is none."""
    found = [
        verdict
        for verdict in verdicts
        if verdict.measurement is not None and _is_named(verdict.measurement.key.slice, group)
    ]
    return min(found, key=lambda verdict: WORST_FIRST.index(verdict.status), default=None)


def _parts(text: str) -> set[str]:
    """The parts of a name of several attributes or values, as `gender=Female × ethnicity=Black`."""
    return {part.rpartition("=")[2].strip() for part in re.split("[×,&;]", text)}


def _is_named(part: Slice, text: str) -> bool:
    """True if a figure means this slice by a text: `Female`, `gender=Female`, `Female, Black`."""
    values = [visible(value) for _, value in part.conditions]
    if text in (", ".join(values), " × ".join(values), visible(str(part))):
        return True
    return len(values) > 1 and set(values) == _parts(text)


def _concerns(key: MeasurementKey, data: Any) -> bool:
    names = [visible(name) for name in key.slice.attributes]
    attribute, reference = str(data.get("attribute")), data.get("reference")
    same = names == [attribute] or (len(names) > 1 and set(names) == _parts(attribute))
    if key.metric != data.get("comparison") or not same or key.reference is None:
        return False
    if key.reference == REST:
        return reference_group(data) is None
    return not reference or _is_named(key.reference, str(reference))


def reference_group(data: Any) -> str | None:
    """The group that a figure's reference means; None if it means no single one."""
    text, attribute = str(data.get("reference") or ""), str(data.get("attribute"))
    names = [str(row["group"]) for row in data["rows"]]
    return next((name for name in names if text in (name, f"{attribute}={name}")), None) or next(
        (name for name in names if _parts(name) == _parts(text)), None
    )


def _region(verdicts: list[Verdict]) -> tuple[float, float] | None:
    """The strictest region, should several requirements name this comparison."""
    regions = [verdict.region for verdict in verdicts if verdict.region is not None]
    if not regions:
        return None
    low, high = max(low for low, _ in regions), min(high for _, high in regions)
    return (low, high) if low < high else regions[0]


def _rows(data: Any, rates: Scale, ratios: Scale, verdicts: list[Verdict]) -> list[style.Row]:
    compared = {str(row["group"]): row for row in data.get("ratios") or ()}
    given = {str(row["group"]): row for row in data["rows"]}
    groups = [*given, *(group for group in compared if group not in given)]
    rows = []
    for label, group in zip(distinct(groups, 34), groups, strict=True):
        rate = given.get(group, {})
        row: style.Row = {"label": label, **style.drawn(rate, rates)}
        n = rate.get("n")
        row["text"] = f"{row['text']},  n {'not told' if n is None else f'= {count(n)}'}"
        row.update(
            _comparison(group, data, compared.get(group), ratios, _verdict_on(group, verdicts))
        )
        rows.append(row)
    return rows


def _comparison(
    group: str, data: Any, given: Any, scale: Scale, verdict: Verdict | None
) -> style.Row:
    """The right-hand half of a row, its names prefixed with `c_`."""
    words = VERDICTS[verdict.status] if verdict else None
    word, colour, shape = (words.word, words.colour, words.shape) if words else NO_VERDICT
    half = style.drawn({**(given or {}), **_judged(given and verdict)}, scale)
    if given is None:
        half["text"] = "reference" if group == reference_group(data) else "not compared"
    half["text"] += f"  {word.lower()}" if word else ""
    row = {f"c_{name}": value for name, value in half.items()}
    return {**row, "colour": colour, "shape": shape}


def _judged(verdict: Verdict | None) -> style.Row:
    """The interval at the level judged: a verdict must not contradict the line beside it."""
    if verdict is None or verdict.interval is None:
        return {}
    return {"low": verdict.interval.low, "high": verdict.interval.high}


def _axis_title(data: Any) -> str:
    name = metric_title(str(data.get("comparison", "")))
    reference = reference_group(data) or data.get("reference")
    return f"{name} (against {shorten(str(reference), 30)})" if reference else name


def _notes(
    data: Any, rows: list[style.Row], ratios: Scale, verdicts: list[Verdict]
) -> Iterator[str]:
    # Rows may be of the same units: then it is said how many there are.
    total = data.get("units") or sum(row.get("n") or 0 for row in data["rows"])
    region = _region(verdicts)
    yield f"n = {count(total)}; lines: 90 % intervals{_judged_level(verdicts)}."
    if data.get("ratios") and region is not None:
        yield f"Shaded: what the policy requires, {ratios.region(region)}."
    elif data.get("ratios"):
        yield "The policy sets no limit on this comparison."
    groups = max(len(data["rows"]), len(rows))
    if groups > len(rows):
        yield f"The first {len(rows)} of {count(groups)} groups are drawn."


def _judged_level(verdicts: list[Verdict]) -> str:
    """That the right-hand panel has intervals of another level, where it has."""
    levels = {level(verdict.interval) for verdict in verdicts if verdict.interval is not None}
    if levels <= {"90 %"}:
        return ""
    return f" on the left, {joined(sorted(levels))} intervals, as judged, on the right"


def rates_panel(
    rows: list[style.Row], title: str, scale: Scale, reach: Sequence[float] = ()
) -> alt.LayerChart:
    """The rate of each row with its interval, named on the left and worded on the right.

    Args:
        rows: from `style.drawn`, each with a `label`.
        title: of the axis.
        scale: how the numbers are written.
        reach: numbers that the axis reaches in any case, so that two charts can be compared.
    """
    anchors = [*reach, *([0.0] if scale.suffix else [])]
    ends = style.domain([row[end] for row in rows for end in ("value", "low", "high")], anchors)
    axis = style.number_axis(title, scale)
    base = alt.Chart(style.data(style.cut(rows, ends, style.INTERVAL))).encode(style.names_of(rows))
    known = base.transform_filter("isValid(datum.low) && isValid(datum.high)")
    bars = known.mark_rule(color=style.ESTIMATE, strokeWidth=2.5)
    points = base.mark_point(color=style.ESTIMATE, filled=True, size=75, opacity=1)
    return alt.layer(
        bars.encode(style.quantity("low", ends, axis), x2="high"),
        points.encode(style.quantity("value", ends, axis)),
        base.mark_text().encode(text="text:N", x=style.beside(WIDTH)),
        width=WIDTH,
        height=alt.Step(style.ROW_HEIGHT),
    )


def comparison_ends(
    rows: list[style.Row], scale: Scale, region: tuple[float, float] | None
) -> tuple[float, float]:
    """Ends of the comparison's axis: the region whole, and the values without the longest tails."""
    limits = [limit * scale.factor for limit in region or () if math.isfinite(limit)]
    neutral = [0.0] if scale.suffix else [0.0, 1.0]
    values = [row["c_value"] for row in rows if row["c_value"] is not None]
    low, high = style.domain(
        [row[end] for row in rows for end in ("c_value", "c_low", "c_high")] + limits, neutral
    )
    # One tiny group's interval would squeeze everything else into a corner.
    widest = 2 * max(abs(number) for number in [*values, *limits, *neutral, 1e-9])
    return max(low, -widest), min(high, widest)


def comparisons_panel(
    rows: list[style.Row], title: str, scale: Scale, region: tuple[float, float] | None
) -> alt.LayerChart:
    """How each row compares, from its fields prefixed with `c_`, beside a panel of the same rows.

    Args:
        rows: with `colour` and `shape` of the points.
        title: of the axis.
        scale: how the numbers are written.
        region: shaded where given.
    """
    ends = comparison_ends(rows, scale, region)
    axis = style.number_axis(title, scale)
    base = alt.Chart(style.data(style.cut(rows, ends, ("c_low", "c_high")))).encode(
        alt.Y("label:N", sort=None, scale=alt.Scale(domain=[r["label"] for r in rows]), axis=None)
    )
    colour = alt.Color("colour:N", scale=None)
    known = base.transform_filter("isValid(datum.c_low) && isValid(datum.c_high)")
    points = base.transform_filter("isValid(datum.c_value)").mark_point(
        filled=True, size=95, opacity=1
    )
    value = style.quantity("c_value", ends, axis)
    return alt.layer(
        *_shading(scale, region, ends, axis),
        known.mark_rule(strokeWidth=2.5).encode(
            style.quantity("c_low", ends, axis), colour, x2="c_high"
        ),
        points.encode(value, colour, alt.Shape("shape:N", scale=None)),
        base.mark_text().encode(colour, text="c_text:N", x=style.beside(WIDTH)),
        width=WIDTH,
        height=alt.Step(style.ROW_HEIGHT),
    )


def _shading(
    scale: Scale, region: tuple[float, float] | None, ends: tuple[float, float], axis: alt.Axis
) -> list[alt.Chart]:
    """The region as a band over the panel's whole height, with its limits as lines."""
    if region is None:
        return []
    low, high = (limit * scale.factor for limit in region)
    band = [{"low": max(low, ends[0]), "high": min(high, ends[1])}]
    limits = [{"limit": limit} for limit in (low, high) if ends[0] <= limit <= ends[1]]
    area = alt.Chart(style.data(band)).mark_rect(color=style.REGION, opacity=0.75)
    lines = alt.Chart(style.data(limits)).mark_rule(color=style.QUIET, strokeDash=[4, 3])
    return [
        area.encode(style.quantity("low", ends, axis), x2="high"),
        lines.encode(style.quantity("limit", ends, axis)),
    ]
