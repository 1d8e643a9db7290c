"""Do slices that nobody named err more than the rest? All of them are searched, and few believed.

Half of the units are searched, the other half is held out: what the search finds counts only if the
held-out half confirms it, and the numbers shown come from there alone, since the best of thousands
looks worse than it is.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from auditkit.checks.check import EVALUATION, Check, Findings
from auditkit.checks.estimation import MIN_CLUSTERS, NoEstimateError, Sample, absent, measured
from auditkit.checks.reading import Reading
from auditkit.checks.slices.figures import heat_map_figure, tree_figure
from auditkit.checks.slices.halves import Halves, named_axes
from auditkit.checks.slices.wording import against_rest, limits, outcome, reach, worst
from auditkit.evidence.collected import Evidence
from auditkit.evidence.needs import Column, SliceNeed, SplitNeed, feature, group
from auditkit.evidence.slice_tables import combinations_of, parts_of
from auditkit.evidence.subject import Subject, View
from auditkit.measurement import (
    REST,
    Direction,
    Estimate,
    Measurement,
    MeasurementKey,
    Metric,
    Slice,
    Status,
)
from auditkit.models.head import Task
from auditkit.statistics import estimates
from auditkit.statistics.discovery import confirmed_places
from auditkit.statistics.slice_cells import MEANS, RATES, Pattern, slice_line_score
from auditkit.statistics.slice_search import SliceSearch, search

DEPTH = 3
MOST_COMBINATIONS = 2000
MOST_CELLS = 1 << 23
MOST_VIEWS = 4
MOST_CONFIRMED = 20
SMALLEST = 50
_SMALLEST_SHARE = 0.001

_SOURCE = (
    "exhaustive search; Benjamini and Hochberg 1995; confirmed on a held-out half with Holm 1979"
)
CONFIRMED = Metric(
    id="slices.confirmed",
    title="Number of slices confirmed to err more",
    definition="Number of slices, of up to three conditions on groups and features, that err more "
    "than all units outside them: beyond chance in the searched half, and again in the held-out "
    "half. At most 20 are tested there.",
    unit="slices",
    direction=Direction.LOWER,
    low=0,
    high=MOST_CONFIRMED,
    source=_SOURCE,
)
SEARCHED = Metric(
    id="slices.searched",
    title="Number of slices searched",
    definition="Number of slices that were large enough to be tested.",
    unit="slices",
    direction=Direction.NONE,
    low=0,
    source=_SOURCE,
)
RATE_DIFFERENCE = Metric(
    id="slices.error_rate_difference",
    title="Error rate above the rest",
    definition="Share of wrong decisions in a confirmed slice minus that of all units outside it, "
    "both of the held-out half, which the search has not seen.",
    unit="share",
    direction=Direction.LOWER,
    low=-1,
    high=1,
    source="interval of Newcombe 1998",
    comparison=True,
)
MEAN_DIFFERENCE = Metric(
    id="slices.error_difference",
    title="Mean error above the rest",
    definition="Mean absolute error (or mean log loss, of a model without decisions) of a "
    "confirmed slice minus that of all units outside it, both of the held-out half.",
    unit="as the error",
    direction=Direction.LOWER,
    source="interval of Welch 1947 by MOVER; with clusters the jackknife",
    comparison=True,
)


def error_value(view: View) -> str | None:
    """What is compared: "" for wrong decisions, a value, or None where neither is defined."""
    if view.classifies and view.decides:
        return ""
    if view.task is Task.REGRESSION:
        return "absolute_error"
    return "log_loss" if view.classifies and view.probabilistic else None


def _searchable(subject: Subject) -> tuple[View, ...]:
    return tuple(view for view in subject.main_views if error_value(view) is not None)


def _axes(subject: Subject) -> tuple[Column, ...]:
    """The declared groups, and the features that are no column of one."""
    declared = {one.column for one in subject.columns.groups}
    columns = [group(one.name) for one in subject.columns.groups]
    columns += [feature(name) for name in subject.streams if name not in declared]
    return tuple(column for column in columns if str(column) in subject.slice_levels)


def _depth(subject: Subject) -> int:
    """The deepest search whose combinations and cells stay within bounds; at least 1."""
    sizes = [len(subject.slice_levels[str(column)]) for column in _axes(subject)]
    parts = 2 * parts_of(subject.clustered)
    for depth in range(min(DEPTH, len(sizes)), 1, -1):
        if sum(math.comb(len(sizes), few) for few in range(1, depth + 1)) > MOST_COMBINATIONS:
            continue
        cells = sum(
            math.prod(sizes[place] for place in places)
            for places in combinations_of(len(sizes), depth)
        )
        if cells * parts <= MOST_CELLS:
            return depth
    return 1


def _unmet(subject: Subject) -> str:
    if not _searchable(subject):
        return (
            "Slices are searched for wrong decisions, absolute errors or log losses, and no output "
            "has any of these."
        )
    if not _axes(subject):
        return "There are no groups and no table features to make slices of."
    return subject.unlabelled


def _need(subject: Subject, view: View) -> SliceNeed:
    value = error_value(view)
    assert value is not None
    return SliceNeed(view.key, _axes(subject), value, _depth(subject))


def _needs(subject: Subject) -> Iterator[SplitNeed]:
    for view in _searchable(subject)[:MOST_VIEWS]:
        yield SplitNeed(EVALUATION, _need(subject, view))


@dataclass(frozen=True)
class Confirmed:
    """A slice that errs more in both halves.

    Attributes:
        pattern: its conditions.
        estimate: of the difference, from the held-out half.
        score: SliceLine's, of the held-out half: by it reviewers see first where most is lost.
    """

    pattern: Pattern
    estimate: Estimate
    score: float


def _measure(subject: Subject, evidence: Evidence) -> Findings:
    reading = Reading(subject, evidence, EVALUATION)
    views = _searchable(subject)
    parts = [_of_view(subject, view, reading) for view in views[:MOST_VIEWS]]
    parts.append(Findings(tuple(_not_searched(subject, reading.labelled_sample))))
    together = Findings.together(parts)
    return Findings(together.measurements, together.figures, tuple(dict.fromkeys(together.notes)))


def _not_searched(subject: Subject, sample: Sample) -> Iterator[Measurement]:
    """A reason for each output that was not searched."""
    searched = _searchable(subject)[:MOST_VIEWS]
    for view in subject.main_views:
        if view not in searched:
            reason = (
                f"Only the first {MOST_VIEWS} outputs are searched."
                if error_value(view) is not None
                else "It has no wrong decisions, absolute errors or log losses to compare."
            )
            yield absent(_key(CONFIRMED, view), Status.NOT_APPLICABLE, reason, sample)


def _key(
    metric: Metric, view: View, where: Slice | None = None, reference: Slice | None = None
) -> MeasurementKey:
    key = view.key
    return MeasurementKey(metric.id, where or Slice(), reference, EVALUATION, key.head, key.label)


def _of_view(subject: Subject, view: View, reading: Reading) -> Findings:
    need = _need(subject, view)
    tables = reading.evidence.slices[need]
    names = named_axes({str(column): column.name for column in need.axes})
    halves = Halves(need, tables, names, reading.evidence.sampled)
    difference = RATE_DIFFERENCE if halves.decides else MEAN_DIFFERENCE
    metrics = (CONFIRMED, SEARCHED, difference)
    if lack := _lack(halves):
        found = tuple(
            absent(_key(metric, view), Status.TOO_FEW, lack, reading.labelled_sample)
            for metric in metrics
        )
        return Findings(found)
    support = support_of(halves)
    searched = search(
        halves.searched,
        support,
        comparison=RATES if halves.decides else MEANS,
        design_effect=halves.design_effect,
        most=MOST_CONFIRMED,
    )
    confirmed = confirm(halves, searched)
    measurements = [
        _count(_key(CONFIRMED, view), len(confirmed), reading.labelled_sample,
               outcome(searched, len(confirmed), MOST_CONFIRMED)),
        _count(_key(SEARCHED, view), searched.tested, reading.labelled_sample,
               reach(halves, searched, support)),
        *_differences(halves, view, difference, confirmed, reading.labelled_sample),
    ]  # fmt: skip
    figures = (tree_figure(halves, view, support), heat_map_figure(halves, view))
    return Findings(
        tuple(measurements),
        tuple(figure for figure in figures if figure is not None),
        (*worst(halves, view, [one.pattern for one in confirmed]), *limits(halves, DEPTH)),
    )


def _lack(halves: Halves) -> str:
    """Why nothing can be searched and confirmed; "" if it can."""
    searched, held_out = halves.searched.total[0], halves.held_out({})
    least = 2 * SMALLEST
    if min(searched, held_out[:, 0].sum()) < least:
        return f"A search needs at least {least} rows in each of its halves."
    clusters = halves.sample(held_out).clusters
    if clusters is not None and clusters < MIN_CLUSTERS:
        return (
            f"The clusters of the held-out half lie in {clusters} of {len(held_out)} sets; an "
            f"interval needs at least {MIN_CLUSTERS}."
        )
    return ""


def support_of(halves: Halves) -> float:
    """How many rows of the searched half a slice has at least."""
    return max(float(SMALLEST), _SMALLEST_SHARE * float(halves.searched.total[0]))


def _count(key: MeasurementKey, number: int, sample: Sample, told: str) -> Measurement:
    return measured(key, estimates.exact(number), sample, told)


def confirm(halves: Halves, searched: SliceSearch) -> list[Confirmed]:
    """The candidates that err more in the held-out half too, corrected for their number.

    Args:
        halves: errors of both halves.
        searched: what the search of the first one found; its slices by test are tried.

    Returns:
        The confirmed ones, the highest score in the held-out half first.
    """
    patterns = [one.pattern for one in searched.by_test]
    differences = [_difference(halves, pattern) for pattern in patterns]
    found = [
        Confirmed(patterns[place], estimate, _score(halves, patterns[place]))
        for place in confirmed_places(differences)
        if (estimate := differences[place]) is not None
    ]
    return sorted(found, key=lambda one: -one.score)


def _difference(halves: Halves, pattern: Pattern) -> Estimate | None:
    """How much more a slice errs in the held-out half; None if too few are there to say."""
    try:
        return halves.difference(halves.region(pattern))
    except (NoEstimateError, ValueError):
        return None


def _score(halves: Halves, pattern: Pattern) -> float:
    part = halves.held_out(halves.region(pattern)).sum(axis=0)
    everything = halves.held_out({}).sum(axis=0)
    return float(slice_line_score(part[:1], part[1:2], everything)[0])


def _differences(
    halves: Halves,
    view: View,
    metric: Metric,
    confirmed: Sequence[Confirmed],
    sample: Sample,
) -> Iterator[Measurement]:
    if not confirmed:
        reason = "No slice was confirmed, so that there is no difference to report."
        yield absent(_key(metric, view), Status.NOT_APPLICABLE, reason, sample)
    for one in confirmed:
        part = halves.held_out(halves.region(one.pattern))
        key = _key(metric, view, halves.slice(one.pattern), REST)
        yield measured(key, one.estimate, halves.sample(part), against_rest(halves, part))


CHECK = Check(
    name="slices",
    question="Are there slices that nobody named, and that are served worse?",
    metrics=(CONFIRMED, SEARCHED, RATE_DIFFERENCE, MEAN_DIFFERENCE),
    unmet=_unmet,
    needs=_needs,
    measure=_measure,
    not_tested=(
        "Slices of more than three conditions, of columns that are neither groups nor features, "
        f"and of fewer than {SMALLEST} rows (or one in a thousand) of the searched half were not "
        "looked for.",
        "That no slice was confirmed does not show that there is none: small ones, or small "
        "differences, stay below what half of the rows can show.",
    ),
)
