"""Sample figures of leakage: absent ends, nothing measured, hostile labels."""

from __future__ import annotations

from typing import Any

from auditkit.measurement import Figure
from tests.sample_measurements import HOSTILE, wilson


def _kind(name: str, hits: int | None, n: int, *, sampled: bool = False) -> dict[str, Any]:
    ends = wilson(hits or 0, n) if sampled else None
    return {
        "kind": name,
        "value": None if hits is None else hits / n,
        "low": None if ends is None else ends.low,
        "high": None if ends is None else ends.high,
        "n": n,
    }


def leak_kinds() -> Figure:
    rows = [
        _kind("Copies of training rows", 120, 2400),
        {"kind": "Copies beyond chance", "value": -0.01, "low": -0.03, "high": 0.01, "n": 4400},
        _kind("Near copies of training rows", 48, 1000, sampled=True),
        _kind("Rows whose cluster is also in the training data", 2400, 2400),
        _kind("Training rows from the future", None, 2400),
        _kind(f"Copies with different labels (training), {HOSTILE}", 0, 30),
    ]
    return Figure(
        "leak_kinds", "What both splits hold", "Read it so.", "leakage", {"n": 2400, "rows": rows}
    )


def neighbour_similarity() -> Figure:
    rows = [
        {
            "low": 0.6 + place / 50,
            "high": 0.62 + place / 50,
            "between": 0.2 if place == 19 else 0.04,
            "copies": 0.15 if place == 19 else 0.0,
            "within": 0.05 if place < 19 else 0.0,
        }
        for place in range(20)
    ]
    data = {"n_between": 2400, "n_within": 2000, "rows": rows}
    return Figure(
        "neighbour_similarity", "How near training rows are", "Read it so.", "leakage", data
    )


def leakage_figures() -> tuple[Figure, ...]:
    """One figure of each kind that only this check has."""
    return leak_kinds(), neighbour_similarity()
