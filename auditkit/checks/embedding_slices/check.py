"""Units that are alike to the model, and on which it errs more: slices of inputs without columns.

The output of one layer is clustered on one half of the rows; clusters that err more than the rest
there are tried again on the other half, which the search has not seen. What is confirmed is a
warning: somebody should look at such units.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from auditkit.checks.check import EVALUATION, Check, Findings
from auditkit.checks.cluster_errors import described
from auditkit.checks.embedding_slices.embeddings import (
    embedded_rows,
    embedding_need,
    erring_views,
    layerless,
)
from auditkit.checks.embedding_slices.search import MOST_CLUSTERS, Search, search, search_lack
from auditkit.checks.estimation import Sample, absent, drawn_ends, estimated
from auditkit.checks.scores import NO_DECISION
from auditkit.evidence.collected import Evidence
from auditkit.evidence.needs import SplitNeed
from auditkit.evidence.subject import Subject, View
from auditkit.measurement import (
    Direction,
    Figure,
    Measurement,
    MeasurementKey,
    Metric,
    Status,
)

_SOURCE = "clusters of embeddings, Sohoni et al. 2020; Eyuboglu et al. 2022"

ERROR = Metric(
    id="embedding_slices.error",
    title="Error in a cluster",
    definition="Share of wrong decisions (or mean unit error) among the units of a cluster of the "
    "layer's output, on the half of the rows that was not searched.",
    unit="share, or as the error",
    direction=Direction.LOWER,
    source=f"{_SOURCE}; interval of Wilson 1927",
)
DIFFERENCE = Metric(
    id="embedding_slices.error_difference",
    title="Difference of the error in a cluster",
    definition="Error of a cluster of the layer's output minus that of all other units, on the "
    "half of the rows that was not searched.",
    unit="share, or as the error",
    direction=Direction.ZERO,
    source=f"{_SOURCE}; interval of Newcombe 1998",
)
CONFIRMED = Metric(
    id="embedding_slices.confirmed",
    title="Clusters that err more",
    definition="Number of clusters of the layer's output whose error is larger than that of the "
    "rest on both halves of the rows (Benjamini-Hochberg, then Holm, 5 % one-sided each).",
    unit="clusters",
    direction=Direction.LOWER,
    low=0,
    source=f"{_SOURCE}; Benjamini and Hochberg 1995; Holm 1979",
    gateable=False,
)
METRICS = (ERROR, DIFFERENCE, CONFIRMED)


def _unmet(subject: Subject) -> str:
    if reason := layerless(subject):
        return reason
    return subject.unlabelled if any(erring_views(subject)) else NO_DECISION


def _needs(subject: Subject) -> Iterator[SplitNeed]:
    for view, _ in erring_views(subject):
        yield SplitNeed(EVALUATION, embedding_need(subject, view))


def _measure(subject: Subject, evidence: Evidence) -> Findings:
    parts = []
    for view, value in erring_views(subject):
        rows = embedded_rows(evidence, embedding_need(subject, view))
        if isinstance(rows, str):
            whole = Sample(0, sampled=evidence[EVALUATION].sampled)
            parts.append(_nothing(view, value, METRICS, Status.NOT_APPLICABLE, rows, whole))
            continue
        whole = rows.whole
        if lack := search_lack(rows):
            parts.append(_nothing(view, value, METRICS, Status.TOO_FEW, lack, whole))
            continue
        parts.append(_Told(subject, view, value, search(rows, value, subject.seed)).findings())
    return Findings.together(parts)


def _nothing(
    view: View, value: str, metrics: tuple[Metric, ...], status: Status, reason: str, whole: Sample
) -> Findings:
    keys = [_key(view, value, metric) for metric in metrics]
    return Findings(tuple(absent(key, status, reason, whole) for key in keys))


def _key(view: View, value: str, metric: Metric, cluster: str = "") -> MeasurementKey:
    """A cluster is a label and no slice: it is not among the groups that a policy speaks of."""
    output = value if value in view.values else view.key.label
    label = ", ".join(part for part in (output, cluster) if part)
    return MeasurementKey(metric.id, split=EVALUATION, head=view.key.head, label=label)


@dataclass(frozen=True, eq=False)
class _Told:
    """What a search of one output is reported as.

    Attributes:
        subject: what is audited.
        view: the output.
        value: the name of its unit error; "" for wrong decisions.
        search: what was found.
    """

    subject: Subject
    view: View
    value: str
    search: Search

    def findings(self) -> Findings:
        whole, discovery = self.search.sample, self.search.discovery
        if not discovery.found:
            reason = "No cluster errs more than the others on the half that was searched."
            shown = (ERROR, DIFFERENCE)
            none = _nothing(self.view, self.value, shown, Status.UNDEFINED, reason, whole)
            return Findings((self._count(), *none.measurements))
        errors = [self._measured(cluster, ERROR) for cluster in discovery.found]
        differences = [self._measured(cluster, DIFFERENCE) for cluster in discovery.found]
        notes = self._note(dict(zip(discovery.found, differences, strict=True)))
        figure = self._figure(errors, differences)
        return Findings((self._count(), *errors, *differences), (figure,), tuple(notes))

    @property
    def _of(self) -> str:
        return f" of {self.view.key}" if str(self.view.key) else ""

    def _count(self) -> Measurement:
        discovery, whole = self.search.discovery, self.search.sample
        reason = (
            f"Of {self.search.clusters} clusters, {len(discovery.found)} err more than the rest on "
            f"the half that was searched, and {len(discovery.confirmed)} of these on the other "
            "half too."
        )
        return Measurement(
            _key(self.view, self.value, CONFIRMED),
            Status.MEASURED,
            float(len(discovery.confirmed)),
            units=whole.units,
            rows=whole.rows,
            reason=f"{reason} {self.search.rows.log.drawn}".strip(),
            sampled=whole.sampled,
        )

    def _measured(self, cluster: int, metric: Metric) -> Measurement:
        """The error of a cluster, or how it differs from that of the rest."""
        half, alone = self.search.held_out, metric is ERROR
        return estimated(
            _key(self.view, self.value, metric, _name(cluster)),
            lambda: half.error(cluster) if alone else half.compared(cluster),
            half.sample(cluster, alone=alone),
            self._described(cluster),
        )

    def _described(self, cluster: int) -> str:
        rows = self.search.rows
        return described(self.subject, self.view, rows.log, self.search.places == cluster)

    def _note(self, differences: Mapping[int, Measurement]) -> Iterator[str]:
        """A sentence on the cluster that stands out most, and how many more there are."""
        confirmed = self.search.discovery.confirmed
        if not confirmed:
            return
        first = differences[confirmed[0]]
        assert first.interval is not None  # what was confirmed was measured
        rows = self.search.held_out.sample(confirmed[0], alone=True).rows
        more = len(confirmed) - 1
        told = (
            f"Units that are alike to the model err more often{self._of}: {_name(confirmed[0])} of "
            f"the layer's output has an error that is {first.value:.3g} (90 % interval "
            f"{first.interval.low:.3g} to {first.interval.high:.3g}, n = {rows:,}) above that of "
            "all others, on rows that were not searched."
        )
        further = f"{more} more of them, among the measurements, do too." if more else ""
        yield " ".join(part for part in (told, first.reason, further) if part)

    def _figure(self, errors: list[Measurement], differences: list[Measurement]) -> Figure:
        confirmed = [
            (cluster, words)
            for cluster in self.search.discovery.confirmed
            if (words := self._described(cluster))
        ]
        about = " ".join(f"{_name(cluster).capitalize()}: {words}" for cluster, words in confirmed)
        return Figure(
            kind="group_rates",
            title=f"Where the errors{self._of} gather",
            caption=(
                f"Clusters of one layer ({self.subject.layer}) that erred more than the rest on "
                "one half of the rows; the numbers are of the other half. Those marked as chance "
                f"were not confirmed there. {about}"
            ).strip(),
            check="embedding_slices",
            data={
                "attribute": "cluster",
                "metric": ERROR.id,
                "unit": "" if self.value else "share",
                "rows": self._rows(errors),
                "comparison": DIFFERENCE.id,
                "reference": "all other units",
                "ratios": self._rows(differences),
            },
        )

    def _rows(self, found: list[Measurement]) -> list[dict[str, object]]:
        discovery, half = self.search.discovery, self.search.held_out
        return [
            {
                "group": _name(cluster) + ("" if cluster in discovery.confirmed else " (chance?)"),
                "value": measured.value,
                **drawn_ends(measured.interval),
                "n": half.size(cluster),
            }
            for cluster, measured in zip(discovery.found, found, strict=True)
        ]


def _name(cluster: int) -> str:
    return f"cluster {cluster + 1}"


CHECK = Check(
    name="embedding_slices",
    question="Are there units, alike to the model, on which it errs more?",
    metrics=METRICS,
    unmet=_unmet,
    needs=_needs,
    measure=_measure,
    not_tested=(
        f"Errors were searched for in at most {MOST_CLUSTERS} clusters of one layer's output; "
        "smaller gatherings are averaged out.",
    ),
)
