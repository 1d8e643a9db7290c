"""Numbers as a reviewer reads them: no digit that the interval does not support.

An end of an interval is never shown on the other side of a limit, since the verdict beside it would
look wrong.
"""

from __future__ import annotations

import math

from auditkit.measurement import Interval
from auditkit.policy.comparison import Region

MOST_DECIMALS = 8
ANYWHERE = (-math.inf, math.inf)


def decimals(interval: Interval | None, value: float, limits: Region = ANYWHERE) -> int:
    """Decimals that the width of the interval supports; four digits where there is none.

    More of them where an end would otherwise be shown on the other side of a limit, or on it.

    >>> decimals(Interval(0.210, 0.236, 0.9, "koopman"), 0.22), decimals(None, 0.5)
    (3, 4)
    >>> decimals(Interval(0.79996, 0.9, 0.9, "wilson"), 0.85, (0.8, math.inf))
    5
    """
    digits = max(_supported(interval, value), *map(_decimals_of, limits))
    ends = [value] if interval is None else [value, interval.low, interval.high]
    while digits < MOST_DECIMALS and not all(_on_its_side(end, digits, limits) for end in ends):
        digits += 1
    return digits


def _decimals_of(limit_: float) -> int:
    """The decimals of a limit as written, and one more: beside .8, .79 and .81 must differ."""
    if math.isinf(limit_) or limit_.is_integer():
        return 0
    written = f"{limit_:.{MOST_DECIMALS}f}".rstrip("0")
    return min(len(written.partition(".")[2]) + 1, MOST_DECIMALS)


def _on_its_side(end: float, digits: int, limits: Region) -> bool:
    shown = round(end, digits) if math.isfinite(end) else end
    return all((shown > one) == (end > one) and (shown < one) == (end < one) for one in limits)


def _supported(interval: Interval | None, value: float) -> int:
    width = 0.0 if interval is None else _width(interval, value)
    if width > 0:
        exponent = math.floor(math.log10(width))
        digits = -exponent + (1 if width / 10.0**exponent < 3 else 0)
        return min(max(digits, 0), MOST_DECIMALS)
    if value == 0 or not math.isfinite(value) or float(value).is_integer():
        return 0
    return min(max(3 - math.floor(math.log10(abs(value))), 0), MOST_DECIMALS)


def _width(interval: Interval, value: float) -> float:
    """Of the interval, or of its finite half; 0 where that says nothing."""
    low, high = interval.low, interval.high
    if math.isfinite(low) and math.isfinite(high):
        return high - low
    ends = [end for end in (low, high) if math.isfinite(end)]
    return abs(ends[0] - value) if ends and math.isfinite(value) else 0.0


def number(value: float, interval: Interval | None = None, limits: Region = ANYWHERE) -> str:
    """A number to the digits that its interval supports, on its side of the limits."""
    return plain(value, decimals(interval, value, limits))


def plain(value: float, digits: int) -> str:
    """A number with a true minus sign and thousands separators.

    >>> plain(-1234.5, 1), plain(-0.0001, 2), plain(math.inf, 2)
    ('−1,234.5', '0.00', 'infinity')
    """
    if math.isinf(value):
        return "infinity" if value > 0 else "minus infinity"
    text = f"{abs(value):,.{digits}f}"
    return f"−{text}" if value < 0 and text.strip("0.,") else text


def limit(value: float) -> str:
    """A bound as it was written: no zeros appended, none of its digits lost.

    >>> limit(0.8), limit(-0.05), limit(1000.0), limit(0.0025)
    ('0.8', '−0.05', '1,000', '0.0025')
    """
    if value.is_integer():
        return plain(value, 0)
    text = f"{abs(value):.10f}".rstrip("0").rstrip(".")
    return f"−{text}" if value < 0 else text


def span(interval: Interval, value: float | None = None, limits: Region = ANYWHERE) -> str:
    """An interval; a dash joins its ends unless one of them is negative.

    >>> span(Interval(0.2104, 0.2361, 0.9, "x"), 0.22), span(Interval(-0.03, 0.01, 0.9, "x"), 0.0)
    ('0.210–0.236', '−0.03 to 0.01')
    """
    digits = decimals(interval, interval.low if value is None else value, limits)
    low, high = (plain(end, digits) for end in (interval.low, interval.high))
    joined = interval.low >= 0 and math.isfinite(interval.high)
    return f"{low}–{high}" if joined else f"{low} to {high}"


def about(units: float) -> str:
    """A rough number of units, two digits.

    >>> about(4213), about(87)
    ('about 4,200', 'about 87')
    """
    if units < 100:
        return f"about {round(units)}"
    step = 10.0 ** (math.floor(math.log10(units)) - 1)
    return f"about {round(units / step) * step:,.0f}"


def p_value(p: float) -> str:
    """A p-value; nobody needs to know how far under one in a thousand it lies.

    >>> p_value(3e-12), p_value(0.0412), p_value(0.41)
    ('< 0.001', '= 0.041', '= 0.41')
    """
    if p < 0.001:
        return "< 0.001"
    return f"= {p:.3f}" if p < 0.1 else f"= {p:.2f}"


def share(value: float) -> str:
    """A share in per cent.

    >>> share(0.0083), share(0.02)
    ('0.83 %', '2 %')
    """
    return f"{100 * value:.2g} %" if value < 0.995 else "100 %"
