"""Do the evaluation data look like the training data? The distance of each stream."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from auditkit.checks.check import BETWEEN, EVALUATION, TRAINING, Check, Findings
from auditkit.checks.drift.streams import SCORE_BINS, Binned, Stream, binned, streams_of
from auditkit.checks.estimation import Sample, absent, both, drawn_ends, estimated
from auditkit.checks.reading import Reading
from auditkit.evidence.collected import Evidence
from auditkit.evidence.levels import MAX_LEVELS
from auditkit.evidence.needs import SplitNeed
from auditkit.evidence.subject import Subject
from auditkit.measurement import (
    Direction,
    Estimate,
    Figure,
    Measurement,
    MeasurementKey,
    Metric,
    Status,
)
from auditkit.statistics.distances import kolmogorov_smirnov, total_variation

TOTAL_VARIATION = Metric(
    id="drift.total_variation",
    title="Total variation",
    definition="Half the summed distance between the shares of the bins of a stream on training "
    "and on evaluation data: the share of units that would have to move. Bins are fixed by the "
    "training data.",
    unit="share",
    direction=Direction.LOWER,
    low=0,
    high=1,
    source="Levin, Peres and Wilmer 2009, chapter 4; bounds by McDiarmid 1989",
    comparison=True,
)
KOLMOGOROV_SMIRNOV = Metric(
    id="drift.ks",
    title="Kolmogorov–Smirnov distance",
    definition="Largest difference between the cumulative shares of an ordered stream (a number or "
    "a score) on training and on evaluation data, at the ends of its bins.",
    unit="share",
    direction=Direction.LOWER,
    low=0,
    high=1,
    source="Massart 1990; bounds by McDiarmid 1989",
    comparison=True,
)
Distance = Callable[[np.ndarray, np.ndarray, tuple[float, float]], Estimate]
_FEWEST = 2 * SCORE_BINS
_SHOWN = 6
# Levels that are counted as one hide a shift among them.
_MOST_POOLED = 0.1


def _unmet(subject: Subject) -> str:
    if TRAINING not in subject.splits:
        return (
            "No training data are given, so there is nothing to compare the evaluation data "
            "with; declare data.training to measure drift."
        )
    return "" if streams_of(subject) else "No stream has bins that both splits share."


def _needs(subject: Subject) -> Iterator[SplitNeed]:
    for stream in streams_of(subject):
        yield SplitNeed(TRAINING, stream.need)
        yield SplitNeed(EVALUATION, stream.need)


def _measure(subject: Subject, evidence: Evidence) -> Findings:
    splits = [Reading(subject, evidence, split).sample for split in (TRAINING, EVALUATION)]
    measurements: list[Measurement] = []
    figures: list[tuple[float, Figure]] = []
    for stream in streams_of(subject):
        bins = binned(stream, evidence)
        found = list(_distances(stream, bins, splits))
        measurements += found
        if found[0].value is not None:
            figures.append((found[0].value, _figure(stream, found[0], bins)))
    # The streams that moved most; of equals, in their order.
    figures.sort(key=lambda pair: -pair[0])
    return Findings(tuple(measurements), tuple(figure for _, figure in figures[:_SHOWN]))


def _distances(stream: Stream, bins: Binned, splits: list[Sample]) -> Iterator[Measurement]:
    sample = both(*splits)
    shares: list[tuple[Metric, Distance, np.ndarray]] = [
        (TOTAL_VARIATION, total_variation, np.stack([bins.training, bins.evaluation]))
    ]
    if bins.ordered is not None:
        shares.append((KOLMOGOROV_SMIRNOV, kolmogorov_smirnov, bins.ordered))
    for metric, distance, pair in shares:
        key = MeasurementKey(metric.id, split=BETWEEN, head=stream.head, label=stream.name)
        if pair.sum(axis=1).min() < _FEWEST:
            reason = f"A distance of shares needs at least {_FEWEST} units on each side."
            yield absent(key, Status.TOO_FEW, reason, sample)
        elif bins.pooled > _MOST_POOLED:
            reason = (
                f"{stream.name} has more than {MAX_LEVELS} levels, and {bins.pooled:.0%} of the "
                "units have one of the others, which are not told apart."
            )
            yield absent(key, Status.UNDEFINED, reason, sample)
        else:
            yield estimated(key, partial(_estimate, distance, pair, splits), sample)


def _estimate(distance: Distance, pair: np.ndarray, splits: list[Sample]) -> Estimate:
    # The rows of a cluster may be all alike: only the clusters are surely independent.
    totals = pair.sum(axis=1)
    n, m = (
        float(total if split.clusters is None else min(split.clusters, total))
        for split, total in zip(splits, totals, strict=True)
    )
    return distance(pair[0], pair[1], (n, m))


def _figure(stream: Stream, measurement: Measurement, bins: Binned) -> Figure:
    training, evaluation = bins.training, bins.evaluation
    shares = zip(
        bins.labels,
        (training / training.sum()).tolist(),
        (evaluation / evaluation.sum()).tolist(),
        strict=True,
    )
    return Figure(
        kind="distribution_shift",
        title=f"{stream.name} in training and evaluation data",
        caption="Share of units in each bin; where the bars differ, the data have shifted.",
        check="drift",
        data={
            "stream": stream.name,
            "n_training": int(training.sum()),
            "n_evaluation": int(evaluation.sum()),
            "value": measurement.value,
            **drawn_ends(measurement.interval),
            "rows": [{"bin": b, "training": t, "evaluation": e} for b, t, e in shares],
        },
    )


CHECK = Check(
    name="drift",
    question="Do the evaluation data look like the training data?",
    metrics=(TOTAL_VARIATION, KOLMOGOROV_SMIRNOV),
    unmet=_unmet,
    needs=_needs,
    measure=_measure,
    not_tested=(
        "Only one stream at a time was compared: a change of how columns go together was not "
        "looked for, nor was drift after deployment.",
    ),
)
