"""Captum is tried on a model that it may not fit: what it raises becomes a reason.

The model is lent to it, since its methods leave rules, remembered tensors and, after an error,
hooks behind.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TypeVar

import torch
from torch import nn

from auditkit.errors import ConfigurationError, ModelError
from auditkit.explain.memory import halving
from auditkit.explain.target import NotExplainable, Target
from auditkit.models.borrowing import borrowed

_T = TypeVar("_T")


def attempted(
    title: str, target: Target, step: Callable[[int], _T | NotExplainable], size: int
) -> _T | NotExplainable:
    """What a step of Captum's gives, or why it gives nothing.

    Args:
        title: of the method, as in "DeepLift".
        target: whose module comes back as it was, whatever happens.
        step: is given a number of rows to ask about at once, and less of them where memory ends.
        size: rows to begin with.

    Raises:
        ConfigurationError: the settings name a layer that there is not.
    """
    try:
        with lent(target.module), warnings.catch_warnings():
            # Captum warns of what is meant here: that it sets hooks, and asks unit by unit.
            warnings.filterwarnings("ignore", module=r"captum\.")
            warnings.filterwarnings("ignore", message="(?s).*(forward, backward hooks|Lime)")
            return halving(step, size)[0]
    except ConfigurationError:
        raise
    except ModelError as error:
        return NotExplainable(f"{title} could not be run on this model: {error.problem}")
    except Exception as error:  # noqa: BLE001 - Captum's hooks meet the user's code
        return NotExplainable(_said(title, error))


def _said(title: str, error: Exception) -> str:
    first = (str(error).strip().splitlines() or ["no message"])[0].rstrip(".")
    return f"{title} could not be run on this model ({type(error).__name__}: {first})."


@contextmanager
def lent(module: nn.Module | None) -> Iterator[None]:
    """A module whose hooks, modes and plain attributes are afterwards what they were."""
    if module is None:
        yield
        return
    with ExitStack() as undo:
        undo.enter_context(borrowed(module))
        if not isinstance(module, torch.jit.ScriptModule):
            undo.callback(_remember_attributes(module))
        yield


def _remember_attributes(module: nn.Module) -> Callable[[], None]:
    """What hangs on each part beside parameters, buffers, submodules and hooks."""
    held = [(part, dict(vars(part))) for part in module.modules()]

    def restore() -> None:
        for part, attributes in held:
            present = vars(part)
            for name in [name for name in present if name not in attributes]:
                del present[name]
            for name, value in attributes.items():
                if present.get(name) is not value:
                    present[name] = value

    return restore
