"""Evidence: what checks need, planned as a union and collected in one pass over each split."""

from auditkit.evidence.collected import Evidence, SplitEvidence
from auditkit.evidence.engine import Engine, LocalEngine, Options
from auditkit.evidence.needs import (
    AttributionNeed,
    Column,
    CountNeed,
    Plan,
    RowNeed,
    SliceNeed,
    SplitNeed,
    SumNeed,
    make_plan,
)
from auditkit.evidence.subject import Subject, View, ViewKey

__all__ = [
    "AttributionNeed",
    "Column",
    "CountNeed",
    "Engine",
    "Evidence",
    "LocalEngine",
    "Options",
    "Plan",
    "RowNeed",
    "SliceNeed",
    "SplitEvidence",
    "SplitNeed",
    "Subject",
    "SumNeed",
    "View",
    "ViewKey",
    "make_plan",
]
