"""Drawings of the check of overfitting: what is written in them, and what is not known."""

from __future__ import annotations

from typing import Any

import pytest

from auditkit.measurement import Figure
from auditkit.reports.figures import tables
from tests.reports.drawn import texts
from tests.reports.hostile import STRINGS
from tests.sample_overfitting import overfitting_figures

PARTS, LOSSES, CURVES = overfitting_figures()


def parts(*rows: dict[str, Any], unit: str = "share") -> Figure:
    data = {"metric": "Gap of accuracy", "unit": unit, "rows": list(rows)}
    return Figure("gap_parts", "Gap of accuracy by sex", "Read it so.", "overfitting", data)


def row(name: str, **changed: Any) -> dict[str, Any]:
    return {"part": name, "value": 0.09, "low": 0.05, "high": 0.13, "n": 4000, **changed}


def test_a_part_has_its_numbers_beside_it() -> None:
    written = " ".join(texts(parts(row("F"), row("M", n=None, value=None, low=None, high=None))))
    assert "9 % (5 to 13 %),  n = 4,000" in written
    assert "not measured,  n under 5" in written
    assert "Right of zero: better on what it has seen." in written


def test_other_units_are_not_made_per_cent() -> None:
    written = " ".join(texts(parts(row("F"), unit="nats")))
    assert "0.09 (0.05 to 0.13)" in written


def test_many_parts_say_what_is_left_out() -> None:
    written = " ".join(texts(parts(*(row(f"town {place}") for place in range(60)))))
    assert "The first 25 of 60 are drawn." in written


@pytest.mark.parametrize("name", STRINGS)
def test_any_name_can_be_drawn(name: str) -> None:
    assert "n = 4,000" in " ".join(texts(parts(row(name), row(name))))


def test_both_splits_have_a_line_and_a_size() -> None:
    written = " ".join(texts(LOSSES))
    assert "training n = 20,000, evaluation n = 12,561" in written
    assert "training data" in written
    assert "share of the units that lose at most so much" in written


def test_curves_say_when_the_loss_was_best() -> None:
    written = " ".join(texts(CURVES))
    assert "best at 2" in written
    assert "One run; n = 25 numbers." in written
    assert "epoch" in written
    assert "step" in written


def test_more_quantities_than_are_drawn_are_told_of() -> None:
    panels = list(CURVES.data["panels"]) * 5
    many = Figure("training_curves", "Curves", "", "overfitting", {**CURVES.data, "panels": panels})
    assert "The first 6 of 10 quantities are drawn." in " ".join(texts(many))


def test_the_table_has_first_lowest_and_last() -> None:
    ((header, rows),) = tables(CURVES)
    assert header == ["quantity", "curve", "first", "lowest", "last"]
    assert rows[1][:4] == ["loss", "validation", "0.5", "0.2667"]
