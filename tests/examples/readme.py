"""What a README should show of a run, row by row."""

from __future__ import annotations

from pathlib import Path

import auditkit


def verdict_rows(run: auditkit.Run, requirement: str) -> list[str]:
    """The rows of the table of verdicts on one requirement that compares groups, sorted."""
    return sorted(
        f"| {requirement} | {v.measurement.key.slice} against {v.measurement.key.reference} "
        f"| {v.status} | {v.measurement.value:.3f} "
        f"| {v.interval.low:.3f} to {v.interval.high:.3f} |"
        for v in run.judgement.verdicts
        if v.requirement == requirement
    )


def shown_rows(readme: Path, first: str) -> list[str]:
    """The rows of a README's tables whose first cell begins so, sorted."""
    lines = readme.read_text().splitlines()
    return sorted(line for line in lines if line.startswith(f"| {first}"))
