"""Sample figures of explanations: what they passed, and what they say of a linear lender."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from auditkit.measurement import Figure
from tests.sample_maps import (
    CONVERGED,
    LIMITED,
    WITHHELD,
    digits,
    heat_maps,
    overlays,
    signal_maps,
    token_maps,
)
from tests.sample_measurements import HOSTILE

Array = NDArray[np.float64]


def _test(
    name: str, value: float | None, half: float, reference: float | str | None, holds: bool | None
) -> dict[str, Any]:
    ends = (None, None) if value is None else (value - half, value + half)
    said = {True: "It lies beyond the reference.", False: f"It does not. {HOSTILE}"}
    return {
        "test": name,
        "value": value,
        "low": ends[0],
        "high": ends[1],
        "reference": reference,
        "holds": holds,
        "reason": "The model has no gradient here." if holds is None else said[holds],
    }


def explanation_trust() -> Figure:
    """Three methods, one of which nobody should look at."""
    return Figure(
        "explanation_trust",
        "How far each explanation can be trusted",
        "Each method was put to every test on the same 64 units.",
        "explanation",
        {
            "n": 64,
            "rows": [
                {
                    "method": "integrated gradients",
                    "family": "path",
                    "trust": LIMITED,
                    "tests": [
                        _test("convergence", 0.011, 0.004, 0.02, True),
                        _test("weight randomisation", 0.75, 0.03, 0.3, False),
                        _test("deletion against random order", -0.49, 0.05, 0, True),
                    ],
                },
                {
                    "method": "occlusion",
                    "family": "perturbation",
                    "trust": CONVERGED,
                    "tests": [
                        _test("convergence", None, 0.0, None, None),
                        _test("weight randomisation", 0.23, 0.04, "random map: 0.3", True),
                        _test("deletion against random order", -0.56, 0.05, 0, True),
                    ],
                },
                {
                    "method": f"DeepLift {HOSTILE}",
                    "family": "backpropagation",
                    "trust": WITHHELD,
                    "tests": [_test("convergence", 0.37, 0.05, 0.05, False)],
                },
            ],
        },
    )


FEATURES = ("income", "debt", "years in job", "postcode", HOSTILE)


def _lender() -> tuple[Array, NDArray[np.bool_]]:
    """What each feature adds to the score of 600 applicants, and which of them are women."""
    rng = np.random.default_rng(5)
    women = rng.random(600) < 0.4
    values = rng.normal(size=(600, len(FEATURES)))
    values[:, 3] += 1.4 * women
    weights = np.array([1.1, -0.8, 0.5, 0.9, 0.1])
    return (values - values.mean(axis=0)) * weights, women


def _mean(values: Array) -> dict[str, float]:
    mean, half = float(values.mean()), 1.645 * float(values.std()) / len(values) ** 0.5
    return {"value": mean, "low": mean - half, "high": mean + half, "n": len(values)}


def feature_ranking_by_group() -> Figure:
    """Mean size of what each feature adds, for women, men and a group too small to say."""
    added, women = _lender()
    sizes = np.abs(added)
    rows: list[dict[str, Any]] = [
        {"feature": feature, "group": group, **_mean(sizes[own, place])}
        for place, feature in enumerate(FEATURES)
        for group, own in (("women", women), ("men", ~women))
    ]
    rows.append(
        {"feature": "income", "group": HOSTILE, "value": None, "low": None, "high": None, "n": 3}
    )
    return Figure(
        "feature_ranking_by_group",
        "What the score rests on, for whom",
        "The postcode matters more for women.",
        "explanation",
        {"n": 600, "value_label": "mean |attribution|", "attribute": "gender", "rows": rows},
    )


def proxies_among_top() -> Figure:
    """Features by importance, each with how much it says of the gender."""
    added, women = _lender()
    order = np.argsort(-np.abs(added).mean(axis=0))
    rows: list[dict[str, Any]] = []
    for rank, place in enumerate(order):
        association = abs(float(np.corrcoef(added[:, place], women)[0, 1]))
        rows.append(
            {
                "feature": FEATURES[place],
                "rank": rank + 1,
                "attribution": float(np.abs(added[:, place]).mean()),
                "attribute": "gender",
                "association": association,
                "low": max(association - 0.06, 0.0),
                "high": association + 0.06,
            }
        )
    rows[-1] |= {"association": None, "low": None, "high": None}
    return Figure(
        "proxies_among_top",
        "Features that matter, and what they say of gender",
        "The postcode is among the three that matter most, and says who is a woman.",
        "explanation",
        {"n": 600, "rows": rows},
    )


def reason_codes() -> Figure:
    """Three decisions, one of them without reasons that could be given to anybody."""
    added, _ = _lender()
    items = []
    for row, trust in zip((3, 11, 20), (CONVERGED, LIMITED, WITHHELD), strict=True):
        shares = np.abs(added[row]) / np.abs(added[row]).sum()
        items.append(
            {
                "title": f"applicant {row}",
                "decision": "refused" if added[row].sum() < 0 else "granted",
                "trust": trust,
                "reasons": [
                    {
                        "feature": FEATURES[place],
                        "direction": "towards"
                        if added[row, place] * added[row].sum() > 0
                        else "against",
                        "share": float(shares[place]),
                        "low": max(float(shares[place]) - 0.04, 0.0),
                        "high": float(shares[place]) + 0.05,
                        "stability": None if place == 4 else 0.97 - 0.2 * place,
                    }
                    for place in np.argsort(-shares)
                ],
            }
        )
    return Figure(
        "reason_codes",
        "Why these were decided so",
        "The features that moved each decision most.",
        "explanation",
        {"n": 3, "items": items},
    )


def _curve(order: str, ranks: Array) -> list[dict[str, Any]]:
    """The share of the score of real digits that is left when pixels go in an order."""
    maps = digits()[2][:200].reshape(200, -1)
    sorted_maps = np.take_along_axis(maps, np.argsort(-ranks, axis=1), axis=1)
    left = sorted_maps.sum(axis=1, keepdims=True) - np.cumsum(sorted_maps, axis=1)
    rows = []
    for share in np.linspace(0.0, 1.0, 9):
        gone = round(share * 64)
        values = maps.sum(axis=1) if gone == 0 else left[:, gone - 1]
        numbers = _mean(values)
        ends = {end: round(numbers[end], 4) for end in ("value", "low", "high")}
        rows.append({"order": order, "share": float(share), **ends})
    return rows


def faithfulness_curves() -> Figure:
    """Deletion and insertion for a map that finds something, and one that does not."""
    images, _, maps = digits()
    size = images[:200].reshape(200, -1)
    found = maps[:200].reshape(200, -1)
    random = np.random.default_rng(2).random((200, 64))
    items = []
    for method, trust, ranks in (
        ("integrated gradients", CONVERGED, found),
        (f"Grad-CAM {HOSTILE}", LIMITED, size + 3 * random),
        ("LRP", WITHHELD, None),
    ):
        orders = {} if ranks is None else {"map": ranks, "random": random, "input magnitude": size}
        rows = [row for order, by in orders.items() for row in _curve(order, by)]
        items.append({"method": method, "curve": "deletion", "trust": trust, "rows": rows})
    return Figure(
        "faithfulness_curves",
        "What is left when the important goes first",
        "The map's order takes the score away at once.",
        "explanation",
        {"n": 200, "items": items},
    )


def explanation_figures() -> tuple[Figure, ...]:
    """A figure of each kind of explanation."""
    return (
        heat_maps(),
        overlays(),
        explanation_trust(),
        token_maps(),
        signal_maps(),
        feature_ranking_by_group(),
        proxies_among_top(),
        reason_codes(),
        faithfulness_curves(),
    )
