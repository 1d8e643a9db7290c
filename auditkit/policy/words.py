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
from auditkit.policy.numerals import limit, number, span
from auditkit.policy.slices import EVALUATION, in_words

ACRONYMS = {"auc": "AUC", "mae": "MAE", "rmse": "RMSE", "r2": "R²", "ece": "ECE", "ks": "KS"}
# The base of a comparison is its id without the suffix, where the name is not its own.
BASES = {
    "bias.impact_ratio": "selection rate",
    "bias.impact_ratio_at_k": "selection rate at k",
    "bias.proxy_impact_ratio": "selection rate by probable group",
    "bias.proxy_selection_rate_difference": "selection rate by probable group",
    "bias.equalised_odds_difference": "equalised odds",
}
_TWO_SAMPLES = ("n1", "n2")
_TIMES = ("_ratio", "_ratio_at_k")


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
    if measurement.value is None:
        return f"{_claim(measurement, 'not kept', metrics)} ({size(measurement)})."
    value = number(measurement.value, finding.interval, region)
    details = [part for part in (_span(measurement, finding, region), size(measurement)) if part]
    return f"{_claim(measurement, value, metrics)} ({', '.join(details)})."


def reported(measurement: Measurement, metrics: Mapping[str, Metric] | None = None) -> str:
    """What was measured, with the interval that the check drew, where no limit is put on it."""
    interval, value = measurement.interval, measurement.value
    shown = "not kept" if value is None else number(value, interval)
    exact = interval is not None and interval.low == interval.high
    drawn = "" if interval is None else f"{_level(interval)} interval {span(interval, value)}, "
    drawn = "exact, " if exact else drawn
    return f"{_claim(measurement, shown, metrics)} ({drawn}{size(measurement)})."


def _claim(measurement: Measurement, value: str, metrics: Mapping[str, Metric] | None) -> str:
    key = measurement.key
    subject, other = in_words(key.slice), key.reference
    if other is not None:
        base = _capital(noun(key.metric))
        against = "that of all others" if other == REST else f"that of {other}"
        if key.metric.endswith(_TIMES):
            if measurement.value is None:
                return f"{base} of {subject} against {against}{_context(measurement)} is {value}"
            return f"{base} of {subject} is {value} times {against}{_context(measurement)}"
        return f"{base} of {subject} minus {against} is {value}{_context(measurement)}"
    known = (metrics or {}).get(key.metric)
    name = known.title if known else _capital(_whole(key.metric))
    of = f" of {subject}" if key.slice.conditions else ""
    name = name.removesuffix(" of a group") if of else name
    return f"{name}{of}{_context(measurement)} {_verb(name)} {value}"


def _verb(name: str) -> str:
    """Whether a name is of several things: the last word before "of" and the like tells.

    >>> _verb("Units"), _verb("Log loss"), _verb("Share of right answers")
    ('are', 'is', 'is')
    >>> _verb("Prompts that are answered"), _verb("Error among the answers given")
    ('are', 'is')
    """
    word = re.split(r" (?:of|in|on|for|between|under|per|among|that) ", name)[0]
    return "are" if word.endswith("s") and not word.endswith(("ss", "us", "is", "as")) else "is"


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
    noun = noun_of(measurement)
    if measurement.uncounted:
        return "number of rows not told"
    if measurement.units != measurement.rows:
        return f"{measurement.units:,} independent units in {measurement.rows:,} rows"
    sizes = [n for n in map(parameters.get, _TWO_SAMPLES) if isinstance(n, int | float)]
    if len(sizes) == 2 and all(float(n).is_integer() for n in sizes):
        return f"{int(sizes[0]):,} and {int(sizes[1]):,} rows"
    return f"{measurement.rows:,} {noun if measurement.rows != 1 else noun.removesuffix('s')}"


def noun_of(measurement: Measurement) -> str:
    """What the n behind a measurement counts: calls, where a cost was counted or timed.

    >>> from auditkit.measurement import Measurement, MeasurementKey, Status
    >>> noun_of(Measurement(MeasurementKey("cost.latency_p95"), Status.MEASURED, 1.0, units=500))
    'calls'
    """
    if measurement.key.metric.startswith("cost."):
        return "calls"
    return "rows" if measurement.units == measurement.rows else "independent units"


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
