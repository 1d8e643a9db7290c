"""Signals on their heat: stretches that keep means and ends, maps the right way up, bounded."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditkit.measurement import Figure
from auditkit.reports.figures import picture, signal_maps, tables
from tests.reports.drawn import texts
from tests.sample_maps import CONVERGED
from tests.sample_maps import signal_maps as sample


def item(**changed: Any) -> dict[str, Any]:
    plain = {
        "title": "a signal", "n": 1, "trust": CONVERGED, "unit": "s", "times": [0.0, 0.5, 1.0],
        "heat": [0.1, -0.2, 0.3], "signal": [1.0, 2.0, 3.0], "bands": None, "spectrogram": None,
    }  # fmt: skip
    return {**plain, **changed}


def with_items(*items: dict[str, Any]) -> Figure:
    return dataclasses.replace(sample(), data={"n": len(items), "items": list(items)})


def test_each_signal_has_its_label_and_its_axes() -> None:
    shown = texts(sample())
    assert {"● converged · n = 1", "◆ limited · n = 1", "✕ withheld · n = 1"} <= set(shown)
    assert shown.count("time (s)") == 2
    assert shown.count("frequency (Hz)") == 2
    assert shown.count("step") == 1
    assert "Drawn in 160 stretches: the mean heat of each, its lowest and highest signal." in shown


@given(st.integers(1, 900))
def test_stretches_keep_the_whole_of_the_heat_and_of_the_signal(length: int) -> None:
    values = np.random.default_rng(length).normal(size=length)
    given_ = item(times=list(range(length)), heat=values.tolist(), signal=values.tolist())
    rows = signal_maps._stretches(given_)
    assert len(rows) == min(length, signal_maps.MOST_STEPS)
    weights = [row["end"] - row["start"] for row in rows]
    assert sum(row["heat"] * w for row, w in zip(rows, weights, strict=True)) == pytest.approx(
        values.sum(), abs=1e-9
    )
    assert min(row["low"] for row in rows) == values.min()
    assert max(row["high"] for row in rows) == values.max()


def test_a_signal_may_be_absent() -> None:
    shown = texts(with_items(item(signal=None)))
    assert "heat" in shown
    assert "signal" not in shown


def test_heat_without_direction_is_not_said_to_have_one() -> None:
    magnitudes = item(heat=[0.0, 0.2, 0.1], bands={"edges": [0.0, 0.25, 0.5], "heat": [0.3, 0.7]})
    said = "The darker and the higher, the more heat; without direction."
    assert any(said in text for text in texts(with_items(magnitudes)))
    assert not any(said in text for text in texts(with_items({**magnitudes, "signed": True})))
    assert not any(said in text for text in texts(with_items(item())))


def test_octaves_are_as_wide_as_each_other_and_named_by_their_edges() -> None:
    edges = [0.0, *(0.5 / 2**octave for octave in range(9, -1, -1))]
    shown = texts(with_items(item(unit="steps", bands={"edges": edges, "heat": [0.1] * 10})))
    assert {"0.125", "0.25", "0.5", "0.000977"} <= set(shown)
    assert "frequency (cycles per step)" in shown


def _outlines(heat: list[list[float]]) -> dict[str, str]:
    data = {"times": [0.0, 1.0], "frequencies": [100.0, 200.0, 300.0], "heat": heat}
    rows = signal_maps._spectrogram(data, ("t", "f"), True).to_dict()["datasets"].values()
    found = next(rows_ for rows_ in rows if rows_ and "outline" in rows_[0])
    return {row["colour"]: row["outline"] for row in found}


def test_high_frequencies_are_above_and_either_orientation_is_read() -> None:
    by_frequency = [[0.0, 0.0], [0.0, 0.0], [0.0, 1.0]]
    turned = [list(column) for column in zip(*by_frequency, strict=True)]
    outlines = _outlines(by_frequency)
    assert outlines == _outlines(turned)
    (hot,) = (outline for colour, outline in outlines.items() if colour != "#ffffff")
    assert hot.startswith(f"M{signal_maps.WIDTH // 2},0h")


@pytest.mark.parametrize(
    "changed",
    [
        {"times": [0.0, 1.0]},
        {"times": [0.0, None, 1.0]},
        {"signal": [1.0]},
        {"heat": []},
        {"bands": {"edges": [0.0, 1.0], "heat": [0.1, 0.2]}},
        {"spectrogram": {"times": [0.0], "frequencies": [1.0], "heat": [[0.1, 0.2]]}},
    ],
)
def test_lengths_that_do_not_fit_become_a_table(changed: dict[str, Any]) -> None:
    figure = with_items(item(**changed))
    assert picture(figure) is None
    assert tables(figure)


def test_a_long_sound_is_bounded() -> None:
    long = np.random.default_rng(1).normal(size=5_000).round(3).tolist()
    many = np.random.default_rng(2).normal(size=(60, 90)).round(3).tolist()
    spectrogram = {"times": list(range(90)), "frequencies": list(range(60)), "heat": many}
    one = item(times=list(range(5_000)), heat=long, signal=long, spectrogram=spectrogram)
    drawing = picture(with_items(one)) or ""
    assert "Drawn in 160 stretches" in drawing
    assert len(drawing) < 200_000


def test_of_many_signals_the_first_are_drawn() -> None:
    assert "The first 12 of 14 signals are drawn." in texts(with_items(*[item()] * 14))


def test_the_tables_hold_the_hottest_times_and_every_band() -> None:
    labels, times, bands = tables(sample())
    assert [row[2] for row in labels[1]] == ["converged", "limited", "withheld"]
    assert {row[0] for row in times[1]} == {labels[1][0][0], labels[1][1][0]}
    assert len(times[1]) == 20
    assert bands[1][1] == ["a rising tone", "250", "500", "0.81"]


def test_a_unit_that_nobody_knows_is_written_as_it_is() -> None:
    assert "weeks" in texts(with_items(item(unit="weeks")))


def test_more_bands_than_can_be_told_apart_are_a_table() -> None:
    bands = {"edges": list(range(130)), "heat": [0.1, -0.2, 0.3] * 43}
    figure = with_items(item(bands=bands))
    assert picture(figure) is None
    assert any(columns[0] == "bands of" for columns, _ in tables(figure))
