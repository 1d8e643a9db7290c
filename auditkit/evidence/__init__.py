"""Evidence: what checks need, planned as a union and collected in one pass over each split."""

from auditkit.evidence.collected import Evidence, SplitEvidence
from auditkit.evidence.engine import Engine, LocalEngine, Options
from auditkit.evidence.fingerprint_needs import FingerprintNeed
from auditkit.evidence.needs import (
    ClassBinsNeed,
    Column,
    CountNeed,
    ReviewNeed,
    RowNeed,
    SliceNeed,
    SplitNeed,
    SumNeed,
)
from auditkit.evidence.plan import Plan, make_plan
from auditkit.evidence.sample_needs import AnswerNeed, AttributionNeed, TrialNeed
from auditkit.evidence.subject import Subject, View, ViewKey

__all__ = [
    "AnswerNeed",
    "AttributionNeed",
    "ClassBinsNeed",
    "Column",
    "CountNeed",
    "Engine",
    "Evidence",
    "FingerprintNeed",
    "LocalEngine",
    "Options",
    "Plan",
    "ReviewNeed",
    "RowNeed",
    "SliceNeed",
    "SplitEvidence",
    "SplitNeed",
    "Subject",
    "SumNeed",
    "TrialNeed",
    "View",
    "ViewKey",
    "make_plan",
]
