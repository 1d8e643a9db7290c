"""How many rows there are of each class or group, to learn from and to judge by."""

from __future__ import annotations

import altair as alt

from auditkit.measurement import Figure
from auditkit.reports.figures import style
from auditkit.reports.formatting import count
from auditkit.reports.text import distinct

WIDTH, STEP, MOST = 420, 15, 20
COLOURS = {"training": style.SECOND, "evaluation": style.ESTIMATE}
_FEW = "fewer than 5"


def draw(figure: Figure) -> alt.TopLevelMixin:
    """A bar for each level and split, with its number; of fewer than five only that is said."""
    levels = list(dict.fromkeys(str(row["level"]) for row in figure.data["rows"]))
    drawn = dict(zip(levels[:MOST], distinct(levels[:MOST], 30), strict=True))
    rows = [_row(row, drawn) for row in figure.data["rows"] if str(row["level"]) in drawn]
    splits = list(dict.fromkeys(row["split"] for row in rows))
    base = alt.Chart(style.data(rows)).encode(
        alt.Y(
            "label:N",
            sort=None,
            scale=alt.Scale(domain=list(drawn.values()), paddingInner=0.25),
            axis=style.label_axis(),
        ),
        alt.YOffset("split:N", sort=None, scale=alt.Scale(domain=splits)),
    )
    top = max((row["n"] for row in rows), default=0) or 1
    axis = alt.Axis(title="rows", tickCount=5, format=",d")
    x = alt.X("n:Q", scale=alt.Scale(domain=[0, top], nice=False), axis=axis)
    height = max(len(drawn), 1) * max(len(splits), 1) * STEP * 1.25
    return alt.layer(
        base.mark_bar().encode(x, alt.Color("colour:N", scale=None)),
        base.mark_text(dx=6, fontSize=11).encode(x, alt.Text("text:N")),
        width=WIDTH,
        height=height,
        title=style.title(figure.title, _notes(figure, rows, splits, len(drawn))),
    )


def _row(row: style.Row, names: dict[str, str]) -> style.Row:
    split, n = str(row["split"]), style.finite(row.get("n"))
    return {
        "label": names[str(row["level"])],
        "split": split,
        "n": n or 0,
        "colour": COLOURS.get(split, style.QUIET),
        "text": f"{split}: {_FEW if n is None else count(int(n))}",
    }


def _notes(figure: Figure, rows: list[style.Row], splits: list[str], drawn: int) -> list[str]:
    totals = (
        f"{split} n = {count(int(sum(row['n'] for row in rows if row['split'] == split)))}"
        for split in splits
    )
    notes = [f"In the bars: {', '.join(totals)}. Nothing is said of numbers from 1 to 4."]
    levels = figure.data.get("levels")
    if isinstance(levels, int) and levels > drawn:
        notes.append(f"The {drawn} with fewest rows of {count(levels)} are drawn.")
    return notes
