"""What a check is: one question, the evidence it needs, and what it makes of that evidence."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from auditkit.evidence.collected import Evidence
from auditkit.evidence.needs import SplitNeed
from auditkit.evidence.subject import Subject
from auditkit.measurement import Figure, Measurement, Metric

EVALUATION = "evaluation"
TRAINING = "training"
BETWEEN = "training→evaluation"


@dataclass(frozen=True)
class Findings:
    """What a check found.

    Attributes:
        measurements: one for each number, measured or not.
        figures: pictures for report and dashboard.
        notes: sentences that a reviewer must see.
    """

    measurements: tuple[Measurement, ...]
    figures: tuple[Figure, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Check:
    """One question about the model.

    A check never touches the model or rows: it names needs, and measures from the evidence that was
    collected for them. Other packages add checks through the entry point group `auditkit.checks`.

    Attributes:
        name: of the check; the family in the ids of its metrics.
        question: what a reviewer wants to know.
        metrics: the definitions of everything that it measures.
        unmet: the reason why this subject cannot be measured; "" if it can.
        needs: the evidence that it needs from a subject that it can measure.
        measure: evidence in, findings out.
        not_tested: sentences: what the check leaves open even where it measured.
    """

    name: str
    question: str
    metrics: tuple[Metric, ...]
    unmet: Callable[[Subject], str]
    needs: Callable[[Subject], Iterable[SplitNeed]]
    measure: Callable[[Subject, Evidence], Findings]
    not_tested: tuple[str, ...] = ()
