"""A value with its interval on a small strip, against the region that the policy requires."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from auditkit.measurement import Interval
from auditkit.reports.formatting import Scale

WIDTH, HEIGHT, MARGIN = 280, 44, 14
TOP, BOTTOM, MIDDLE = 4, 26, 15


@dataclass(frozen=True)
class Axis:
    """The stretch of numbers that a strip shows."""

    low: float
    high: float

    def x(self, number: float) -> float:
        """Where a number lies, in pixels; what lies outside lies at the end."""
        inside = min(max(number, self.low), self.high)
        share = (inside - self.low) / (self.high - self.low)
        return round(MARGIN + share * (WIDTH - 2 * MARGIN), 1)


def axis(value: float | None, interval: Interval | None, region: tuple[float, float]) -> Axis:
    """An axis with the region's limits, the value and the interval on it.

    Ends of intervals that lie far out are cut off (the strip marks them): else one tiny group would
    make the region too narrow to see.
    """
    limits = [limit for limit in region if math.isfinite(limit)]
    near = [*limits, *([] if value is None or not math.isfinite(value) else [value])]
    if not near:
        return Axis(0.0, 1.0)
    spread = max(near) - min(near) or abs(near[0]) * 0.1 or 1.0
    ends = [] if interval is None else [interval.low, interval.high]
    kept = [end for end in ends if min(near) - 3 * spread <= end <= max(near) + 3 * spread]
    low, high = min([*near, *kept]), max([*near, *kept])
    air = (high - low) * 0.18 or spread
    floor = 0.0 if low >= 0 else -math.inf
    return Axis(max(low - air, floor), high + air)


def strip(
    value: float | None,
    interval: Interval | None,
    region: tuple[float, float] | None,
    scale: Scale,
    status: str,
) -> Markup:
    """An inline SVG; empty where nothing is required.

    Args:
        value: the point estimate, None if there is none.
        interval: the interval at the level judged.
        region: low and high limit; infinite where unbounded.
        scale: how the limits are written.
        status: class of the marks, which the style sheet colours.
    """
    if region is None:
        return Markup()
    shown = axis(value, interval, region)
    pieces = [*_region(shown, region, scale), *_line(shown, interval), *_point(shown, value)]
    words = f"required: {scale.region(region)}"
    return Markup(
        '<svg class="strip {}" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>'
    ).format(status, WIDTH, HEIGHT, words, Markup().join(pieces))


def _region(shown: Axis, region: tuple[float, float], scale: Scale) -> list[Markup]:
    low, high = shown.x(region[0]), shown.x(region[1])
    pieces = [
        Markup('<line class="track" x1="0" x2="{}" y1="{}" y2="{}"/>').format(
            WIDTH, BOTTOM, BOTTOM
        ),
        Markup('<rect class="region" x="{}" y="{}" width="{}" height="{}"/>').format(
            low if math.isfinite(region[0]) else 0,
            TOP,
            (high if math.isfinite(region[1]) else WIDTH)
            - (low if math.isfinite(region[0]) else 0),
            BOTTOM - TOP,
        ),
    ]
    limits = [limit for limit in region if math.isfinite(limit)]
    for place, limit in zip(_apart([shown.x(limit) for limit in limits]), limits, strict=True):
        pieces.append(
            Markup('<line class="limit" x1="{0}" x2="{0}" y1="{1}" y2="{2}"/>').format(
                shown.x(limit), TOP - 3, BOTTOM + 3
            )
        )
        pieces.append(
            Markup('<text x="{}" y="{}">{}</text>').format(place, HEIGHT - 3, scale.limit(limit))
        )
    return pieces


def _apart(places: Sequence[float], gap: float = 44) -> list[float]:
    """Positions of one or two labels, moved apart where they would overlap."""
    if len(places) < 2 or places[1] - places[0] >= gap:
        return list(places)
    middle = (places[0] + places[1]) / 2
    return [middle - gap / 2, middle + gap / 2]


def _line(shown: Axis, interval: Interval | None) -> list[Markup]:
    if interval is None:
        return []
    low, high = shown.x(interval.low), shown.x(interval.high)
    line = Markup('<line class="interval" x1="{}" x2="{}" y1="{}" y2="{}"/>')
    pieces = [line.format(low, high, MIDDLE, MIDDLE)]
    for place, end, outward in ((low, interval.low, -1), (high, interval.high, 1)):
        if shown.low <= end <= shown.high:
            pieces.append(line.format(place, place, MIDDLE - 5, MIDDLE + 5))
        else:  # an arrow: the interval goes on beyond the strip
            pieces.append(
                Markup('<path class="interval" d="M{} {}l{} 5l{} 5"/>').format(
                    place - outward * 5, MIDDLE - 5, outward * 5, -outward * 5
                )
            )
    return pieces


def _point(shown: Axis, value: float | None) -> list[Markup]:
    if value is None or not math.isfinite(value):
        return []
    return [Markup('<circle class="value" cx="{}" cy="{}" r="5"/>').format(shown.x(value), MIDDLE)]
