"""Maps: colours that mean what the legend says, pictures bounded, nothing withheld drawn."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditkit.measurement import Figure
from auditkit.reports.figures import picture, tables, tiles
from auditkit.reports.figures.heat import Heat, cells, numbers
from auditkit.reports.figures.sheet import Sheet
from tests.reports.drawn import drawn, texts
from tests.sample_maps import CONVERGED, WITHHELD, heat_maps, overlays


def with_items(*items: dict[str, Any]) -> Figure:
    return dataclasses.replace(heat_maps(), data={**heat_maps().data, "items": list(items)})


def item(heat: Any, **changed: Any) -> dict[str, Any]:
    plain = {"title": "a map", "n": 5, "trust": CONVERGED, "signed": True, "image": None}
    return {**plain, "heat": heat, **changed}


def test_signed_heat_is_white_at_nothing_and_differs_in_lightness_at_its_ends() -> None:
    against, nothing, towards = Heat.of(np.array([-2.0, 1.0]), True).colours(
        np.array([-2.0, 0.0, 2.0])
    )
    assert tuple(nothing) == (255, 255, 255)
    assert against[2] > against[0]
    assert towards[0] > towards[2]
    assert abs(against.mean() - towards.mean()) > 15


def test_a_scale_without_signs_that_meets_a_negative_number_becomes_signed() -> None:
    assert Heat.of(np.array([0.1, -0.2]), False).signed
    assert Heat.of(np.array([0.1, -0.2]), False).ends() == ("−0.2", "0.2")
    assert Heat.of(np.array([0.1, 0.2]), False).ends() == ("0", "0.2")


def test_a_few_hot_pixels_do_not_leave_the_rest_white() -> None:
    values = np.full((30, 30), 0.1)
    values[0, 0] = 50.0
    scale = Heat.of(values, False)
    assert scale.most == pytest.approx(0.1)
    assert scale.ends() == ("0", "0.1 or more")


@pytest.mark.parametrize("value", [0.0, float("nan")])
def test_nothing_hot_is_no_error(value: float) -> None:
    scale = Heat.of(np.array([[value]]), True)
    assert scale.most == 0
    assert np.isfinite(scale.colours(np.array([[value]]))).all()


@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 12))
def test_pooling_keeps_the_mean_and_the_bound(rows: int, columns: int, most: int) -> None:
    values = np.arange(rows * columns, dtype=float).reshape(rows, columns)
    small = tiles.pooled(values, most)
    assert small.shape == (min(rows, most), min(columns, most))
    assert values.min() <= small.min()
    assert small.max() <= values.max()
    if rows % most == 0 and columns % most == 0:
        assert small.mean() == pytest.approx(values.mean())


def test_what_is_absent_is_left_out_of_a_mean() -> None:
    small = tiles.pooled(np.array([[1.0, np.nan, np.nan, np.nan]]), 2)
    assert small[0, 0] == 1.0
    assert np.isnan(small[0, 1])


def test_tiles_cover_the_picture_and_each_colour_is_one_shape() -> None:
    sheet = Sheet()
    colours = np.zeros((4, 6, 3))
    colours[::2] = 255.0
    tiles.lay(sheet, (10, 20, 60, 40), colours)
    assert [row["colour"] for row in sheet.tiles] == ["#ffffff", "#000000"]
    assert sum(len(re.findall("M", row["outline"])) for row in sheet.tiles) == 4


@pytest.mark.parametrize("image", [[], [[]], [[1.0], []], [[[0.1, 0.2]]], "text", None])
def test_what_is_no_thumbnail_is_refused(image: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        tiles.photograph(image, 8)


@pytest.mark.parametrize("heat", [[], [[]], [[1.0], [1.0, 2.0]], 3, [3], "x"])
def test_what_is_no_map_becomes_a_table(heat: Any) -> None:
    assert picture(with_items(item(heat))) is None
    with pytest.raises((TypeError, ValueError)):
        cells(heat)
    with pytest.raises((TypeError, ValueError)):
        numbers([])


def test_every_map_has_its_label_and_what_is_withheld_its_reason_instead() -> None:
    shown = texts(heat_maps())
    assert shown.count("● converged") == 2
    assert shown.count("◆ limited") == 1
    assert shown.count("✕ withheld") == 1
    assert "The attributions do not" in " ".join(shown)
    tiles_drawn = len(list(drawn(with_items(item([[1.0]], trust=WITHHELD))).iter("path")))
    assert tiles_drawn < len(list(drawn(with_items(item([[1.0]]))).iter("path")))


def test_a_map_that_nobody_judged_is_not_drawn() -> None:
    shown = texts(with_items(item([[1.0]], trust=None)))
    assert "✕ withheld" in shown
    assert "Nobody recorded how far" in " ".join(shown)


def test_a_map_that_is_not_there_says_so_and_the_others_are_drawn() -> None:
    shown = texts(with_items(item(None), item([[1.0, -0.5]])))
    assert shown.count("● converged") == 2
    assert "against" in shown


def test_cells_whose_interval_holds_nothing_are_dotted() -> None:
    doubt = item([[1.0, 0.1]], low=[[0.5, -0.1]], high=[[1.5, 0.3]])
    note = "A dot in a cell: its 90 % interval holds 0."
    assert note in texts(with_items(doubt))
    assert note not in texts(with_items({**doubt, "signed": False, "heat": [[1.0, 0.1]]}))
    assert note not in texts(with_items({**doubt, "low": [[0.5, 0.05]]}))


def test_large_maps_and_thumbnails_are_bounded_and_the_reader_is_told() -> None:
    heat = np.random.default_rng(0).normal(size=(90, 90)).round(3).tolist()
    drawing = picture(with_items(*[item(heat)] * 13)) or ""
    assert "The first 12 of 13 maps are drawn." in drawing
    assert "Drawn with at most 32 cells a side, each a mean." in drawing
    assert drawing.count("● converged") == 12
    assert len(drawing) < 1_000_000


def test_thumbnails_stand_beside_their_maps() -> None:
    shown = texts(overlays())
    assert {"● converged", "◆ limited", "✕ withheld"} <= set(shown)
    # A scale under each of the two maps that may be seen.
    assert shown.count("against") == 1
    assert shown.count("0") == 1


def test_the_tables_name_the_labels_and_the_hottest_cells() -> None:
    (labels, hottest) = tables(heat_maps())
    assert labels[0] == ["title", "n", "trust", "reason"]
    assert labels[1][0][:3] == ["digit 0", "178", "converged"]
    assert labels[1][3][2] == "withheld"
    assert labels[1][3][3].startswith("The attributions do not add up")
    assert len(hottest[1]) == 15
    assert hottest[1][0] == ["digit 0", "4", "5", *hottest[1][0][3:]]
    magnitudes = [abs(float(row[3].replace("−", "-"))) for row in hottest[1][:5]]
    assert magnitudes == sorted(magnitudes, reverse=True)
