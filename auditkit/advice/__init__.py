"""What would mend a finding, and what that would cost: shown to a reviewer, never applied."""

from auditkit.advice.adviser import Adviser, Cause
from auditkit.advice.registry import ADVISERS

__all__ = ["ADVISERS", "Adviser", "Cause"]
