"""Labels as the data hold them, turned into the codes of the declared classes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from auditkit.data.batch import Batch
from auditkit.errors import DataError
from auditkit.models.head import Head, Task

_SHOWN = 5
_TRUTHS = {"false": 0.0, "true": 1.0}


def targets_of(batch: Batch, heads: Sequence[Head]) -> dict[str, Any]:
    """The encoded targets of every head for one batch; see `encode`.

    Those of rows that are not labelled mean nothing; a batch without targets has None for a head.

    Raises:
        DataError: the batch has no targets for some head; or as of `encode`.
    """
    if batch.targets is None:
        return dict.fromkeys(head.name for head in heads)
    return {head.name: _encoded(_given(batch.targets, head, heads), head, batch) for head in heads}


def _encoded(targets: Any, head: Head, batch: Batch) -> Any:
    """The encoded targets of one head; those of rows without a label are 0."""
    places = batch.labelled_places
    if places is None or head.task is Task.CUSTOM:
        return encode(targets, head, batch)
    array = targets.detach().cpu().numpy() if isinstance(targets, Tensor) else np.asarray(targets)
    _refuse_shape(array, head, len(batch))
    labelled = replace(batch, row_ids=batch.row_ids[places])
    found = encode(array[places], head, labelled)
    whole = found.new_zeros((len(batch), *found.shape[1:]))
    whole[torch.from_numpy(places)] = found
    return whole


def previous_of(batch: Batch, heads: Sequence[Head]) -> dict[str, Tensor]:
    """Head → the encoded classes that the previous version predicted; {} where there are none.

    One column can only be the previous version's word on the one head that chooses a class.

    Raises:
        DataError: a class that the model does not know.
    """
    choosing = [head for head in heads if head.task in (Task.BINARY, Task.MULTICLASS)]
    if batch.previous is None or len(heads) > 1 or not choosing:
        return {}
    codes = _class_codes(batch.previous, choosing[0], batch.row_ids, "previous prediction")
    return {choosing[0].name: torch.from_numpy(codes)}


def _given(targets: Any, head: Head, heads: Sequence[Head]) -> Any:
    if isinstance(targets, Mapping):
        if head.name in targets:
            return targets[head.name]
        if len(heads) == 1 and head.task is Task.CUSTOM:
            return targets
        if len(heads) == 1 and len(targets) == 1:
            return next(iter(targets.values()))
        raise DataError(
            f"There is no target for {_named(head)}; there are targets for "
            f"{', '.join(repr(str(name)) for name in targets)}.",
            mend="Declare data.label as head → column, with the names of the model's heads.",
        )
    if len(heads) > 1:
        raise DataError(
            f"The data give one target, and the model has {len(heads)} heads: "
            f"{', '.join(repr(other.name) for other in heads)}.",
            mend="Declare data.label as head → column, or give targets as a dict by head.",
        )
    return targets


def encode(targets: Any, head: Head, batch: Batch) -> Any:
    """Targets of one head for one batch, as its units are judged.

    Class names are matched with the declared classes. Numbers are matched with classes that are
    named by numbers, truth values with classes named true and false, whatever their order; other
    numbers are indices of classes.

    Args:
        targets: array, tensor or list, first axis the units.
        head: the declaration.
        batch: where they come from, for its row ids.

    Returns:
        CPU tensor: int64 of shape (n,) or (n, labels) for classes, float64 of shape (n,) or
        (n, numbers) for a regression. Custom targets as they are, arrays as tensors.

    Raises:
        DataError: another shape, or a label that is missing or that the model does not know; it
            names the head, what was found, the number of rows and the first of them.
    """
    if head.task is Task.CUSTOM:
        return _custom(targets)
    # Targets come from the loader's host memory; looking at them there costs the device nothing.
    array = targets.detach().cpu().numpy() if isinstance(targets, Tensor) else np.asarray(targets)
    _refuse_shape(array, head, len(batch))
    if head.task is Task.REGRESSION:
        return torch.from_numpy(_numbers(_fitted(array, head), head, batch.row_ids))
    if head.task is Task.MULTILABEL:
        return torch.from_numpy(_flags(array, head, batch.row_ids))
    return torch.from_numpy(_class_codes(array, head, batch.row_ids))


def _refuse_shape(array: np.ndarray, head: Head, units: int) -> None:
    if len(array.shape) == 0 or len(array) != units:
        raise DataError(
            f"The target of {_named(head)} has the shape {array.shape}; expected one for each of "
            f"{units} units.",
            mend="Give targets whose first axis is the units.",
        )


def _custom(targets: Any) -> Any:
    if isinstance(targets, np.ndarray) and targets.dtype.kind in "biuf":
        return torch.from_numpy(targets.copy())
    return targets


def _fitted(array: np.ndarray, head: Head) -> np.ndarray:
    """Regression targets of shape (n,), or (n, numbers) where the head has several."""
    n, width = len(array), max(len(head.classes), 1)
    if array.shape == (n, width) or (width == 1 and array.shape == (n,)):
        return array[:, 0] if array.ndim == 2 and width == 1 else array
    expected = f"(n, {width})" if width > 1 else "(n,)"
    raise DataError(
        f"The target of {_named(head)} has the shape {array.shape}; expected {expected}.",
        mend="Give one number for each unit and each number that the head predicts.",
    )


def _numbers(array: np.ndarray, head: Head, row_ids: np.ndarray) -> np.ndarray:
    try:
        numbers = array.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(
            f"The target of {_named(head)} holds {_kind(array)}; a {head.task} head needs numbers.",
            mend="Declare another label column, or another task.",
        ) from error
    # A batch may know no label at all: of an empty array the width cannot be inferred.
    width = math.prod(numbers.shape[1:])
    wrong = np.asarray(~np.isfinite(numbers).reshape(len(numbers), width).all(axis=1))
    _refuse(wrong, head, row_ids, "missing or infinite")
    return numbers


def _kind(array: np.ndarray) -> str:
    shown = next((value for value in array.flat if isinstance(value, str)), None)
    return f"{array.dtype} values" if shown is None else f"text such as {str(shown)!r}"


def _flags(array: np.ndarray, head: Head, row_ids: np.ndarray) -> np.ndarray:
    if array.ndim == 1 and len(head.classes) == 1:
        array = array[:, None]
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


def _class_codes(
    array: np.ndarray, head: Head, row_ids: np.ndarray, noun: str = "target"
) -> np.ndarray:
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1:
        raise DataError(
            f"The {noun} of {_named(head)} has the shape {array.shape}; expected one class a unit.",
            mend="Give class names or indices of shape (n,), not one-hot rows.",
        )
    # A batch holds few distinct labels: these are looked up, the rows then indexed.
    places, labels = pd.factorize(array, use_na_sentinel=True)
    lookup = np.array([*_known(np.asarray(labels), head.classes), -1], dtype=np.int64)
    codes: np.ndarray = lookup[places]
    if (codes < 0).any():
        found = ["a missing value"] if (places < 0).any() else []
        found += [repr(_plain(labels[at])) for at in np.flatnonzero(lookup[:-1] < 0)[:_SHOWN]]
        expected = ", ".join(repr(name) for name in head.classes[:20])
        what = f"{', '.join(found)}, where the model knows {expected}"
        _refuse(codes < 0, head, row_ids, what, noun)
    return codes


def _known(labels: np.ndarray, classes: Sequence[str]) -> list[int]:
    """The code of each distinct label; −1 for one that the model does not know."""
    values = _values(classes)
    return [_code(_plain(label), classes, values) for label in labels]


def _values(classes: Sequence[str]) -> dict[float, int] | None:
    """Number → code, where all classes are named by numbers or truth values; else None."""
    try:
        return {_number(name): code for code, name in enumerate(classes)}
    except ValueError:
        return None


def _number(name: str) -> float:
    truth = _TRUTHS.get(name.lower())
    return float(name) if truth is None else truth


def _code(label: Any, classes: Sequence[str], values: Mapping[float, int] | None) -> int:
    if isinstance(label, bool | int | float):
        if values is not None:
            return values.get(float(label), -1)
        return int(label) if label in range(len(classes)) else -1
    return classes.index(str(label)) if str(label) in classes else -1


def _plain(label: Any) -> Any:
    return label.item() if isinstance(label, np.generic) else label


def _refuse(
    wrong: np.ndarray, head: Head, row_ids: np.ndarray, what: str, noun: str = "target"
) -> None:
    if wrong.any():
        count = int(wrong.sum())
        rows = ", ".join(str(row) for row in row_ids[wrong][:_SHOWN])
        many, are = (noun, "is") if count == 1 else (f"{noun}s", "are")
        raise DataError(
            f"{count} {many} of {_named(head)} in this batch {are} {what} "
            f"({'first rows' if count > 1 else 'row'}: {rows}).",
            mend="Mend or leave out these rows, or declare the classes as the data name them.",
        )


def _named(head: Head) -> str:
    return f"the head {head.name!r}" if head.name else "the model"
