"""The attacks that are made on one output: a table, and what each of them knows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from auditkit.checks.check import EVALUATION, TRAINING
from auditkit.checks.privacy.sides import Known, Scored
from auditkit.evidence.collected import Evidence
from auditkit.evidence.outcome_rows import OutcomeRows
from auditkit.evidence.sample_needs import TRAIN, TrialNeed
from auditkit.evidence.subject import Subject, View
from auditkit.evidence.tried import TriedRows, tried_rows
from auditkit.learners.telling_apart import boosted_scores
from auditkit.models.head import Task
from auditkit.statistics.absence import too_few, undefined
from auditkit.statistics.membership import (
    difficulty_calibrated,
    lira_offline,
    log_likelihoods,
    margins,
    rmia_offline,
)

FEWEST_TO_LEARN = 200
"""Units on each side from which on an attack is learnt: half of them are fitted on."""

MOST_LEARNT = 10
"""Outputs of a model on which an attack is learnt; of many labels the first ones."""


@dataclass(frozen=True, eq=False)
class Attacked:
    """One output, and what an attacker may know of it.

    Attributes:
        subject: what is audited.
        evidence: of all splits.
        view: the output.
        known: members and others.
    """

    subject: Subject
    evidence: Evidence
    view: View
    known: Known

    @cached_property
    def references(self) -> References:
        """Models that were trained on random halves of the members.

        Raises:
            NoEstimateError: one could not be trained, or the units have nothing in common.
        """
        return References.of(self)


@dataclass(frozen=True, eq=False)
class References:
    """What models answer that were each trained on a random half of the training units.

    Attributes:
        known: members and others that all of them were asked about.
        of_each: minus the loss of each reference, or its margin, float64 of shape (references, n).
        unseen: whether each was not taught on a unit, bool of shape (references, n). To others,
            on which none was taught, it falls as it does to members: else their scores would rest
            on twice as many references, and be told apart by that alone.
    """

    known: Known
    of_each: np.ndarray
    unseen: np.ndarray

    @classmethod
    def of(cls, attacked: Attacked) -> References:
        """The references of an output; see `Attacked.references`."""
        tried = [
            tuple(_tried(attacked, need, split) for split in (TRAINING, EVALUATION))
            for need in reference_needs(attacked.subject, attacked.view)
        ]
        known = Known(tried[0][0].model, tried[0][1].model)
        scores = [np.concatenate([plain(side.learner) for side in sides]) for sides in tried]
        unseen = [
            np.concatenate([~members.taught, _as_if_taught(len(others), members, place)])
            for place, (members, others) in enumerate(tried)
        ]
        return cls(known, np.stack(scores), np.stack(unseen))


def _tried(attacked: Attacked, need: TrialNeed, split: str) -> TriedRows:
    found = tried_rows(attacked.evidence, attacked.subject, attacked.view, need, split)
    if isinstance(found, str):
        raise undefined(f"A reference model has no answers. {found}")
    return found


def _as_if_taught(others: int, members: TriedRows, draw: int) -> np.ndarray:
    """Whether a reference counts as one that has not seen each of the others."""
    rng = np.random.default_rng((others, draw))
    return np.asarray(rng.random(others) >= members.taught.mean())


def reference_needs(subject: Subject, view: View) -> Iterator[TrialNeed]:
    """Models trained on random halves of the training units; none where that is not possible."""
    if not subject.retraining.possible:
        return
    for draw in range(subject.retraining.references):
        yield TrialNeed(
            view.key.head, TRAIN, halvings=1, draw=draw, sample=subject.retraining.units
        )


def plain(rows: OutcomeRows) -> np.ndarray:
    """The margin of the true class; of numbers, minus the squared error; of quantiles, minus the
    mean pinball loss. float64 of shape (n,).

    Raises:
        ValueError: outputs that are not finite.
    """
    if broken := int((~np.isfinite(rows.outputs)).any(axis=1).sum()):
        raise ValueError(f"the outputs of {broken:,} of {len(rows):,} units are not finite")
    if rows.view.task is not Task.REGRESSION:
        return margins(rows.logits, rows.target)
    levels = np.array(rows.view.head.quantiles)
    errors = rows.target[:, None] - rows.outputs
    if levels.size:
        return np.asarray(-np.maximum(levels * errors, (levels - 1) * errors).mean(axis=1))
    return np.asarray(-(errors[:, 0] ** 2))


def _minus_loss(margin: np.ndarray, view: View) -> np.ndarray:
    return margin if view.task is Task.REGRESSION else log_likelihoods(margin)


def _of(known: Known) -> np.ndarray:
    return np.concatenate([plain(side) for side in known.rows])


def _loss(attacked: Attacked) -> Scored:
    return Scored(attacked.known, _of(attacked.known))


def _learned(attacked: Attacked) -> Scored:
    known = attacked.known
    if known.fewest < FEWEST_TO_LEARN:
        raise too_few(
            f"An attack is learnt from at least {FEWEST_TO_LEARN} independent units on each side."
        )
    margin = _of(known)
    likeliest = [-np.sort(-side.probabilities, axis=1)[:, :3] for side in known.rows]
    features = np.column_stack([np.concatenate(likeliest), log_likelihoods(margin), margin])
    return Scored(known, boosted_scores(features, known.is_member, known.held_out), crossed=True)


def _with_references(
    score: Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray], *, margin: bool = False
) -> Callable[[Attacked], Scored]:
    def made(attacked: Attacked) -> Scored:
        references, view = attacked.references, attacked.view
        own, others = _of(references.known), references.of_each
        if not margin:
            own, others = _minus_loss(own, view), _minus_loss(others, view)
        scores = score(own, others, references.unseen)
        found = np.isfinite(scores)
        return Scored(references.known, scores).part(found)

    return made


@dataclass(frozen=True)
class Attack:
    """One way to guess who was a member.

    Attributes:
        name: what it is called in the label of a measurement.
        score: from what the attacker knows to a score of each unit; raises `NoEstimateError` or
            `ValueError` where it has none.
        of_numbers: whether it can be made on a regression.
        learnt: whether it is fitted on half of the units.
        references: whether it needs models trained again.
        divided: whether it is told of each class and group, too.
    """

    name: str
    score: Callable[[Attacked], Scored]
    of_numbers: bool = False
    learnt: bool = False
    references: bool = False
    divided: bool = True


ATTACKS = (
    Attack("loss", _loss, of_numbers=True),
    Attack("learned", _learned, learnt=True),
    Attack(
        "difficulty-calibrated loss", _with_references(difficulty_calibrated), of_numbers=True,
        references=True, divided=False,
    ),
    Attack("LiRA", _with_references(lira_offline, margin=True), references=True),
    Attack("RMIA", _with_references(rmia_offline), references=True, divided=False),
)  # fmt: skip


def attacks_on(subject: Subject, view: View) -> tuple[Attack, ...]:
    """The attacks that are made on an output."""
    place = [one.key for one in subject.main_views].index(view.key)
    again = subject.retraining.possible and subject.retraining.references > 0
    return tuple(
        attack
        for attack in ATTACKS
        if (attack.of_numbers or view.task is not Task.REGRESSION)
        and (again or not attack.references)
        and (place < MOST_LEARNT or not attack.learnt)
    )
