"""Does the model use other features for other people? Each feature's weight, group by group."""

from __future__ import annotations

import altair as alt

from auditkit.measurement import Figure
from auditkit.reports.figures import panels, style
from auditkit.reports.formatting import Scale, count
from auditkit.reports.text import distinct, shorten

WIDTH, LINE, AIR, MOST_FEATURES = 420, 18, 12, 12
SHAPES = ("circle", "square", "diamond", "triangle-up", "cross", "triangle-down")
MOST_GROUPS = len(SHAPES)
SCALE = Scale({})


def draw(figure: Figure) -> alt.TopLevelMixin:
    """A dot with its interval for each group, features in the order given."""
    given = [dict(row) for row in figure.data["rows"]]
    features = list(dict.fromkeys(str(row["feature"]) for row in given))
    groups = list(dict.fromkeys(str(row["group"]) for row in given))
    rows = _rows(given, features[:MOST_FEATURES], groups[:MOST_GROUPS])
    notes = [
        f"n = {count(figure.data['n'])}; lines: 90 % intervals. By "
        f"{shorten(str(figure.data['attribute']), 60)}.",
        "Where the intervals of two groups lie apart, the feature counts more for one of them.",
        panels.left_out(MOST_FEATURES, len(features), "features"),
        panels.left_out(MOST_GROUPS, len(groups), "groups"),
    ]
    return alt.layer(
        *_layers(rows, shorten(str(figure.data["value_label"]))),
        width=WIDTH,
        height=max((row["y"] for row in rows), default=0) + LINE / 2 + AIR / 2,
        title=style.title(figure.title, notes),
    )


def _rows(given: list[style.Row], features: list[str], groups: list[str]) -> list[style.Row]:
    """Each group of each feature once, with its height in pixels: one feature's close together."""
    names = dict(zip(features, distinct(features, 34), strict=True))
    called = dict(zip(groups, distinct(groups, 24), strict=True))
    block = LINE * len(groups) + AIR
    rows = []
    once = {(str(row["feature"]), str(row["group"])): row for row in reversed(given)}
    for (feature, group), row in reversed(once.items()):
        if feature not in names or group not in called:
            continue
        drawn, place = style.drawn(row, SCALE), groups.index(group)
        size = "not told" if row.get("n") is None else f"= {count(row['n'])}"
        drawn["text"] = f"{called[group]}: {drawn['text']}, n {size}"
        top = block * features.index(feature) + AIR / 2
        at = {"y": top + LINE * (place + 0.5), "middle": top + LINE * len(groups) / 2, "top": top}
        look = {"colour": style.SERIES[place], "shape": SHAPES[place], "first": place == 0}
        rows.append({"label": names[feature], **drawn, **at, **look})
    return rows


def _layers(rows: list[style.Row], title: str) -> list[alt.Chart]:
    ends = style.domain([row[end] for row in rows for end in ("value", "low", "high")], [0.0])
    axis = style.number_axis(title, SCALE)
    y = alt.Y("y:Q", scale=None, axis=None)
    colour = alt.Color("colour:N", scale=None)
    base = alt.Chart(style.data(style.cut(rows, ends, style.INTERVAL)))
    known = base.transform_filter("isValid(datum.low) && isValid(datum.high)")
    points = base.transform_filter("isValid(datum.value)").mark_point(
        filled=True, size=70, opacity=1
    )
    names = list({row["label"]: row for row in rows}.values())
    labels = alt.Chart(style.data(names))
    return [
        labels.mark_rule(color=style.GRID).encode(alt.Y("top:Q", scale=None, axis=None)),
        labels.mark_text(align="right").encode(
            alt.Y("middle:Q", scale=None, axis=None), x=alt.value(-10), text="label:N"
        ),
        known.mark_rule(strokeWidth=2.2).encode(
            y, style.quantity("low", ends, axis), colour, x2="high"
        ),
        points.encode(
            y, style.quantity("value", ends, axis), colour, alt.Shape("shape:N", scale=None)
        ),
        base.mark_text(fontSize=11.5).encode(y, x=style.beside(WIDTH), text="text:N"),
    ]
