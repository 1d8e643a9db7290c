"""How many units there are of each class and group, in what was learnt from and what judges."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from auditkit.checks.check import EVALUATION, TRAINING, Findings
from auditkit.checks.estimation import (
    MIN_KEPT,
    Sample,
    absent,
    concealed,
    measured,
    telling,
    undefined,
)
from auditkit.checks.groups import counted_groups, groups_need
from auditkit.checks.reading import Reading
from auditkit.evidence.collected import Evidence
from auditkit.evidence.needs import TARGET, CountNeed, SplitNeed
from auditkit.evidence.subject import Subject, View
from auditkit.measurement import (
    Direction,
    Figure,
    Measurement,
    MeasurementKey,
    Metric,
    Status,
)
from auditkit.statistics import estimates

CLASS = Metric(
    id="data_sufficiency.smallest_class",
    title="Rows of the smallest class",
    definition="Number of labelled rows of the class that has fewest.",
    unit="rows",
    direction=Direction.HIGHER,
    low=0,
)
GROUP = Metric(
    id="data_sufficiency.smallest_group",
    title="Rows of the smallest group",
    definition="Number of rows of the group of an attribute that has fewest; those of whom the "
    "attribute is not known are no group.",
    unit="rows",
    direction=Direction.HIGHER,
    low=0,
)
_MOST_DRAWN = 20
Rows = Mapping[str, int]


def splits_of(subject: Subject) -> tuple[str, ...]:
    """The splits whose units are counted."""
    return tuple(split for split in (TRAINING, EVALUATION) if split in subject.splits)


def _class_need(view: View) -> CountNeed:
    return CountNeed(view.key, (TARGET,))


def count_needs(subject: Subject) -> Iterator[SplitNeed]:
    """What the counts need."""
    for split in splits_of(subject):
        for view in subject.main_views:
            if view.classifies:
                yield SplitNeed(split, _class_need(view))
        for declared in subject.columns.groups:
            yield SplitNeed(split, groups_need((declared.name,)))


def counted(subject: Subject, evidence: Evidence) -> Findings:
    """The smallest class of each output and the smallest group of each attribute, with figures."""
    return Findings.together((_classes(subject, evidence), _groups(subject, evidence)))


def _classes(subject: Subject, evidence: Evidence) -> Findings:
    found: list[Measurement] = []
    figures: list[Figure] = []
    for view in (view for view in subject.main_views if view.classifies):
        by_split: dict[str, Rows] = {}
        for split in splits_of(subject):
            reading = Reading(subject, evidence, split)
            numbers = reading.counts(_class_need(view)).sum(axis=0).tolist()
            by_split[split] = dict(zip(view.classes, map(int, numbers), strict=True))
            key = MeasurementKey(CLASS.id, split=split, head=view.key.head, label=view.key.label)
            found.append(_smallest(key, by_split[split], reading.labelled_sample, "The class"))
        figures.append(_figure(f"Rows of each class{_of(view)}", by_split))
    return Findings(tuple(found), tuple(figures))


def _of(view: View) -> str:
    of = " ".join(part for part in (view.key.head, view.key.label) if part)
    return f" ({of})" if of else ""


def _groups(subject: Subject, evidence: Evidence) -> Findings:
    found: list[Measurement] = []
    figures: list[Figure] = []
    for declared in subject.columns.groups:
        by_split: dict[str, Rows] = {}
        for split in splits_of(subject):
            groups = counted_groups(subject, evidence[split], (declared.name,))
            by_split[split] = {
                where.conditions[0][1]: groups.samples[where].rows for where in groups.known
            }
            key = MeasurementKey(GROUP.id, split=split, label=declared.name)
            sample = Reading(subject, evidence, split).sample
            found.append(_smallest(key, by_split[split], sample, "The group"))
        figures.append(_figure(f"Rows of each group of {declared.name}", by_split))
    return Findings(tuple(found), tuple(figures))


def _smallest(key: MeasurementKey, rows: Rows, sample: Sample, what: str) -> Measurement:
    if not sum(rows.values()):
        none = undefined("There are no rows of which it is known.")
        return absent(key, none.status, str(none), sample)
    name = min(rows, key=lambda one: rows[one])
    if 0 < rows[name] < MIN_KEPT:
        few = telling(f"{what} {name} has too few rows")
        return absent(key, Status.TOO_FEW, str(few), concealed(sample))
    reason = f"{what} {name}, of {len(rows):,}; a count, which has no interval."
    return measured(key, estimates.exact(rows[name]), sample, reason)


def _figure(title: str, by_split: Mapping[str, Rows]) -> Figure:
    # The fewest are what is looked for: of many, they are drawn.
    names = list(dict.fromkeys(name for rows in by_split.values() for name in rows))
    least = {name: min(rows.get(name, 0) for rows in by_split.values()) for name in names}
    drawn = sorted(names, key=lambda name: least[name])[:_MOST_DRAWN]
    return Figure(
        kind="unit_counts",
        title=title,
        caption=(
            "How many rows there are to learn from and to judge by. Nothing is said of numbers "
            f"from 1 to {MIN_KEPT - 1}."
        ),
        check="data_sufficiency",
        data={
            "levels": len(names),
            "rows": [
                _row(split, name, rows.get(name, 0))
                for name in (name for name in names if name in drawn)
                for split, rows in by_split.items()
            ],
        },
    )


def _row(split: str, name: str, rows: int) -> dict[str, Any]:
    return {"split": split, "level": name, "n": None if 0 < rows < MIN_KEPT else rows}
