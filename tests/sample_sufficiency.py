"""Sample figures of whether there are enough data: absent ends, few units, hostile labels."""

from __future__ import annotations

from typing import Any

from auditkit.measurement import Figure
from tests.sample_measurements import HOSTILE


def learning_curve(**changes: Any) -> Figure:
    """Errors after training on more and more units, with an extrapolation."""
    points = [
        {"size": size, "value": error, "low": error - 0.02, "high": error + 0.02}
        for size, error in ((250.0, 0.2), (500.0, 0.16), (1000.0, 0.14), (2000.0, 0.13))
    ]
    data = {
        "value_label": "share of wrong decisions",
        "unit": "share",
        "frozen": True,
        "n": 1500,
        "draws": 3,
        "points": points,
        "curve": [{"size": 250.0, "value": 0.2}, {"size": 2000.0, "value": 0.13}],
        "extrapolation": [
            {"size": 2000.0, "value": 0.13, "low": 0.11, "high": 0.15},
            {"size": 4000.0, "value": 0.125, "low": 0.1, "high": 0.15},
        ],
        "back_test": 0.0042,
        **changes,
    }
    return Figure("learning_curve", "What more training data bring", "A.", "data_sufficiency", data)


def unit_counts(levels: int = 3) -> Figure:
    """Rows of some classes in both splits: many, few that are not told, and none."""
    names = ["cat", HOSTILE, "owl", *(f"class {place}" for place in range(3, levels))]
    numbers = [1200, None, 0, *(range(3, levels))]
    rows = [
        {"split": split, "level": name, "n": n}
        for name, n in zip(names, numbers, strict=True)
        for split in ("training", "evaluation")
    ]
    data = {"levels": levels, "rows": rows}
    return Figure("unit_counts", "Rows of each class", "A.", "data_sufficiency", data)


def sufficiency_figures() -> tuple[Figure, ...]:
    """One of each kind."""
    return (learning_curve(), unit_counts())
