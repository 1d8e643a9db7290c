"""Work on many rows in parts, and in smaller ones where memory ends."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeVar

import torch
from torch import Tensor

from auditkit.errors import ModelError

AT_ONCE = 64
"""Rows that a model is asked about at once where no backward pass tells what a row takes."""

_T = TypeVar("_T")


def halving(step: Callable[[int], _T], size: int) -> tuple[_T, int]:
    """A step of work with so many rows, or half of them where memory ends, and so on.

    Args:
        step: called with a number of rows.
        size: rows to begin with.

    Returns:
        What the step returned, and the number of rows that fitted.

    Raises:
        ModelError: whatever the step raises; memory that ends with a single row.
    """
    while True:
        try:
            return step(size), size
        except torch.cuda.OutOfMemoryError as error:
            if size == 1:
                raise no_room(error) from error
        except ModelError as error:
            if size == 1 or not _of_memory(error):
                raise
        size //= 2


def in_parts(ask: Callable[[Tensor], Tensor], rows: Tensor, size: int) -> Tensor:
    """What is asked of some rows, a part at a time, put together.

    Args:
        ask: gets the next few of the rows, and returns [m, …].
        rows: int64 [n], at least one.
        size: how many at once, to begin with.

    Raises:
        ModelError: whatever `ask` raises; memory that ends with a single row.

    >>> in_parts(lambda few: few * 10, torch.arange(5), 2).tolist()
    [0, 10, 20, 30, 40]
    """
    found: list[Tensor] = []
    left = rows
    while len(left):
        part, size = halving(partial(_first, ask, left), size)
        found.append(part)
        left = left[size:]
    return torch.cat(found)


def _first(ask: Callable[[Tensor], Tensor], rows: Tensor, count: int) -> Tensor:
    return ask(rows[:count])


def no_room(error: BaseException) -> ModelError:
    """That memory ended, in the user's words."""
    said = (str(error).strip().splitlines() or ["no message"])[0].rstrip(".")
    return ModelError(
        f"Memory ended with the model asked about a few rows ({type(error).__name__}: {said}).",
        mend="Use a device with more memory, or let it go of what else it holds.",
    )


def _of_memory(error: ModelError) -> bool:
    """Whether it was memory that ended."""
    return isinstance(error.__cause__, torch.cuda.OutOfMemoryError)
