"""Sample figures of calibration and confidence: absent ends, hostile labels."""

from __future__ import annotations

from typing import Any

from auditkit.measurement import Figure
from tests.sample_measurements import HOSTILE


def recalibration() -> Figure:
    points: list[dict[str, Any]] = [
        {
            "option": option,
            "score": score,
            "observed": score,
            "low": None if score == 0.5 else score - 0.05,
            "high": score + 0.05,
            "band_low": score - 0.03,
            "band_high": score + 0.03,
            "n": 82,
        }
        for option in ("Today", HOSTILE)
        for score in (0.2, 0.5, 0.8)
    ]
    return Figure(
        "recalibration",
        "Reliability today and after recalibration",
        "A caption.",
        "advice",
        {"outcome": HOSTILE, "n": 1234, "points": points},
    )


def pit() -> Figure:
    """Quantiles that are too close together."""
    bars = [
        (0.0, 0.1, 160, (0.142, 0.18), 0.1, (0.085, 0.116)),
        (0.1, 0.9, 700, (0.676, 0.723), 0.8, (0.779, 0.821)),
        (0.9, 1.0, 140, (0.123, 0.159), 0.1, (0.085, 0.116)),
    ]
    return Figure(
        "pit",
        "Where the targets fall",
        "High outer bars: quantiles too close together.",
        "quantiles",
        {
            "n": 1000,
            "bars": [
                {
                    "low_level": low_level,
                    "high_level": high_level,
                    "observed": n / 1000,
                    "low": ends[0],
                    "high": ends[1],
                    "n": n,
                    "expected": expected,
                    "band_low": band[0],
                    "band_high": band[1],
                }
                for low_level, high_level, n, ends, expected, band in bars
            ],
        },
    )


def set_sizes() -> Figure:
    bars = [
        ("0", 0, None, (None, None)),
        ("1", 1400, 0.92, (0.908, 0.931)),
        ("2", 600, 0.86, (0.835, 0.882)),
    ]
    return Figure(
        "set_sizes",
        "Sets of classes: how many they hold, and how often the true one",
        "Sets of one class hold the truth as often as promised.",
        "conformal",
        {
            "aim": 0.9,
            "n": 2000,
            "classes": 10,
            "methods": [
                {
                    "method": "LAC",
                    "bars": [
                        {
                            "size": size,
                            "share": n / 2000,
                            "n": n,
                            "covered": covered,
                            "low": ends[0],
                            "high": ends[1],
                        }
                        for size, n, covered, ends in bars
                    ],
                }
            ],
        },
    )


def review_list() -> Figure:
    rows = [
        {"row": row, "given": "cat", "predicted": HOSTILE, "p_given": 0.01, "p_predicted": 0.97}
        for row in ("17", "a picture of a cat that nobody has ever seen before", HOSTILE)
    ]
    return Figure(
        "review_list",
        "Labels to look at: what the model contradicts most",
        "Read the original before changing any.",
        "labels",
        {"n": 3, "rows": rows},
    )


def risk_coverage() -> Figure:
    points: list[dict[str, Any]] = [
        {
            "coverage": c / 10,
            "risk": 0.2 * c / 10,
            "low": None if c == 1 else 0.01 * c,
            "high": 0.03 * c + 0.01,
        }
        for c in range(1, 11)
    ]
    best = [{"coverage": c / 10, "risk": max(c / 10 - 0.8, 0) / (c / 10)} for c in range(1, 11)]
    mark = {"coverage": 0.3, "risk": 0.04, "low": 0.02, "high": None, "text": HOSTILE}
    curves = [{"probe": "max_softmax", "points": points}, {"probe": HOSTILE, "points": points}]
    data = {"n": 1234, "error": 0.2, "curves": curves, "best": best, "limit": 0.05, "mark": mark}
    return Figure(
        "risk_coverage", "Errors if not all are answered", "A caption.", "abstention", data
    )


def corruption() -> Figure:
    rows = [
        {
            "corruption": name,
            "level": level,
            "series": series,
            "value": 0.9 - fall * level,
            "low": None if level == 3 else 0.87 - fall * level,
            "high": 0.92 - fall * level,
        }
        for name in ("noise", HOSTILE)
        for level in range(4)
        for series, fall in (("accuracy", 0.2), ("confidence", 0.01))
    ]
    return Figure(
        "corruption",
        "Accuracy and confidence under corrupted inputs",
        "Worse.",
        "robustness",
        {"n": 1000, "unit": "share", "rows": rows},
    )


def separation() -> Figure:
    rows = [
        {"low": i / 10, "high": (i + 1) / 10, "inside": 0.02 * i, "outside": 0.1} for i in range(10)
    ]
    return Figure(
        "separation",
        "Max softmax: evaluation data and outside inputs",
        "Far.",
        "out_of_distribution",
        {
            "score": "max softmax",
            "outside": HOSTILE,
            "n_inside": 1234,
            "n_outside": 567,
            "threshold": 0.4,
            "rows": rows,
        },
    )


def class_gaps() -> Figure:
    rows = [
        ("cat", 0.02, (0.01, 0.03), 0.0004, 0.03, 812),
        (HOSTILE, -0.05, (None, None), None, None, None),
    ]
    return Figure(
        "class_gaps",
        "Calibration by class: mean probability minus share",
        "Right of zero the class is promised too often.",
        "calibration",
        {
            "n": 1000,
            "classes": 2,
            "rows": [
                {
                    "class": name,
                    "gap": gap,
                    "low": ends[0],
                    "high": ends[1],
                    "error": error,
                    "most": most,
                    "n": n,
                }
                for name, gap, ends, error, most, n in rows
            ],
        },
    )


def confidence_figures() -> tuple[Figure, ...]:
    return (
        review_list(),
        recalibration(),
        pit(),
        risk_coverage(),
        corruption(),
        separation(),
        class_gaps(),
        set_sizes(),
    )
