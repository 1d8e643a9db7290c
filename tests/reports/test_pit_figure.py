"""The PIT histogram as drawn: bars over what was promised, and the band of chance."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import pytest

from auditkit.measurement import Figure
from auditkit.reports.figures import pit, style
from auditkit.reports.figures.rendering import rendered
from auditkit.statistics.pit import pit_bars


def figure(counts: list[int], levels: tuple[float, ...]) -> Figure:
    bars = [vars(bar) for bar in pit_bars(counts, levels)]
    data = {"n": sum(counts), "bars": bars}
    return Figure("pit", "Where the targets fall", "Read it so.", "quantiles", data)


def layers_of(counts: list[int], levels: tuple[float, ...]) -> list[dict[str, Any]]:
    """The layers, each with its rows under `rows`."""
    drawn = style.finished(pit.draw(figure(counts, levels))).to_dict()
    return [{**one, "rows": drawn["datasets"][one["data"]["name"]]} for one in drawn["layer"]]


PERCENT = tuple(place / 100 for place in range(1, 100))
NARROW = [400, 1600, 1650, 350], (0.05, 0.5, 0.95)


def test_bars_are_shares_over_what_was_promised() -> None:
    bars, bands, even, intervals = layers_of(*NARROW)
    heights = [row["observed"] for row in bars["rows"]]
    assert heights == pytest.approx([2.0, 0.8889, 0.9167, 1.75], rel=1e-3)
    for row in bands["rows"]:
        assert row["band_low"] < 1 < row["band_high"]
    assert even["rows"] == [{"one": 1}]
    assert all(row["low"] < row["observed"] < row["high"] for row in intervals["rows"])


def test_every_layer_has_the_same_axes() -> None:
    layers = layers_of(*NARROW)
    assert len({str(layer["encoding"]["y"]["scale"]) for layer in layers}) == 1
    across = [layer["encoding"]["x"] for layer in layers if "x" in layer["encoding"]]
    assert {str(x["scale"]["domain"]) for x in across} == {"[0, 1]"}
    assert across[0]["axis"]["values"] == [0, 0.05, 0.5, 0.95, 1]
    top = layers[0]["encoding"]["y"]["scale"]["domain"][1]
    assert top > max(row["high"] for row in layers[0]["rows"])


def test_many_levels_leave_the_ticks_to_the_renderer() -> None:
    layer = layers_of([10] * 100, PERCENT)[0]
    assert "values" not in layer["encoding"]["x"]["axis"]


@pytest.mark.parametrize(
    ("counts", "levels"), [NARROW, ([0, 7], (0.9,)), ([5] + [0] * 99, PERCENT)]
)
def test_it_is_drawn_with_title_and_n(counts: list[int], levels: tuple[float, ...]) -> None:
    made = figure(counts, levels)
    root = ElementTree.fromstring(rendered(style.finished(pit.draw(made)), made.title))
    texts = " ".join(e.text for e in root.iter() if e.tag in ("text", "tspan") and e.text)
    assert made.title in texts
    assert f"n = {sum(counts):,}" in texts


@pytest.mark.parametrize("data", [{}, {"n": 3, "bars": []}, {"n": 3, "bars": [{"n": 3}]}])
def test_other_data_are_no_such_figure(data: dict[str, Any]) -> None:
    with pytest.raises((LookupError, TypeError, ValueError)):
        pit.draw(Figure("pit", "", "", "quantiles", data))
