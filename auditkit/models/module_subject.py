"""A `torch.nn.Module` under audit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from auditkit.errors import AuditkitError, ModelChangedError, ModelError
from auditkit.models.borrowing import borrowed
from auditkit.models.devices import place
from auditkit.models.digest import changed, digest_of, fingerprints, parameter_digest
from auditkit.models.inputs import (
    Call,
    as_tensors,
    describe_expected,
    describe_inputs,
    input_dtype,
)
from auditkit.models.subject import Capabilities, callable_name

_SHOWN = 4


class ModuleSubject:
    """A module, or a bound method of one.

    Args:
        module: whose state is borrowed and watched.
        device: `auto`, `keep`, or the name of a device.
        method: what is called; the module itself if None.
    """

    def __init__(
        self,
        module: nn.Module,
        device: str | torch.device,
        method: Callable[..., Any] | None = None,
    ) -> None:
        self.module = module
        self._placement = place(module, device)
        self.device = self._placement.device
        self._method = method
        self._call = Call(module if method is None else method, method or module.forward)
        self._dtype = input_dtype(module)
        self.capabilities = Capabilities.without(_lacking(module, self._placement.kept, method))

    @contextmanager
    def lent(self) -> Iterator[None]:
        """In eval mode, on its device, frozen."""
        with borrowed(self.module, self.device if self._placement.move else None):
            yield

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Lent, and compared with what it was.

        Raises:
            ModelChangedError: names the parameters and buffers that differ.
        """
        with self.lent():
            before = fingerprints(self.module)
            yield
            different = changed(before, fingerprints(self.module))
            if different:
                raise _changed_error(self.module, different, digest_of(before))

    def arrange(self, inputs: Any) -> Any:
        """Frames and arrays as tensors of the model's dtype."""
        return as_tensors(inputs, self._dtype)

    def call(self, prepared: Any) -> Any:
        """The module's own result.

        Raises:
            ModelError: the module raised; the message says what it got and what it takes.
        """
        try:
            return self._call(prepared)
        except AuditkitError:
            raise
        except Exception as error:  # the module is the user's code: it may raise anything
            raise _refused(self.module, prepared, error) from error

    def digest(self) -> str:
        """`parameters:…`, of all parameters and buffers."""
        return parameter_digest(self.module)

    def describe(self) -> dict[str, Any]:
        """Class, size, dtypes and where it ran."""
        parameters = list(self.module.parameters())
        return {
            "kind": "module",
            "class": f"{type(self.module).__module__}.{type(self.module).__qualname__}",
            "method": None if self._method is None else callable_name(self._method),
            "parameters": sum(parameter.numel() for parameter in parameters),
            "dtypes": sorted({str(p.dtype).removeprefix("torch.") for p in parameters}),
            "device": str(self.device),
            "kept": self._placement.kept or None,
        }


def _lacking(module: nn.Module, kept: str, method: object) -> dict[str, str]:
    if kept:
        why = f"The model is used by its forward alone, since {kept}."
        return {"differentiable": why, "copyable": why}
    if method is not None:
        name = type(module).__name__
        return {
            "differentiable": f"A method of {name} is audited, not its forward: whether gradients "
            "pass through it is unknown.",
            "copyable": f"A method of {name} is audited, and a copy's method would be another one.",
        }
    return {}


def _changed_error(module: nn.Module, different: list[str], before: str) -> ModelChangedError:
    more = f" and {len(different) - _SHOWN} more" if len(different) > _SHOWN else ""
    return ModelChangedError(
        f"The model {type(module).__name__} ({before[:23]}…) was changed while it was audited: "
        f"{', '.join(different[:_SHOWN])}{more} differ from before.",
        mend="Its forward must not write to parameters or buffers in eval mode; what was measured "
        "belongs to no one model.",
    )


def _refused(module: nn.Module, prepared: Any, error: Exception) -> ModelError:
    said = (str(error).strip().splitlines() or ["no message"])[0]
    expected = describe_expected(module)
    return ModelError(
        f"The model {type(module).__name__} could not take {describe_inputs(prepared)}"
        + (f": {expected}" if expected else "")
        + f" ({type(error).__name__}: {said}).",
        mend=_mend(error, said),
    )


def _mend(error: Exception, said: str) -> str:
    if isinstance(error, torch.cuda.OutOfMemoryError):
        return "Give a smaller batch_size."
    if "same device" in said:
        return (
            "Register every tensor that the module uses as a parameter or buffer, or give "
            "device='keep'."
        )
    return "Let preprocess return what the model was trained on, in this shape and dtype."
