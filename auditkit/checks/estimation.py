"""From estimates to measurements: what they rest on, and why there may be none.

Where rows are the independent units, a rate is a binomial proportion and a mean has Student's
interval. Where a cluster is declared, the same numbers come by blocks of clusters: rates are scaled
to their effective size (`auditkit.statistics.rates`), anything else has the delete-one-block
jackknife.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from auditkit.evidence.basis import Sample
from auditkit.measurement import Estimate, Interval, Measurement, MeasurementKey, Status
from auditkit.statistics import estimates
from auditkit.statistics.absence import (
    MIN_CLUSTERS,
    MIN_KEPT,
    NoEstimateError,
    telling,
    too_few,
    undefined,
)
from auditkit.statistics.jackknife import delete_one_block

__all__ = [
    "MIN_CLUSTERS",
    "MIN_KEPT",
    "NoEstimateError",
    "Sample",
    "absent",
    "both",
    "by_blocks",
    "concealed",
    "drawn_ends",
    "estimated",
    "measured",
    "telling",
    "too_few",
    "undefined",
]


def by_blocks(statistic: Callable[[np.ndarray], float], blocks: np.ndarray) -> Estimate:
    """The jackknife estimate of a statistic of summed blocks.

    Args:
        statistic: from the sum over blocks, of shape (...), to a number.
        blocks: shape (blocks, ...); empty blocks are left out.

    Raises:
        ValueError: fewer than two blocks, or the statistic is not defined without one of them.
    """
    return delete_one_block(blocks, statistic)


def estimated(
    key: MeasurementKey, estimate: Callable[[], Estimate], sample: Sample, reason: str = ""
) -> Measurement:
    """A measurement of what `estimate` returns, or the reason why it has no value.

    What the statistics refuse (an empty class, one block) is undefined here, never a number.
    """
    try:
        return measured(key, estimate(), sample, reason)
    except NoEstimateError as none:
        return absent(key, none.status, str(none), concealed(sample) if none.secret else sample)
    except ValueError as refused:
        status = Status.TOO_FEW if sample.lack else Status.UNDEFINED
        return absent(key, status, sample.lack or _sentence(str(refused)), sample)


def measured(
    key: MeasurementKey, estimate: Estimate, sample: Sample, reason: str = ""
) -> Measurement:
    """A measurement with its 90 % interval, or `too_few` where clusters are too few.

    A deterministic number has no interval, and is known however few clusters there are.

    Raises:
        ValueError: the estimate has no value.
    """
    certain = estimate.method == "exact"
    lack = "" if certain else sample.lack
    interval = None if lack or certain else estimates.interval(estimate)
    # No variation seen is no certainty: nothing bounds the number, and nothing can be judged by it.
    boundless = interval is not None and math.isinf(interval.low) and math.isinf(interval.high)
    if boundless:
        lack = "All units agree, so that nothing shows how far others would differ."
    return Measurement(
        key=key,
        status=Status.TOO_FEW if lack and not boundless else Status.MEASURED,
        value=estimates.value(estimate),
        interval=None if boundless else interval,
        estimate=None if lack else estimate,
        units=sample.units,
        rows=sample.rows,
        share=sample.share,
        reason=f"{lack} {reason}".strip(),
        sampled=sample.sampled,
    )


def absent(key: MeasurementKey, status: Status, reason: str, sample: Sample) -> Measurement:
    """A measurement without a value, and why."""
    return Measurement(
        key=key,
        status=status,
        units=sample.units,
        rows=sample.rows,
        share=sample.share,
        reason=reason,
        sampled=sample.sampled,
    )


def concealed(sample: Sample) -> Sample:
    """What is told of the sample of a number about fewer than five people: not how many."""
    return Sample(0, share=sample.share, sampled=sample.sampled)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:].rstrip(".") + "."


def drawn_ends(interval: Interval | None) -> dict[str, float | None]:
    """The ends of an interval for a figure; None where there is none, or it has no end."""
    ends = (None, None) if interval is None else (interval.low, interval.high)
    low, high = (end if end is not None and np.isfinite(end) else None for end in ends)
    return {"low": low, "high": high}


def both(one: Sample, other: Sample) -> Sample:
    """What a comparison of two splits rests on."""
    clusters = poorest = None
    if one.clusters is not None and other.clusters is not None:
        clusters, poorest = one.clusters + other.clusters, min(one.clusters, other.clusters)
    return Sample(
        one.rows + other.rows, clusters, sampled=one.sampled or other.sampled, poorest=poorest
    )
