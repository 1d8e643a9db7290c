"""Are the two splits apart? Clusters that are in both, and training rows from the future.

Rows of one patient on both sides, and a model that has seen tomorrow, are the leaks that no search
for copies finds: the rows differ, and yet tell of each other.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from auditkit.checks.estimation import absent, estimated
from auditkit.checks.leakage.census import COUNTED, Rows, counted, share
from auditkit.checks.leakage.metrics import BEGAN, CLUSTERS, ENDED, FUTURE, key_of
from auditkit.checks.leakage.sides import Side, Sides
from auditkit.evidence.basis import Sample
from auditkit.evidence.row_estimates import bounded_mean_of
from auditkit.measurement import Estimate, Measurement, Metric, Status
from auditkit.statistics import estimates
from auditkit.statistics.absence import too_few

NO_CLUSTER = (
    "No cluster is declared, so whether one patient (speaker, document …) is in both splits is not "
    "known; declare data.cluster to measure it."
)
NO_TIME = (
    "No time is declared, so whether training rows are later than evaluation rows is not known; "
    "declare data.time to measure it."
)
NO_CONTENT = "The times of rows are read with what the rows hold."
_TIMES = (FUTURE, BEGAN, ENDED)


def clusters_and_times(sides: Sides) -> Iterator[Measurement]:
    """The share of rows whose cluster is in both splits, and the three of times."""
    if sides.training is None:
        for metric in (CLUSTERS, *_TIMES):
            yield _none(metric, sides.lack)
        return
    flags = sides.cluster_shared
    if flags is None:
        yield _none(CLUSTERS, NO_CLUSTER)
    else:
        yield _clusters(sides.evaluation, sides.training, flags)
    unread = next((side.unread for side in sides.each if side.unread), "")
    if unread:
        yield from (_none(metric, f"{NO_CONTENT} {unread}") for metric in _TIMES)
    elif sides.evaluation.prints.times is None or sides.training.prints.times is None:
        yield from (_none(metric, NO_TIME) for metric in _TIMES)
    else:
        yield from _times(sides.evaluation, sides.training)


def _none(metric: Metric, reason: str) -> Measurement:
    return absent(key_of(metric), Status.NOT_APPLICABLE, reason, Sample(0))


def _clusters(evaluation: Side, training: Side, flags: np.ndarray) -> Measurement:
    assert evaluation.by_cluster is not None  # or there would be no flags
    assert training.all_clusters is not None
    rows, met = evaluation.by_cluster[1], training.all_clusters[1]
    both = len(np.unique(rows.clusters[flags])) if rows.clusters is not None else 0
    return estimated(
        key_of(CLUSTERS),
        partial(share, flags, rows, met),
        rows.sample,
        counted(
            flags,
            rows,
            f"are of a cluster with training rows ({both:,} clusters)",
            "" if met == 1 else f"The clusters of {met:.0%} of the training rows are known.",
        ),
    )


def _times(evaluation: Side, training: Side) -> Iterator[Measurement]:
    """See the definitions; rows without a time are left out."""
    (earlier, rows), (later, taught) = (_timed(side) for side in (evaluation, training))
    drawn = " ".join(part for part in (rows.drawn, taught.drawn) if part)
    ordered = np.sort(later)
    after = (len(later) - np.searchsorted(ordered, earlier, side="right")) / max(len(later), 1)
    yield estimated(
        key_of(FUTURE), partial(_mean, after, rows, taught), rows.sample, drawn or COUNTED
    )
    ends = (earlier.min(initial=np.inf), later.max(initial=-np.inf))
    for metric, flags, among, of, said in (
        (BEGAN, later > ends[0], taught, rows, "are later than the earliest evaluation row"),
        (ENDED, earlier < ends[1], rows, taught, "are earlier than the latest training row"),
    ):
        reason = counted(flags, among, said, of.drawn)
        yield estimated(key_of(metric), partial(_part, flags, among, of), among.sample, reason)


def _timed(side: Side) -> tuple[np.ndarray, Rows]:
    """The moments of the rows that have one, and these rows."""
    times = side.prints.times
    assert times is not None
    known = np.isfinite(times)
    return times[known], side.rows.part(known)


def _mean(values: np.ndarray, rows: Rows, others: Rows) -> Estimate:
    _refuse_none(rows, others)
    if rows.drawn or others.drawn:
        return bounded_mean_of(values, rows, 0.0, 1.0)
    return estimates.exact(float(values.mean()))


def _part(flags: np.ndarray, rows: Rows, others: Rows) -> Estimate:
    _refuse_none(rows, others)
    return share(flags, rows)


def _refuse_none(rows: Rows, others: Rows) -> None:
    if not len(rows) or not len(others):
        raise too_few("No row of one split has a time.")
