"""Does the widest interval hold for every group what it promises for all?"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from auditkit.checks.check import EVALUATION
from auditkit.checks.estimation import estimated
from auditkit.checks.groups import Groups, counted_groups, groups_need
from auditkit.checks.labelled_clusters import groups_of_labelled
from auditkit.checks.quantiles.promises import Promised, coverages
from auditkit.checks.quantiles.sums import ValueSums, value_needs
from auditkit.checks.reading import Reading
from auditkit.evidence.needs import Column, CountNeed, SumNeed, group
from auditkit.evidence.subject import Labels, Subject, View
from auditkit.measurement import Estimate, Measurement, MeasurementKey, Slice
from auditkit.models.quantile_levels import symmetric_pairs


def _widest(view: View) -> tuple[Promised, ...]:
    """The coverage of the widest interval, and its gap; () where no interval is promised."""
    levels = view.head.quantiles
    pairs = symmetric_pairs(levels)
    return tuple(coverages(*(levels[place] for place in pairs[0]))) if pairs else ()


def _axes(attributes: tuple[str, ...]) -> tuple[Column, ...]:
    return tuple(group(name) for name in attributes)


def group_needs(subject: Subject, view: View) -> Iterator[CountNeed | SumNeed]:
    """What the coverage of the groups needs."""
    asked = _widest(view)
    if not asked or subject.unlabelled:
        return
    for attributes in subject.slicings:
        yield groups_need(attributes)
        # Both numbers are made of the same sums.
        yield from value_needs(subject, view, asked[0].value, _axes(attributes))


def of_groups(view: View, reading: Reading) -> Iterator[Measurement]:
    """The coverage of the widest interval in every group, and its gap."""
    asked, subject = _widest(view), reading.subject
    if not asked or subject.unlabelled:
        return
    for attributes in subject.slicings:
        sums = ValueSums.of(reading, view, asked[0].value, _axes(attributes))
        groups = counted_groups(subject, reading.evidence, attributes)
        # Of the labelled rows alone it is not counted, only estimated, how many clusters they have.
        counted = subject.labels is Labels.ALL
        if not counted:
            groups = groups_of_labelled(groups, sums.numbers)
        for one in asked:
            for where, sample in groups.samples.items():
                clusters = sample.clusters if counted else None
                estimate = partial(_of, one, groups, sums, where, clusters)
                yield estimated(_key(one, view, where), estimate, sample)


def _key(one: Promised, view: View, where: Slice) -> MeasurementKey:
    return MeasurementKey(
        one.metric.id, slice=where, split=EVALUATION, head=view.key.head, label=one.label
    )


def _of(
    one: Promised, groups: Groups, sums: ValueSums, where: Slice, clusters: int | None
) -> Estimate:
    groups.refuse_few(where)
    return one.estimate(sums.each(lambda state: groups.part(state, where)), clusters)
