"""A sheet of paper in pixels: for pictures without axes, made of boxes, lines, words and tiles.

Vega-Lite places what lies on axes. Maps beside their labels, words with backgrounds and tables with
marks have none, so they are placed here, and become one chart of a few layers, which is small and
looks the same in the report and in a browser.
"""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field

import altair as alt

from auditkit.reports.figures import style
from auditkit.reports.text import shorten

LINE = 15
"""Pixels from one line of small text to the next."""
_WIDTH_OF_A_LETTER = 0.5  # of the size of the type; the mean of Helvetica in English is 0.47


@dataclass(frozen=True)
class Type:
    """How words are set; texts of one type become one layer.

    Attributes:
        size: in pixels.
        colour: of the letters.
        align: `left`, `center` or `right` of where they are written.
        weight: `normal` or `bold`.
        family: of the letters; empty for that of all figures.
    """

    size: float = 12
    colour: str = style.INK
    align: str = "left"
    weight: str = "normal"
    family: str = ""


PLAIN = Type()
SMALL = Type(size=11, colour=style.QUIET)
STRONG = Type(size=12.5, weight="bold")


@dataclass
class Sheet:
    """What has been put down so far; `x` and `y` count from the upper left corner.

    Example:
        >>> sheet = Sheet()
        >>> sheet.write(10, 20, "a word")
        >>> sheet.box((0, 0, 60, 40), "#eeeeee")
        >>> sheet.size
        (60, 40)
    """

    boxes: list[style.Row] = field(default_factory=list)
    lines: list[style.Row] = field(default_factory=list)
    tiles: list[style.Row] = field(default_factory=list)
    words: dict[Type, list[style.Row]] = field(default_factory=dict)

    def box(self, place: Sequence[float], fill: str, edge: str = "") -> None:
        """A rectangle: left, top, width and height; without an edge if no colour is named."""
        left, top, width, height = place
        ends = {"x": left, "y": top, "x2": left + width, "y2": top + height}
        self.boxes.append({**ends, "fill": fill, "edge": edge or None})

    def line(self, start: tuple[float, float], end: tuple[float, float], dash: str = "") -> None:
        """A thin line; `dash` is empty, `dashed` or `bold`."""
        ends = {"x": start[0], "y": start[1], "x2": end[0], "y2": end[1]}
        self.lines.append({**ends, "dash": dash})

    def write(self, x: float, y: float, text: str, type_: Type = PLAIN) -> None:
        """One line of text, its middle at the height `y`."""
        self.words.setdefault(type_, []).append({"x": x, "y": y, "text": text})

    def paragraph(self, place: tuple[float, float], lines: Sequence[str], type_: Type) -> float:
        """Lines one below the other, the first with its top at `y`; returns where they end."""
        x, y = place
        for number, line in enumerate(lines):
            self.write(x, y + LINE * (number + 0.5), line, type_)
        return y + LINE * len(lines)

    def tile(self, x: float, y: float, colour: str, outline: str) -> None:
        """A shape of one colour, its outline an SVG path in pixels from `x` and `y`."""
        self.tiles.append({"x": x, "y": y, "colour": colour, "outline": outline})

    @property
    def size(self) -> tuple[int, int]:
        """Width and height that hold every box, line and place of text."""
        ends = [*self.boxes, *self.lines]
        text = [row for rows in self.words.values() for row in rows]
        across = [row["x2"] for row in ends] + [row["x"] for row in text]
        down = [row["y2"] for row in ends] + [row["y"] for row in text]
        return round(max(across, default=0)), round(max(down, default=0))

    def chart(self, title: alt.TitleParams) -> alt.LayerChart:
        """The sheet as a chart: boxes at the bottom, then tiles, lines, and words on top."""
        width, height = self.size
        x, y = _across(width), _down(height)
        texts = [
            _text(rows, type_).encode(x, y, alt.Text("text:N"))
            for type_, rows in self.words.items()
        ]
        layers = [
            _boxes(self.boxes).encode(x, y, x2="x2", y2="y2"),
            *([tiled(self.tiles).encode(x, y)] if self.tiles else []),
            *_lines(self.lines, x, y),
            *texts,
        ]
        return alt.layer(*layers, width=width, height=height, title=title)


def _across(width: float) -> alt.X:
    return alt.X("x:Q", scale=alt.Scale(domain=[0, width], nice=False), axis=None)


def _down(height: float) -> alt.Y:
    return alt.Y("y:Q", scale=alt.Scale(domain=[height, 0], nice=False), axis=None)


def _boxes(rows: list[style.Row]) -> alt.Chart:
    fill, edge = (alt.Fill("fill:N", scale=None), alt.Stroke("edge:N", scale=None))
    return alt.Chart(style.data(rows)).mark_rect(strokeWidth=0.8).encode(fill, edge)


def tiled(rows: list[style.Row]) -> alt.Chart:
    """Shapes by `outline` and `colour`, as a layer that still has to be placed."""
    # A point of size four is drawn at the scale of its outline.
    marks = alt.Chart(style.data(rows)).mark_point(filled=True, size=4, opacity=1)
    return marks.encode(alt.Fill("colour:N", scale=None), alt.Shape("outline:N", scale=None))


_STROKES = {"": (1.0, [1, 0]), "dashed": (2.0, [3, 3]), "bold": (2.0, [1, 0])}


def _lines(rows: list[style.Row], x: alt.X, y: alt.Y) -> list[alt.Chart]:
    layers = []
    for name, (width, dash) in _STROKES.items():
        own = [row for row in rows if row["dash"] == name]
        colour = style.INK if name else style.GRID
        rules = alt.Chart(style.data(own)).mark_rule(
            color=colour, strokeWidth=width, strokeDash=dash
        )
        layers += [rules.encode(x, y, x2="x2", y2="y2")] if own else []
    return layers


def _text(rows: list[style.Row], type_: Type) -> alt.Chart:
    family = {"font": type_.family} if type_.family else {}
    return alt.Chart(style.data(rows)).mark_text(
        fontSize=type_.size,
        color=type_.colour,
        align=type_.align,
        fontWeight=type_.weight,
        **family,
    )


def wrapped(text: str, width: float, size: float = 12, most: int = 3) -> list[str]:
    """The text in at most so many lines of about this width, what is too long cut with an ellipsis.

    Example:
        >>> wrapped("The map may be read.", 60)
        ['The map', 'may be', 'read.']
    """
    letters = max(int(width / size / _WIDTH_OF_A_LETTER), 6)
    wide = max(columns(text) / max(len(text), 1), 1.0)  # Chinese takes twice the room of Latin
    letters = max(int(letters / wide), 3)
    kept = shorten(text, letters * most + 200)
    return textwrap.wrap(kept, letters, max_lines=most, placeholder=" …") or [""]


def columns(text: str) -> int:
    """How many letters' room a text takes in a type of even width.

    >>> columns("word"), columns("审计")
    (4, 4)
    """
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in text)
    return len(text) + wide - sum(bool(unicodedata.combining(letter)) for letter in text)
