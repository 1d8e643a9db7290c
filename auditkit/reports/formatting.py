"""Numbers, dates and digests as a reviewer reads them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from auditkit.measurement import Interval, Measurement

ABSENT = "–"
MOST_DECIMALS = 8
SMALLEST_P = 0.001


def count(number: float) -> str:
    """A whole number with thousands separators.

    >>> count(32561)
    '32,561'
    """
    return f"{round(number):,}"


def about(number: float) -> str:
    """A rough number: two significant digits.

    >>> about(4213), about(87), about(1_250_000)
    ('about 4,200', 'about 87', 'about 1,200,000')
    """
    if number < 100:
        return f"about {round(number)}"
    step = 10.0 ** (math.floor(math.log10(number)) - 1)
    return f"about {round(number / step) * step:,.0f}"


def p_value(p: float | None) -> str:
    """A p-value; nobody needs to know how far under one in a thousand it lies.

    >>> p_value(3e-12), p_value(0.0412), p_value(0.41), p_value(None)
    ('< 0.001', '0.041', '0.41', '–')
    """
    if p is None or math.isnan(p):
        return ABSENT
    if p < SMALLEST_P:
        return f"< {SMALLEST_P}"
    return f"{p:.3f}" if p < 0.1 else f"{p:.2f}"


def decimals_for(width: float | None, value: float = 0.0) -> int:
    """Decimals worth showing: the width of the interval to one digit, to two if it starts low.

    Without a width four significant digits of the value. (After the rule by which the Particle
    Data Group rounds uncertainties: digits beyond the uncertainty inform nobody.)

    >>> decimals_for(0.026), decimals_for(0.007), decimals_for(250.0), decimals_for(None, 0.0031)
    (3, 3, 0, 6)
    """
    if width is not None and 0 < width < math.inf:
        exponent = math.floor(math.log10(width))
        digits = -exponent + (1 if width / 10.0**exponent < 3 else 0)
    elif value == 0 or not math.isfinite(value):
        digits = 0
    else:
        digits = 3 - math.floor(math.log10(abs(value)))
    return min(max(digits, 0), MOST_DECIMALS)


def plain(number: float, decimals: int) -> str:
    """A number with a true minus sign, thousands separators and signs for the infinite.

    >>> plain(-1234.5678, 2), plain(float("inf"), 2), plain(-0.001, 1)
    ('−1,234.57', '∞', '0.0')
    """
    if math.isnan(number):
        return ABSENT
    if math.isinf(number):
        return "∞" if number > 0 else "−∞"
    text = f"{abs(number):,.{decimals}f}"
    negative = number < 0 and any(digit in "123456789" for digit in text)
    return f"−{text}" if negative else text


def is_points(definition: Mapping[str, Any]) -> bool:
    """True for a difference of shares: percentage points, not per cent."""
    low = definition.get("low")
    signed = isinstance(low, int | float) and low < 0
    gap = definition.get("comparison") or "gap" in str(definition.get("id", ""))
    return definition.get("unit") == "share" and bool(signed or gap)


class Scale:
    """How the numbers of one metric are written: per cent, points, or as they are.

    Args:
        definition: the metric's definition as plain data; may be empty (unknown metric).

    Example:
        >>> share = Scale({"unit": "share"})
        >>> share.value(0.36051, Interval(0.3553, 0.3657, 0.9, "wilson"))
        '36.1 %'
        >>> Scale({"unit": "ratio"}).span(Interval(0.1984, 0.2245, 0.9, "koopman"))
        '0.198 to 0.225'
        >>> share.span(Interval(0.3553, 0.3657, 0.9, "wilson"))
        '35.5 to 36.6 %'
    """

    def __init__(self, definition: Mapping[str, Any]) -> None:
        unit = str(definition.get("unit", ""))
        self.factor = 100.0 if unit == "share" else 1.0
        points = is_points(definition)
        self.suffix = (" points" if points else " %") if unit == "share" else ""
        self.unit = {"share": "percentage points" if points else "per cent"}.get(unit, unit)

    def _write(self, number: float, decimals: int) -> str:
        text = plain(number * self.factor, decimals)
        return text if text == ABSENT or "∞" in text else f"{text}{self.suffix}"

    def _decimals(self, interval: Interval | None, value: float) -> int:
        if interval is None:
            return decimals_for(None, value * self.factor)
        low, high = interval.low, interval.high
        if math.isinf(low) or math.isinf(high):
            finite = high if math.isinf(low) else low
            width = 2 * abs(value - finite) if math.isfinite(finite) else None
        else:
            width = high - low
        return decimals_for(None if width is None else width * self.factor, value * self.factor)

    def value(self, number: float | None, interval: Interval | None = None) -> str:
        """The number, to the digits that its interval supports; a dash if there is none."""
        if number is None:
            return ABSENT
        if interval is None and not self.suffix and float(number).is_integer():
            return plain(number, 0)
        if interval is None:
            return self._trimmed(number)
        return self._write(number, self._decimals(interval, number))

    def _trimmed(self, number: float) -> str:
        text = plain(number * self.factor, decimals_for(None, number * self.factor))
        return (text.rstrip("0").rstrip(".") if "." in text else text) + self.suffix

    def span(self, interval: Interval | None, value: float = 0.0) -> str:
        """The interval, `low to high`; a dash if there is none."""
        if interval is None:
            return ABSENT
        digits = self._decimals(interval, value)
        low, high = self._write(interval.low, digits), self._write(interval.high, digits)
        return (
            f"{low.removesuffix(self.suffix)} to {high}"
            if high.endswith(self.suffix)
            else (f"{low} to {high}")
        )

    def limit(self, number: float) -> str:
        """A limit of a policy, as it was written: no zeros appended.

        >>> Scale({"unit": "ratio"}).limit(0.8), Scale({"unit": "share"}).limit(0.75)
        ('0.8', '75 %')
        """
        return self._trimmed(number) if math.isfinite(number) else plain(number, 0)

    def region(self, region: tuple[float, float]) -> str:
        """A region in words.

        >>> Scale({"unit": "share"}).region((0.75, math.inf))
        'at least 75 %'
        >>> Scale({"unit": "ratio"}).region((0.8, 1.25))
        'between 0.8 and 1.25'
        """
        low, high = region
        if math.isinf(low) and math.isinf(high):
            return "anything"
        if math.isinf(high):
            return f"at least {self.limit(low)}"
        if math.isinf(low):
            return f"at most {self.limit(high)}"
        return f"between {self.limit(low)} and {self.limit(high)}"


NOT_PER_CENT = ("auc", "f1", "variation", "ks", "brier")
"""Words in names of metrics whose numbers people write as 0.88, though they are shares."""


def scale_of(metric: str, definitions: Mapping[str, Mapping[str, Any]]) -> Scale:
    """How the numbers of a metric are written.

    >>> scale_of("performance.auc", {"performance.auc": {"unit": "share"}}).value(0.88)
    '0.88'
    """
    definition = definitions.get(metric, {})
    if any(word in metric.rpartition(".")[2].split("_") for word in NOT_PER_CENT):
        definition = {**definition, "unit": "from 0 to 1" if definition.get("unit") else ""}
    return Scale(definition)


def size(measurement: Measurement) -> str:
    """The n behind a measurement: independent units, and rows where these differ.

    >>> from auditkit.measurement import MeasurementKey, Status
    >>> size(Measurement(MeasurementKey("a.b"), Status.MEASURED, 1.0, units=120, rows=4000))
    '120 units (4,000 rows)'
    """
    if measurement.uncounted:
        return "not told"
    if measurement.units == measurement.rows:
        return count(measurement.units)
    return f"{count(measurement.units)} units ({count(measurement.rows)} rows)"


def percentage(share: float) -> str:
    """A share of the data in per cent, to one decimal; never rounded to nothing.

    >>> percentage(0.33081), percentage(0.0002), percentage(0.0)
    ('33.1 %', '< 0.1 %', '0.0 %')
    """
    return "< 0.1 %" if 0 < share < 0.0005 else f"{100 * share:.1f} %"


def is_exact(measurement: Measurement) -> bool:
    """True for a number without sampling error, whose interval would be itself."""
    return measurement.estimate is not None and measurement.estimate.method == "exact"


def level(interval: Interval | None) -> str:
    """The coverage of an interval in per cent: `90 %`.

    >>> level(Interval(0, 1, 0.9, "wilson")), level(Interval(0, 1, 0.975, "wilson"))
    ('90 %', '97.5 %')
    """
    return ABSENT if interval is None else f"{round(interval.level * 100, 2):g} %"


def moment(created: str) -> str:
    """An ISO time in words; the text as it is if it is none.

    >>> moment("2026-11-22T10:15:30+00:00")
    '22 November 2026, 10:15 UTC'
    """
    try:
        time = datetime.fromisoformat(created)
    except ValueError:
        return created
    zone = time.tzname() or ""
    months = "January February March April May June July August September October November December"
    return f"{time.day} {months.split()[time.month - 1]} {time.year}, {time:%H:%M} {zone}".strip()


def digest(text: str) -> str:
    """The first twelve hexadecimal digits of a digest, enough to compare by eye.

    >>> digest("sha256:0c81f131370b04fc74a027d203725fb8")
    'sha256:0c81f131370b…'
    """
    kind, colon, rest = text.partition(":")
    return f"{kind}:{rest[:12]}…" if colon and len(rest) > 12 else text
