"""Figures of membership attacks."""

from __future__ import annotations

from auditkit.measurement import Figure
from tests.sample_measurements import HOSTILE


def attack_roc(*names: str) -> Figure:
    rows = [
        {"attack": name, "false_positives": share, "true_positives": min(share * (2 + place), 1.0)}
        for place, name in enumerate(names)
        for share in (0.004, 0.03, 0.2, 0.6, 1.0)
    ]
    return Figure(
        kind="attack_roc",
        title="Membership attacks",
        caption="Read it so.",
        check="privacy",
        data={"n_members": 2000, "n_others": 1500, "rows": rows},
    )


def losses() -> Figure:
    rows = [
        {"low": 0.0, "high": 1.0, "inside": None, "outside": 0.6},
        {"low": 1.0, "high": 2.0, "inside": 1.0, "outside": 0.4},
    ]
    return Figure(
        kind="separation",
        title="Losses of members",
        caption="Read it so.",
        check="privacy",
        data={
            "score": "log odds",
            "inside": HOSTILE,
            "outside": "non-members",
            "n_inside": 2000,
            "n_outside": 1500,
            "threshold": None,
            "rows": rows,
        },
    )


def membership_figures() -> tuple[Figure, ...]:
    """One of each kind, with hostile labels and absent values."""
    return attack_roc("loss", HOSTILE), losses()
