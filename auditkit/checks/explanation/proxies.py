"""Whether what the model goes by tells who somebody is: its leading features beside the groups.

A model that is not given an attribute may go by what stands in for it. How closely each leading
feature goes together with each declared attribute is counted over all rows, not the explained ones
alone, in the columns that the features are made from.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from auditkit.checks.check import Findings
from auditkit.checks.estimation import (
    Sample,
    absent,
    drawn_ends,
    estimated,
    undefined,
)
from auditkit.checks.explanation.explained_features import ExplainedFeatures
from auditkit.checks.explanation.explained_units import ExplainedUnits
from auditkit.checks.explanation.needs import MOST_COLUMNS, columns_behind, proxy_need
from auditkit.data.columns import MISSING
from auditkit.evidence.collected import SplitEvidence
from auditkit.evidence.subject import Subject
from auditkit.explain import Explanation
from auditkit.measurement import Estimate, Figure, Measurement, Slice, Status
from auditkit.statistics.association import clustered_cramers_v, cramers_v

PROXY = "proxy_association"


def proxies(
    units: ExplainedUnits, found: Explanation, subject: Subject, evidence: SplitEvidence
) -> Findings:
    """How closely the leading features go together with each declared attribute.

    Args:
        units: that were explained.
        found: their explanation.
        subject: with its groups.
        evidence: of the split; holds `auditkit.checks.explanation.needs.proxy_needs`.
    """
    if not subject.columns.groups or subject.medium != "table":
        return Findings()
    leading = ExplainedFeatures.of(units, found, subject) if found.chosen else None
    names = () if leading is None else leading.names
    behind = columns_behind(subject.feature_names, subject.streams)
    counted = set(list(dict.fromkeys(behind.values()))[:MOST_COLUMNS])
    matched = {name: behind[name] for name in names if behind.get(name) in counted}
    if leading is None or not matched:
        reason = _nothing(found, names)
        return Findings((absent(units.key(PROXY), Status.NOT_APPLICABLE, reason, units.sample),))
    pairs = tuple(_pairs(leading, matched, subject))
    measured = tuple(pair.measured(units, evidence) for pair in pairs)
    return Findings(
        tuple(one for one in measured if one is not None),
        (_figure(units, pairs, measured, evidence),),
        (*_given(pairs), *_unmatched([name for name in names if name not in matched])),
    )


def _nothing(found: Explanation, names: tuple[str, ...]) -> str:
    if not found.chosen:
        return found.reason
    if not names:
        return "Fewer than five units have a map that can be ranked."
    return (
        "None of the inputs that matter most could be traced to a column of the table by its name; "
        "declare model.feature_names, each beginning with the name of its column."
    )


@dataclass(frozen=True, eq=False)
class _Pair:
    """A leading feature and an attribute.

    Attributes:
        feature: name of the model's input.
        rank: its place in the ranking, from 1.
        attribution: its mean.
        column: of the table, that it is made from.
        attribute: the group attribute.
        itself: whether the attribute is that column.
    """

    feature: str
    rank: int
    attribution: float
    column: str
    attribute: str
    itself: bool

    def measured(self, units: ExplainedUnits, evidence: SplitEvidence) -> Measurement | None:
        """The association over all rows; None of an attribute with itself, which is no proxy."""
        if self.itself:
            return None
        sample = Sample(evidence.rows, evidence.clusters_in(Slice()), sampled=evidence.sampled)
        key = units.key(PROXY, f"{self.feature} × {self.attribute}")
        made = "" if self.feature == self.column else f", which the input {self.feature} is made of"
        reason = (
            f"Of the column {self.column}{made}, over all rows whose {self.attribute} is known."
        )
        return estimated(key, partial(self._estimate, evidence), sample, reason)

    def _estimate(self, evidence: SplitEvidence) -> Estimate:
        need = proxy_need(self.column, self.attribute)
        clustered = evidence.clusters is not None
        counts = evidence.count(need, keep_blocks=clustered)
        known = np.array([label != MISSING for label in counts.axes[1].labels], dtype=bool)
        table = counts.values[:, known]
        levels = table.sum(axis=tuple(axis for axis in range(table.ndim) if axis != 1)) > 0
        if levels.sum() < 2:
            raise undefined(f"All rows whose {self.attribute} is known are of one group.")
        return clustered_cramers_v(np.moveaxis(table, -1, 0)) if clustered else cramers_v(table)


def _pairs(
    leading: ExplainedFeatures,
    matched: Mapping[str, str],
    subject: Subject,
) -> Iterator[_Pair]:
    """Each column behind a leading feature, once, with each attribute."""
    seen: set[str] = set()
    for rank, name in enumerate(leading.names, start=1):
        column = matched.get(name)
        if column is None or column in seen:
            continue
        seen.add(column)
        for declared in subject.columns.groups:
            yield _Pair(
                name,
                rank,
                leading.means[name],
                column,
                declared.name,
                declared.column == column,
            )


def _figure(
    units: ExplainedUnits,
    pairs: tuple[_Pair, ...],
    measured: tuple[Measurement | None, ...],
    evidence: SplitEvidence,
) -> Figure:
    of = f" of {units.head}" if units.head else ""
    return Figure(
        kind="proxies_among_top",
        title=f"Does what the output{of} depends on tell who somebody is?",
        caption=(
            "Cramér's V without its bias (Bergsma 2013) between the column behind each leading "
            "input and each declared attribute: 0 where the column tells nothing of it, 1 where it "
            "tells all. An attribute that is itself an input has 1 and no interval. Several "
            "columns together can tell more than each alone."
        ),
        check="explanation",
        data={
            "n": evidence.rows,
            "rows": [_row(*pair) for pair in zip(pairs, measured, strict=True)],
        },
    )


def _row(pair: _Pair, measured: Measurement | None) -> dict[str, Any]:
    return {
        "feature": pair.feature,
        "rank": pair.rank,
        "attribution": pair.attribution,
        "attribute": pair.attribute,
        # A column tells all of itself.
        "association": 1.0 if measured is None else measured.value,
        **drawn_ends(None if measured is None else measured.interval),
    }


def _given(pairs: tuple[_Pair, ...]) -> tuple[str, ...]:
    """Which attributes the model is given themselves."""
    return tuple(
        f"The model goes by {pair.attribute} itself: the input {pair.feature} ranks {pair.rank} of "
        "those that matter most."
        for pair in pairs
        if pair.itself
    )


def _unmatched(names: list[str]) -> tuple[str, ...]:
    if not names:
        return ()
    return (
        f"Whether {', '.join(names)} {'stands' if len(names) == 1 else 'stand'} in for a declared "
        "attribute was not measured: no column of the table has a name that "
        f"{'it begins' if len(names) == 1 else 'they begin'} with.",
    )
