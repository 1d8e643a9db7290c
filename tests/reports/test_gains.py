"""The drawings of a model beside its rivals: what is written, and what is left out of many."""

from __future__ import annotations

import dataclasses
from typing import Any
from xml.etree import ElementTree

import pytest

from auditkit.measurement import Figure
from auditkit.reports.figures import DRAWINGS, style
from auditkit.reports.figures.rendering import rendered
from tests.reports.hostile import STRINGS
from tests.sample_rivals import discordance, gain, gains


def texts(one: Figure) -> list[str]:
    drawn = rendered(style.finished(DRAWINGS[one.kind](one, None)), one.title)
    root = ElementTree.fromstring(drawn)
    return [e.text for e in root.iter() if e.tag in ("text", "tspan") and e.text]


def row(name: str, won: int, lost: int, p: float | None = 0.04) -> dict[str, Any]:
    return {"name": name, "won": won, "lost": lost, "n": 2000, "p": p}


def test_gains_are_told_in_points_with_a_word() -> None:
    shown = texts(gains(gain("gradient boosting on the model's own embedding", 0.021)))
    assert "2.1 points (1.1 to 3.1 points),  better,  n = 2,000" in shown
    assert "gradient boosting on the model's own embedding" in shown
    assert "Shaded: a difference that does not matter." in shown
    assert "Accuracy gained" in shown


def test_losses_are_told_in_their_unit() -> None:
    shown = texts(gains(gain("boosting", 0.02, panel="Log loss saved", unit="nats", margin=None)))
    assert "Log loss saved, nats" in shown
    assert not [text for text in shown if "points" in text or text.startswith("Shaded")]


def test_of_many_panels_and_rows_some_are_drawn() -> None:
    shown = texts(gains(*(gain("boosting", 0.02, panel=f"Number {i}") for i in range(15))))
    assert "The first 12 of 15 panels are drawn." in shown
    assert "Number 11" in shown
    assert "Number 12" not in shown
    shown = texts(gains(*(gain(f"group {i}", 0.02) for i in range(30))))
    assert "The first 24 rows of a panel are drawn." in shown


def test_units_on_either_side_are_counted() -> None:
    shown = texts(discordance(row("boosting", 84, 40, 0.0001), row("line", 9, 9, None)))
    assert "40 against 84,  n = 2,000,  p < 0.001" in shown
    assert "9 against 9,  n = 2,000" in shown
    assert "p = 0.040" in " ".join(texts(discordance(row("boosting", 84, 40))))
    assert "Left: the rival alone is right. Right: the model alone is right." in shown


def test_models_that_never_differ_are_drawn() -> None:
    assert "0 against 0,  n = 2,000" in texts(discordance(row("boosting", 0, 0, None)))


@pytest.mark.parametrize("name", STRINGS)
def test_any_name_can_be_drawn(name: str) -> None:
    assert texts(gains(gain(name, 0.1), gain(name, -0.1, panel=name)))
    assert texts(discordance(row(name, 3, 4), row(name, 3, 4)))


@pytest.mark.parametrize("whole", [gains(gain("boosting", 0.1)), discordance(row("a", 1, 2))])
def test_data_that_lack_what_the_kind_needs_are_refused(whole: Figure) -> None:
    """By one of the errors for which the report falls back on a table."""
    for key in whole.data:
        data = {name: value for name, value in whole.data.items() if name != key}
        with pytest.raises(LookupError):
            DRAWINGS[whole.kind](dataclasses.replace(whole, data=data), None)
