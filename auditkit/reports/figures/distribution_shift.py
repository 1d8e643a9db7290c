"""Training data against evaluation data, bin by bin."""

from __future__ import annotations

import altair as alt

from auditkit.measurement import Figure
from auditkit.reports.figures import style
from auditkit.reports.formatting import Scale, count
from auditkit.reports.text import distinct

WIDTH, BIN_HEIGHT, MOST_BINS = 520, 40, 20
SPLITS = (("training", style.SECOND), ("evaluation", style.ESTIMATE))
SHARE = Scale({"unit": "share"})


def draw(figure: Figure) -> alt.TopLevelMixin:
    """Two bars for each bin: its share of the training and of the evaluation data."""
    given = list(figure.data["rows"])
    kept = _kept(given)
    rows = _rows(kept)
    notes = [
        f"n = {count(figure.data['n_training'])} in training, "
        f"{count(figure.data['n_evaluation'])} in evaluation."
    ]
    if figure.data.get("value") is not None:
        distance = style.worded(figure.data, Scale({}))
        notes.append(f"Distance between the two: {distance}; 0 would be the same distribution.")
    if len(kept) < len(given):
        notes.append(f"The {len(kept)} bins of {count(len(given))} that differ most are drawn.")
    return alt.layer(
        *_layers(rows),
        width=WIDTH,
        height=BIN_HEIGHT * len(kept),
        title=style.title(figure.title, notes),
    )


def _kept(given: list[style.Row]) -> list[style.Row]:
    """All bins, or those that differ most, still in their own order."""
    if len(given) <= MOST_BINS:
        return given
    gaps = [abs((row["training"] or 0) - (row["evaluation"] or 0)) for row in given]
    largest = sorted(range(len(given)), key=lambda place: -gaps[place])[:MOST_BINS]
    return [given[place] for place in sorted(largest)]


def _rows(kept: list[style.Row]) -> list[style.Row]:
    names = distinct((str(row["bin"]) for row in kept), 36)
    rows = []
    for place, (name, row) in enumerate(zip(names, kept, strict=True)):
        for split, colour in SPLITS:
            value = style.finite(row[split])
            text = style.NOT_MEASURED if value is None else SHARE.value(round(value, 3))
            rows.append(
                {
                    "label": name,
                    "split": split,
                    "colour": colour,
                    "value": None if value is None else value * SHARE.factor,
                    # The first pair names its bars, so that no legend has to be looked up.
                    "text": f"{text} of {split} data" if place == 0 else text,
                }
            )
    return rows


def _layers(rows: list[style.Row]) -> list[alt.Chart]:
    ends = (0.0, style.domain([row["value"] for row in rows], [0.0])[1])
    axis = style.number_axis("share of the data", SHARE)
    order = alt.YOffset("split:N", sort=None, scale=alt.Scale(paddingOuter=0.1))
    base = alt.Chart(style.data(rows)).encode(style.names_of(rows[::2]), order)
    colour = alt.Color("colour:N", scale=None)
    bars = base.mark_bar().encode(style.quantity("value", ends, axis), colour)
    words = base.transform_calculate(at="isValid(datum.value) ? datum.value : 0").mark_text(dx=6)
    return [bars, words.encode(style.quantity("at", ends, axis), text="text:N")]
