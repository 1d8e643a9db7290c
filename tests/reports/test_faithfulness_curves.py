"""Curves of deletion and insertion: each with its controls, on one axis, with its label."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from auditkit.measurement import Figure
from auditkit.reports.figures import chart, picture, tables
from tests.reports.drawn import drawn, texts
from tests.sample_explanations import faithfulness_curves
from tests.sample_maps import CONVERGED


def item(curve: str = "deletion", scale: float = 1.0, **more: Any) -> dict[str, Any]:
    rows = [
        {"order": order, "share": share, "value": scale * value, "low": None, "high": None}
        for order in ("map", "random", "input magnitude")
        for share, value in ((0.0, 0.9), (0.5, 0.4), (1.0, 0.1))
    ]
    return {"method": "saliency", "curve": curve, "trust": CONVERGED, "rows": rows, **more}


def with_items(*items: dict[str, Any]) -> Figure:
    return dataclasses.replace(faithfulness_curves(), data={"n": 9, "items": list(items)})


def test_the_map_and_its_controls_differ_in_dash_and_colour() -> None:
    strokes = {
        (e.get("stroke"), e.get("stroke-dasharray"))
        for e in drawn(with_items(item())).iter("path")
        if e.get("stroke-width") == "2"
    }
    assert len(strokes) == 3
    assert len({dash for _, dash in strokes}) == 3


def test_every_panel_has_its_label_and_what_is_withheld_its_reason() -> None:
    shown = texts(faithfulness_curves())
    assert {"● converged", "◆ limited", "✕ withheld"} <= set(shown)
    assert shown.count("share of the input taken away") == 2
    assert any(text.startswith("The attributions do not add up") for text in shown)


def test_what_is_withheld_for_its_curve_shows_the_curve() -> None:
    withheld = {"label": "withheld", "reason": "It does not beat the random order."}
    shown = texts(with_items(item(trust=withheld)))
    assert "✕ withheld" in shown
    assert "share of the input taken away" in shown


def test_insertion_is_named_and_all_panels_share_an_axis() -> None:
    figure = with_items(item("insertion"), item(scale=3.0))
    assert "share of the input given back" in texts(figure)
    panels = chart(figure).to_dict()["vconcat"][0]["hconcat"]
    ends = [panel["layer"][1]["encoding"]["y"]["scale"]["domain"] for panel in panels]
    assert ends[0] == ends[1]
    assert ends[0][1] > 2.7


def test_many_curves_are_bounded() -> None:
    assert "The first 12 of 13 curves are drawn." in texts(with_items(*[item()] * 13))


def test_the_table_has_every_point() -> None:
    labels, points = tables(with_items(item(), item("insertion")))
    assert labels[1][1][:3] == ["saliency", "insertion", "converged"]
    assert points[0] == ["method", "curve", "order", "share", "value", "low", "high"]
    assert len(points[1]) == 18


@pytest.mark.parametrize("rows", [None, 3, [{}], [{"order": "map"}]])
def test_what_lacks_something_becomes_a_table(rows: Any) -> None:
    assert picture(with_items(item(rows=rows))) is None


@pytest.mark.parametrize(("orders", "points"), [(7, 2), (1, 700)])
def test_more_curves_than_can_be_read_are_a_table(orders: int, points: int) -> None:
    rows = [
        {"order": f"order {order}", "share": point / points, "value": 0.5, "low": 0.4, "high": 0.6}
        for order in range(orders)
        for point in range(points)
    ]
    figure = with_items({**item(), "rows": rows})
    assert picture(figure) is None
    assert len(tables(figure)[1][1]) <= 301
