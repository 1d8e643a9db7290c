"""What an adversary leaves: units that are right as they are and under every attack."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from auditkit.checks.estimation import NoEstimateError, undefined
from auditkit.checks.percentages import percent
from auditkit.checks.robustness.pairs import Pair
from auditkit.evidence.answered import AnsweredRows
from auditkit.evidence.row_estimates import share_of
from auditkit.evidence.subject import Labels, Subject
from auditkit.measurement import Estimate, Measurement
from auditkit.statistics import estimates
from auditkit.variants.variant import Variant, attack

MOST_STUCK = 0.05
"""Above this share of the right units, an attack that finds no gradient says nothing."""

NO_ATTACK = "No attack is asked for: aims.attacks names none."
NO_RANGE = (
    "It is not declared between which ends the inputs lie; declare model.inputs.range for attacks."
)


def attacks_of(subject: Subject) -> tuple[Variant, ...]:
    """The attacks that the user asks for, each once."""
    names = dict.fromkeys(subject.aims.attacks)
    return tuple(attack(name, subject.aims.epsilon) for name in names)


def worst_of(attacks: Sequence[Variant]) -> str:
    """What the worst of several attacks is called.

    >>> worst_of([attack("fgsm", 0.1), attack("pgd", 0.1)])
    'worst of both'
    """
    return "worst of both" if len(attacks) == 2 else f"worst of {len(attacks)}"


def no_attacks(subject: Subject) -> str:
    """Why nothing is attacked; "" if the model can be."""
    if not subject.aims.attacks:
        return NO_ATTACK
    if not subject.differentiable:
        return subject.reasons.get("differentiable", "No gradient reaches the model's inputs.")
    if not subject.input_range:
        return NO_RANGE
    return subject.unlabelled if subject.labels is Labels.NONE else ""


def measurements(
    before: AnsweredRows, attacked: Mapping[Variant, AnsweredRows], worst: str = ""
) -> Iterator[Measurement]:
    """The robust accuracy under each attack, and under the worst of them for each unit.

    Args:
        before: plain answers.
        attacked: attack → answers.
        worst: what the worst of all is called; "" where it is not asked for.
    """
    pairs = [Pair.of(variant, before, after) for variant, after in attacked.items()]
    for pair in pairs:
        yield _measured([pair], pair.change)
    if worst:
        yield _measured(pairs, worst)


def _measured(pairs: list[Pair], change: str) -> Measurement:
    notes = dict.fromkeys(note for pair in pairs for note in pair.after.notes)
    said = replace(pairs[0].after, notes=(*notes, _qualified(pairs)))
    pair = replace(pairs[0], change=change, after=said)
    return pair.measured("robust_accuracy", lambda _: _robust(pairs))


@dataclass(frozen=True)
class _Units:
    """Labelled units under some attacks.

    Attributes:
        rows: these.
        right: whether each is right as it is, bool of shape (n,).
        held: whether it is so under each of the attacks, too.
        stuck: whether it is held, and some attack had no gradient to follow: nobody knows.
    """

    rows: AnsweredRows
    right: np.ndarray
    held: np.ndarray
    stuck: np.ndarray

    @classmethod
    def of(cls, pairs: list[Pair]) -> _Units:
        """The units of pairs that have the plain answers in common; errors as of `Pair`."""
        known = [pair.labelled for pair in pairs]
        held = np.logical_and.reduce([side for pair in known for side in pair.right])
        masks = [pair.after.stuck for pair in known if pair.after.stuck is not None]
        stuck = np.logical_or.reduce(masks) if masks else np.zeros_like(held)
        return cls(known[0].before, known[0].right[0], held, held & stuck)

    @property
    def masked(self) -> str:
        """Why robustness cannot be told; "" if it can."""
        right, stuck = int(self.right.sum()), int(self.stuck.sum())
        if not stuck or stuck <= MOST_STUCK * right:
            return ""
        return (
            f"At {percent(round(stuck / right, 4))} of the {right:,} units that are right as they "
            "are, the attack had no gradient to follow: that it did not move them says nothing on "
            "robustness."
        )


def _qualified(pairs: list[Pair]) -> str:
    """What was done with units at which an attack had no gradient to follow; "" if nothing."""
    try:
        units = _Units.of(pairs)
    except (NoEstimateError, ValueError):
        return ""  # there is no number, and its reason is told
    stuck = int(units.stuck.sum())
    if not stuck or units.masked:
        return ""
    return (
        f"At {stuck:,} of {int(units.right.sum()):,} units that are right as they are, the attack "
        "had no gradient to follow: they count as not held."
    )


def _robust(pairs: list[Pair]) -> Estimate:
    """The share of labelled units that are right before and after each of some attacks.

    Units at which there was no gradient to follow count as not held, the worst case.
    """
    units = _Units.of(pairs)
    if units.masked:
        raise undefined(units.masked)
    held, rows = units.held & ~units.stuck, units.rows
    if rows.clusters is None:
        return estimates.exact_proportion(int(held.sum()), len(held))
    return share_of(held, rows)
