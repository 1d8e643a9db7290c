"""The drawings of corruptions and of familiar scores: what is written, and what is not known."""

from __future__ import annotations

import dataclasses
from typing import Any
from xml.etree import ElementTree

import pytest

from auditkit.measurement import Figure
from auditkit.reports.figures import corruption, separation, style
from auditkit.reports.figures.rendering import rendered
from tests.reports.hostile import STRINGS

DRAWINGS = {"corruption": corruption.draw, "separation": separation.draw}


def _level(name: str, level: int, series: str, share: float) -> dict[str, Any]:
    ends = (None, None) if level == 3 else (share - 0.03, share + 0.02)
    return {
        "corruption": name,
        "level": level,
        "series": series,
        "value": share,
        "low": ends[0],
        "high": ends[1],
    }


def corruptions(*names: str, unit: str = "share") -> Figure:
    rows = [
        _level(name, level, series, 0.9 - fall * level)
        for name in names
        for level in range(4)
        for series, fall in (("accuracy", 0.2), ("confidence", 0.01))
    ]
    data = {"n": 1000, "unit": unit, "rows": rows}
    return Figure("corruption", "Worse inputs", "Worse.", "robustness", data)


def scores(threshold: float | None = 0.4, outside: str = "outside inputs") -> Figure:
    rows = [
        {"low": i / 10, "high": (i + 1) / 10, "inside": 0.02 * i, "outside": 0.1} for i in range(10)
    ]
    data = {
        "score": "max softmax",
        "outside": outside,
        "n_inside": 1234,
        "n_outside": 567,
        "threshold": threshold,
        "rows": rows,
    }
    return Figure("separation", "Familiar and strange", "Far.", "out_of_distribution", data)


def texts(figure: Figure) -> list[str]:
    drawing = rendered(style.finished(DRAWINGS[figure.kind](figure)), figure.title)
    root = ElementTree.fromstring(drawing)
    return [e.text for e in root.iter() if e.tag in ("text", "tspan") and e.text]


def test_every_corruption_has_a_panel_and_every_line_its_name() -> None:
    shown = texts(corruptions("noise", "blur", "contrast", "pixelate"))
    assert {"Worse inputs", "noise", "blur", "contrast", "pixelate"} <= set(shown)
    assert shown.count("accuracy") == shown.count("confidence") == 4
    assert "n = 1,000 of the same units" in " ".join(shown)
    assert "100 %" in shown


def test_errors_are_not_in_per_cent() -> None:
    assert "%" not in "".join(texts(corruptions("missing", unit="target"))).replace("90 %", "")


def test_of_many_corruptions_the_first_are_drawn() -> None:
    shown = texts(corruptions(*(f"kind {i}" for i in range(20))))
    assert "The first 12 of 20 corruptions are drawn." in shown
    assert "kind 12" not in shown


def test_both_sides_are_named_with_their_n() -> None:
    shown = texts(scores())
    assert {"evaluation data", "outside inputs", "score: max softmax"} <= set(shown)
    assert "n = 1,234 (evaluation data) and 567 (outside inputs)." in shown
    assert "Line: the threshold that lets 95 % of the evaluation data pass." in shown


@pytest.mark.parametrize("threshold", [None, float("nan")])
def test_without_a_threshold_there_is_no_line(threshold: float | None) -> None:
    shown = texts(scores(threshold))
    assert not [text for text in shown if text.startswith("Line")]


@pytest.mark.parametrize("name", STRINGS[:8])
def test_strange_names_are_drawn(name: str) -> None:
    assert texts(scores(outside=name))
    assert texts(corruptions(name, "other"))


@pytest.mark.parametrize("figure", [corruptions("noise"), scores()], ids=lambda one: one.kind)
def test_data_that_lack_what_the_kind_needs_are_refused(figure: Figure) -> None:
    """By one of the errors for which the report falls back on a table."""
    for key in figure.data:
        if key != "threshold":
            data = {name: value for name, value in figure.data.items() if name != key}
            with pytest.raises(LookupError):
                DRAWINGS[figure.kind](dataclasses.replace(figure, data=data))
    empty = dataclasses.replace(figure, data={**figure.data, "rows": []})
    if figure.kind == "separation":
        with pytest.raises(LookupError):
            separation.draw(empty)
    else:
        assert texts(empty)
