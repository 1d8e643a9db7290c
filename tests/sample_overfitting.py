"""Figures of the check of overfitting for the sample record."""

from __future__ import annotations

from typing import Any

from auditkit.measurement import Figure
from tests.sample_measurements import HOSTILE


def overfitting_figures() -> tuple[Figure, ...]:
    """Gaps by group, losses of both splits, and the curves of a training."""
    return (_parts(), _losses(), _curves())


def _parts() -> Figure:
    rows: list[dict[str, Any]] = [
        {"part": "gender=Female", "value": 0.09, "low": 0.05, "high": 0.13, "n": 4000},
        {"part": "gender=Male", "value": 0.01, "low": -0.02, "high": 0.04, "n": 5100},
        {"part": f"gender={HOSTILE}", "value": None, "low": None, "high": None, "n": None},
    ]
    return Figure(
        "gap_parts",
        "Gap of accuracy by gender",
        "Women are known by heart rather than understood.",
        "overfitting",
        {"metric": "Gap of accuracy", "unit": "share", "rows": rows},
    )


def _losses() -> Figure:
    rows = [
        {"loss": 0.001 * 2**k, "training": min(0.1 * k, 1.0), "evaluation": min(0.07 * k, 1.0)}
        for k in range(16)
    ]
    return Figure(
        "loss_distributions",
        "How much single units lose: log loss",
        "Nearly all training units have hardly any loss.",
        "overfitting",
        {"loss": "log loss", "n": {"training": 20_000, "evaluation": 12_561}, "rows": rows},
    )


def _curves() -> Figure:
    losses = [
        {"curve": name, "at": epoch, "value": value(epoch)}
        for name, value in (
            ("training", lambda epoch: 1 / (1 + epoch)),
            ("validation", lambda epoch: 0.5 / (1 + epoch) + 0.05 * epoch),
        )
        for epoch in range(12)
    ]
    hostile = [{"curve": "validation", "at": 3, "value": 0.5}]
    panels = [
        {"quantity": "loss", "by": "epoch", "best": 2, "points": losses},
        {"quantity": HOSTILE, "by": "step", "best": None, "points": hostile},
    ]
    return Figure(
        "training_curves",
        "How the training went",
        "From the third epoch on the validation loss rises.",
        "overfitting",
        {"log": "metrics.csv", "format": "lightning", "panels": panels},
    )
