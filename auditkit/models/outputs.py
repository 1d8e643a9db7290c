"""From what a forward returned to one tensor per head, checked against the declaration.

Only shapes and dtypes are looked at here, which costs no read of the device; what the values say is
left to masks on the device (`violations`), which somebody else counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from auditkit.errors import ModelError
from auditkit.models.head import Head, Outputs, Task
from auditkit.models.inputs import describe_inputs

_SUM_TOLERANCE = {2: 2e-2, 4: 1e-3, 8: 1e-3}  # by bytes per number
_RANGE_TOLERANCE = {2: 1e-2, 4: 1e-6, 8: 1e-6}


def normalise(returned: Any, heads: tuple[Head, ...], units: int | None) -> dict[str, Tensor]:
    """What a forward returned, as one tensor per head.

    Args:
        returned: a tensor, array or frame; a tuple (the first element for one head, in their order
            for several); a mapping or an object with fields (transformers' outputs) that has the
            heads' names, or for one head `logits`, or what its outputs are declared as, or nothing
            but one tensor.
        heads: the declaration.
        units: how many units the batch has, None if unknown.

    Returns:
        Head's name → tensor: binary [n] or [n, 2]; multiclass [n, classes]; multilabel [n, labels];
        regression [n], [n, numbers] or [n, quantiles]; custom whatever the model returned.

    Raises:
        ModelError: a head is not found, or its type or shape contradicts the declaration.

    >>> normalise(torch.zeros(5, 1), (Head("", Task.BINARY),), 5)[""].shape
    torch.Size([5])
    """
    picked = _pick_one(returned, heads[0]) if len(heads) == 1 else _pick_several(returned, heads)
    return {head.name: _shaped(picked[head.name], head, units) for head in heads}


_WHOLE = (Tensor, np.ndarray, pd.DataFrame, pd.Series)
# Probabilities are not looked for under the name `logits`, values are: it is what transformers'
# models of regressions call them.
_KEYS = {
    None: ("logits",),
    Outputs.LOGITS: ("logits",),
    Outputs.PROBABILITIES: ("probabilities",),
    Outputs.VALUES: ("values", "logits"),
}


def _pick_one(returned: Any, head: Head) -> dict[str, Any]:
    if isinstance(returned, _WHOLE):
        return {head.name: returned}
    fields = _fields(returned)
    if head.name in fields:
        return {head.name: fields[head.name]}
    if head.task is Task.CUSTOM:
        return {head.name: returned}
    expected = _KEYS[head.outputs]
    for key in expected:
        if key in fields:
            return {head.name: fields[key]}
    tensors = {key: value for key, value in fields.items() if isinstance(value, Tensor)}
    if len(tensors) == 1:
        return {head.name: next(iter(tensors.values()))}
    if isinstance(returned, tuple | list) and returned:
        return {head.name: returned[0]}
    raise ModelError(
        f"The model returned {describe_inputs(returned)}; none of its parts is called "
        f"{' or '.join(map(repr, expected))}.",
        mend="Declare heads={name: …} with the name of the part to audit.",
    )


def _pick_several(returned: Any, heads: tuple[Head, ...]) -> dict[str, Any]:
    fields = _fields(returned)
    names = [head.name for head in heads]
    if all(name in fields for name in names):
        return {name: fields[name] for name in names}
    if not fields and isinstance(returned, tuple | list) and len(returned) == len(heads):
        return dict(zip(names, returned, strict=True))
    raise ModelError(
        f"The model returned {describe_inputs(returned)}; expected the heads "
        f"{', '.join(map(repr, names))}.",
        mend="Return a dict with these keys, or a tuple in this order.",
    )


def _fields(returned: Any) -> dict[str, Any]:
    """Named parts of a mapping, named tuple or object with fields; none of anything else."""
    if isinstance(returned, Mapping):
        return dict(returned)
    if isinstance(returned, tuple | list):
        return dict(returned._asdict()) if hasattr(returned, "_asdict") else {}
    return dict(vars(returned)) if hasattr(returned, "__dict__") else {}


def _shaped(raw: Any, head: Head, units: int | None) -> Tensor:
    if head.task is Task.CUSTOM:
        return raw  # type: ignore[no-any-return]  # whatever unit_metrics understands
    tensor = _as_tensor(raw, head)
    found = tuple(tensor.shape)
    n = units if units is not None else (found[0] if found else 0)
    shapes = _shapes(head, n)
    if found not in shapes:
        expected = " or ".join(str(list(shape)) for shape in shapes)
        declared = "quantiles" if head.quantiles else "classes"
        raise ModelError(
            f"{_whose(head)} is {describe_inputs(tensor)} for {n} units; a {head.task} head"
            f"{_with_columns(head)} expects {expected}.",
            mend=f"Correct task or {declared}, or return one row of scores for each unit"
            + (" (what is no such row is audited with the task 'custom')." if found else "."),
        )
    arranged = shapes[found]
    return tensor if arranged == found else tensor.reshape(arranged)


def _shapes(head: Head, n: int) -> dict[tuple[int, ...], tuple[int, ...]]:
    """Shapes accepted → the shape that it is handed on in."""
    width = len(head.classes)
    if head.task is Task.BINARY:
        return {(n,): (n,), (n, 1): (n,), (n, 2): (n, 2)}
    if head.quantiles:
        several = (n, len(head.quantiles))
        # A single quantile may come as a row of numbers, as other single numbers do.
        return {several: several, (n,): several} if several == (n, 1) else {several: several}
    if head.task is Task.REGRESSION and width <= 1:
        return {(n,): (n,), (n, 1): (n,)}
    if head.task is Task.MULTILABEL and width == 1:
        return {(n, 1): (n, 1), (n,): (n, 1)}
    return {(n, width): (n, width)}


def _as_tensor(raw: Any, head: Head) -> Tensor:
    tensor = raw if isinstance(raw, Tensor) else _converted(raw)
    if not isinstance(tensor, Tensor) or tensor.is_complex():
        raise ModelError(
            f"{_whose(head)} is {_kind(raw)}; expected a tensor of real numbers.",
            mend="Return a tensor, or declare the task 'custom'.",
        )
    return tensor if tensor.is_floating_point() else tensor.float()


def _converted(raw: Any) -> Any:
    """An array or frame as a tensor, anything else as it is."""
    if isinstance(raw, pd.DataFrame | pd.Series):
        raw = raw.to_numpy(dtype=np.float64, na_value=np.nan)
    return torch.tensor(raw) if isinstance(raw, np.ndarray) and raw.dtype.kind in "fiub" else raw


def _kind(raw: Any) -> str:
    if isinstance(raw, np.ndarray):
        return f"an array of {raw.dtype}"
    return describe_inputs(raw)


def _whose(head: Head) -> str:
    return f"The output of the head {head.name!r}" if head.name else "The model's output"


def _with_columns(head: Head) -> str:
    if head.quantiles:
        return f" with {len(head.quantiles)} quantiles"
    return f" with {len(head.classes)} classes" if head.classes else ""


def probabilities(raw: Tensor, head: Head) -> Tensor:
    """Probabilities, where the declared outputs give them; else the raw scores, likewise arranged.

    A binary head gives the probability of its positive class, `classes[1]`, whichever class is the
    favourable one. Half-precision outputs are converted to float32 first; probabilities that a
    rounding error put beyond 0 or 1 are put back.

    Args:
        raw: as `normalise` returns it.
        head: the declaration; look at `head.probabilistic` for which of the two it will be.

    Returns:
        binary [n], multiclass [n, classes] and multilabel [n, labels]; others as they are.

    >>> probabilities(torch.tensor([[0.0, 0.0]]), Head("", Task.BINARY, Outputs.LOGITS))
    tensor([0.5000])
    """
    scores = raw.float() if raw.dtype.itemsize < 4 else raw
    if head.outputs is Outputs.LOGITS:
        return _from_logits(scores, head.task)
    if head.task is Task.BINARY and scores.ndim == 2:
        scores = scores[:, 1]
    return scores.clamp(0, 1) if head.outputs is Outputs.PROBABILITIES else scores


def _from_logits(logits: Tensor, task: Task) -> Tensor:
    if task is Task.MULTICLASS:
        return logits.softmax(dim=1)
    if task is Task.BINARY and logits.ndim == 2:
        return logits.softmax(dim=1)[:, 1]
    return logits.sigmoid()


def violations(raw: Tensor, head: Head) -> dict[str, Tensor]:
    """Which rows contradict the declaration, without a read of the device.

    Args:
        raw: as `normalise` returns it.
        head: the declaration.

    Returns:
        What is wrong, worded to follow "rows are" → boolean mask of shape [n] on the device of
        `raw`. The keys depend on declaration, shape and dtype alone. Sums may deviate from 1 by
        1e-3, in half precision by 2e-2.

    >>> masks = violations(torch.tensor([0.2, 1.4]), Head("", Task.BINARY, Outputs.PROBABILITIES))
    >>> {problem: mask.tolist() for problem, mask in masks.items()}
    {'not finite': [False, False], 'outside [0, 1]': [False, True]}
    """
    if not isinstance(raw, Tensor) or not raw.is_floating_point() or raw.ndim == 0:
        return {}  # a custom output, which unit_metrics judges
    found = {"not finite": ~_all(raw.isfinite())}
    if head.outputs is Outputs.PROBABILITIES and head.task is not Task.CUSTOM:
        slack = _RANGE_TOLERANCE[max(2, raw.dtype.itemsize)]
        found["outside [0, 1]"] = ~_all((raw >= -slack) & (raw <= 1 + slack)) & ~found["not finite"]
        if _sums_to_one(raw, head):
            tolerance = _SUM_TOLERANCE[max(2, raw.dtype.itemsize)]
            found[f"not summing to 1 (within {tolerance})"] = _sum_error(raw) > tolerance
    return found


def resemble_probabilities(raw: Tensor, head: Head) -> Tensor | None:
    """Which rows of declared logits look like probabilities: within [0, 1], with the sum 1.

    One such row can be chance; where all rows of a pass look like it, the declaration is wrong.

    Returns:
        Boolean mask of shape [n]; None where the question makes no sense (other outputs, or a
        single column, which has no sum).
    """
    if head.outputs is not Outputs.LOGITS or not _sums_to_one(raw, head):
        return None
    tolerance = _SUM_TOLERANCE[max(2, raw.dtype.itemsize)]
    return _all((raw >= 0) & (raw <= 1)) & (_sum_error(raw) <= tolerance)


def _sums_to_one(raw: Tensor, head: Head) -> bool:
    return raw.ndim == 2 and head.task in (Task.BINARY, Task.MULTICLASS)


def _sum_error(raw: Tensor) -> Tensor:
    return (raw.float().sum(dim=1) - 1).abs()


def _all(mask: Tensor) -> Tensor:
    return mask if mask.ndim == 1 else mask.flatten(1).all(dim=1)
