"""A sample figure of the intervention test: absent ends, hostile labels."""

from __future__ import annotations

from typing import Any

from auditkit.measurement import Figure
from tests.sample_measurements import HOSTILE


def effect(change: str, part: str, value: float, n: int = 580, **changed: Any) -> dict[str, Any]:
    ends = {"low": value - 0.03, "high": value + 0.03}
    about = {"change": change, "part": part, "whole": not part or part.startswith("P(")}
    return {**about, "value": value, **ends, "n": n, **changed}


def shortcut_effects() -> Figure:
    flips = [
        effect(f"{name} {way}", part, share)
        for name, share in (("ward stamp", 0.44), (HOSTILE, 0.04))
        for way in ("applied", "removed")
        for part in ("", "0-4", HOSTILE)
    ]
    scores = [
        effect("ward stamp applied", "P(5-9)", 0.46),
        effect("ward stamp removed", "P(5-9)", -0.2, low=None),
        effect("blur applied", f"sex={HOSTILE}", 0.0, low=None, high=None),
    ]
    data = {"n": 597, "unit": "share", "flips": flips, "scores": scores}
    return Figure(
        "shortcut_effects", "What changes the decisions", "Read it so.", "shortcuts", data
    )
