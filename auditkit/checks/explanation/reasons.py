"""Why single decisions of a table model came out as they did: only where samples are asked for."""

from __future__ import annotations

from typing import Any

from auditkit.checks.check import Findings
from auditkit.checks.explanation.explained_classes import head_of
from auditkit.checks.explanation.explained_units import ExplainedUnits
from auditkit.checks.explanation.features import named_magnitudes
from auditkit.checks.explanation.trust import trust_of
from auditkit.checks.rounding import rounded
from auditkit.evidence.collected import SplitEvidence
from auditkit.evidence.subject import Subject
from auditkit.explain import Explanation
from auditkit.explain.copies import DRAWS
from auditkit.explain.methods.registry import METHODS
from auditkit.explain.reasons import MOST, Reasons, reasons_of
from auditkit.measurement import Figure
from auditkit.models.head import Task


def reasons(
    units: ExplainedUnits, found: Explanation, subject: Subject, evidence: SplitEvidence
) -> Findings:
    """The features that moved each of the decisions most that samples are asked of.

    Args:
        units: that were explained.
        found: their explanation, with copies of these decisions.
        subject: with the number of samples, and the names of the features.
        evidence: of the split, with the sample.
    """
    wanted = min(subject.wishes.samples, len(found))
    sample = evidence.sample
    if not wanted or not found.chosen or sample is None or sample.facts.frame is None:
        return Findings()
    if found.tokens is not None:
        return Findings()
    head = head_of(subject, units.head)
    # Names that do not fit are noted where the features are ranked.
    _, misfits = named_magnitudes(found, subject)
    names = () if misfits else subject.feature_names
    told = reasons_of(found, head, names, units=wanted)
    items = [
        _item(one, f"row {sample.row_ids[unit]}", trust_of(found, found.chosen, unit))
        for unit, one in enumerate(told)
    ]
    return Findings(figures=(_figure(units, found, items, head.task),))


def _item(told: Reasons, title: str, trust: dict[str, str]) -> dict[str, Any]:
    if told.withheld and trust["label"] != "withheld":
        trust = {"label": "limited", "reason": told.withheld}
    if not told.withheld and not told.copies:
        reason = "No copy with noise kept the decision, so that nothing shows how stable this is."
        trust = {"label": "limited", "reason": reason}
    return {
        "title": title,
        "decision": told.decision,
        "trust": trust,
        "reasons": [
            rounded(
                {
                    "feature": one.feature,
                    "direction": one.direction,
                    "share": one.share,
                    "low": one.low,
                    "high": one.high,
                    "stability": one.stability,
                }
            )
            for one in told.reasons
        ],
    }


def _figure(
    units: ExplainedUnits, found: Explanation, items: list[dict[str, Any]], task: Task
) -> Figure:
    of = f" of {units.head}" if units.head else ""
    method = METHODS[found.chosen]
    towards = " Towards means towards a larger number." if task is Task.REGRESSION else ""
    return Figure(
        kind="reason_codes",
        title=f"What moved single decisions{of} most",
        caption=(
            f"The {MOST} inputs with the largest part in each decision ({method.title.lower()}, "
            f"{method.source}), against a baseline of zeros; intervals and stability over "
            f"{DRAWS} copies with noise of 3 % that keeps the decision.{towards} What moved a "
            "score is not yet what an applicant could change, nor a reason in law. These "
            f"{len(items)} were drawn at random; their row ids and inputs' names are in this "
            "record because samples were asked for."
        ),
        check="explanation",
        data={"n": len(items), "items": items},
    )
