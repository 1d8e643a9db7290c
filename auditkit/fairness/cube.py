"""The cube of counts of one set of decisions: it adds up, and every metric is read from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from auditkit.data.grouping import level_label
from auditkit.errors import DataError
from auditkit.fairness import frames, intervals
from auditkit.fairness.columns import NUMBER, WHOLE, ordered, restored
from auditkit.fairness.metrics import Metrics
from auditkit.fairness.mirroring import complements, mirrored_counts, mirrored_moments
from auditkit.fairness.resampling import Replicates, resampled
from auditkit.fairness.tables import SCORE_AXIS, Tables, tables_of
from auditkit.statistics.axes import Axis
from auditkit.statistics.cell_codes import recoded
from auditkit.statistics.moments import FLOATS
from auditkit.statistics.sparse_counts import AnyCounts, SparseCounts, as_sparse, held, merged
from auditkit.statistics.sparse_moments import (
    AnyMoments,
    SparseMoments,
    as_sparse_moments,
    held_moments,
    merged_moments,
)

_CLASSES = ("target", "prediction")


@dataclass(frozen=True, eq=False)
class CountCube:
    """Units by control levels × groups (× score cell) × true class × predicted class.

    Two cubes of different rows add up (`+`): counts exactly, sums to 1e-12, levels aligned by name.
    So days, shards and workers can be counted apart and read together. Frames have the shape, index
    and names of Fairlearn's `MetricFrame`, and its values to 1e-12, with one exception: a rate
    without a denominator (the true positive rate of a group without positives) is NaN here, with
    the reason in `reasons`, where Fairlearn says 0, and with it a ratio of 0.

    Attributes:
        counts: axes `control:NAME` …, `group:NAME` …, `score_cell` where scores were given,
            `target`, `prediction`.
        weights: sums of the weights and of their squares, over the same axes; None without weights.
        scores: sums of the scores over the same axes; None without scores.
        kinds: axis → what its labels are: `whole`, `number`, `truth` or `text`.
        favourable: label of the favourable class; "" if none was declared.
        scored: label of the class that the scores were given for; "" if none was declared.
    """

    counts: AnyCounts
    weights: AnyMoments | None
    scores: AnyMoments | None
    kinds: Mapping[str, str]
    favourable: str = ""
    scored: str = ""

    @classmethod
    def settled(
        cls,
        *,
        counts: AnyCounts,
        weights: AnyMoments | None,
        scores: AnyMoments | None,
        kinds: Mapping[str, str],
    ) -> CountCube:
        """A cube without the levels that nobody has, its levels in alphabetical order."""
        axes = _used(counts)
        return cls(
            counts=_relabelled(counts, axes),
            weights=None if weights is None else _relabelled_moments(weights, axes),
            scores=None if scores is None else _relabelled_moments(scores, axes),
            kinds=dict(kinds),
        )

    def __add__(self, other: CountCube) -> CountCube:
        if not isinstance(other, CountCube):
            return NotImplemented
        if self.favourable != other.favourable:
            raise ValueError(
                f"the cubes have different favourable classes: {self.favourable!r} and "
                f"{other.favourable!r}"
            )
        if self.scored != other.scored:
            raise ValueError(
                f"the cubes have scores of different classes: {self.scored!r} and {other.scored!r}"
            )
        return replace(
            self,
            counts=merged(self.counts, other.counts),
            weights=_both(self.weights, other.weights, "weights"),
            scores=_both(self.scores, other.scores, "scores"),
            kinds={
                axis: _one_kind(axis, kind, other.kinds.get(axis, kind))
                for axis, kind in self.kinds.items()
            },
        )

    @property
    def rows(self) -> int:
        """Number of units."""
        return self.counts.total

    @property
    def controls(self) -> tuple[str, ...]:
        """Names of the control features."""
        return self._named("control:")

    @property
    def groups(self) -> tuple[str, ...]:
        """Names of the sensitive features."""
        return self._named("group:")

    @property
    def classes(self) -> tuple[str, ...]:
        """Labels of the classes that occur."""
        return self.counts.axis("target").labels

    @property
    def favourable_label(self) -> str | None:
        """The label of the favourable class; None if it was not declared and is not plain.

        It is plain for the classes 0 and 1 (booleans are these), and for −1 and 1.
        """
        return self.favourable or self._plain_label

    @property
    def scored_label(self) -> str | None:
        """The label of the class that the scores were given for; None if that is not known."""
        return self.scored or self._plain_label

    @property
    def _plain_label(self) -> str | None:
        numeric = {self.kinds[name] for name in _CLASSES} <= {WHOLE, NUMBER}
        plain = set(self.classes) <= {"0", "1"} or set(self.classes) <= {"-1", "1"}
        return "1" if numeric and plain else None

    def declaring(self, pos_label: Any) -> CountCube:
        """The same cube with the favourable class that its scores were given for.

        Raises:
            DataError: no unit has or is predicted that class.
        """
        label = self._label(pos_label)
        return replace(self, favourable=label, scored=label)

    def favouring(self, pos_label: Any) -> CountCube:
        """The same cube with another favourable class, for example one of several, in turn.

        Scores remain those of the class that they were given for. The other one of two classes has
        one minus the score; for one of several the cube has none, and metrics of scores say so.

        Raises:
            DataError: no unit has or is predicted that class.

        Example:
            >>> from auditkit.fairness import count_cube
            >>> cube = count_cube([1, 1, 0], [1, 0, 0], sensitive_features=list("aaa"),
            ...                   scores=[0.9, 0.4, 0.2])
            >>> float(cube.overall("auc")), float(cube.favouring(0).overall("auc"))
            (1.0, 1.0)
        """
        label = self._label(pos_label)
        given = self.scored_label or ""
        named = replace(self, favourable=label, scored=given)
        if self.scores is None or given == label:
            return named
        if not given or {given, label, *self.classes} > {given, label}:
            return replace(named, scores=None)
        return replace(
            named,
            counts=mirrored_counts(self.counts, SCORE_AXIS),
            weights=None if self.weights is None else mirrored_moments(self.weights, SCORE_AXIS),
            scores=complements(mirrored_moments(self.scores, SCORE_AXIS)),
            scored=label,
        )

    def _label(self, pos_label: Any) -> str:
        label = level_label(
            int(pos_label) if isinstance(pos_label, (bool, np.bool_)) else pos_label
        )
        if label not in self.classes:
            raise DataError(
                f"pos_label is {label!r}, but the classes are {', '.join(self.classes)}.",
                mend="Name one of them. Where parts are counted, add them up first.",
            )
        return label

    @cached_property
    def tables(self) -> Tables:
        """What metrics are computed from, by control level and group in reading order."""
        return tables_of(self)

    def axis_labels(self, name: str) -> tuple[list[Any], list[int]]:
        """What the labels of a feature's axis stand for, in reading order, and their positions."""
        labels, kind = self.counts.axis(name).labels, self.kinds[name]
        order = ordered(labels, kind)
        return restored(tuple(labels[at] for at in order), kind), order

    def by_group(self, metrics: Metrics = None) -> Any:
        """Metrics by control level and group.

        Args:
            metrics: names of `METRICS`; all that are defined if None.

        Returns:
            A DataFrame, a row for each combination of control levels and groups (controls first), a
            column for each metric; for a single name, a Series.

        Raises:
            DataError: an unknown metric, or one that needs a favourable class or scores.
        """
        return frames.by_group(self, metrics)

    def overall(self, metrics: Metrics = None) -> Any:
        """Metrics of all groups together, by control level where there are controls."""
        return frames.overall(self, metrics)

    def difference(self, metrics: Metrics = None, *, method: str = "between_groups") -> Any:
        """The largest difference, within each control level.

        A largest gap is a number to show. It grows with the number of groups even where all are
        equal; compare with a reference by `intervals`.

        Args:
            metrics: as of `by_group`.
            method: `between_groups` (largest minus smallest) or `to_overall`.
        """
        return frames.compared(self, metrics, "difference", method)

    def ratio(self, metrics: Metrics = None, *, method: str = "between_groups") -> Any:
        """The smallest ratio, within each control level; see `difference`.

        Args:
            metrics: as of `by_group`.
            method: `between_groups` (smallest over largest) or `to_overall` (over, or under).
        """
        return frames.compared(self, metrics, "ratio", method)

    def reasons(self, metrics: Metrics = None) -> Any:
        """Why a value of `by_group` is NaN, in the same shape; "" where there is one."""
        return frames.reasons(self, metrics)

    def intervals(
        self,
        metric: str,
        *,
        reference: Any = None,
        comparison: str = "ratio",
        alpha: float = 0.05,
    ) -> pd.DataFrame:
        """Intervals of one metric by group, or of its comparison with a reference group.

        Wilson's of a rate, Koopman's of a ratio, Newcombe's of a difference, DeLong's of an AUC.
        Counts of weighted data are scaled to their effective size (Kish).

        Args:
            metric: a name of `METRICS` other than `count`.
            reference: the group that others are compared with (a level, or a tuple of levels in the
                order of `groups`); None for the metric itself.
            comparison: `ratio` or `difference`.
            alpha: one-sided; each end is wrong with this probability.

        Returns:
            A row for each row of `by_group` with value, low, high, method, and the reason where a
            number is undefined.

        Raises:
            DataError: an unknown metric or reference, or an alpha that is no such probability.
        """
        return intervals.frame(self, metric, reference, comparison, alpha)

    def replicates(
        self, metrics: Metrics = None, *, number: int = 1000, seed: int = 0
    ) -> Replicates:
        """Metrics of `number` resamples of the rows, drawn from the counts alone.

        Raises:
            DataError: weighted data, for which counts do not tell what a resample weighs; no
                resample at all.
        """
        return resampled(self, metrics, number, seed)

    def _named(self, prefix: str) -> tuple[str, ...]:
        names = (axis.name for axis in self.counts.axes)
        return tuple(name.removeprefix(prefix) for name in names if name.startswith(prefix))

    def __repr__(self) -> str:
        by = " × ".join((*self.controls, *self.groups))
        return f"CountCube({self.rows:,} units by {by}; classes {', '.join(self.classes)})"


def _used(counts: AnyCounts) -> list[Axis]:
    """The axes with the labels that occur, sorted; both axes of classes have the same."""
    met: dict[str, set[str]] = {}
    for axis in counts.axes:
        units = counts.marginal(axis.name).values
        met[axis.name] = {label for label, n in zip(axis.labels, units, strict=True) if n}
    shared = set().union(*(met[name] for name in _CLASSES))
    return [
        replace(axis, labels=tuple(sorted(shared if axis.name in _CLASSES else met[axis.name])))
        if axis.open
        else axis
        for axis in counts.axes
    ]


def _relabelled(counts: AnyCounts, axes: Sequence[Axis]) -> AnyCounts:
    sparse = as_sparse(counts)
    codes = recoded(sparse.codes, sparse.axes, axes)
    return held(SparseCounts.added_up(axes, codes, sparse.units))


def _relabelled_moments(moments: AnyMoments, axes: Sequence[Axis]) -> AnyMoments:
    sparse = as_sparse_moments(moments)
    codes = recoded(sparse.codes, sparse.axes, axes)
    parts = [getattr(sparse, name) for name in ("n", *FLOATS)]
    return held_moments(SparseMoments.added_up(axes, sparse.names, codes, parts))


def _both(one: AnyMoments | None, other: AnyMoments | None, what: str) -> AnyMoments | None:
    if one is None and other is None:
        return None
    if one is None or other is None:
        raise ValueError(f"one cube has {what}, and the other has none")
    return merged_moments(one, other)


def _one_kind(axis: str, one: str, other: str) -> str:
    """The kind of the labels of both parts."""
    if one == other:
        return one
    if {one, other} == {WHOLE, NUMBER}:
        return NUMBER
    raise ValueError(
        f"axis {axis!r} holds {one} values in one cube and {other} values in the other"
    )
