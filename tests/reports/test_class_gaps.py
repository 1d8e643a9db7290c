"""The drawing of class gaps: what is written beside each class, and what is not known."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import pytest

from auditkit.measurement import Figure
from auditkit.reports.figures import class_gaps, style
from auditkit.reports.figures.rendering import rendered
from tests.reports.hostile import STRINGS


def row(name: str, **changed: Any) -> dict[str, Any]:
    numbers = {"gap": 0.02, "low": 0.01, "high": 0.03, "error": 0.001, "most": 0.0512, "n": 1234}
    return {"class": name, **numbers, **changed}


def figure(*rows: dict[str, Any], classes: int = 3) -> Figure:
    data = {"n": 5000, "classes": classes, "rows": list(rows)}
    return Figure("class_gaps", "Classes", "Read it so.", "calibration", data)


def texts(one: Figure) -> str:
    drawn = rendered(style.finished(class_gaps.draw(one)), one.title)
    return " ".join(" ".join(ElementTree.fromstring(drawn).itertext()).split())


def test_a_class_has_its_numbers_beside_it() -> None:
    written = texts(figure(row("owl"), row("cat", gap=-0.01, low=-0.04, high=0.02)))
    assert "2.0 % (1.0 to 3.0 %), typically off by at most 5.1 %, 1,234 of the class" in written
    assert "n = 5,000" in written
    assert "left of zero: less often" in written


def test_what_is_not_known_is_said() -> None:
    unknown = row("owl", low=None, high=None, most=None, n=None)
    assert "2 % (no interval), fewer than 5 of the class" in texts(figure(unknown))
    assert "not measured" in texts(figure(row("owl", gap=None, low=None, high=None, most=None)))


def test_many_classes_say_what_is_left_out() -> None:
    rows = [row(f"class {place}") for place in range(50)]
    assert "The first 25 of 1,000 are drawn." in texts(figure(*rows, classes=1000))


@pytest.mark.parametrize("name", STRINGS)
def test_any_name_can_be_drawn(name: str) -> None:
    assert "of the class" in texts(figure(row(name), row(name)))
