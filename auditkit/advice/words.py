"""What an advice on thresholds says, in sentences."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from auditkit.advice.adviser import Cause
from auditkit.advice.frontier import Frontier, Point
from auditkit.advice.halves import Halves
from auditkit.advice.numbers import share, signed
from auditkit.advice.parities import Remedy
from auditkit.measurement import Measurement

CAUTION = (
    "Thresholds that differ by group treat people of one score differently because of their group, "
    "and that can itself be unlawful. In the United States, 42 U.S.C. 2000e-2(l) forbids employers "
    "to use different cutoff scores for employment related tests on the basis of race, color, "
    "religion, sex or national origin; other fields and other countries have rules of their own. "
    "The numbers show what equality would cost with this model. auditkit never applies them, and "
    "nobody should without legal advice: mending the data or the training comes first."
)
_MOST_LISTED = 5


def found_sentence(remedy: Remedy, causes: Sequence[Cause]) -> str:
    """What was found where it is worst, what is asked for, and how much else lies outside."""
    first, number = max(causes, key=_outside), remedy.number
    against = "" if first.key.reference is None else f" compared with {first.key.reference}"
    low, high = first.region
    wanted = [f"at least {number(low)}"] if math.isfinite(low) else []
    wanted += [f"at most {number(high)}"] if math.isfinite(high) else []
    more = len(causes) - 1
    verb = "comparison lies" if more == 1 else "comparisons lie"
    others = f" {more} more {verb} outside." if more else ""
    return (
        f"The {remedy.title} of {first.key.slice}{against} is {number(first.value)}; "
        f"{first.asked_by} {' and '.join(wanted)}.{others}"
    )


def _outside(cause: Cause) -> float:
    """How far a number lies outside: ratios by their logarithm, so that 0.5 and 2 are alike."""
    low, high = cause.region
    if not cause.key.metric.endswith("_ratio"):
        return max(low - cause.value, cause.value - high)
    below = math.log(low / cause.value) if low > 0 and cause.value > 0 else math.inf * (low > 0)
    above = math.log(cause.value / high) if cause.value > 0 and high < math.inf else -math.inf
    return max(below, above)


def cost_sentences(frontier: Frontier, by_group: Point, shared: Point) -> tuple[str, str]:
    """What thresholds by group would cost, and what one for all would.

    The most accurate threshold for all stands beside today's: where today's is not that one, part
    of what parity costs is hidden by what a better threshold gains.
    """
    number = frontier.remedy.number
    asked = frontier.remedy.asks.format(number(by_group.asked))
    today, best = frontier.today, frontier.best
    return (
        f"A threshold for each group, searched on one half of the rows so that it {asked}, comes "
        f"to {number(by_group.reached)} on the other half, and would make accuracy "
        f"{share(by_group.accuracy.value)}: a change of "
        f"{_changed(frontier.change(by_group, today))} from today, and of "
        f"{_changed(frontier.change(by_group, best))} from the most accurate threshold for all, "
        "whatever that does to groups.",
        f"One threshold for all, searched likewise, comes to {number(shared.reached)} and would "
        f"make it {share(shared.accuracy.value)}: a change of "
        f"{_changed(frontier.change(shared, today))} from today.",
    )


def _changed(change: Measurement) -> str:
    if change.value is None:
        return f"an unknown amount ({change.reason.rstrip('.')})"
    interval = change.interval
    if interval is None or math.isinf(interval.low) or math.isinf(interval.high):
        return f"{signed(change.value)} points"
    value, low, high = (signed(number) for number in (change.value, interval.low, interval.high))
    return f"{value} points (90 % interval {low} to {high})"


def room_sentence(remedy: Remedy, room: Point | None, limit: float) -> str:
    """How strict a search must be for the requirement to be met beyond doubt with as many rows."""
    where = "the whole 90 % interval of every comparison with the reference"
    if room is None:
        return (
            f"No limit searched brings {where} to where it should lie: some groups have too few "
            "rows for that."
        )
    if room.asked == limit:
        return f"A search under this limit brings {where} to where it should lie."
    return (
        f"To bring {where} to where it should lie with as many rows, the search must aim at "
        f"{remedy.number(room.asked)}; accuracy would be {share(room.accuracy.value)}. This aim is "
        "read off the held-out half: take it as a hint."
    )


def limits_of(remedy: Remedy, halves: Halves, left_out: Mapping[int, str]) -> tuple[str, ...]:
    """What the numbers leave open.

    Args:
        remedy: what is asked.
        halves: of all groups.
        left_out: group → why it takes no part.
    """
    unit = "clusters" if halves.clustered else "rows"
    named = [f"{halves.groups[place]} ({why})" for place, why in left_out.items()]
    hidden = f" and {len(named) - _MOST_LISTED} more" if len(named) > _MOST_LISTED else ""
    kept = (
        f"Left at today's threshold, and not compared: {'; '.join(named[:_MOST_LISTED])}{hidden}."
    )
    return (
        f"Thresholds were searched on one half of the {unit}, drawn by a hash, and everything else "
        "was counted on the other half; a search on other rows would find somewhat different ones.",
        f"No lots are drawn: one score in one group is one decision. Scores lie in "
        f"{halves.cells - 1:,} cells; the one in which today's threshold lies is cut there.",
        "Accuracy takes the labels as true: where they carry a bias, this cost does so too.",
        *([remedy.caveat] if remedy.caveat else []),
        *([kept] if named else []),
    )
