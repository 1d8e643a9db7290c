"""What the tests say of one method: its numbers, the label, and what was run for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from auditkit.explain.trust.budget import Planned
from auditkit.explain.trust.results import Results
from auditkit.explain.trust.verdict import Trust


@dataclass(frozen=True, eq=False)
class TrustResult:
    """What the tests say of one method.

    Attributes:
        results: unit by unit.
        trust: put together.
        plan: what was run of this method, and why the rest was not.
    """

    results: Results
    trust: Trust
    plan: tuple[Planned, ...]

    def row(self) -> dict[str, Any]:
        """The method's row of the figure `explanation_trust`; JSON-able."""
        method = self.results.method
        return {
            "method": method.title,
            "family": method.family.value,
            "trust": {"label": self.trust.label, "reason": self.trust.reason},
            "tests": [
                {
                    "test": one.title,
                    "value": one.value,
                    "low": one.low,
                    "high": one.high,
                    "reference": one.limit,
                    "holds": one.holds,
                    "reason": f"{one.reason} {one.detail}".strip(),
                }
                for one in self.trust.findings
            ],
        }
