"""Numbers as a reviewer reads them, against what they stand for."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from auditkit.measurement import Interval, Measurement, MeasurementKey, Status
from auditkit.reports import formatting
from auditkit.reports.formatting import Scale, decimals_for, p_value, plain

SHARE, RATIO = Scale({"unit": "share"}), Scale({"unit": "ratio"})
POINTS = Scale({"unit": "share", "comparison": True})


def interval(low: float, high: float) -> Interval:
    return Interval(low, high, 0.9, "wilson")


def read(text: str) -> float:
    """The number that a reader takes from a formatted one."""
    return float(text.replace("−", "-").replace(",", "").removesuffix(" %").removesuffix(" points"))


@given(st.floats(-1e6, 1e6), st.floats(1e-6, 1e3))
def test_rounding_costs_less_than_a_fifth_of_the_interval(value: float, width: float) -> None:
    shown = read(RATIO.value(value, interval(value - width / 2, value + width / 2)))
    assert abs(shown - value) <= max(width / 5, 0.5 * 10.0**-formatting.MOST_DECIMALS)


@given(st.floats(1e-6, 1e3))
def test_no_more_digits_than_the_interval_supports(width: float) -> None:
    digits = decimals_for(width)
    assert digits == 0 or 10.0**-digits >= width / 31


@given(st.floats(0, 1), st.floats(0, 1))
def test_a_span_reads_back_as_its_ends(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assume(high - low > 1e-6)
    ends = SHARE.span(interval(low, high)).split(" to ")
    assert read(ends[0]) / 100 == pytest.approx(low, abs=(high - low) / 5 + 1e-9)
    assert read(ends[1]) / 100 == pytest.approx(high, abs=(high - low) / 5 + 1e-9)


def test_shares_are_per_cent_and_differences_of_shares_are_points() -> None:
    assert SHARE.value(0.36, interval(0.355, 0.366)) == "36.0 %"
    assert POINTS.value(-0.285, interval(-0.292, -0.278)) == "−28.5 points"
    assert POINTS.span(interval(-0.292, -0.278)) == "−29.2 to −27.8 points"
    assert RATIO.value(0.2107, interval(0.198, 0.224)) == "0.211"


def test_an_auc_is_no_percentage() -> None:
    definitions = {"performance.auc": {"unit": "share"}, "a.accuracy": {"unit": "share"}}
    assert formatting.scale_of("performance.auc", definitions).value(0.881) == "0.881"
    assert formatting.scale_of("a.accuracy", definitions).value(0.82) == "82 %"


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [(0.3, math.inf, "0.3 to ∞"), (-math.inf, 0.3, "−∞ to 0.3"), (-math.inf, math.inf, "−∞ to ∞")],
)
def test_infinite_ends_are_named(low: float, high: float, text: str) -> None:
    assert RATIO.span(interval(low, high), 0.5).replace("0.30", "0.3") == text


def test_absent_is_a_dash_and_never_a_number() -> None:
    assert SHARE.value(None) == SHARE.span(None) == p_value(None) == formatting.ABSENT
    assert plain(math.nan, 2) == formatting.ABSENT
    assert p_value(math.nan) == formatting.ABSENT


def test_nothing_is_rounded_to_minus_zero() -> None:
    assert plain(-0.0004, 2) == "0.00"
    assert plain(-0.004, 2) == "0.00"
    assert plain(-0.006, 2) == "−0.01"


@pytest.mark.parametrize(
    ("region", "text"),
    [
        ((0.8, 1.25), "between 0.8 and 1.25"),
        ((-math.inf, 0.0025), "at most 0.0025"),
        ((0.0, math.inf), "at least 0"),
        ((-math.inf, math.inf), "anything"),
    ],
)
def test_regions_in_words(region: tuple[float, float], text: str) -> None:
    assert RATIO.region(region) == text


@given(st.floats(0.0, 1.0))
def test_a_p_value_never_reads_as_zero(p: float) -> None:
    assert p_value(p).strip("<>= 0.") or p < 0.001
    assert p_value(p) == "< 0.001" or float(p_value(p)) == pytest.approx(p, abs=0.006)


@given(st.floats(1, 1e12))
def test_about_has_two_digits(number: float) -> None:
    shown = formatting.about(number).removeprefix("about ").replace(",", "")
    assert float(shown) == pytest.approx(number, rel=0.06, abs=0.5)
    assert len(shown.rstrip("0")) <= 2


def test_units_and_rows_are_both_named_where_they_differ() -> None:
    key = MeasurementKey("a.b")
    assert formatting.size(Measurement(key, Status.MEASURED, units=5000, rows=5000)) == "5,000"
    clustered = Measurement(key, Status.MEASURED, units=120, rows=5000)
    assert formatting.size(clustered) == "120 units (5,000 rows)"
    assert formatting.size(Measurement(key, Status.TOO_FEW)) == "not told"


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-45"])
def test_a_time_that_is_none_is_shown_as_it_is(text: str) -> None:
    assert formatting.moment(text) == text
