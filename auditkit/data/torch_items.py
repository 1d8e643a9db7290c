"""What a user's torch data set yields, taken apart: inputs, targets, and what describes a row."""

from __future__ import annotations

import numbers
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from torch.utils.data import default_collate

from auditkit.data.columns import Columns
from auditkit.data.wording import listed, nearest
from auditkit.errors import DataError

LABEL_KEYS = ("labels", "label", "targets", "target", "y")
INPUT_KEYS = ("inputs", "input", "x", "features", "image", "images")
META_KEYS = ("meta", "metadata")
"""Keys of a dict that are understood without a declaration, in this order of preference."""

_SHAPES = "(x, y), (x, y, meta), a dict, or an object with x, y and meta"


class Parts(NamedTuple):
    """An item, or a batch of items, taken apart; a tuple, so that torch can pin its memory.

    Attributes:
        inputs: what goes to the model.
        targets: the true outcome; None if there is none.
        meta: column → value (of an item) or values (of a batch).
        rows: number of rows of a batch; 0 of an item.
    """

    inputs: Any
    targets: Any
    meta: Mapping[str, Any]
    rows: int = 0


def take_apart(item: Any, columns: Columns) -> Parts:
    """Inputs, targets and metadata of what a data set or a loader yields.

    Tuples and lists are `(x, y)` or `(x, y, meta)`. In a dict, the declared label and features are
    taken by their names, else by the conventional keys above; without a conventional key for the
    inputs, all keys that are nothing else stay together as a dict. Group, cluster, time and row id
    columns are taken from `meta`, and from the dict itself. Anything else with attributes `x` and
    `y` is taken by these.

    Raises:
        DataError: the item has none of these shapes.

    Example:
        >>> take_apart((1, 0, {"sex": "F"}), Columns(label=None))
        Parts(inputs=1, targets=0, meta={'sex': 'F'}, rows=0)
    """
    if isinstance(item, Parts):
        return item
    if isinstance(item, (torch.Tensor, np.ndarray)):
        return Parts(item, None, {})
    if isinstance(item, Mapping):
        return _from_dict(item, columns)
    if hasattr(item, "x") and hasattr(item, "y"):
        return Parts(item.x, item.y, _meta(getattr(item, "meta", None)))
    if isinstance(item, (tuple, list)) and 1 <= len(item) <= 3:
        inputs, targets, meta = (*item, None, None)[:3]
        return Parts(inputs, targets, _meta(meta))
    size = f" of {len(item)} parts" if isinstance(item, (tuple, list)) else ""
    raise DataError(
        f"The data set yields a {type(item).__name__}{size}; expected is {_SHAPES}.",
        mend="Return several inputs as a tuple or dict in the place of x: ((x1, x2), y).",
    )


def collate(
    items: Sequence[Any], columns: Columns, theirs: Callable[[list[Any]], Any] | None
) -> Parts:
    """Items as one batch: by the user's `collate_fn`, else tensors stacked and metadata listed.

    Raises:
        DataError: the items do not stack, or the user's function drops or adds rows.
    """
    parts = take_apart(theirs(list(items)), columns) if theirs else _stack(items, columns)
    rows = len(items)
    if not _fits(parts.inputs, rows):
        raise DataError(
            f"A batch of {rows} items has inputs of {_size_text(parts.inputs)}.",
            mend="Let collate_fn return exactly one row for each item, along the first dimension.",
        )
    return _with_rows(parts, rows)


def collate_safely(
    items: Sequence[Any], columns: Columns, theirs: Callable[[list[Any]], Any] | None
) -> Parts | DataError:
    """As `collate`, but an error is returned, since torch garbles those raised in a worker."""
    try:
        return collate(items, columns, theirs)
    except DataError as error:
        return error


def counted(batch: Any, columns: Columns) -> Parts:
    """A batch that a loader made as a whole, taken apart and its rows counted.

    Raises:
        DataError: inputs and targets differ in number, or there is nothing to count.
    """
    parts = take_apart(batch, columns)
    rows = leading_size(parts.inputs)
    if rows is None:
        raise DataError(
            "The loader yields batches whose rows cannot be counted: the inputs are "
            f"{type(parts.inputs).__name__}.",
            mend="Yield inputs as tensors whose first dimension is the row.",
        )
    return _with_rows(parts, rows)


def leading_size(values: Any) -> int | None:
    """Number of rows of a batch's inputs: the leading dimension of the first tensor."""
    if isinstance(values, (torch.Tensor, np.ndarray)):
        return values.shape[0] if values.ndim else None
    if isinstance(values, Mapping):
        values = list(values.values())
    if isinstance(values, (list, tuple)):
        sizes = (leading_size(value) for value in values)
        return next((size for size in sizes if size is not None), None)
    return None


def as_targets(values: Any) -> Any:
    """Targets as a tensor, as head → tensor, as an array of text, or the list that they are."""
    if isinstance(values, Mapping):
        return {str(head): as_targets(part) for head, part in values.items()}
    if isinstance(values, torch.Tensor):
        return values
    if isinstance(values, (list, tuple)) and not all(
        value is None or np.isscalar(value) for value in values
    ):
        return list(values)  # one tensor or dict for each row, as in detection
    array = np.asarray(values)
    if array.dtype.kind in "biuf":
        return torch.as_tensor(array)
    return array.astype(object)


def known_targets(targets: Any) -> np.ndarray | None:
    """Whether each row has all of its targets, bool [rows]; None where all rows have.

    Args:
        targets: as `as_targets` returns them; a missing one is NaN or None.

    Example:
        >>> known_targets(torch.tensor([1.0, float("nan")])).tolist()
        [True, False]
    """
    if isinstance(targets, Mapping):
        parts = [known for part in targets.values() if (known := known_targets(part)) is not None]
        return np.logical_and.reduce(parts) if parts else None
    if isinstance(targets, torch.Tensor):
        if not targets.is_floating_point() or not targets.ndim:
            return None
        known = ~targets.isnan().reshape(len(targets), -1).any(dim=1).cpu().numpy()
    elif isinstance(targets, (np.ndarray, list)):
        known = np.array([not _is_missing(value) for value in targets], dtype=np.bool_)
    else:
        return None
    return None if known.all() else known


def _is_missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and value != value)


def meta_frame(meta: Mapping[str, Any], names: Sequence[str], rows: np.ndarray) -> pd.DataFrame:
    """Some columns of a batch's metadata as a frame; the index numbers the rows.

    Raises:
        DataError: a column is missing, or has another length than the batch.
    """
    absent = [name for name in names if name not in meta]
    if absent:
        raise DataError(
            f"The data set's metadata have no column {listed(absent, most=5)}; they have "
            f"{listed(meta)}.{nearest(absent[0], map(str, meta))}",
            mend="Return it in meta (or in the dict), or declare a side table.",
        )
    frame = pd.DataFrame(index=pd.Index(rows))
    for name in names:
        values = meta[name]
        values = values.detach().cpu().numpy() if isinstance(values, torch.Tensor) else values
        values = [_plain(value) for value in values] if isinstance(values, list) else values
        if np.ndim(values) == 0 or len(values) != len(rows):
            raise DataError(
                f"Metadata column {name!r} has {np.size(values)} values for {len(rows)} rows.",
                mend="Return one value for each row.",
            )
        frame[name] = pd.Series(values, index=frame.index)
    return frame


def _stack(items: Sequence[Any], columns: Columns) -> Parts:
    parts = [take_apart(item, columns) for item in items]
    targets = [part.targets for part in parts]
    missing = [target is None for target in targets]
    if any(missing) and not all(missing):
        if columns.labelled is None:
            raise DataError(
                f"Some items have no target (the first is item {missing.index(True)} of its "
                "batch), others do.",
                mend="Return a target for every item, or for none; or declare data.labelled, whom "
                "the outcome is known of.",
            )
        targets = _gaps_filled(targets)
    names = dict.fromkeys(name for part in parts for name in part.meta)
    return Parts(
        _stacked([part.inputs for part in parts], "inputs"),
        None if all(missing) else _stacked_targets(targets),
        {name: [part.meta.get(name) for part in parts] for name in names},
    )


def _gaps_filled(targets: Sequence[Any]) -> list[Any]:
    """Targets of which some are None, as values that stack: numbers as floats, NaN for None."""
    like = next(target for target in targets if target is not None)
    return [_as_float(like if target is None else target, target is None) for target in targets]


def _as_float(target: Any, missing: bool) -> Any:
    if isinstance(target, Mapping):
        return {key: _as_float(value, missing) for key, value in target.items()}
    if isinstance(target, (torch.Tensor, np.ndarray, numbers.Real)):
        known = torch.as_tensor(target, dtype=torch.float64)
        return torch.full_like(known, torch.nan) if missing else known
    return None if missing else target


def _stacked_targets(targets: list[Any]) -> Any:
    # Text of which some is missing stays a list: `default_collate` takes no None.
    return targets if any(one is None for one in targets) else _stacked(targets, "targets")


def _with_rows(parts: Parts, rows: int) -> Parts:
    if parts.targets is not None and not _fits(parts.targets, rows):
        raise DataError(
            f"A batch of {rows} rows has targets of {_size_text(parts.targets)}.",
            mend="Give every row one target, along the first dimension.",
        )
    return parts._replace(rows=rows)


def _fits(values: Any, rows: int) -> bool:
    """Whether values hold one entry for each row, as a whole or in a part of them."""
    if isinstance(values, (torch.Tensor, np.ndarray)):
        return values.ndim > 0 and values.shape[0] == rows
    if isinstance(values, Mapping):
        return any(_fits(value, rows) for value in values.values())
    if isinstance(values, (list, tuple)):
        return len(values) == rows or any(_fits(value, rows) for value in values)
    return hasattr(values, "__len__") and len(values) == rows


def _size_text(values: Any) -> str:
    if isinstance(values, (torch.Tensor, np.ndarray)):
        return f"shape {tuple(values.shape)}"
    size = f" of length {len(values)}" if hasattr(values, "__len__") else ""
    return f"type {type(values).__name__}{size}"


def _from_dict(item: Mapping[Any, Any], columns: Columns) -> Parts:
    label_keys = columns.labels if columns.labels and set(columns.labels) <= set(item) else ()
    conventional = next(((key,) for key in LABEL_KEYS if key in item), ())
    if not label_keys and not isinstance(columns.label, Mapping):
        label_keys = conventional
    meta = _meta(next((item[key] for key in META_KEYS if key in item), None))
    side = {*columns.side, *META_KEYS, *(() if columns.row_id is None else (columns.row_id,))}
    return Parts(
        _inputs(item, columns, {*label_keys, *side}),
        _targets(item, columns, label_keys),
        {**{key: value for key, value in item.items() if key not in META_KEYS}, **meta},
    )


def _targets(item: Mapping[Any, Any], columns: Columns, keys: Sequence[str]) -> Any:
    if not keys:
        return None
    if isinstance(columns.label, Mapping):
        return {
            head: item[part] if isinstance(part, str) else _beside([item[key] for key in part])
            for head, part in columns.label.items()
        }
    return item[keys[0]] if len(keys) == 1 else _beside([item[key] for key in keys])


def _beside(values: Sequence[Any]) -> Any:
    """Several label columns as the last axis of one tensor, of an item or of a batch."""
    return torch.stack([torch.as_tensor(value) for value in values], dim=-1)


def _inputs(item: Mapping[Any, Any], columns: Columns, taken: set[str]) -> Any:
    if columns.features:
        absent = [name for name in columns.features if name not in item]
        if absent:
            raise DataError(
                f"The data set's dicts have no key {listed(absent, most=5)}, which is declared as "
                f"a feature; they have {listed(item)}.",
                mend="Correct the features, or leave them out.",
            )
        chosen = {name: item[name] for name in columns.features}
        return chosen if len(chosen) > 1 else next(iter(chosen.values()))
    for key in INPUT_KEYS:
        if key in item:
            return item[key]
    rest = {key: value for key, value in item.items() if key not in taken}
    if not rest:
        raise DataError(
            f"The data set's dicts hold no inputs; their keys are {listed(item)}.",
            mend=f"Name the inputs under features, or use the key {INPUT_KEYS[0]!r}.",
        )
    return rest


def _meta(meta: Any) -> Mapping[str, Any]:
    if meta is None:
        return {}
    if isinstance(meta, pd.DataFrame):
        return {str(name): meta[name].to_numpy(dtype=object) for name in meta.columns}
    if isinstance(meta, pd.Series):
        return {str(name): value for name, value in meta.items()}
    if isinstance(meta, Mapping):
        return meta
    raise DataError(
        f"The third part of what the data set yields is a {type(meta).__name__}, but must be the "
        "metadata: a dict or DataFrame of columns.",
        mend="Return several inputs as a tuple or dict in the place of x: ((x1, x2), y).",
    )


def _stacked(values: list[Any], what: str) -> Any:
    try:
        return default_collate(values)
    except (RuntimeError, TypeError, KeyError) as error:
        raise DataError(
            f"The {what} of several items do not stack into a batch: {error}.",
            mend="Return tensors of one shape, or hand over a DataLoader whose collate_fn pads "
            "them.",
        ) from error


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, torch.Tensor) and value.ndim == 0 else value
