"""Settings of the whole process that somebody else's code may change: kept as they were.

A function that trains a model sets what suits its training, and seldom sets it back: double
precision by default, another number of threads, no gradients, errors for every underflow. What is
measured afterwards would then be measured under these.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

import numpy as np
import torch

from auditkit.models.gradients import differentiating


@contextmanager
def process_settings_kept() -> Iterator[None]:
    """Gradients are enabled within, and afterwards every setting is what it was before.

    Restored are torch's gradient mode, default type and device, threads, deterministic algorithms,
    precision of products and cuDNN's flags, NumPy's handling of floating-point errors, and the
    filters of warnings. A setting is written again only where it was changed.

    Example:
        >>> with process_settings_kept():
        ...     torch.set_default_dtype(torch.float64)
        >>> torch.get_default_dtype()
        torch.float32
    """
    with ExitStack() as undo:
        undo.enter_context(warnings.catch_warnings())
        undo.enter_context(np.errstate())
        undo.enter_context(differentiating())
        for get, restore in _SETTINGS:
            undo.callback(_put_back, get, restore, get())
        yield


def _set_default_device(device: torch.device) -> None:
    # The CPU as a declared device would be a mode of its own, beside having none.
    torch.set_default_device(None if device.type == "cpu" else device)


def _deterministic() -> tuple[bool, bool]:
    return (
        torch.are_deterministic_algorithms_enabled(),
        torch.is_deterministic_algorithms_warn_only_enabled(),
    )


def _set_deterministic(flags: tuple[bool, bool]) -> None:
    torch.use_deterministic_algorithms(flags[0], warn_only=flags[1])


_CUDNN = torch.backends.cudnn
_SETTINGS: tuple[tuple[Callable[[], Any], Callable[[Any], object]], ...] = (
    (torch.get_default_dtype, torch.set_default_dtype),
    (torch.get_default_device, _set_default_device),
    (torch.get_num_threads, torch.set_num_threads),
    (torch.get_float32_matmul_precision, torch.set_float32_matmul_precision),
    (_deterministic, _set_deterministic),
    (partial(getattr, _CUDNN, "benchmark"), partial(setattr, _CUDNN, "benchmark")),
    (partial(getattr, _CUDNN, "deterministic"), partial(setattr, _CUDNN, "deterministic")),
)
"""How each setting is read, and how it is written."""


def _put_back(
    get: Callable[[], Any],
    restore: Callable[[Any], object],
    was: Any,
) -> None:
    if get() != was:
        restore(was)


__all__ = ["process_settings_kept"]
