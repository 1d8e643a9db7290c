"""Figures of what a model costs."""

from __future__ import annotations

from typing import Any

from auditkit.measurement import Figure
from tests.sample_measurements import HOSTILE


def call(batch: str, share: str, value: float | None, **more: Any) -> dict[str, Any]:
    known = value is not None
    return {
        "batch": batch,
        "share": share,
        "value": value,
        "low": value * 0.98 if known else None,
        "high": value * 1.05 if known else None,
        "n": 500,
        **more,
    }


def latency(*rows: dict[str, Any]) -> Figure:
    data = {"rows": list(rows), "device": "a processor, 4 threads"}
    return Figure("latency", "How long a call takes", "Read it so.", "cost", data)


def cost_figures() -> tuple[Figure, ...]:
    """Calls of three batch sizes: bounded, open above, far above, absent, of a hostile name."""
    return (
        latency(
            call("batch of 1", "50 %", 0.0104),
            call("batch of 1", "95 %", 0.0118),
            call("batch of 1", "99 %", 0.0372, high=None),
            call("batch of 64", "50 %", 12.5),
            call("batch of 64", "95 %", 13.1, high=13_000.0),
            call("batch of 64", "99 %", 14.0, low=None, high=None),
            call(HOSTILE, HOSTILE, None, n=None),
        ),
    )
