"""What checks of the model's inside share: the rows of one layer, drawn once for all of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from auditkit.checks.bias.numbers import error_values
from auditkit.checks.check import EVALUATION
from auditkit.checks.estimation import Sample
from auditkit.evidence.collected import Evidence
from auditkit.evidence.needs import CORRECT, FOLD, TARGET, Column, RowNeed, group
from auditkit.evidence.row_log import RowLog
from auditkit.evidence.subject import Labels, Subject, View

SAMPLE = 20_000


def layerless(subject: Subject) -> str:
    """Why no layer of the model can be looked into; "" if one can."""
    if subject.layer:
        return ""
    return subject.reasons.get("embeds", "No layer of the model can be looked into.")


def erring_views(subject: Subject) -> Iterator[tuple[View, str]]:
    """Views whose units are right or wrong (""), or have an error that is a number (its name)."""
    for view in subject.main_views:
        if view.classifies and view.decides:
            yield view, ""
        yield from ((view, value) for value in error_values(view))


def embedding_need(subject: Subject, view: View | None) -> RowNeed:
    """A sample of the rows of the layer; with the errors of one view, if one is given."""
    columns: list[Column] = [FOLD, *(group(one.name) for one in subject.columns.groups)]
    values: tuple[str, ...] = ()
    if view is not None:
        values = error_values(view)
        columns += [] if values else [CORRECT, TARGET]
    return RowNeed(
        None if view is None else view.key,
        tuple(columns),
        values,
        subject.layer,
        rows=SAMPLE,
        whole="cluster" if subject.clustered else "row",
    )


def shared_need(subject: Subject) -> RowNeed:
    """The sample for checks that look at no error: that of the first view with one, if any."""
    erring = erring_views(subject) if subject.labels is Labels.ALL else ()
    first = next((view for view, _ in erring), None)
    return embedding_need(subject, first)


@dataclass(frozen=True, eq=False)
class EmbeddedRows:
    """Rows of a layer.

    Attributes:
        log: as they were kept.
        vectors: what the layer computed, float64 of shape (rows, d).
        units: the independent units, as whole numbers of shape (rows,).
        clustered: whether these are clusters.
        sampled: whether only part of the split was read.
    """

    log: RowLog
    vectors: np.ndarray
    units: np.ndarray
    clustered: bool
    sampled: bool

    @property
    def whole(self) -> Sample:
        """What a number about all of the rows rests on."""
        clusters = len(np.unique(self.units)) if self.clustered else None
        return Sample(len(self.units), clusters, sampled=self.sampled)

    def sample(self, chosen: np.ndarray) -> Sample:
        """What a number about some rows, against all others, rests on."""
        poorest = None
        if self.clustered:
            poorest = min(len(np.unique(self.units[side])) for side in (chosen, ~chosen))
        return replace(self.whole, poorest=poorest)

    def only(self, chosen: np.ndarray) -> EmbeddedRows:
        """Some of the rows; `log` stays that of all."""
        return replace(self, vectors=self.vectors[chosen], units=self.units[chosen])


def embedded_rows(evidence: Evidence, need: RowNeed) -> EmbeddedRows | str:
    """The rows of a need, or why there is nothing to be measured on them."""
    split = evidence[EVALUATION]
    log = split.row_log(need)
    if log.lacking:
        return log.lacking
    if not len(log):
        return "There are no rows of the layer to look at."
    vectors = log.embedding.astype(np.float64)
    if broken := int((~np.isfinite(vectors).all(axis=1)).sum()):
        return f"The layer's output is not finite for {broken:,} of {len(vectors):,} rows."
    clusters = log.clusters
    units = log.units if clusters is None else clusters
    return EmbeddedRows(log, vectors, units.astype(np.int64), clusters is not None, split.sampled)
