"""Claims that are planted among the rows of a split, to try the detectors of support on."""

from __future__ import annotations

from dataclasses import replace

from auditkit.errors import DataError, ModelError
from auditkit.evidence.collected import SplitEvidence
from auditkit.evidence.generation_needs import GroundingNeed
from auditkit.evidence.plan import SplitPlan
from auditkit.evidence.progress import step_bar
from auditkit.generation.grounding.planting import Planted, planted
from auditkit.generation.settings import GenerationSettings
from auditkit.models.generators.wrapped import WrappedGenerator


def with_planted(
    split: SplitEvidence,
    plan: SplitPlan,
    model: WrappedGenerator,
    settings: GenerationSettings,
    *,
    quiet: bool = False,
) -> SplitEvidence:
    """The evidence with what the model makes of planted claims, with a progress bar.

    Of a model of which only answers are known, the claims are there as texts alone.

    Args:
        split: with its generations.
        plan: which says of how many rows.
        model: opened.
        settings: of the audit.
        quiet: no progress bar.
    """
    if not plan.grounding or split.generations is None:
        return split
    found: dict[GroundingNeed, Planted | str] = {}
    with step_bar("planted claims", quiet=quiet) as step:
        for done, need in enumerate(plan.grounding, start=1):
            try:
                found[need] = planted(split.generations, settings, need.count, model.decoder)
            except (ModelError, DataError) as error:
                found[need] = str(error)
            step(done, len(plan.grounding), f"up to {need.count:,} rows")
    return replace(split, planted=found)


__all__ = ["with_planted"]
