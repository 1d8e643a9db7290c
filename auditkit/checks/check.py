"""What a check is: one question, the evidence it needs, and what it makes of that evidence."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from auditkit.evidence.collected import Evidence
from auditkit.evidence.needs import SplitNeed
from auditkit.evidence.subject import Kind, Subject
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

    measurements: tuple[Measurement, ...] = ()
    figures: tuple[Figure, ...] = ()
    notes: tuple[str, ...] = ()

    @classmethod
    def together(cls, parts: Iterable[Findings]) -> Findings:
        """Several findings as one, in their order."""
        every = tuple(parts)
        return cls(
            tuple(measurement for part in every for measurement in part.measurements),
            tuple(figure for part in every for figure in part.figures),
            tuple(note for part in every for note in part.notes),
        )


@dataclass(frozen=True)
class Check:
    """One question about the model.

    A check never touches the model or rows: it names needs, and measures from the evidence that was
    collected for them. Other packages add checks through the entry point group `auditkit.checks`.

    Attributes:
        name: of the check, and of its entry point; the family in the ids of its metrics.
        question: what a reviewer wants to know.
        metrics: the definitions of everything that it measures.
        unmet: the reason why this subject cannot be measured, a full sentence; "" if it can.
        needs: the evidence that it needs from a subject that it can measure; the same at each call.
        measure: evidence in, findings out; each metric that makes sense for the subject has a
            measurement, with a value or with the reason why there is none. It changes nothing.
        not_tested: sentences: what the check leaves open even where it measured.
        about: the kinds of model that it asks about; it takes no part in an audit of another kind.

    Raises:
        ValueError: a metric of another family, or one that is declared twice.
    """

    name: str
    question: str
    metrics: tuple[Metric, ...]
    unmet: Callable[[Subject], str]
    needs: Callable[[Subject], Iterable[SplitNeed]]
    measure: Callable[[Subject, Evidence], Findings]
    not_tested: tuple[str, ...] = ()
    about: frozenset[Kind] = frozenset({Kind.PREDICTOR})

    def __post_init__(self) -> None:
        ids = [metric.id for metric in self.metrics]
        for metric in ids:
            if metric.partition(".")[0] != self.name:
                raise ValueError(f"the check {self.name!r} declares {metric!r}, of another family")
            if ids.count(metric) > 1:
                raise ValueError(f"the check {self.name!r} declares {metric!r} twice")
