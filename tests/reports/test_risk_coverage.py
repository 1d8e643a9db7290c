"""The drawing of risk and coverage: curves, references and the threshold are all there."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

from auditkit.measurement import Figure
from auditkit.reports.figures import risk_coverage, style
from auditkit.reports.figures.rendering import rendered


def curve(probe: str, *, band: bool = False, worst: float = 0.2) -> dict[str, Any]:
    points: list[dict[str, Any]] = [
        {"coverage": place / 20, "risk": worst * (place / 20) ** 2} for place in range(1, 21)
    ]
    for point in points if band else ():
        point.update(low=point["risk"] * 0.8, high=point["risk"] * 1.2 + 0.01)
    if band:
        points[0].update(low=None, high=None)
    return {"probe": probe, "points": points}


def figure_of(*curves: dict[str, Any], **more: Any) -> Figure:
    best = [{"coverage": c / 10, "risk": max(c / 10 - 0.8, 0) / (c / 10)} for c in range(1, 11)]
    data = {"n": 2000, "error": 0.2, "curves": list(curves), "best": best, **more}
    return Figure("risk_coverage", "Errors if not all are answered", "A.", "confidence", data)


def drawing(figure: Figure) -> str:
    return rendered(style.finished(risk_coverage.draw(figure)), figure.title)


def texts(figure: Figure) -> list[str]:
    root = ElementTree.fromstring(drawing(figure))
    return [e.text for e in root.iter() if e.tag in ("text", "tspan") and e.text]


CONFIDENCE = curve("max_softmax", band=True)


def test_title_n_axes_and_curves_are_named() -> None:
    shown = texts(figure_of(CONFIDENCE, curve("mc_dropout")))
    assert "Errors if not all are answered" in shown
    whole = " ".join(shown)
    assert "n = 2,000" in whole
    assert "points are at least 5 units apart" in whole
    assert "the best possible order" in whole
    assert {"share of the units that are answered", "error among the answers"} <= set(shown)
    assert {"confidence", "mc dropout"} <= set(shown)


def test_the_threshold_and_the_aim_are_marked() -> None:
    mark = {"coverage": 0.4, "risk": 0.03, "low": 0.02, "high": 0.05, "text": "threshold 0.9"}
    shown = texts(figure_of(CONFIDENCE, limit=0.05, mark=mark))
    assert {"threshold 0.9", "at most 5 % errors"} <= set(shown)
    assert "threshold 0.9" not in texts(figure_of(CONFIDENCE, limit=0.05))


def test_a_mark_without_an_error_or_an_interval_costs_no_drawing() -> None:
    bare = {"coverage": 0.4, "risk": None, "low": None, "high": None, "text": "threshold 0.9"}
    assert "threshold 0.9" not in texts(figure_of(CONFIDENCE, mark=bare))
    bare["risk"] = 0.03
    assert "threshold 0.9" in texts(figure_of(CONFIDENCE, mark=bare))


def test_more_curves_than_can_be_told_apart_are_counted() -> None:
    many = [curve(f"probe {place}") for place in range(9)]
    shown = texts(figure_of(*many))
    assert "The first 6 of 9 curves are drawn." in shown
    assert "probe 6" not in shown


def test_hostile_names_are_written_as_text() -> None:
    svg = drawing(figure_of(curve("<script>alert(1)</script>"), limit=0.05))
    assert "<script" not in svg


def test_a_model_without_errors_has_an_axis() -> None:
    flat = curve("max_softmax", worst=0.0)
    figure = figure_of(flat)
    nothing = {**figure.data, "error": 0.0, "best": []}
    assert texts(Figure(figure.kind, figure.title, "", "confidence", nothing))
