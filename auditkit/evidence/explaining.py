"""A sample explained, as a need asks for it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from auditkit.errors import ModelError
from auditkit.evidence.by_unit import rows_of
from auditkit.evidence.progress import Step
from auditkit.evidence.sample import NO_UNITS, Sampled
from auditkit.evidence.sample_needs import AttributionNeed
from auditkit.explain.copies import noisy_copies
from auditkit.explain.explanation import Explanation, Trial, explained
from auditkit.explain.method import Settings
from auditkit.explain.target import NotExplainable, Target
from auditkit.models.wrapped import WrappedModel


def explained_sample(
    need: AttributionNeed, sample: Sampled, model: WrappedModel, seed: int, step: Step
) -> Explanation | NotExplainable:
    """The first units of a sample, explained; the explanations tested on the first of these.

    Args:
        need: whose output, and what is wished.
        sample: of one split.
        model: opened or not.
        seed: of whatever is drawn at random.
        step: is told how far the tests are.

    Returns:
        The explanation, or the reason why there is none: all else that a pass has found stays.
    """
    few = sample.first(need.sample)
    if few.inputs is None:
        return NotExplainable(NO_UNITS)
    wishes = need.wishes
    head = next(head for head in model.heads if head.name == need.head)
    # A copy: a model may write to its inputs, and others are asked about them after this.
    inputs = rows_of(few.inputs, np.arange(len(few)), len(few))
    copies: list[Explanation] = []

    def again(target: Target, found: Explanation) -> None:
        if few.facts.frame is not None:  # of tables alone single decisions have reasons
            copies.extend(noisy_copies(target, found, wishes.samples))

    try:
        found = explained(
            model,
            inputs,
            head,
            methods=wishes.methods,
            settings=Settings(seed=seed, tolerance=wishes.tolerance),
            medium=need.medium,
            trial=Trial(wishes.tested, wishes.budget, _codes(few.clusters), step),
            then=again,
        )
    except ModelError as error:
        return NotExplainable(f"Nothing could be explained: {error.problem}")
    return found if isinstance(found, NotExplainable) else replace(found, copies=tuple(copies))


def _codes(clusters: np.ndarray | None) -> np.ndarray | None:
    """Clusters numbered from 0, int64."""
    if clusters is None:
        return None
    return np.unique(clusters, return_inverse=True)[1].astype(np.int64)
