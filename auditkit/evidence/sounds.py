"""The sounds of a batch, as a speech recogniser is given them."""

from __future__ import annotations

from typing import Any

import numpy as np

from auditkit.data.batch import Batch
from auditkit.errors import DataError
from auditkit.models.generators.texts import Prompt

_WAVEFORMS = ("waveform", "input_values", "audio")
"""What data sets of torch call the samples of a sound."""
_LENGTHS = ("length", "lengths")


def sounds_of(batch: Batch, rate: int) -> list[Prompt]:
    """One prompt for each row, its sound cut to its own length.

    A mapping of inputs may say how many samples each sound has (`length`). Else the zeros at the
    end are taken for what the shorter ones were filled up with, and cut off; a sound of zeros alone
    stays as it is.

    Args:
        batch: its inputs are an array [rows, samples], or a mapping with a `waveform` of this
            shape.
        rate: samples a second; 0 where it is not known.

    Raises:
        DataError: the inputs are something else.
    """
    given, lengths = _waveforms(batch.inputs)
    sounds = np.asarray(given)
    if sounds.ndim != 2 or sounds.dtype.kind not in "fiu":
        raise DataError(
            f"The inputs are no sounds: an array of {sounds.dtype} with the shape {sounds.shape}; "
            "expected numbers [rows, samples].",
            mend="Declare audio in the data section, or leave out generation.columns.spoken.",
        )
    ends = _ends(sounds) if lengths is None else np.asarray(lengths).astype(int)
    return [
        Prompt(str(id_), "", np.ascontiguousarray(sound[:end], dtype=np.float32), rate)
        for id_, sound, end in zip(batch.row_ids, sounds, ends, strict=True)
    ]


def _waveforms(inputs: Any) -> tuple[Any, Any]:
    """The samples, and how many each sound has; None where that is not said."""
    if not isinstance(inputs, dict):
        return inputs, None
    found = [inputs[name] for name in _WAVEFORMS if name in inputs]
    lengths = [inputs[name] for name in _LENGTHS if name in inputs]
    if not found:
        raise DataError(
            f"The inputs are {', '.join(map(str, inputs))}, and none of them is a sound; expected "
            f"one of {', '.join(_WAVEFORMS)}.",
            mend="Rename the samples of the sounds to waveform.",
        )
    return found[0], lengths[0] if lengths else None


def _ends(sounds: np.ndarray) -> np.ndarray:
    """Where the zeros at the end of each sound begin; of one of zeros alone, its end."""
    heard = sounds != 0
    silent_end = heard[:, ::-1].argmax(axis=1)
    ends: np.ndarray = np.where(heard.any(axis=1), sounds.shape[1] - silent_end, sounds.shape[1])
    return ends


def heard_facts(prompt: Prompt) -> dict[str, float]:
    """How long a sound is (`samples`, and `seconds` where the rate is known), and its rate."""
    samples = len(prompt.sound)
    if not prompt.rate:
        return {"samples": float(samples)}
    return {
        "samples": float(samples),
        "rate": float(prompt.rate),
        "seconds": samples / prompt.rate,
    }


__all__ = ["heard_facts", "sounds_of"]
