"""Which answers are explained, and on what they rest."""

from __future__ import annotations

from dataclasses import replace

from auditkit.evidence.collected import SplitEvidence
from auditkit.evidence.plan import SplitPlan
from auditkit.evidence.progress import step_bar
from auditkit.models.generators.wrapped import WrappedGenerator

UNSEEN = "Only the answers of this model are known, so that nothing says what they rest on."


def with_highlights(
    split: SplitEvidence, plan: SplitPlan, model: WrappedGenerator, *, quiet: bool = False
) -> SplitEvidence:
    """The evidence with what some answers rest on, with a progress bar.

    Args:
        split: with its generations.
        plan: whose highlights are made.
        model: opened.
        quiet: no progress bar.
    """
    if not plan.highlights or split.generations is None:
        return split
    if model.decoder is None:
        return replace(split, highlights=dict.fromkeys(plan.highlights, UNSEEN))
    from auditkit.generation.explaining import explained_answers

    found = {}
    with step_bar("answers explained", quiet=quiet) as step:
        for need in plan.highlights:
            found[need] = explained_answers(model.decoder, split.generations, need.count, step)
    return replace(split, highlights=found)


__all__ = ["UNSEEN", "with_highlights"]
