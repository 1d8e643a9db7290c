"""Groups among rows of outcomes: see `auditkit.checks.kept_groups`."""

from __future__ import annotations

from typing import TypeAlias

from auditkit.checks.kept_groups import KeptGroups
from auditkit.evidence.outcome_rows import OutcomeRows

OutcomeGroups: TypeAlias = KeptGroups[OutcomeRows]
"""The groups of one attribute or intersection among labelled rows of outcomes."""

__all__ = ["OutcomeGroups"]
