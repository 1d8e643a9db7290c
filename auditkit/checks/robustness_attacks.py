"""What an adversary leaves: units that are right as they are and under every attack."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from auditkit.checks.kept_rows import share_of
from auditkit.checks.robustness_pairs import Pair
from auditkit.evidence.answered import AnsweredRows
from auditkit.evidence.subject import Labels, Subject
from auditkit.measurement import Estimate, Measurement
from auditkit.statistics import estimates
from auditkit.variants.variant import Variant, attack

EPSILON = 0.031
"""Of the input range: 8 of 255 grey levels, the radius that published comparisons use."""

ATTACKS = (attack("fgsm", EPSILON), attack("pgd", EPSILON))
WORST = "worst of both"
NO_RANGE = (
    "It is not declared between which ends the inputs lie; declare model.inputs.range for attacks."
)


def no_attacks(subject: Subject) -> str:
    """Why nothing is attacked; "" if the model can be."""
    if not subject.differentiable:
        return subject.reasons.get("differentiable", "No gradient reaches the model's inputs.")
    if not subject.input_range:
        return NO_RANGE
    return subject.unlabelled if subject.labels is Labels.NONE else ""


def measurements(
    before: AnsweredRows, attacked: Mapping[Variant, AnsweredRows]
) -> Iterator[Measurement]:
    """The robust accuracy under each attack, and under the worst of them for each unit.

    Args:
        before: plain answers.
        attacked: attack → answers; at least one.
    """
    pairs = [Pair.of(variant, before, after) for variant, after in attacked.items()]
    for pair in pairs:
        yield pair.measured("robust_accuracy", lambda one: _robust([one]))
    if len(pairs) > 1:
        notes = dict.fromkeys(note for pair in pairs for note in pair.after.notes)
        worst = replace(pairs[0], change=WORST, after=replace(pairs[0].after, notes=tuple(notes)))
        yield worst.measured("robust_accuracy", lambda _: _robust([one.labelled for one in pairs]))


def _robust(pairs: list[Pair]) -> Estimate:
    """The share of labelled units that are right before and after each of some attacks."""
    held = np.logical_and.reduce([side for pair in pairs for side in pair.right])
    rows = pairs[0].before
    if rows.clusters is None:
        return estimates.exact_proportion(int(held.sum()), len(held))
    return share_of(held, rows)
