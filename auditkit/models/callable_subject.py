"""Any callable under audit: what it computes with is not seen, so little is promised of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch

from auditkit.errors import AuditkitError, ModelError
from auditkit.models.borrowing import random_states_kept
from auditkit.models.inputs import Call, describe_inputs
from auditkit.models.subject import Capabilities, callable_name, source_digest


class CallableSubject:
    """A function, or an object that is called, from prepared inputs to outputs.

    It gets inputs as the data, or the user's preprocess, give them, and places tensors itself.

    Args:
        function: the model.
        device: where its outputs are counted.
    """

    def __init__(self, function: Callable[..., Any], device: torch.device) -> None:
        self.device = device
        self._function = function
        self._call = Call(function, function)
        self.capabilities = Capabilities.without(
            {
                "differentiable": "The model is a callable: whether gradients pass through it is "
                "unknown.",
                "copyable": "The model is a callable: its parameters are not seen.",
            }
        )

    @contextmanager
    def lent(self) -> Iterator[None]:
        """The random states are put back; nothing else of a callable can be."""
        with random_states_kept():
            yield

    watched = lent

    def arrange(self, inputs: Any) -> Any:
        """As they come: the callable may well want a frame."""
        return inputs

    def call(self, prepared: Any) -> Any:
        """The callable's own result.

        Raises:
            ModelError: the callable raised.
        """
        try:
            return self._call(prepared)
        except AuditkitError:
            raise
        except Exception as error:  # the callable is the user's code: it may raise anything
            raise ModelError(
                f"The model {callable_name(self._function)} failed on "
                f"{describe_inputs(prepared)} ({type(error).__name__}: {error}).",
                mend="Mend the callable, or give a preprocess that returns what it takes.",
            ) from error

    def digest(self) -> str:
        """`source:…`, of the text alone; `undetermined:` and the reason where there is none."""
        digest, reason = source_digest(self._function)
        return digest or f"undetermined:{reason}"

    def describe(self) -> dict[str, Any]:
        """Its name, and what its digest covers."""
        digest, reason = source_digest(self._function)
        return {
            "kind": "callable",
            "class": callable_name(self._function),
            "device": str(self.device),
            "digest_covers": "the source text of the callable, not the values and code that it uses"
            if digest
            else f"nothing: {reason}",
        }
