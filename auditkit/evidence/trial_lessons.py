"""What learners are given of the units of a sample: features, embeddings or prepared inputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from auditkit.evidence.by_unit import rows_of
from auditkit.evidence.nests import map_tensors
from auditkit.evidence.sample import NO_UNITS, Sampled
from auditkit.learners.learner import Unteachable
from auditkit.models.wrapped import WrappedModel

MOST_NUMBERS = 4096
"""Inputs of more numbers than this are no features: the embedding stands for them."""

CHUNK = 256


def given_of(wants: str, sample: Sampled, model: WrappedModel) -> Any:
    """What a learner is given of all units of a sample.

    Args:
        wants: see `auditkit.learners.Learner`.
        sample: of one split.
        model: opened.

    Returns:
        A frame of features, or prepared inputs on the CPU.

    Raises:
        Unteachable: there is no such thing of these units.
    """
    return _KINDS[wants](sample, model)


def some_of(given: Any, rows: np.ndarray, units: int) -> Any:
    """A copy of what is given of some units.

    Args:
        given: as `given_of` returns it.
        rows: positions, int64.
        units: how many it holds.
    """
    if isinstance(given, pd.DataFrame):
        return given.iloc[rows].reset_index(drop=True)
    return rows_of(given, rows, units)


def _inputs(sample: Sampled, model: WrappedModel) -> Any:
    """Prepared inputs, from the raw features where the pass kept none."""
    if sample.inputs is not None:
        return sample.inputs
    if sample.facts.frame is None:
        raise Unteachable(NO_UNITS)
    prepared = model.prepare(sample.facts.frame)
    return map_tensors(lambda part: part.detach().cpu(), prepared)


def _features(sample: Sampled, model: WrappedModel) -> pd.DataFrame:
    frame = sample.facts.frame
    if frame is not None:
        kept = [name for name in frame if str(name) not in model.answer_columns]
        if not kept:
            raise Unteachable(
                "The data hold the stored predictions and no features to learn from; declare "
                "data.features for it."
            )
        return _usable(frame[kept])
    numbers = _flat(_inputs(sample, model), len(sample))
    if numbers is not None and numbers.shape[1] <= MOST_NUMBERS:
        return _named(numbers, "inputs")
    return _embedding(sample, model)


def _usable(frame: pd.DataFrame) -> pd.DataFrame:
    """Numbers as float64, all else as categories; cells that cannot be compared are left out."""
    columns: dict[str, Any] = {}
    for name, column in frame.items():
        if pd.api.types.is_numeric_dtype(column.dtype) and column.dtype.kind != "c":
            columns[str(name)] = column.to_numpy(np.float64, na_value=np.nan)
        elif all(pd.api.types.is_hashable(value) for value in column.dropna().head(100)):
            texts = column.astype(object).where(column.notna(), None).map(_text)
            columns[str(name)] = texts.to_numpy()  # by place: a sample is in no order of its index
    if not columns:
        raise Unteachable(
            "No feature is a number or a category, so there is nothing to learn from."
        )
    return _on("features", pd.DataFrame(columns, index=range(len(frame))))


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _flat(inputs: Any, units: int) -> np.ndarray | None:
    """All numbers of each unit, float64 of shape (n, numbers); None where codes are among them.

    Whole numbers may be codes (of tokens, of categories), which mean nothing as numbers.
    """
    parts: list[Tensor] = []
    map_tensors(parts.append, inputs)
    by_unit = [part for part in parts if part.shape[:1] == (units,)]
    if not by_unit or not all(part.is_floating_point() for part in by_unit):
        return None
    width = sum(part[0].numel() if units else 0 for part in by_unit)
    if width > MOST_NUMBERS:
        return None
    flat = torch.cat([part.reshape(units, -1).double() for part in by_unit], dim=1)
    return np.asarray(flat.numpy())


def _embedding(sample: Sampled, model: WrappedModel) -> pd.DataFrame:
    if not model.layer:
        reason = model.capabilities.reasons.get("embeds", "No layer of the model can be seen.")
        raise Unteachable(f"The inputs are no features, and there is no embedding. {reason}")
    inputs, units = _inputs(sample, model), len(sample)
    found: list[Tensor] = []
    for start in range(0, units, CHUNK):
        rows = np.arange(start, min(start + CHUNK, units))
        with model.listening(model.layer) as heard, torch.no_grad():
            model.forward(model.place(rows_of(inputs, rows, units)))
        if lack := heard.lack(model.layer, len(rows)):
            raise Unteachable(lack)
        found.append(heard.embedding(torch.arange(len(rows))).cpu())
    return _named(torch.cat(found).double().numpy(), "embedding")


def _named(numbers: np.ndarray, what: str) -> pd.DataFrame:
    columns = [f"{what} {place}" for place in range(numbers.shape[1])]
    return _on(what, pd.DataFrame(numbers, columns=columns))


def _on(basis: str, frame: pd.DataFrame) -> pd.DataFrame:
    frame.attrs["basis"] = basis
    return frame


def basis_of(given: Any) -> str:
    """What these features are: `features`, `inputs` or `embedding`; "" of prepared inputs."""
    return str(given.attrs["basis"]) if isinstance(given, pd.DataFrame) else ""


_KINDS: Mapping[str, Callable[[Sampled, WrappedModel], Any]] = {
    "features": _features,
    "embedding": _embedding,
    "inputs": _inputs,
}
