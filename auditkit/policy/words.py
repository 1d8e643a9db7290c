"""The sentences that a reviewer reads: what was found, what was asked, and why this is the verdict.

Each is precise enough to be checked: the number, its interval and the level of it, and how many
units stand behind it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from auditkit.measurement import REST, Interval, Measurement, Metric
from auditkit.policy.comparison import Finding, Region
from auditkit.policy.slices import EVALUATION, in_words

ACRONYMS = {"auc": "AUC", "mae": "MAE", "rmse": "RMSE", "r2": "R²", "ece": "ECE", "ks": "KS"}
# The base of a comparison is its id without the suffix, where the name is not its own.
BASES = {"bias.impact_ratio": "selection rate"}
_TWO_SAMPLES = ("n1", "n2")
_MOST_DECIMALS = 8
ANYWHERE = (-math.inf, math.inf)


def noun(metric: str) -> str:
    """A metric's id as words.

    >>> noun("bias.impact_ratio"), noun("performance.auc"), noun("bias.false_positive_rate_ratio")
    ('selection rate', 'AUC', 'false positive rate')
    """
    if metric in BASES:
        return BASES[metric]
    name = metric.rpartition(".")[2]
    name = re.sub(r"_(ratio|difference)$", "", name)
    return " ".join(ACRONYMS.get(word, word) for word in name.split("_"))


def found(
    measurement: Measurement,
    finding: Finding,
    region: Region,
    metrics: Mapping[str, Metric] | None = None,
) -> str:
    """What was measured, in one sentence, with interval and n.

    Example:
        >>> from auditkit.measurement import Estimate, MeasurementKey, Slice, Status
        >>> from auditkit.policy.comparison import compare
        >>> numbers = {"x1": 862, "n1": 10771, "x2": 7844, "n2": 21790}
        >>> it = Measurement(
        ...     MeasurementKey("bias.impact_ratio", Slice.of(sex="F"), Slice.of(sex="M")),
        ...     Status.MEASURED, 0.2223, estimate=Estimate("koopman", numbers),
        ...     units=32561, rows=32561,
        ... )
        >>> sentence = found(it, compare(it, (0.8, 1.25), 0.05), (0.8, 1.25))
        >>> sentence.partition(" (")[0]
        'Selection rate of sex=F is 0.222 times that of sex=M'
        >>> sentence.partition(" (")[2]
        '90 % interval 0.210–0.235, 10,771 and 21,790 rows).'
    """
    value = (
        "not a number"
        if measurement.value is None
        else number(measurement.value, finding.interval, region)
    )
    details = [part for part in (_span(measurement, finding, region), size(measurement)) if part]
    return f"{_claim(measurement, value, metrics)} ({', '.join(details)})."


def reported(measurement: Measurement, metrics: Mapping[str, Metric] | None = None) -> str:
    """What was measured, with the interval that the check drew, where no limit is put on it."""
    interval, value = measurement.interval, measurement.value
    shown = "not a number" if value is None else number(value, interval)
    drawn = "" if interval is None else f"{_level(interval)} interval {span(interval, value)}, "
    return f"{_claim(measurement, shown, metrics)} ({drawn}{size(measurement)})."


def _claim(measurement: Measurement, value: str, metrics: Mapping[str, Metric] | None) -> str:
    key = measurement.key
    subject, other = in_words(key.slice), key.reference
    if other is not None:
        base = _capital(noun(key.metric))
        against = "that of all others" if other == REST else f"that of {other}"
        if key.metric.endswith("_ratio"):
            return f"{base} of {subject} is {value} times {against}{_context(measurement)}"
        return f"{base} of {subject} minus {against} is {value}{_context(measurement)}"
    known = (metrics or {}).get(key.metric)
    name = known.title if known else _capital(_whole(key.metric))
    of = f" of {subject}" if key.slice.conditions else ""
    verb = "are" if name.endswith("s") and not name.endswith("ss") else "is"
    return f"{name}{of}{_context(measurement)} {verb} {value}"


def _whole(metric: str) -> str:
    return " ".join(ACRONYMS.get(w, w) for w in metric.rpartition(".")[2].split("_"))


def _context(measurement: Measurement) -> str:
    key = measurement.key
    parts = [
        f" for {key.label}" if key.label else "",
        f" at the head {key.head}" if key.head else "",
        f" on {key.split}" if key.split != EVALUATION else "",
    ]
    return "".join(parts)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _span(measurement: Measurement, finding: Finding, region: Region) -> str:
    if finding.exact:
        return "an exact number"
    interval = finding.interval
    if interval is None:
        return "no interval"
    return f"{_level(interval)} interval {span(interval, measurement.value, region)}"


def _level(interval: Interval) -> str:
    return f"{round(100 * interval.level, 2):g} %"


def size(measurement: Measurement) -> str:
    """The n behind a measurement: of both sides of a comparison where it is known.

    Effective sizes (after design effects of clusters or weights) are no counts, and are not shown.
    """
    parameters = {} if measurement.estimate is None else measurement.estimate.parameters
    if measurement.units != measurement.rows:
        return f"{measurement.units:,} independent units in {measurement.rows:,} rows"
    sizes = [n for n in map(parameters.get, _TWO_SAMPLES) if isinstance(n, int | float)]
    if len(sizes) == 2 and all(float(n).is_integer() for n in sizes):
        return f"{int(sizes[0]):,} and {int(sizes[1]):,} rows"
    return f"{measurement.rows:,} row{'' if measurement.rows == 1 else 's'}"


def decimals(interval: Interval | None, value: float, limits: Region = ANYWHERE) -> int:
    """Decimals that the width of the interval supports; four digits where there is none.

    More of them where an end would otherwise be shown on the other side of a limit, or on it.

    >>> decimals(Interval(0.210, 0.236, 0.9, "koopman"), 0.22), decimals(None, 0.5)
    (3, 4)
    >>> decimals(Interval(0.79996, 0.9, 0.9, "wilson"), 0.85, (0.8, math.inf))
    5
    """
    digits = _supported(interval, value)
    ends = [value] if interval is None else [value, interval.low, interval.high]
    while digits < _MOST_DECIMALS and not all(_on_its_side(end, digits, limits) for end in ends):
        digits += 1
    return digits


def _on_its_side(end: float, digits: int, limits: Region) -> bool:
    shown = round(end, digits) if math.isfinite(end) else end
    return all((shown > one) == (end > one) and (shown < one) == (end < one) for one in limits)


def _supported(interval: Interval | None, value: float) -> int:
    width = 0.0 if interval is None else _width(interval, value)
    if width > 0:
        exponent = math.floor(math.log10(width))
        digits = -exponent + (1 if width / 10.0**exponent < 3 else 0)
        return min(max(digits, 0), _MOST_DECIMALS)
    if value == 0 or not math.isfinite(value) or float(value).is_integer():
        return 0
    return min(max(3 - math.floor(math.log10(abs(value))), 0), _MOST_DECIMALS)


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


def demand(region: Region) -> str:
    """What the policy asks for.

    >>> demand((0.8, 1.25)), demand((0.8, math.inf)), demand((-math.inf, 0.05))
    ('between 0.8 and 1.25', 'of at least 0.8', 'of at most 0.05')
    """
    low, high = region
    if math.isinf(high):
        return f"of at least {limit(low)}"
    if math.isinf(low):
        return f"of at most {limit(high)}"
    return f"between {limit(low)} and {limit(high)}"


def kind_of_number(metric: str) -> str:
    """What a bound is put on: a ratio, a difference, or a value.

    >>> kind_of_number("bias.impact_ratio"), kind_of_number("performance.auc")
    ('ratio', 'value')
    """
    ending = metric.rpartition("_")[2]
    return ending if ending in ("ratio", "difference", "gap") else "value"


def asked(metric: str, region: Region) -> str:
    """The policy's demand as a sentence.

    >>> asked("bias.impact_ratio", (0.8, 1.25))
    'The policy asks for a ratio between 0.8 and 1.25.'
    """
    return f"The policy asks for a {kind_of_number(metric)} {demand(region)}."


def outside(value: float, region: Region) -> str:
    """On which side of the region a number outside it lies.

    >>> outside(0.3, (0.8, 1.25)), outside(1.3, (0.8, 1.25))
    ('below 0.8', 'above 1.25')
    """
    return f"below {limit(region[0])}" if value < region[0] else f"above {limit(region[1])}"


def across(interval: Interval, region: Region) -> str:
    """Which ends of the region an interval reaches beyond.

    >>> across(Interval(0.7, 1.3, 0.9, "x"), (0.8, 1.25))
    'below 0.8 and above 1.25'
    """
    beyond = []
    if interval.low < region[0]:
        beyond.append(f"below {limit(region[0])}")
    if interval.high > region[1]:
        beyond.append(f"above {limit(region[1])}")
    return " and ".join(beyond)


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
