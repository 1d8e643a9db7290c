"""The advisers that there are."""

from __future__ import annotations

from auditkit.advice import group_thresholds, recalibration
from auditkit.advice.adviser import Adviser

ADVISERS: tuple[Adviser, ...] = (group_thresholds.ADVISER, recalibration.ADVISER)
"""In the order in which their advice is shown."""
