"""Sample figures of explanations: a linear model of real digits, whose attributions are exact.

The integrated gradients of a linear score are its weights times what differs from the baseline, so
a least-squares fit gives true maps without a network.
"""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auditkit.measurement import Figure
from tests.sample_measurements import HOSTILE, HOSTILE_MARKDOWN

Array = NDArray[np.float64]

CONVERGED = {
    "label": "converged",
    "reason": "The error estimate is under 2 % for every sample, and no test speaks against it.",
}
LIMITED = {
    "label": "limited",
    "reason": f"A random network gives a map alike (rank correlation 0.75). {HOSTILE}",
}
WITHHELD = {
    "label": "withheld",
    "reason": "The attributions do not add up to the change of the output: they miss it by 37 %, "
    f"and at most 5 % are allowed. {HOSTILE_MARKDOWN}",
}


def _read() -> tuple[Array, NDArray[np.int64]]:
    """The digits that scikit-learn brings along, without loading it: a report needs no SciPy."""
    found = find_spec("sklearn")
    assert found is not None
    assert found.origin is not None
    table = np.loadtxt(Path(found.origin).parent / "datasets/data/digits.csv.gz", delimiter=",")
    return table[:, :-1].reshape(-1, 8, 8) / 16.0, table[:, -1].astype(np.int64)


@cache
def _digits() -> tuple[Array, NDArray[np.int64], Array]:
    """Images, digits and each pixel's share in the score of the true digit."""
    images, digits = _read()
    flat = images.reshape(len(images), -1)
    centred = flat - flat.mean(axis=0)
    gram = centred.T @ centred + 20.0 * np.eye(flat.shape[1])
    weights = np.linalg.solve(gram, centred.T @ np.eye(10)[digits])
    maps = (centred * weights.T[digits]).reshape(images.shape)
    return images, digits, maps


def _rounded(values: Array) -> list[Any]:
    return [[round(float(number), 4) for number in row] for row in values]


def heat_maps() -> Figure:
    """Class means with intervals, one of them limited and one withheld."""
    _, digits, maps = _digits()
    items: list[dict[str, Any]] = []
    for digit in range(4):
        own = maps[digits == digit]
        mean, error = own.mean(axis=0), 1.645 * own.std(axis=0) / len(own) ** 0.5
        items.append(
            {
                "title": f"digit {digit}",
                "n": len(own),
                "trust": LIMITED if digit == 2 else CONVERGED,
                "signed": True,
                "heat": _rounded(mean),
                "image": None,
                "cell_labels": None,
                "low": _rounded(mean - error),
                "high": _rounded(mean + error),
            }
        )
    items[3] |= {"title": HOSTILE, "trust": WITHHELD, "heat": None, "low": None, "high": None}
    return Figure(
        "heat_maps",
        "Where each digit is looked for",
        "Mean attribution of each cell to the score of the true digit.",
        "explanation",
        {"n": len(digits), "value_label": "mean attribution to the score", "items": items},
    )


def overlays() -> Figure:
    """Single decisions over their thumbnails, in grey and in colour."""
    images, digits, maps = _digits()
    grey, coloured = images[10], np.stack([images[11], images[11] * 0.6, 1 - images[11]], axis=-1)
    shown = [(10, grey, CONVERGED), (11, coloured, LIMITED), (12, images[12], WITHHELD)]
    heats = {10: _rounded(maps[10]), 11: _rounded(abs(maps[11])), 12: None}
    items = [
        {
            "title": f"row {row}: a {digits[row]}",
            "n": 1,
            "trust": trust,
            "signed": row == 10,
            "heat": heats[row],
            "image": image.round(3).tolist(),
            "cell_labels": None,
            "low": None,
            "high": None,
        }
        for row, image, trust in shown
    ]
    return Figure(
        "heat_maps",
        "Three decisions, pixel by pixel",
        "What moved the score of each of these digits.",
        "explanation",
        {"n": 3, "value_label": "attribution to the score", "items": items},
    )


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


def explanation_figures() -> tuple[Figure, ...]:
    """A figure of each kind of explanation."""
    return (heat_maps(), overlays(), explanation_trust())
