"""Sample maps: pixels of a linear model of real digits, words, and a sound with a planted tone.

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
def digits() -> tuple[Array, NDArray[np.int64], Array]:
    """Images, digits and each pixel's share in the score of the true digit."""
    images, labels = _read()
    flat = images.reshape(len(images), -1)
    centred = flat - flat.mean(axis=0)
    gram = centred.T @ centred + 20.0 * np.eye(flat.shape[1])
    weights = np.linalg.solve(gram, centred.T @ np.eye(10)[labels])
    maps = (centred * weights.T[labels]).reshape(images.shape)
    return images, labels, maps


def _rounded(values: Array) -> list[Any]:
    return [[round(float(number), 4) for number in row] for row in values]


def heat_maps() -> Figure:
    """Class means with intervals, one of them limited and one withheld."""
    _, labels, maps = digits()
    items: list[dict[str, Any]] = []
    for digit in range(4):
        own = maps[labels == digit]
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
        {"n": len(labels), "value_label": "mean attribution to the score", "items": items},
    )


def overlays() -> Figure:
    """Single decisions over their thumbnails, in grey and in colour."""
    images, labels, maps = digits()
    grey, coloured = images[10], np.stack([images[11], images[11] * 0.6, 1 - images[11]], axis=-1)
    shown = [(10, grey, CONVERGED), (11, coloured, LIMITED), (12, images[12], WITHHELD)]
    heats = {10: _rounded(maps[10]), 11: _rounded(abs(maps[11])), 12: None}
    items = [
        {
            "title": f"row {row}: a {labels[row]}",
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


REVIEW = (
    "The film was not bad , but the ending felt rushed and the music was far too loud for a "
    "story that lives from its silence"
)
WEIGHTS = {"not": 0.45, "bad": -0.38, "rushed": -0.71, "loud": -0.52, "too": -0.24}


def token_maps() -> Figure:
    """A review, a text of hostile tokens, and one that nobody may look at."""
    words = REVIEW.split()
    heat = [WEIGHTS.get(word, 0.01 * (place % 7 - 3)) for place, word in enumerate(words)]
    hostile = [HOSTILE, HOSTILE_MARKDOWN, " ", "\n", "", "\u202eabc", "a\u200bb", "审计", "x" * 400]
    items = [
        {"title": "review 17", "n": 1, "trust": CONVERGED, "tokens": words, "heat": heat},
        {
            "title": HOSTILE,
            "n": 1,
            "trust": LIMITED,
            "tokens": hostile,
            "heat": [(-1) ** place / (1 + place) for place in range(len(hostile))],
        },
        {"title": "review 21", "n": 1, "trust": WITHHELD, "tokens": ["a"], "heat": [0.0]},
    ]
    return Figure(
        "token_maps",
        "Which words moved the score",
        "Three reviews, word by word.",
        "explanation",
        {"n": 3, "items": items},
    )


def _sound() -> tuple[Array, Array, Array]:
    """Times, a sound whose tone rises, and how much of it a filter around 440 Hz lets through."""
    times = np.arange(2000) / 2000.0
    sound = np.sin(2 * np.pi * (200.0 + 300.0 * times) * times) * (0.3 + 0.7 * (times > 0.3))
    passed = np.exp(-(((200.0 + 600.0 * times) - 440.0) ** 2) / 8000.0)
    return times, sound, passed * sound**2 - 0.02


def signal_maps() -> Figure:
    """A sound with everything, a short series with its heat alone, and one withheld."""
    times, sound, heat = _sound()
    frequencies = np.arange(100.0, 1000.0, 50.0)
    moments = times[::50]
    tone = 200.0 + 600.0 * moments
    spectrogram = np.exp(-((frequencies[:, None] - tone[None]) ** 2) / 9000.0) * heat[::50][None]
    items: list[dict[str, Any]] = [
        {
            "title": "a rising tone",
            "unit": "s",
            "times": times.round(5).tolist(),
            "heat": heat.round(4).tolist(),
            "signal": sound.round(4).tolist(),
            "bands": {
                "edges": [0.0, 250.0, 500.0, 750.0, 1000.0],
                "heat": [0.1, 0.81, -0.07, 0.02],
            },
            "spectrogram": {
                "times": moments.tolist(),
                "frequencies": frequencies.tolist(),
                "heat": spectrogram.round(4).tolist(),
            },
        },
        {
            "title": f"a series {HOSTILE}",
            "unit": "steps",
            "times": list(range(48)),
            "heat": [round(float(np.sin(i / 5) * (i / 48) ** 2), 4) for i in range(48)],
            "signal": [round(float(np.cos(i / 4)), 4) for i in range(48)],
            "bands": None,
            "spectrogram": None,
        },
    ]
    items.append({**items[1], "title": "another series"})
    for item, trust in zip(items, (CONVERGED, LIMITED, WITHHELD), strict=True):
        item |= {"n": 1, "trust": trust}
    return Figure(
        "signal_maps",
        "When the model listens",
        "The heat of a sound and of two series.",
        "explanation",
        {"n": 3, "items": items},
    )
