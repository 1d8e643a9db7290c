"""What the numbers of this check are called, and how it is said that there is none."""

from __future__ import annotations

from auditkit.checks.answer_rows import AnswerRows
from auditkit.checks.check import EVALUATION
from auditkit.checks.estimation import absent
from auditkit.measurement import Measurement, MeasurementKey, Slice, Status

NOT_JUDGED = (
    "No answer was judged: the data hold no right answers (generation.columns.references) that "
    "generation.correctness can compare with, and no labels of people."
)


def key_of(name: str, where: Slice | None = None, score: str = "") -> MeasurementKey:
    """The key of a number, of a score where it is about one."""
    return MeasurementKey(f"hallucination.{name}", where or Slice(), split=EVALUATION, label=score)


def not_applicable(key: MeasurementKey, reason: str, rows: AnswerRows) -> Measurement:
    """A number that makes no sense for these answers, and why."""
    return absent(key, Status.NOT_APPLICABLE, reason, rows.sample)


__all__ = ["NOT_JUDGED", "key_of", "not_applicable"]
