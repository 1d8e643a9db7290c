"""When in its sounds or series a model looks, and at which frequencies: by predicted class."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from torch import Tensor

from auditkit.checks.explanation.explained_classes import Part, parts_of
from auditkit.checks.explanation.pictures import TOWARDS, Pictured
from auditkit.checks.explanation.trust import trust_of
from auditkit.checks.rounding import rounded
from auditkit.explain.bands import band_attributions, band_edges
from auditkit.measurement import Figure

MOST_TIMES = 64
"""Stretches of a mean profile, at most."""

MOST_SINGLE = 128
"""Stretches of a single signal, at most."""

_PRODUCTS = ("integrated_gradients", "input_x_gradient")
"""Methods whose maps are a product of the input with a gradient, so that they have a spectrum."""


def drawn(pictured: Pictured) -> Iterator[Figure]:
    """The mean profile of each predicted class, and single signals where they are asked for."""
    if (means := _means(pictured)) is not None:
        yield means
    if pictured.singles:
        yield _singles(pictured)


def _means(pictured: Pictured) -> Figure | None:
    parts, left_out = parts_of(pictured.found, pictured.head, pictured.shown)
    if not parts:
        return None
    steps = _by_step(pictured, pictured.maps.abs())
    starts = _starts(steps.shape[1], MOST_TIMES)
    heat = _means_of(steps, starts)
    bands = _bands(pictured, pictured.maps)
    trust = trust_of(pictured.found, pictured.found.chosen)
    items = [_mean_item(part, heat, starts, bands) | {"trust": trust} for part in parts]
    heard = ""
    if bands is not None:
        heard = (
            " Bands: the share of each octave in what the maps add up to, which is shared out over "
            "frequencies by Parseval's theorem."
        )
    return Figure(
        kind="signal_maps",
        title=f"When the model looks{pictured.of}, by what it decides",
        caption=(
            f"Mean absolute attribution ({pictured.method}) of a step in each stretch of time."
            f"{heard} {left_out}"
        ).strip(),
        check="explanation",
        data={"n": int(pictured.shown.sum()), "items": items},
    )


def _mean_item(
    part: Part, heat: np.ndarray, starts: np.ndarray, bands: np.ndarray | None
) -> dict[str, Any]:
    share = None if bands is None else _shares(np.abs(bands[part.rows]).mean(axis=0))
    return {
        "title": part.title,
        "n": len(part.rows),
        "unit": "steps",
        "times": starts.tolist(),
        "heat": rounded(heat[part.rows].mean(axis=0)),
        "signal": None,
        "bands": None if share is None else _drawn_bands(share),
        "spectrogram": None,
    }


def _singles(pictured: Pictured) -> Figure:
    steps = _by_step(pictured, pictured.signed)
    starts = _starts(steps.shape[1], MOST_SINGLE)
    heat = _means_of(steps, starts)
    inputs = pictured.inputs()
    courses = None if inputs is None else _courses(_by_step(pictured, inputs, mean=True), starts)
    bands = _bands(pictured, pictured.signed)
    items = []
    for unit in pictured.singles:
        shown = bool(pictured.shown[unit])
        drawn_bands = None if bands is None or not shown else _drawn_bands(_shares(bands[unit]))
        items.append(
            {
                "title": pictured.title(unit),
                "n": 1,
                "trust": trust_of(pictured.found, pictured.found.chosen, unit),
                "unit": "steps",
                "times": starts.tolist(),
                "heat": rounded(heat[unit] if shown else np.zeros(len(starts))),
                "signal": None if courses is None else rounded(courses[unit]),
                "bands": drawn_bands,
                "spectrogram": None,
            }
        )
    return Figure(
        kind="signal_maps",
        title=f"Single signals{pictured.of}",
        caption=(
            f"Attribution ({pictured.method}) of a step in each stretch of time {TOWARDS}, and the "
            f"largest value of the signal there. {pictured.drawn_at_random}"
        ),
        check="explanation",
        data={"n": len(items), "items": items},
    )


def _by_step(pictured: Pictured, tensor: Tensor, *, mean: bool = False) -> np.ndarray:
    """[n, steps]: all that lies at one step added up, or its mean."""
    values = tensor.double().numpy()
    if values.ndim > 2:
        time = -1 if pictured.medium == "audio" else 1
        values = np.moveaxis(values, time, 1).reshape(len(values), values.shape[time], -1)
        values = values.mean(axis=2) if mean else values.sum(axis=2)
    return np.asarray(values)


def _starts(steps: int, most: int) -> np.ndarray:
    """Where stretches of equal length begin, at most so many."""
    return np.arange(0, steps, -(-steps // most))


def _means_of(steps: np.ndarray, starts: np.ndarray) -> np.ndarray:
    lengths = np.diff(np.append(starts, steps.shape[1]))
    return np.asarray(np.add.reduceat(steps, starts, axis=1) / lengths)


def _courses(signals: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """The value that is furthest from zero in each stretch, with its sign."""
    high = np.maximum.reduceat(signals, starts, axis=1)
    low = np.minimum.reduceat(signals, starts, axis=1)
    return np.where(high >= -low, high, low)


def _bands(pictured: Pictured, maps: Tensor) -> np.ndarray | None:
    """Maps of the first units by band, [k, bands]; None of what is no product of a sound."""
    inputs = pictured.inputs()
    if pictured.medium != "audio" or inputs is None or pictured.found.chosen not in _PRODUCTS:
        return None
    return band_attributions(maps, inputs[: len(maps)])


def _shares(bands: np.ndarray) -> np.ndarray:
    """Of all of them, with their signs."""
    whole = np.abs(bands).sum()
    return np.asarray(bands / whole if whole else bands)


def _drawn_bands(heat: np.ndarray) -> dict[str, Any]:
    return {"edges": list(band_edges()), "heat": rounded(heat)}
