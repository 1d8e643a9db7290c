"""What a `WrappedModel` stands on: a module, a callable, or columns of stored predictions."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch


@dataclass(frozen=True)
class Capabilities:
    """What can be done with a model beyond asking it for predictions.

    Attributes:
        present: the model itself is here, not only its stored predictions.
        differentiable: gradients reach floating-point inputs.
        copyable: it can be copied and changed (for perturbed weights).
        embeds: what one of its layers computes can be heard.
        reasons: capability → why the model lacks it; a full sentence.

    >>> Capabilities.without({"copyable": "It is dispatched."}).differentiable
    True
    """

    present: bool = True
    differentiable: bool = True
    copyable: bool = True
    embeds: bool = True
    reasons: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def without(cls, reasons: Mapping[str, str]) -> Capabilities:
        """All capabilities but those for whose absence a reason is given."""
        return cls(
            present="present" not in reasons,
            differentiable="differentiable" not in reasons,
            copyable="copyable" not in reasons,
            embeds="embeds" not in reasons,
            reasons=dict(reasons),
        )

    def lacking(self, capability: str, reason: str) -> Capabilities:
        """These without one more, unless the reason is "" or that one is lacking already."""
        if not reason or capability in self.reasons:
            return self
        return Capabilities.without({**self.reasons, capability: reason})


class Subject(Protocol):
    """One kind of model."""

    device: torch.device
    capabilities: Capabilities

    def lent(self) -> AbstractContextManager[None]:
        """Ready for use while the context lasts; afterwards as it came."""
        ...

    def watched(self) -> AbstractContextManager[None]:
        """Like `lent`, and an error if the model's parameters differ afterwards."""
        ...

    def arrange(self, inputs: Any) -> Any:
        """Inputs as the model takes them where the user gave no preprocess; frames to tensors."""
        ...

    def call(self, prepared: Any) -> Any:
        """What the model returns for prepared inputs."""
        ...

    def digest(self) -> str:
        """Identity of the model: what kind of digest it is, a colon, the digest."""
        ...

    def describe(self) -> dict[str, Any]:
        """JSON-able facts."""
        ...


def source_digest(function: Callable[..., Any]) -> tuple[str, str]:
    """sha256 of the source text of a callable, or why there is none.

    The text says nothing of the values that a closure holds, or of the code that it calls.

    Returns:
        (`source:` and 64 hexadecimal digits, "") or ("", reason).

    >>> source_digest(len)
    ('', 'the source of builtin_function_or_method len cannot be read')
    """
    named = getattr(function, "func", function)  # of a partial
    subject = named if hasattr(named, "__qualname__") else type(named)
    try:
        text = inspect.getsource(subject)
    except (OSError, TypeError):
        kind = type(named).__name__
        return "", f"the source of {kind} {callable_name(function)} cannot be read"
    return "source:" + hashlib.sha256(text.encode()).hexdigest(), ""


def callable_name(function: Callable[..., Any]) -> str:
    """The name of a function or class; for an instance or a partial, that of what it is made of."""
    named = getattr(function, "func", function)
    return str(getattr(named, "__qualname__", type(named).__qualname__))
