"""Labels as the data hold them, turned into the codes of the declared classes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from auditkit.errors import DataError
from auditkit.models.head import Head, Task

_SHOWN = 5


def encode(targets: Any, head: Head, row_ids: np.ndarray) -> Any:
    """Targets of one head for one batch, as its units are judged.

    Class names are matched with the declared classes; integers are indices of classes, unless the
    classes are themselves named by integers. Custom targets are passed on as they are.

    Args:
        targets: array or tensor, first axis the units.
        head: the declaration.
        row_ids: shape (n,), for the message.

    Returns:
        A CPU or device tensor: int64 of shape (n,) or (n, labels) for classes, float64 for numbers.

    Raises:
        DataError: a label that is missing or that the model does not know.
    """
    if head.task is Task.CUSTOM:
        return torch.as_tensor(targets) if isinstance(targets, np.ndarray) else targets
    if isinstance(targets, Tensor):
        return _encode_tensor(targets, head, row_ids)
    array = np.asarray(targets)
    if head.task is Task.REGRESSION:
        return torch.from_numpy(_numbers(array, head, row_ids))
    if head.task is Task.MULTILABEL:
        return torch.from_numpy(_flags(array, head, row_ids))
    return torch.from_numpy(_class_codes(array, head, row_ids))


def _encode_tensor(targets: Tensor, head: Head, row_ids: np.ndarray) -> Tensor:
    if head.task is Task.REGRESSION:
        return targets.double()
    # Targets come from the loader's host memory; checking them there costs the device nothing.
    codes = targets.cpu().numpy()
    if codes.ndim == 2 and codes.shape[1] == 1:
        codes = codes[:, 0]
    if head.task is Task.MULTILABEL:
        return torch.from_numpy(_flags(codes, head, row_ids))
    return torch.from_numpy(_class_codes(codes, head, row_ids))


def _numbers(array: np.ndarray, head: Head, row_ids: np.ndarray) -> np.ndarray:
    try:
        numbers = array.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(
            f"The target of {_named(head)} holds {array.dtype} values; a regression needs numbers.",
            mend="Declare another label column, or another task.",
        ) from error
    wrong = np.asarray(~np.isfinite(numbers).reshape(len(numbers), -1).all(axis=1))
    _refuse(wrong, head, row_ids, "no number")
    return numbers


def _flags(array: np.ndarray, head: Head, row_ids: np.ndarray) -> np.ndarray:
    if array.ndim != 2 or array.shape[1] != len(head.classes):
        raise DataError(
            f"The target of {_named(head)} has the shape {array.shape}; expected "
            f"(n, {len(head.classes)}), one column of 0 and 1 for each label.",
            mend="Declare one label column for each class, in the order of the classes.",
        )
    numbers = _numbers(array, head, row_ids)
    wrong = np.asarray(~np.isin(numbers, (0, 1)).all(axis=1))
    _refuse(wrong, head, row_ids, "neither 0 nor 1")
    return numbers.astype(np.int64)


def _class_codes(array: np.ndarray, head: Head, row_ids: np.ndarray) -> np.ndarray:
    if array.ndim != 1:
        raise DataError(
            f"The target of {_named(head)} has the shape {array.shape}; expected one class a unit.",
            mend="Give class names or indices of shape (n,), not one-hot rows.",
        )
    if _are_indices(array, head.classes):
        codes = array.astype(np.int64)
        known = (codes >= 0) & (codes < len(head.classes))
        if array.dtype.kind == "f":
            known &= array == codes
    else:
        codes = pd.Index(head.classes).get_indexer(pd.Index(_as_text(array)))
        known = codes >= 0
    if not known.all():
        found = ", ".join(repr(str(value)) for value in pd.unique(array[~known])[:_SHOWN])
        expected = ", ".join(repr(name) for name in head.classes[:20])
        _refuse(~known, head, row_ids, f"{found}, where the model knows {expected}")
    return codes.astype(np.int64)


def _are_indices(array: np.ndarray, classes: Sequence[str]) -> bool:
    if array.dtype.kind not in "iubf":
        return False
    named_by_integers = all(name.lstrip("-").isdigit() for name in classes)
    return not named_by_integers or tuple(classes) == tuple(str(i) for i in range(len(classes)))


def _as_text(array: np.ndarray) -> np.ndarray:
    if array.dtype.kind == "f" and np.all(array == np.floor(array)):
        array = array.astype(np.int64)
    return array.astype(str) if array.dtype.kind != "O" else array


def _refuse(wrong: np.ndarray, head: Head, row_ids: np.ndarray, what: str) -> None:
    if wrong.any():
        rows = ", ".join(str(row) for row in row_ids[wrong][:_SHOWN])
        raise DataError(
            f"{int(wrong.sum())} targets of {_named(head)} in this batch are {what} "
            f"(first rows: {rows}).",
            mend="Mend or leave out these rows, or declare the classes as the data name them.",
        )


def _named(head: Head) -> str:
    return f"the head {head.name!r}" if head.name else "the model"
