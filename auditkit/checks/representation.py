"""Can a group be read from what the model makes of its input?

A linear probe is fitted to tell the members of a group from the others by the output of one layer,
and scored on rows that it was not fitted on. What a line finds is there; what it does not find may
still be there for a curve, or in what the projection to 64 dimensions left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from auditkit.checks.check import EVALUATION, Check, Findings
from auditkit.checks.embedding_slices.embeddings import (
    EmbeddedRows,
    embedded_rows,
    layerless,
    shared_need,
)
from auditkit.checks.estimation import (
    MIN_KEPT,
    NoEstimateError,
    Sample,
    absent,
    drawn_ends,
    estimated,
    too_few,
)
from auditkit.data.columns import MISSING, Group
from auditkit.data.grouping import ordered_levels
from auditkit.evidence.collected import Evidence
from auditkit.evidence.needs import SplitNeed, group
from auditkit.evidence.subject import Subject
from auditkit.measurement import (
    Direction,
    Figure,
    Measurement,
    MeasurementKey,
    Metric,
    Slice,
    Status,
)
from auditkit.statistics.fold_auc import FoldAuc
from auditkit.statistics.probes import Probed, probed

FOLDS = 5
PERMUTATIONS = 199
# Fewer on one side leave some of the five folds without two of them to compare.
MIN_SIDE = 30
_HEWITT = "linear probes, Alain and Bengio 2016; permutation control, Ojala and Garriga 2010"

AUC = Metric(
    id="representation.probe_auc",
    title="AUC of a probe for a group",
    definition="Probability that a linear probe of the layer, fitted on other units, scores a unit "
    "of the group higher than one of another group; .5 means that it reads nothing.",
    unit="share",
    direction=Direction.LOWER,
    low=0,
    high=1,
    source=f"{_HEWITT}; interval of DeLong et al. 1988, widened by the jackknife of the fit",
)
NULL = Metric(
    id="representation.probe_null",
    title="AUC of a probe for nothing",
    definition="The 95 % quantile of the probe's AUC when the groups are dealt anew at random.",
    unit="share",
    direction=Direction.NONE,
    low=0,
    high=1,
    source=_HEWITT,
    gateable=False,
)
P_VALUE = Metric(
    id="representation.probe_p_value",
    title="p-value of a probe for a group",
    definition="Chance of so large an AUC if the layer held nothing of the group: (1 + dealings "
    "with one as large) / (1 + dealings).",
    unit="share",
    direction=Direction.NONE,
    low=0,
    high=1,
    source="Phipson and Smyth 2010",
    gateable=False,
)
METRICS = (AUC, NULL, P_VALUE)


def _unmet(subject: Subject) -> str:
    if not subject.columns.groups:
        return "No group attribute is declared; declare data.groups to look for them in the layer."
    return layerless(subject)


def _needs(subject: Subject) -> Iterator[SplitNeed]:
    yield SplitNeed(EVALUATION, shared_need(subject))


def _measure(subject: Subject, evidence: Evidence) -> Findings:
    rows = embedded_rows(evidence, shared_need(subject))
    if isinstance(rows, str):
        nothing = Sample(0, sampled=evidence[EVALUATION].sampled)
        keys = [MeasurementKey(metric.id) for metric in METRICS]
        return Findings(tuple(absent(key, Status.NOT_APPLICABLE, rows, nothing) for key in keys))
    return Findings.together(
        _attribute(subject, declared, rows) for declared in subject.columns.groups
    )


@dataclass(frozen=True, eq=False)
class _Levels:
    """The rows whose value of one attribute is known, and what it is.

    Attributes:
        declared: the attribute.
        rows: of the layer.
        labels: the level of each row, shape (rows,).
        seed: of the permutations.
    """

    declared: Group
    rows: EmbeddedRows
    labels: np.ndarray
    seed: int

    @property
    def levels(self) -> list[str]:
        return list(ordered_levels(self.declared, sorted(set(self.labels.tolist()))))

    def sample(self, level: str) -> Sample:
        return self.rows.sample(self.labels == level)

    def probed(self, level: str) -> Probed:
        """What is read of one level.

        Raises:
            NoEstimateError: too few units on a side.
        """
        positive = self.labels == level
        sides = (int(positive.sum()), int((~positive).sum()))
        if min(sides) < MIN_KEPT:
            raise NoEstimateError(
                Status.TOO_FEW,
                f"The group or all others are fewer than {MIN_KEPT}; numbers about so few are not "
                "kept, since they could tell about a person.",
                secret=True,
            )
        if min(sides) < MIN_SIDE:
            raise too_few(
                f"The group has {sides[0]:,} rows and all others {sides[1]:,}; a probe needs "
                f"{MIN_SIDE} of each."
            )
        if lack := self.sample(level).lack:
            raise too_few(lack)
        units = self.rows.units
        return probed(self.rows.vectors, positive, units % FOLDS, units, PERMUTATIONS, self.seed)


def _attribute(subject: Subject, declared: Group, rows: EmbeddedRows) -> Findings:
    labels = rows.log.labels(group(declared.name))
    known = labels != MISSING
    table = _Levels(declared, rows.only(known), labels[known], subject.seed)
    read = _read(table)
    found = [part for level in table.levels for part in _level(table, level, read[level])]
    figure = _figure(table, read, found, subject.layer)
    return Findings(tuple(found), () if figure is None else (figure,))


def _read(table: _Levels) -> dict[str, Probed | NoEstimateError]:
    read: dict[str, Probed | NoEstimateError] = {}
    for level in table.levels:
        if len(table.levels) == 2 and len(read) == 1:
            # Of two levels, one is read as well as the other.
            (other,) = read.values()
            read[level] = _mirrored(other) if isinstance(other, Probed) else other
            continue
        try:
            read[level] = table.probed(level)
        except NoEstimateError as none:
            read[level] = none
        except ValueError as refused:
            read[level] = too_few(f"The folds cannot be compared: {refused}.")
    return read


def _mirrored(other: Probed) -> Probed:
    auc: FoldAuc = other.auc
    return replace(other, auc=replace(auc, positives=auc.negatives, negatives=auc.positives))


def _level(table: _Levels, level: str, read: Probed | NoEstimateError) -> Iterator[Measurement]:
    where = Slice.of({table.declared.name: level})
    keys = [MeasurementKey(metric.id, where) for metric in METRICS]
    sample = table.sample(level)
    if isinstance(read, NoEstimateError):
        # Their share of the rows read for the probe would say how few they are.
        told = Sample(0, sampled=sample.sampled) if read.secret else sample
        yield from (absent(key, read.status, str(read), told) for key in keys)
        return
    rows = table.rows
    blocks = rows.units % 64 if rows.clustered else None
    yield estimated(keys[0], lambda: read.estimate(blocks), sample, rows.log.drawn)
    dealt = f"Of {len(read.null)} random dealings of the groups"
    by = " among clusters" if rows.clustered else ""
    ends = (read.null_quantile(0.95), f"{dealt}{by}."), (read.p_value, f"{dealt}{by}, one-sided.")
    for key, (value, reason) in zip(keys[1:], ends, strict=True):
        yield Measurement(
            key,
            Status.MEASURED,
            value,
            units=sample.units,
            rows=sample.rows,
            share=sample.share,
            reason=reason,
            sampled=sample.sampled,
        )


def _figure(
    table: _Levels,
    read: dict[str, Probed | NoEstimateError],
    found: list[Measurement],
    layer: str,
) -> Figure | None:
    if not any(isinstance(one, Probed) for one in read.values()):
        return None
    aucs = {str(m.key.slice.conditions[0][1]): m for m in found if m.key.metric == AUC.id}
    rows = []
    for level, one in read.items():
        measured = aucs[level]
        null = one if isinstance(one, Probed) else None
        rows.append(
            {
                "group": level,
                "value": measured.value,
                **drawn_ends(measured.interval),
                "null_low": None if null is None else null.null_quantile(0.05),
                "null_high": None if null is None else null.null_quantile(0.95),
                "n": int((table.labels == level).sum()),
            }
        )
    return Figure(
        kind="null_band",
        title=f"What can be read of {table.declared.name} from the model's inside",
        caption=(
            f"AUC of a linear probe that tells each group from the others by one layer ({layer}); "
            "in the grey band lie nine of ten probes where there is nothing to read. What can be "
            "read need not be used, and what goes with the outcome can hardly be hidden."
        ),
        check="representation",
        data={
            "value_label": "AUC of the probe",
            "null_label": "random groups",
            "n": len(table.labels),
            "rows": rows,
        },
    )


CHECK = Check(
    name="representation",
    question="Can a group be read from what the model makes of its input?",
    metrics=METRICS,
    unmet=_unmet,
    needs=_needs,
    measure=_measure,
    not_tested=(
        "Only what a line reads from one layer was looked for: what a probe does not find may "
        "still be there.",
        "Whether the model uses what can be read of a group was not tested.",
    ),
)
