"""Figures of a model beside its simple rivals."""

from __future__ import annotations

from typing import Any

from auditkit.measurement import Figure
from tests.sample_measurements import HOSTILE


def gain(name: str, value: float | None, half: float | None = 0.01, **more: Any) -> dict[str, Any]:
    known = value is not None and half is not None
    return {
        "panel": "Accuracy gained",
        "name": name,
        "unit": "share",
        "value": value,
        "low": value - half if known else None,
        "high": value + half if known else None,
        "n": 2000,
        "margin": 0.01,
        "word": "better",
        **more,
    }


def gains(*rows: dict[str, Any]) -> Figure:
    return Figure("gains", "What the model gains", "Read it so.", "rival", {"rows": list(rows)})


def discordance(*rows: dict[str, Any]) -> Figure:
    data = {"first": "the model", "second": "the rival", "rows": list(rows)}
    return Figure("discordance", "Who alone is right", "Read it so.", "rival", data)


def rival_figures() -> tuple[Figure, ...]:
    """One of each kind, with hostile labels, absent values and absent intervals."""
    return (
        gains(
            gain("logistic regression", 0.021),
            gain("gradient boosting on the model's own embedding", -0.004, word="inconclusive"),
            gain(HOSTILE, None, None, panel="Log loss saved", unit="nats"),
            gain("gradient boosting", 0.02, None, panel="Log loss saved", unit="nats"),
        ),
        discordance(
            {"name": "logistic regression", "won": 84, "lost": 40, "n": 2000, "p": 0.0001},
            {"name": HOSTILE, "won": 0, "lost": 0, "n": 12, "p": None},
        ),
    )
