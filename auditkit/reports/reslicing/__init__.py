"""A stored run, sliced again: rates by any crossing of the attributes that were counted together.

Every rate is a function of the counts, so no row is needed. What is read here is exploration: no
verdict rests on it.
"""

from __future__ import annotations

from auditkit.reports.reslicing.cells import Resliced
from auditkit.reports.reslicing.drawing import (
    Compared,
    absence,
    cell_names,
    compared_scale,
    rate_chart,
    rate_scale,
)
from auditkit.reports.reslicing.questions import Cell, Question, rates_of
from auditkit.reports.reslicing.stored_tables import (
    StoredTable,
    decision_tables,
    is_group,
    score_tables,
)
from auditkit.reports.reslicing.thresholds import Scoring, at_threshold, score_range, scoring_of

__all__ = [
    "Cell",
    "Compared",
    "Question",
    "Resliced",
    "Scoring",
    "StoredTable",
    "absence",
    "at_threshold",
    "cell_names",
    "compared_scale",
    "decision_tables",
    "is_group",
    "rate_chart",
    "rate_scale",
    "rates_of",
    "score_range",
    "score_tables",
    "scoring_of",
]
