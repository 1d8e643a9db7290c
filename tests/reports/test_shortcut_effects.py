"""The drawing of the intervention test: what is written, and which rows are drawn of many."""

from __future__ import annotations

import dataclasses
from typing import Any
from xml.etree import ElementTree

import pytest

from auditkit.measurement import Figure
from auditkit.reports.figures import shortcut_effects, style
from auditkit.reports.figures.rendering import rendered
from tests.reports.hostile import STRINGS
from tests.sample_shortcuts import effect


def figure(*flips: dict[str, Any], scores: Any = (), unit: str = "share") -> Figure:
    data = {"n": 1234, "unit": unit, "flips": list(flips), "scores": list(scores)}
    return Figure("shortcut_effects", "Stamps", "Read it so.", "shortcuts", data)


def texts(one: Figure) -> list[str]:
    drawn = rendered(style.finished(shortcut_effects.draw(one)), one.title)
    root = ElementTree.fromstring(drawn)
    return [e.text for e in root.iter() if e.tag in ("text", "tspan") and e.text]


def test_each_change_is_named_with_its_number_and_n() -> None:
    shown = texts(
        figure(
            effect("stamp applied", "", 0.44),
            effect("stamp applied", "taken for dark", 0.9, n=200),
            scores=[effect("stamp applied", "P(bright)", 0.46)],
        )
    )
    assert {"Stamps", "stamp applied", "stamp applied · taken for dark"} <= set(shown)
    assert "44 % (41 to 47 %),  n = 580" in shown
    assert "46 points (43 to 49 points),  n = 580" in shown
    assert any(text.startswith("n = 1,234 units at most") for text in shown)
    assert {"share of decisions that change", "mean change of the probability"} <= set(shown)


def test_numbers_move_in_standard_deviations() -> None:
    unit = "standard deviations"
    shown = texts(figure(scores=[effect("ward applied", "", -0.4)], unit=unit))
    assert f"mean change, {unit}" in shown
    assert "share of decisions that change" not in shown
    assert not [text for text in shown if "points" in text]


def test_of_many_those_of_all_units_and_the_largest_are_drawn() -> None:
    whole = [effect(f"kind {place}", "", 0.001) for place in range(8)]
    parts = [effect("kind 0", f"taken for {place}", place / 100) for place in range(40)]
    shown = texts(figure(*parts, *whole))
    assert {f"kind {place}" for place in range(8)} <= set(shown)
    assert "kind 0 · taken for 39" in shown
    assert "kind 0 · taken for 23" not in shown
    assert "24 of 48 rows are drawn (share of decisions that change): the largest." in shown


def test_what_has_no_interval_says_so() -> None:
    unknown = effect("stamp applied", "", 0.1, low=None, high=None)
    assert "10 % (no interval),  n = 580" in texts(figure(unknown))
    assert "not measured,  n = 580" in texts(
        figure({**unknown, "value": None}, effect("stamp removed", "", 0.1))
    )


@pytest.mark.parametrize("name", STRINGS)
def test_any_name_can_be_drawn(name: str) -> None:
    assert texts(figure(effect(name, name, 0.1), effect(name, name, 0.2)))


def test_data_that_lack_what_the_kind_needs_are_refused() -> None:
    """By one of the errors for which the report falls back on a table."""
    whole = figure(effect("stamp applied", "", 0.1))
    for key in whole.data:
        data = {name: value for name, value in whole.data.items() if name != key}
        with pytest.raises(LookupError):
            shortcut_effects.draw(dataclasses.replace(whole, data=data))
    with pytest.raises(LookupError):
        shortcut_effects.draw(figure())
