"""Figures of the sample record: every kind, absent values and intervals, hostile labels."""

from __future__ import annotations

from typing import Any

from auditkit.measurement import Figure, Measurement
from tests.sample_advice import frontier
from tests.sample_confidence import confidence_figures
from tests.sample_costs import cost_figures
from tests.sample_explanations import explanation_figures
from tests.sample_leakage import leakage_figures
from tests.sample_measurements import (
    HOSTILE,
    HOSTILE_MARKDOWN,
    RATIO_GENDER,
    RATIO_NATIVE,
    RATIO_STRANGE,
    wilson,
)
from tests.sample_membership import membership_figures
from tests.sample_overfitting import overfitting_figures
from tests.sample_rivals import rival_figures
from tests.sample_shortcuts import shortcut_effects
from tests.sample_sufficiency import sufficiency_figures


def _rate_row(group: str, successes: int, n: int) -> dict[str, Any]:
    interval = wilson(successes, n)
    return {
        "group": group,
        "value": successes / n,
        "low": interval.low,
        "high": interval.high,
        "n": n,
    }


def _box(
    place: int, parent: int | None, condition: str, value: float | None, n: int | None
) -> dict[str, Any]:
    return {"id": place, "parent": parent, "condition": condition, **_share(value, n)}


def _cell(y: str, x: str, value: float | None, n: int | None) -> dict[str, Any]:
    return {"y": y, "x": x, **_share(value, n)}


def _share(value: float | None, n: int | None) -> dict[str, Any]:
    if value is None or n is None:
        return {"value": None, "low": None, "high": None, "n": None}
    interval = wilson(round(value * n), n)
    return {"value": value, "low": interval.low, "high": interval.high, "n": n}


def _ratio_row(group: str, measurement: Measurement) -> dict[str, Any]:
    interval = measurement.interval
    assert interval is not None
    return {
        "group": group,
        "value": measurement.value,
        "low": interval.low,
        "high": interval.high,
        "n": measurement.units,
    }


def _nothing(group: str, n: int) -> dict[str, Any]:
    return {"group": group, "value": None, "low": None, "high": None, "n": n}


def sample_figures() -> tuple[Figure, ...]:
    """One figure of each kind, with hostile labels, absent values and absent intervals."""
    bins = [
        {
            "score": (i + 0.5) / 10,
            "observed": max(0.0, (i + 0.5) / 10 - 0.05),
            "low": max(0.0, (i + 0.5) / 10 - 0.07),
            "high": (i + 0.5) / 10 - 0.03,
            "n": 9000 // (i + 1),
        }
        for i in range(10)
    ]
    band = [
        {"score": b["score"], "low": b["score"] - 0.015, "high": b["score"] + 0.015} for b in bins
    ]
    return (
        Figure(
            "group_rates",
            "Selection rate by gender",
            "Women are selected about a fifth as often as men.",
            "bias",
            {
                "attribute": "gender",
                "metric": "bias.selection_rate",
                "unit": "share",
                "rows": [
                    _rate_row("Male", 7844, 21790),
                    _rate_row("Female", 862, 10771),
                    _nothing("(missing)", 0),
                ],
                "comparison": "bias.impact_ratio",
                "reference": "Male",
                "ratios": [_ratio_row("Female", RATIO_GENDER), _nothing("(missing)", 0)],
            },
        ),
        Figure(
            "group_rates",
            f"Selection rate by ethnicity {HOSTILE}",
            HOSTILE_MARKDOWN,
            "bias",
            {
                "attribute": "ethnicity",
                "metric": "bias.selection_rate",
                "unit": "share",
                "rows": [
                    _rate_row("White", 7900, 27816),
                    _rate_row("Amer-Indian-Eskimo", 48, 311),
                    _rate_row(HOSTILE, 60, 271),
                ],
                "comparison": "bias.impact_ratio",
                "reference": "White",
                "ratios": [
                    _ratio_row("Amer-Indian-Eskimo", RATIO_NATIVE),
                    _ratio_row(HOSTILE, RATIO_STRANGE),
                ],
            },
        ),
        Figure(
            "reliability",
            "Reliability of the scores",
            "Scores are a little too high throughout.",
            "calibration",
            {"outcome": "income above 50K", "n": 32561, "bins": bins, "band": band},
        ),
        Figure(
            "ranking",
            "What the model looks at",
            "Mean absolute integrated gradients over 512 rows.",
            "explanation",
            {
                "value_label": "mean |attribution|",
                "n": 512,
                "rows": [
                    {"feature": "age", "value": 0.121, "low": 0.114, "high": 0.128},
                    {"feature": "hours-per-week", "value": 0.083, "low": None, "high": None},
                    {"feature": HOSTILE, "value": 0.044, "low": 0.039, "high": 0.049},
                    {"feature": "race", "value": None, "low": None, "high": None},
                ],
            },
        ),
        Figure(
            "distribution_shift",
            "Drift of age",
            "The evaluation data are a little older than the training data.",
            "drift",
            {
                "stream": "age",
                "n_training": 20000,
                "n_evaluation": 12561,
                "value": 0.06,
                "low": 0.05,
                "high": 0.07,
                "rows": [
                    {"bin": "[17, 30)", "training": 0.34, "evaluation": 0.30},
                    {"bin": "[30, 50)", "training": 0.44, "evaluation": 0.42},
                    {"bin": "[50, 90]", "training": 0.22, "evaluation": 0.28},
                ],
            },
        ),
        Figure(
            "error_tree",
            "Where the errors are",
            "Each box divides into two.",
            "slices",
            {
                "value_label": "share of wrong decisions",
                "unit": "share",
                "n": 16263,
                "rows": [
                    _box(0, None, "all", 0.175, 16263),
                    _box(1, 0, f"job: {HOSTILE}", 0.06, 8571),
                    _box(2, 0, f"job: not {HOSTILE}", 0.302, 7692),
                    _box(3, 2, "age under 32", 0.265, 1217),
                    _box(4, 2, "age 32 and over", None, None),
                ],
            },
        ),
        Figure(
            "error_heat_map",
            "Errors by job and age",
            "The share of wrong decisions where both meet.",
            "slices",
            {
                "value_label": "share of wrong decisions",
                "unit": "share",
                "n": 1200,
                "x": "age",
                "y": "job",
                "overall": 0.175,
                "rows": [
                    _cell("clerk", "under 32", 0.1, 400),
                    _cell("clerk", "32 and over", 0.2, 790),
                    _cell(HOSTILE, "under 32", 0.5, 10),
                    _cell(HOSTILE, "32 and over", None, None),
                ],
            },
        ),
        Figure(
            "gap",
            "Training against evaluation",
            "How much better the model does on data it has seen.",
            "overfitting",
            {
                "rows": [
                    {
                        "metric": "performance.accuracy",
                        "split": "training",
                        "value": 0.84,
                        "low": 0.836,
                        "high": 0.844,
                        "n": 20000,
                    },
                    {
                        "metric": "performance.accuracy",
                        "split": "evaluation",
                        "value": 0.82,
                        "low": 0.816,
                        "high": 0.823,
                        "n": 12561,
                    },
                    {
                        "metric": "performance.auc",
                        "split": "training",
                        "value": None,
                        "low": None,
                        "high": None,
                        "n": 0,
                    },
                ]
            },
        ),
        Figure(
            "null_band",
            "What can be read of gender",
            "The layer tells women from men, beyond what chance gives.",
            "representation",
            {
                "value_label": "AUC of the probe",
                "null_label": "random groups",
                "n": 1200,
                "rows": [
                    {
                        "group": "Female",
                        "value": 0.71,
                        "low": 0.68,
                        "high": 0.74,
                        "null_low": 0.47,
                        "null_high": 0.53,
                        "n": 500,
                    },
                    {
                        "group": HOSTILE,
                        "value": None,
                        "low": None,
                        "high": None,
                        "null_low": None,
                        "null_high": None,
                        "n": 7,
                    },
                ],
            },
        ),
        frontier(),
        *confidence_figures(),
        shortcut_effects(),
        *membership_figures(),
        *rival_figures(),
        *cost_figures(),
        *leakage_figures(),
        *overfitting_figures(),
        *explanation_figures(),
        *sufficiency_figures(),
        _worst_answers(),
    )


def _worst_answers() -> Figure:
    row = {
        "row": "17",
        "prompt": f"What is the capital of Oru? {HOSTILE}",
        "answer": HOSTILE_MARKDOWN,
        "reference": "Lem",
        "scores": {"Semantic entropy": 0.0, "P(True)": 0.412},
    }
    other = {**row, "row": HOSTILE, "prompt": "", "answer": "", "reference": "", "scores": {}}
    data = {"n": 2, "wrong": 31, "rows": [row, other]}
    return Figure("worst_answers", "Wrong answers", "Sure, and wrong.", "hallucination", data)
