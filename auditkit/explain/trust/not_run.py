"""What a test of an explanation is where it was not run."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class NotRun:
    """Why a test was not run; a full sentence for the report."""

    reason: str

    def __str__(self) -> str:
        return f"not run: {self.reason}"
