"""Stored predictions: the outputs of a model that is not here, read from columns of the data."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from auditkit.errors import ConfigurationError, DataError
from auditkit.models.declaration import make_heads
from auditkit.models.head import Decision, Head, Outputs, Task
from auditkit.models.subject import Capabilities
from auditkit.models.wrapped import WrappedModel

_ABSENT = "The model is not here: its stored predictions are audited."


class StoredSubject:
    """Columns of the data that hold what a model answered.

    Args:
        columns: head's name → its columns, in the order of the classes or quantiles.
    """

    def __init__(self, columns: Mapping[str, tuple[str, ...]]) -> None:
        self.columns = dict(columns)
        self.device = torch.device("cpu")
        self.capabilities = Capabilities.without(
            dict.fromkeys(("present", "differentiable", "copyable", "embeds"), _ABSENT)
        )

    @contextmanager
    def lent(self) -> Iterator[None]:
        """Nothing is borrowed."""
        yield

    watched = lent

    def arrange(self, inputs: Any) -> dict[str, Tensor]:
        """The heads' columns as float64 tensors; missing values stay NaN.

        Raises:
            DataError: not a frame, a column is missing, or one is not numeric.
        """
        if not isinstance(inputs, pd.DataFrame):
            raise DataError(
                f"Stored predictions are columns of a table, and the data are "
                f"{type(inputs).__name__}.",
                mend="Give a table, or the model itself.",
            )
        return {name: _read(inputs, columns) for name, columns in self.columns.items()}

    def call(self, prepared: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The columns themselves."""
        return dict(prepared)

    def digest(self) -> str:
        """`columns:…`, of which columns are read; the digest of the data covers their values."""
        plain = json.dumps(self.columns, sort_keys=True)
        return "columns:" + hashlib.sha256(plain.encode()).hexdigest()

    def describe(self) -> dict[str, Any]:
        """Which columns are read."""
        return {
            "kind": "stored predictions",
            "columns": {name: list(columns) for name, columns in self.columns.items()},
            "device": str(self.device),
        }


def _read(frame: pd.DataFrame, columns: tuple[str, ...]) -> Tensor:
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        raise DataError(
            f"The column {missing[0]!r} of stored predictions is not among the "
            f"{frame.shape[1]} columns read.",
            mend="Correct its name, and list it among the features if these are declared.",
        )
    for name in columns:
        kind = frame[name].dtype
        if not pd.api.types.is_numeric_dtype(kind):
            raise DataError(
                f"The column {name!r} of stored predictions holds {kind} values; expected numbers.",
                mend="Store scores rather than names of classes.",
            )
    values = frame[list(columns)].to_numpy(dtype=np.float64, na_value=np.nan, copy=True)
    return torch.from_numpy(values if len(columns) > 1 else values[:, 0].copy())


def stored_predictions(
    scores: Mapping[str, str | Sequence[str]],
    *,
    task: Task | str | None = None,
    heads: Mapping[str, Head | Mapping[str, Any]] | Sequence[Head] | None = None,
    decision: Decision | Mapping[str, Any] | None = None,
    outputs: Outputs | str | None = None,
    classes: Sequence[object] | None = None,
    unit_metrics: Callable[[Any, Any], Any] | None = None,
    quantiles: Sequence[float] | None = None,
    name: str = "",
) -> WrappedModel:  # the arguments of `wrap`, without those that need a model
    """Stored outputs of a model that is not here, audited as far as that goes.

    Args:
        scores: head's name → its column, or its columns in the order of the classes or
            quantiles. For one head declared by `task`, a single entry of any name:
            `{"score": "p_income"}`.
        task: see `wrap`, as for the other arguments.

    Returns:
        A model whose `predict(frame)` reads the columns, and that lacks every capability.

    Raises:
        ConfigurationError: the declaration contradicts itself, or names other heads than `scores`.

    >>> model = stored_predictions({"score": "p"}, task="binary", outputs="probabilities")
    >>> model.predict(pd.DataFrame({"p": [0.2, 0.9]}))
    {'': tensor([0.2000, 0.9000], dtype=torch.float64)}
    """
    options = {
        "decision": decision,
        "outputs": outputs,
        "classes": classes,
        "unit_metrics": unit_metrics,
        "quantiles": quantiles,
    }
    made = make_heads(task, heads, options)
    columns = {key: _listed(value) for key, value in scores.items()}
    if heads is None and len(columns) == 1:
        columns = {"": next(iter(columns.values()))}
    names = [head.name for head in made]
    if sorted(columns) != sorted(names):
        raise ConfigurationError(
            f"Stored predictions are given for {sorted(scores)}; the heads are {sorted(names)}.",
            mend="Give the column or columns of each head, and of no other.",
        )
    return WrappedModel(StoredSubject(columns), made, name=name or "stored predictions")


def _listed(value: str | Sequence[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)
