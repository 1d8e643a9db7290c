"""Whether the model goes by other features for other people: attributions by declared group."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import cast

import numpy as np

from auditkit.checks.check import Findings
from auditkit.checks.estimation import NoEstimateError, Sample, absent, drawn_ends, estimated
from auditkit.checks.explanation.convergence import unmeasured
from auditkit.checks.explanation.explained_features import ExplainedFeatures
from auditkit.checks.explanation.explained_units import ExplainedUnits
from auditkit.checks.outcome_groups import OutcomeGroups
from auditkit.evidence.collected import SplitEvidence
from auditkit.evidence.outcome_rows import OutcomeRows
from auditkit.evidence.subject import Subject
from auditkit.explain import Explanation
from auditkit.explain.methods.registry import METHODS
from auditkit.measurement import (
    REST,
    Estimate,
    Figure,
    Measurement,
    MeasurementKey,
    Slice,
    Status,
)
from auditkit.statistics import estimates
from auditkit.statistics.clustered_means import clustered_gap
from auditkit.statistics.multiplicity import holm
from auditkit.statistics.welch import welch_difference

MEAN, DIFFERENCE = "mean_attribution", "attribution_difference"
_ALPHA = 0.05
_TOLD = 3


def by_groups(
    units: ExplainedUnits, found: Explanation, subject: Subject, evidence: SplitEvidence
) -> Findings:
    """Mean attributions of the leading features by group, and the differences between groups.

    Args:
        units: that were explained.
        found: their explanation.
        subject: with its groups.
        evidence: of the split; holds `auditkit.checks.explanation.needs.group_needs`.
    """
    if not subject.columns.groups:
        return Findings()
    leading = ExplainedFeatures.of(units, found, subject) if found.chosen else None
    if leading is None or not leading.names:
        reason = found.reason or "Fewer than five units have a map that can be ranked."
        status = Status.UNDEFINED if found.chosen else Status.NOT_APPLICABLE
        return Findings(tuple(unmeasured(units, reason, (DIFFERENCE,), status)))
    tables = [
        _GroupTable(leading, subject, evidence, declared.name)
        for declared in subject.columns.groups
    ]
    figures = [table.figure(found) for table in tables]
    return Findings(
        tuple(one for table in tables for one in table.measurements),
        tuple(figure for figure in figures if figure is not None),
        _told([one for table in tables for one in table.differences]),
    )


class _GroupTable:
    """The leading features by the groups of one attribute.

    Args:
        leading: features.
        subject: what is audited.
        evidence: of the split; holds `groups_need` of the attribute.
        attribute: whose groups.

    Attributes:
        means: of each group, feature by feature; one without a label for a group of too few.
        differences: likewise, each from the reference or, without one, from all others.
    """

    def __init__(
        self, leading: ExplainedFeatures, subject: Subject, evidence: SplitEvidence, attribute: str
    ) -> None:
        self._leading = leading
        self._attribute = attribute
        # Of rows only groups and samples are read, which explained units have as outcomes do.
        rows = cast("OutcomeRows", leading.units)
        self._found = OutcomeGroups(rows, subject, evidence, (attribute,), noun="explained unit")
        self.means = tuple(self._means())
        self.differences = tuple(self._differences())

    @property
    def measurements(self) -> tuple[Measurement, ...]:
        return (*self.means, *self.differences)

    def _means(self) -> Iterator[Measurement]:
        groups = self._found.groups
        for where, sample in groups.samples.items():
            comparison = _Comparison(self._leading, self._found.members(where), None)
            yield from self._of_each(MEAN, where, None, (comparison, sample))

    def _differences(self) -> Iterator[Measurement]:
        groups = self._found.groups
        for where, reference in groups.anchored():
            # All others stand in where no reference is declared, or it does not occur.
            if reference == REST and groups.reference in groups.known:
                continue
            against = self._members(reference, where)
            comparison = _Comparison(self._leading, self._found.members(where), against)
            sample = comparison.sample(groups.samples[where].share)
            yield from self._of_each(DIFFERENCE, where, reference, (comparison, sample))

    def _members(self, where: Slice, against: Slice) -> np.ndarray:
        groups = self._found.groups
        parts = [self._found.members(one) for one in groups.members(where, against)]
        return np.asarray(np.any(parts, axis=0))

    def _of_each(
        self, name: str, where: Slice, reference: Slice | None, rests: tuple[_Comparison, Sample]
    ) -> Iterator[Measurement]:
        """A measurement for each feature; one for all of them where the units are too few."""
        comparison, sample = rests
        units = self._leading.units
        whole = replace(units.key(name, where=where), reference=reference)
        try:
            self._found.refuse_few(where)
            if reference is not None:
                self._found.groups.refuse_few(reference, where)
        except NoEstimateError as few:
            hidden = Sample(0, share=sample.share, sampled=sample.sampled)
            yield absent(whole, few.status, str(few), hidden if few.secret else sample)
            return
        for place, feature in enumerate(self._leading.names):
            key = replace(whole, label=feature)
            yield estimated(key, partial(comparison.estimate, place), sample)

    def figure(self, found: Explanation) -> Figure | None:
        """The ranking of each group side by side; None where no group has enough units."""
        known = {(m.key.slice, m.key.label): m for m in self.means if m.key.label}
        if not known:
            return None
        of = f" of {self._leading.units.head}" if self._leading.units.head else ""
        method = METHODS[found.chosen]
        rows = [
            _row(feature, where, self._attribute, known.get((where, feature)))
            for feature in self._leading.names
            for where in self._found.groups.samples
        ]
        return Figure(
            kind="feature_ranking_by_group",
            title=f"What the output{of} depends on, by {self._attribute}",
            caption=(
                f"Mean absolute attribution ({method.title.lower()}) of the "
                f"{len(self._leading.names)} inputs that matter most over all, among the sampled "
                "units of each group. An input can matter more for a group because its values lie "
                "further from the baseline there; that the model treats two people with the same "
                "values differently does not follow."
            ),
            check="explanation",
            data={
                "n": len(self._leading.values),
                "value_label": "mean absolute attribution",
                "attribute": self._attribute,
                "rows": rows,
            },
        )


@dataclass(frozen=True, eq=False)
class _Comparison:
    """The values of some units, or these against others.

    Attributes:
        leading: features.
        members: which units, bool of shape (n,).
        against: which others; None where nothing is compared.
    """

    leading: ExplainedFeatures
    members: np.ndarray
    against: np.ndarray | None

    def estimate(self, place: int) -> Estimate:
        """Of the feature at this place."""
        values = self.leading.values[:, place]
        if self.against is None:
            return self.leading.units.part(self.members).mean(values[self.members])
        clusters, sides = self.leading.units.clusters, (self.members, self.against)
        if clusters is None:
            return welch_difference(values[self.members], values[self.against])
        _, places = np.unique(clusters, return_inverse=True)
        size = int(places.max()) + 1
        numbers = [np.bincount(places[side], minlength=size) for side in sides]
        sums = [np.bincount(places[side], values[side], size) for side in sides]
        return clustered_gap(np.stack(numbers, axis=1), np.stack(sums, axis=1))

    def sample(self, share: float | None) -> Sample:
        """What a comparison rests on; the share is that of the group compared."""
        assert self.against is not None
        units = self.leading.units
        both = units.part(self.members | self.against).sample
        if both.clusters is None:
            return replace(both, share=share)
        sides = (units.part(side).sample.units for side in (self.members, self.against))
        return replace(both, share=share, poorest=min(sides))


def _row(
    feature: str, where: Slice, attribute: str, measured: Measurement | None
) -> dict[str, object]:
    group = dict(where.conditions)[attribute]
    if measured is None or measured.value is None:
        return {"feature": feature, "group": group, "value": None, "low": None, "high": None,
                "n": None}  # fmt: skip
    ends = drawn_ends(measured.interval)
    return {"feature": feature, "group": group, "value": measured.value, **ends, "n": measured.rows}


def _told(differences: list[Measurement]) -> tuple[str, ...]:
    """A sentence about the differences that are beyond chance, corrected for their number."""
    tested = [(one, _p_value(one)) for one in differences if one.estimate is not None]
    if not tested:
        return ()
    adjusted = holm([p for _, p in tested])
    beyond = [one for (one, _), p in zip(tested, adjusted, strict=True) if p <= _ALPHA]
    if not beyond:
        return ()
    beyond.sort(key=lambda one: -abs(one.value or 0.0))
    more = len(beyond) - _TOLD
    rest = f" So it is of {more} further differences." if more > 0 else ""
    told = "; ".join(_difference(one) for one in beyond[:_TOLD])
    head = f" of {beyond[0].key.head}" if beyond[0].key.head else ""
    return (
        f"The output{head} depends on some inputs more, or less, for some groups, beyond chance "
        f"(Holm over {len(tested)} differences of mean absolute attributions): {told}.{rest}",
    )


def _p_value(measured: Measurement) -> float:
    """Two-sided, of no difference."""
    estimate = measured.estimate
    assert estimate is not None
    smaller = min(estimates.p_at_least(estimate, 0.0), estimates.p_at_most(estimate, 0.0))
    return min(2 * smaller, 1.0)


def _difference(measured: Measurement) -> str:
    key: MeasurementKey = measured.key
    value = measured.value or 0.0
    against = "all others" if key.reference == REST else str(key.reference)
    return f"{key.label}, {value:+.3g} for {key.slice} against {against}"
