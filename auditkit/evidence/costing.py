"""The costs of the model, taken last: nothing else of the audit runs beside the timed calls."""

from __future__ import annotations

from dataclasses import replace

from auditkit.evidence.collected import Evidence, SplitEvidence
from auditkit.evidence.plan import Plan
from auditkit.evidence.progress import step_bar
from auditkit.models.wrapped import WrappedModel


def with_costs(
    evidence: Evidence, plan: Plan, model: WrappedModel, batch_size: int, *, quiet: bool
) -> Evidence:
    """The evidence with what calls of the model take, on the sample of a split.

    Args:
        evidence: of all splits.
        plan: whose costs are taken.
        model: opened.
        batch_size: units that the audit gives the model at once; no larger batch is tried.
        quiet: no progress bar.
    """
    asked = {split: of_split.costs for split, of_split in plan.splits.items() if of_split.costs}
    if not asked:
        return evidence
    # Most audits of stored predictions never ask for it.
    from auditkit.evidence.costs.measuring import measured_costs

    splits: dict[str, SplitEvidence] = dict(evidence.splits)
    with step_bar("calls timed", quiet=quiet) as step:
        for split, needs in asked.items():
            of_split = splits[split]
            found = {
                need: measured_costs(need, of_split.sample, model, batch_size, of_split.undrawn)
                for need in needs
            }
            splits[split] = replace(of_split, costs=found)
            step(1, 1, split)
    return replace(evidence, splits=splits)
