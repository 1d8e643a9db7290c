"""Probes of confidence: numbers that should be high where the model is right.

All of them are about one and the same answer, that of the model as it is used: asked again under
dropout, with shifted inputs or by other members of an ensemble, it says how sure it is, not what it
answers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import entr, logsumexp

from auditkit.checks.check import EVALUATION
from auditkit.evidence.answered import answered
from auditkit.evidence.collected import Evidence
from auditkit.evidence.outcome_rows import OutcomeRows
from auditkit.evidence.sample_needs import AnswerNeed
from auditkit.evidence.subject import Subject, View
from auditkit.models.head import Outputs
from auditkit.variants.variant import DROPOUT, PLAIN, SHIFTS, Variant, member

CONFIDENCE = "max_softmax"
"""The probability of the class that the model predicts: what a user sees as its confidence."""


@dataclass(frozen=True, eq=False)
class Probe:
    """One number of each row, higher meaning more confident.

    Attributes:
        name: of the probe.
        values: float64 of shape (n,).
        rows: whose.
    """

    name: str
    values: np.ndarray
    rows: OutcomeRows


@dataclass(frozen=True)
class NoProbe:
    """A probe that this model does not have.

    Attributes:
        name: of the probe.
        reason: why, as a full sentence.
    """

    name: str
    reason: str


@dataclass(frozen=True)
class _Again:
    """A way to ask again, and the probes that it gives.

    Attributes:
        variants: what the model is asked under; the answers are taken together.
        mean: the probe that is the mean probability of the predicted class.
        spread: the probe that is the mutual information, negated; "" for none.
        lack: why the model cannot be asked so, as far as that is known beforehand; "" if it can.
    """

    variants: tuple[Variant, ...]
    mean: str
    spread: str = ""
    lack: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """The probes' names."""
        return tuple(name for name in (self.mean, self.spread) if name)


def _ways(subject: Subject) -> tuple[_Again, ...]:
    absent = subject.reasons.get("present", "") if not subject.present else ""
    shapeless = "Shifted copies are made of images; the inputs are rows of a table."
    alone = "No further members of an ensemble are given; declare model.members for them."
    members = tuple(member(place) for place in range(subject.members))
    return (
        _Again((DROPOUT,), "mc_dropout", "mc_dropout_information", absent),
        _Again((SHIFTS,), "test_time", "", absent or shapeless * (subject.medium == "table")),
        _Again(
            (PLAIN, *members),
            "ensemble",
            "ensemble_disagreement",
            absent or ("" if members else subject.reasons.get("members", alone)),
        ),
    )


def answer_needs(subject: Subject, view: View) -> Iterator[AnswerNeed]:
    """What the model must be asked again for a view."""
    variants = [one for way in _ways(subject) if not way.lack for one in way.variants]
    for variant in dict.fromkeys((PLAIN, *variants)) if variants else ():
        yield AnswerNeed(view.key.head, variant)


def plain_probes(rows: OutcomeRows) -> Iterator[Probe | NoProbe]:
    """The probes that the outputs themselves hold."""
    probabilities = rows.probabilities
    own = confidence(rows)
    others = probabilities.copy()
    others[np.arange(len(rows)), rows.prediction] = -np.inf
    yield Probe(CONFIDENCE, own, rows)
    yield Probe("margin", own - others.max(axis=1), rows)
    yield Probe("entropy", -entr(probabilities).sum(axis=1), rows)
    if reason := _energyless(rows):
        yield NoProbe("energy", reason)
    else:
        yield Probe("energy", logsumexp(rows.logits, axis=1), rows)


def _energyless(rows: OutcomeRows) -> str:
    if rows.view.head.outputs is not Outputs.LOGITS:
        return "The energy is that of logits, and the outputs are probabilities."
    if rows.outputs.shape[1] == 1:
        return (
            "The energy needs one logit for each class; a single one says how much likelier one "
            "class is than the other."
        )
    return ""


def confidence(rows: OutcomeRows) -> np.ndarray:
    """The probability of the class that the model predicts, float64 of shape (n,).

    Raises:
        ValueError: no class is predicted, or some probabilities are not finite.
    """
    if rows.prediction is None:
        raise ValueError("no class is predicted: the output declares no decision")
    own: np.ndarray = rows.probabilities[np.arange(len(rows)), rows.prediction]
    if broken := int((~np.isfinite(own)).sum()):
        raise ValueError(f"the confidence of {broken:,} units is not finite")
    return own


def asked_probes(subject: Subject, evidence: Evidence, view: View) -> Iterator[Probe | NoProbe]:
    """The probes for which the model was asked again; on a sample of the rows."""
    for way in _ways(subject):
        found = way.lack or _repeats(evidence, view, way)
        if isinstance(found, str):
            yield from (NoProbe(name, found) for name in way.names)
            continue
        rows, mean, own = found
        yield Probe(way.mean, mean[np.arange(len(rows)), rows.prediction], rows)
        if way.spread:
            # How far the answers differ: the entropy of their mean less the mean of their own.
            yield Probe(way.spread, own - entr(mean).sum(axis=1), rows)


def _repeats(
    evidence: Evidence, view: View, way: _Again
) -> tuple[OutcomeRows, np.ndarray, np.ndarray] | str:
    """The labelled rows, and over all repeats the mean probabilities and the mean entropy.

    Of shape (n, classes) and (n,).
    """
    plain = answered(evidence, AnswerNeed(view.key.head, PLAIN), view, EVALUATION)
    if isinstance(plain, str):
        return plain
    if plain.target is None:
        return "None of the units that the model was asked about has a label."
    again = []
    for variant in way.variants:
        found = answered(evidence, AnswerNeed(view.key.head, variant), view, EVALUATION)
        if isinstance(found, str):
            return found
        again.append(found)
    # Of many repeats fewer units were asked about: the first of those that all others have.
    fewest = min(again, key=len)
    plain = replace(plain.part(np.arange(len(fewest))), drawn=fewest.drawn)
    repeats = (one for found in again for one in found.each_probabilities())
    mean, entropy, count = np.zeros(()), np.zeros(()), 0
    for probabilities in repeats:
        ours = probabilities[: len(plain)][plain.labelled]
        mean, entropy, count = mean + ours, entropy + entr(ours).sum(axis=1), count + 1
    return plain.outcomes, mean / count, entropy / count
