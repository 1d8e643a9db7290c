"""The numbers of transcripts: of all of them, of groups, and of groups against others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

import numpy as np

from auditkit.checks.check import EVALUATION
from auditkit.checks.estimation import MIN_KEPT, absent, estimated, telling
from auditkit.checks.kept_groups import KeptGroups
from auditkit.checks.speech.metrics import (
    COMPRESSED_SHARE,
    COMPRESSION,
    DIFFERENCE,
    LOOPS,
    RATE,
    RATIO,
    UTTERANCES,
)
from auditkit.checks.speech.rates import error_rate, rate_difference, rate_ratio
from auditkit.checks.speech.repetition import COMPRESSED
from auditkit.checks.speech.rows import SpokenRows
from auditkit.evidence.row_estimates import mean_of, share_of
from auditkit.measurement import Estimate, Measurement, MeasurementKey, Metric, Slice, Status

_OF_ROWS: tuple[tuple[Metric, Callable[[SpokenRows], Estimate]], ...] = (
    (RATE, error_rate),
    (UTTERANCES, lambda rows: share_of(rows.errors > 0, rows)),
)
"""What rests on what was said."""
_OF_PAIRS = ((RATIO, rate_ratio), (DIFFERENCE, rate_difference))
NO_REFERENCES = "Nothing says what was said; declare generation.columns.references for it."


def key_of(
    metric: Metric, where: Slice | None = None, reference: Slice | None = None
) -> MeasurementKey:
    """The key of a number of the evaluation split."""
    return MeasurementKey(metric.id, where or Slice(), reference, split=EVALUATION)


def of_all(rows: SpokenRows) -> Iterator[Measurement]:
    """The numbers of all transcripts.

    Args:
        rows: all of them.
    """
    known = rows.part(rows.referenced)
    for metric, number in _OF_ROWS:
        if not len(known):
            yield absent(key_of(metric), Status.NOT_APPLICABLE, NO_REFERENCES, rows.sample)
            continue
        of_known = partial(_enough, number, known)
        yield _not_below_0(estimated(key_of(metric), of_known, known.sample))
    written = rows.part(np.isfinite(rows.compression))
    mean = partial(_enough, lambda some: mean_of(some.compression, some), written)
    yield estimated(key_of(COMPRESSION), mean, written.sample)
    high = np.nan_to_num(rows.compression) > COMPRESSED
    for metric, flags in ((COMPRESSED_SHARE, high), (LOOPS, rows.looped)):
        share = partial(_enough, partial(share_of, flags), rows)
        yield estimated(key_of(metric), share, rows.sample)


def _not_below_0(rate: Measurement) -> Measurement:
    """A rate whose interval is shown from 0 on: Student's reaches below, where no rate can be."""
    drawn = rate.interval
    return (
        rate if drawn is None else replace(rate, interval=replace(drawn, low=max(0.0, drawn.low)))
    )


def _enough(number: Callable[[SpokenRows], Estimate], rows: SpokenRows) -> Estimate:
    """A number about five people at least.

    Raises:
        NoEstimateError: there are fewer.
    """
    if len(rows) < MIN_KEPT:
        raise telling("There are too few transcripts to measure on")
    return number(rows)


def of_groups(groups: KeptGroups[SpokenRows]) -> Iterator[Measurement]:
    """The error rates of each group, and how its rate compares with others'.

    Args:
        groups: of rows of which it is known what was said.
    """
    for where in groups.groups.samples:
        for metric, number in _OF_ROWS:
            estimate = partial(_of_group, number, groups, where)
            found = estimated(key_of(metric, where), estimate, groups.groups.sample(where))
            yield _not_below_0(found)
    for one, reference in groups.groups.anchored():
        sample = groups.groups.pair_sample(one, reference)
        for metric, compare in _OF_PAIRS:
            estimate = partial(_of_pair, compare, groups, one, reference)
            yield estimated(key_of(metric, one, reference), estimate, sample)


def _of_group(
    number: Callable[[SpokenRows], Estimate], groups: KeptGroups[SpokenRows], where: Slice
) -> Estimate:
    groups.refuse_few(where)
    return number(groups.rows.part(groups.members(where)))


def _of_pair(
    compare: Callable[[SpokenRows, np.ndarray, np.ndarray], Estimate],
    groups: KeptGroups[SpokenRows],
    one: Slice,
    reference: Slice,
) -> Estimate:
    groups.groups.refuse_few(one)
    groups.groups.refuse_few(reference, one)
    others = [groups.members(member) for member in groups.groups.members(reference, one)]
    return compare(groups.rows, groups.members(one), np.logical_or.reduce(others))


__all__ = ["NO_REFERENCES", "of_all", "of_groups"]
