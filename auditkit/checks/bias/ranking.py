"""Are groups treated alike in ranked lists? Selection among the first k, and exposure.

The independent unit is the list, since how well an item comes off depends on the others in it; or
the cluster of lists where one is declared. Where a list spans clusters, the unit is what lists and
clusters connect. Shares have the score intervals of clustered rates; means of exposure have the
delete-one-block jackknife over lists, with at least the variance of as many items of all.
"""

from __future__ import annotations

from collections.abc import Iterator

from auditkit.checks.check import EVALUATION, Findings
from auditkit.checks.ranking_table import RankedItems, ranking_table
from auditkit.checks.reading import Reading
from auditkit.evidence.needs import WEIGHT, RowNeed, SplitNeed, group
from auditkit.evidence.subject import Subject, View
from auditkit.measurement import Direction, Measurement, Metric
from auditkit.models.head import Task

MOST_ROWS = 500_000
_SOURCE = "Singh and Joachims 2018; Biega, Gummadi and Weikum 2018"
_SCORE = "score interval of counts scaled to the effective size of lists"
_JACKKNIFE = "interval by the delete-one-block jackknife over lists"


def ranking_metrics() -> tuple[Metric, ...]:
    """The definitions of what is measured of ranked lists."""
    return (
        Metric(
            id="bias.selection_rate_at_k",
            title="Selection rate at k",
            definition="Share of the group's items that are among the first k of their list, "
            "ordered by score; equal scores are ordered by a keyed hash of the row id.",
            unit="share",
            direction=Direction.NONE,
            low=0,
            high=1,
            source=_SCORE,
        ),
        Metric(
            id="bias.selection_rate_at_k_difference",
            title="Difference of selection rates at k",
            definition="Selection rate at k of the group minus that of its reference.",
            unit="share",
            direction=Direction.ZERO,
            low=-1,
            high=1,
            source=_SCORE,
            comparison=True,
        ),
        Metric(
            id="bias.impact_ratio_at_k",
            title="Impact ratio at k",
            definition="Selection rate at k of the group over that of its reference.",
            unit="ratio",
            direction=Direction.ONE,
            low=0,
            source=_SCORE,
            comparison=True,
        ),
        Metric(
            id="bias.exposure",
            title="Exposure of a group",
            definition="Mean over the group's items of 1 / log2(1 + place in the list).",
            unit="attention of the first place",
            direction=Direction.NONE,
            low=0,
            high=1,
            source=f"{_SOURCE}; {_JACKKNIFE}",
        ),
        Metric(
            id="bias.exposure_ratio",
            title="Ratio of exposures",
            definition="Exposure of the group over that of its reference.",
            unit="ratio",
            direction=Direction.ONE,
            low=0,
            source=f"{_SOURCE}; {_JACKKNIFE}, of the logarithm",
            comparison=True,
        ),
    )


def ranked_views(subject: Subject) -> tuple[View, ...]:
    """The outputs whose score can order a list; none where no lists or groups are declared."""
    if subject.columns.query is None or not subject.columns.groups:
        return ()
    scoring = (Task.BINARY, Task.REGRESSION)
    return tuple(view for view in subject.main_views if view.task in scoring)


def ranking_needs(subject: Subject) -> Iterator[SplitNeed]:
    """The rows that lists are made of."""
    yield from (SplitNeed(EVALUATION, _need(subject, view)) for view in ranked_views(subject))


def _need(subject: Subject, view: View) -> RowNeed:
    columns = tuple(group(one.name) for one in subject.columns.groups)
    values = ("score",) if subject.columns.weight is None else ("score", WEIGHT)
    return RowNeed(view.key, columns, values, rows=MOST_ROWS, whole="query")


def ranking_findings(subject: Subject, reading: Reading) -> Findings:
    """Selection at k and exposure of all groups, and their comparisons.

    Args:
        subject: what is audited.
        reading: of the evaluation split.
    """
    found: list[Measurement] = []
    for view in ranked_views(subject):
        log = reading.evidence.row_log(_need(subject, view))
        ranked = RankedItems.of(log, subject.columns.top, subject.columns.weight is not None)
        for attributes in subject.slicings:
            found += ranking_table(subject, view, reading, ranked, attributes).measurements()
    return Findings(tuple(found))
