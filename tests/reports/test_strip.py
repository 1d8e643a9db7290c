"""The range strip: whatever the numbers, it is well-formed and says on which side they lie."""

from __future__ import annotations

import math
from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from auditkit.measurement import Interval
from auditkit.reports.formatting import Scale
from auditkit.reports.strip import WIDTH, strip

NUMBERS = st.floats(-1e9, 1e9)
ENDS = st.one_of(NUMBERS, st.sampled_from([-math.inf, math.inf]))
SCALE = Scale({})


def drawn(
    value: float | None, interval: Interval | None, region: tuple[float, float]
) -> ElementTree.Element:
    return ElementTree.fromstring(str(strip(value, interval, region, SCALE, "fail")))


def classed(root: ElementTree.Element, name: str) -> list[ElementTree.Element]:
    return [element for element in root if element.get("class") == name]


@given(st.one_of(st.none(), NUMBERS), st.tuples(ENDS, ENDS), st.tuples(ENDS, ENDS))
def test_everything_stays_on_the_strip(
    value: float | None, ends: tuple[float, float], limits: tuple[float, float]
) -> None:
    interval = Interval(min(ends), max(ends), 0.9, "normal")
    root = drawn(value, interval, (min(limits), max(limits)))
    for element in root:
        for name in ("x", "x1", "x2", "cx"):
            assert -22 <= float(element.get(name, "0")) <= WIDTH + 22
        assert float(element.get("width", "0")) >= 0


@given(NUMBERS, NUMBERS, NUMBERS)
def test_the_point_lies_in_the_shading_exactly_if_the_value_lies_in_the_region(
    value: float, one: float, other: float
) -> None:
    low, high = sorted((one, other))
    root = drawn(value, None, (low, high))
    region, point = classed(root, "region")[0], classed(root, "value")[0]
    left = float(region.get("x", ""))
    right = left + float(region.get("width", ""))
    place = float(point.get("cx", ""))
    if left + 0.2 < place < right - 0.2:
        assert low <= value <= high
    if place < left - 0.2 or place > right + 0.2:
        assert not low <= value <= high


def test_an_interval_that_leaves_the_strip_ends_in_an_arrow() -> None:
    root = drawn(1.0, Interval(0.9, 400.0, 0.9, "koopman"), (0.8, 1.25))
    assert [element.tag for element in classed(root, "interval")] == ["line", "line", "path"]


def test_limits_are_written_and_kept_apart() -> None:
    root = drawn(500.0, None, (0.8, 1.25))
    labels = [element for element in root if element.tag == "text"]
    assert [label.text for label in labels] == ["0.8", "1.25"]
    assert float(labels[1].get("x", "")) - float(labels[0].get("x", "")) >= 40


def test_nothing_required_draws_nothing() -> None:
    assert strip(0.5, None, None, SCALE, "pass") == ""


def test_nothing_measured_draws_the_region_alone() -> None:
    root = drawn(None, None, (-math.inf, 0.05))
    assert classed(root, "region")
    assert not classed(root, "value") + classed(root, "interval")
    assert "at most 0.05" in root.get("aria-label", "")
