"""From scores of attacks to measurements: overall, by class, by group, and in the tail."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from auditkit.checks.check import BETWEEN, EVALUATION, TRAINING
from auditkit.checks.estimation import MIN_KEPT, absent, estimated, telling, too_few
from auditkit.checks.groups import groups_need
from auditkit.checks.outcome_groups import OutcomeGroups
from auditkit.checks.privacy.attacks import Attack, Attacked, plain
from auditkit.checks.privacy.sides import Known, Scored
from auditkit.evidence.basis import Sample
from auditkit.evidence.needs import CountNeed
from auditkit.evidence.outcome_rows import OutcomeRows
from auditkit.evidence.subject import Subject
from auditkit.measurement import (
    Direction,
    Estimate,
    Measurement,
    MeasurementKey,
    Metric,
    Slice,
    Status,
)
from auditkit.models.head import Task
from auditkit.statistics.beyond_quantile import beyond_quantile

FEWEST_TO_FAIL, FEWEST_TO_PASS, FEWEST_OF_TAIL = 200, 1000, 10_000
"""Independent units on the side that has fewer: under the first nothing is judged, under the second
nothing passes; members, under which no share of the tail is judged."""

TAIL = 0.001
MOST_CLASSES = 20

_DEFINED = (
    "Probability that the attack named by the label scores a random unit of the training split "
    "above a random one of the evaluation split, ties counted half{where}; .5 is no leak."
)
_SOURCE = (
    "Yeom et al. 2018; Salem et al. 2019 (learned); Watson et al. 2022; Carlini et al. 2022; "
    "Zarifzadeh et al. 2024; intervals of DeLong et al. 1988 and Newcombe 2006"
)
AUC = Metric(
    id="privacy.membership_auc",
    title="Membership attack: area under the curve",
    definition=_DEFINED.format(where=""),
    unit="share",
    direction=Direction.LOWER,
    low=0,
    high=1,
    source=_SOURCE,
    least_to_pass=FEWEST_TO_PASS,
)
CLASS_AUC = Metric(
    id="privacy.class_membership_auc",
    title="Membership attack on a class: area under the curve",
    definition=_DEFINED.format(where=", both of the class named by the label"),
    unit="share",
    direction=Direction.LOWER,
    low=0,
    high=1,
    source=_SOURCE,
    least_to_pass=FEWEST_TO_PASS,
)
TNR = Metric(
    id="privacy.membership_tnr",
    title="Non-members recognised as such",
    definition="Share of the evaluation split whose loss exceeds the 99.9 % quantile of the loss "
    "of the training split: true negatives at .1 % false negatives; about .001 is no leak.",
    unit="share",
    direction=Direction.LOWER,
    low=0,
    high=1,
    source="after arXiv 2510.19773; exact bounds that count the estimated quantile in",
    least_to_pass=FEWEST_OF_TAIL,
)


def group_needs(subject: Subject) -> Iterator[CountNeed]:
    """What says how large the declared groups are."""
    for declared in subject.columns.groups:
        yield groups_need((declared.name,))


@dataclass(frozen=True, eq=False)
class Numbers:
    """All numbers of one attack on one output.

    Attributes:
        attacked: the output.
        attack: what is tried.
        withheld: why no verdict may rest on them; "" where one may.
    """

    attacked: Attacked
    attack: Attack
    withheld: str

    def measured(self, scored: Scored | Exception) -> Iterator[Measurement]:
        """The area overall, of each class and of each group; of a failed attack its reason.

        Args:
            scored: what the attack gave, or why it gave nothing.
        """
        if isinstance(scored, Exception):
            yield estimated(self._key(AUC), partial(_raise, scored), self.attacked.known.sample)
            return
        yield self._of(self._key(AUC), scored, scored.known.sample)
        if self.attack.divided:
            yield from self._by_class(scored)
            yield from self._by_group(scored)

    def _key(self, metric: Metric, part: str = "", where: Slice | None = None) -> MeasurementKey:
        view = self.attacked.view.key
        label = " · ".join(one for one in (view.label, self.attack.name, part) if one)
        return MeasurementKey(metric.id, where or Slice(), None, BETWEEN, view.head, label)

    def _of(self, key: MeasurementKey, scored: Scored, sample: Sample) -> Measurement:
        found = estimated(key, partial(_auc, scored), sample, _counts(scored.known))
        return _judgeable(found, FEWEST_TO_FAIL, self.withheld)

    def _by_class(self, scored: Scored) -> Iterator[Measurement]:
        view = self.attacked.view
        if not view.classifies or view.head.task is Task.MULTILABEL:
            return
        target = scored.known.target
        counts = np.bincount(target, minlength=len(view.classes))
        for place in np.sort(np.argsort(-counts, kind="stable")[:MOST_CLASSES]):
            part = scored.part(target == place)
            key = self._key(CLASS_AUC, view.classes[int(place)])
            yield self._of(key, part, part.known.sample)

    def _by_group(self, scored: Scored) -> Iterator[Measurement]:
        for declared in self.attacked.subject.columns.groups:
            members, others = (
                self._groups(rows, split, declared.name)
                for rows, split in zip(scored.known.rows, (TRAINING, EVALUATION), strict=True)
            )
            for where, own in others.groups.samples.items():
                key = self._key(AUC, where=where)
                if where not in members.groups.samples:
                    reason = f"No member is of {where}."
                    yield absent(key, Status.TOO_FEW, reason, Sample(0, share=own.share))
                    continue
                chosen = np.concatenate([members.members(where), others.members(where)])
                part = scored.part(chosen)
                sample = replace(part.known.sample, share=own.share)
                found = estimated(
                    key,
                    partial(_auc_of_group, part, where, (members, others)),
                    sample,
                    _counts(part.known),
                )
                yield _judgeable(found, FEWEST_TO_FAIL, self.withheld)

    def _groups(self, rows: OutcomeRows, split: str, name: str) -> OutcomeGroups:
        subject, evidence = self.attacked.subject, self.attacked.evidence[split]
        return OutcomeGroups(rows, subject, evidence, (name,))


def tail(attacked: Attacked, withheld: str) -> Measurement:
    """The share of non-members beyond nearly all members; of clusters, one row of each."""
    view = attacked.view.key
    key = MeasurementKey(TNR.id, Slice(), None, BETWEEN, view.head, view.label)
    members, others = (_one_of_each(rows) for rows in attacked.known.rows)
    sampled = members.sampled or others.sampled
    sample = Sample(len(members), None, sampled=sampled)

    def share() -> Estimate:
        if min(len(members), len(others)) < MIN_KEPT:
            raise telling("One of the sides has too few units")
        return beyond_quantile(-plain(members), -plain(others), TAIL)

    known = Known(members, others)
    found = estimated(key, share, sample, _counts(known))
    if len(others) < FEWEST_TO_FAIL:
        return _judgeable(replace(found, units=len(others)), FEWEST_TO_FAIL, withheld)
    return _judgeable(found, FEWEST_OF_TAIL, withheld)


def _one_of_each(rows: OutcomeRows) -> OutcomeRows:
    """One row of each cluster, the first in a random order: rows of one are no separate units."""
    if rows.clusters is None:
        return rows
    return rows.part(np.sort(np.unique(rows.clusters, return_index=True)[1]))


def _auc(scored: Scored) -> Estimate:
    if min(map(len, scored.known.rows)) < MIN_KEPT:
        raise telling("One of the sides has too few units")
    for half in scored.halves:
        if min(map(len, half.known.rows)) < MIN_KEPT:
            raise too_few("One half of the units has too few on one side.")
    return scored.auc()


def _auc_of_group(
    scored: Scored, where: Slice, groups: tuple[OutcomeGroups, OutcomeGroups]
) -> Estimate:
    for side in groups:
        side.refuse_few(where)
    return _auc(scored)


def _counts(known: Known) -> str:
    members, others = known.rows
    return f"Of {len(members):,} members and {len(others):,} non-members. {known.drawn}".strip()


def _judgeable(found: Measurement, fewest: int, withheld: str) -> Measurement:
    """The number without what a judge would need, where no verdict may rest on it; with why."""
    if found.status is not Status.MEASURED:
        return found
    few = ""
    if found.units < fewest:
        few = f"Nothing is judged of fewer than {fewest:,} independent units on each side."
    reason = few or withheld
    if not reason:
        return found
    return replace(found, estimate=None, reason=f"{reason} {found.reason}")


def _raise(error: Exception) -> Estimate:
    raise error
