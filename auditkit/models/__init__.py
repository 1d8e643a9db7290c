"""A trained model behind one interface, and the safe loading of model files."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from auditkit.models.factories import UserCode, load_code
    from auditkit.models.generators.stored import stored_generations
    from auditkit.models.generators.wrapped import WrappedGenerator
    from auditkit.models.generators.wrapping import wrap_generator
    from auditkit.models.head import Decision, Head, Outputs, Task
    from auditkit.models.loading import LoadedModel, load_model
    from auditkit.models.stored import stored_predictions
    from auditkit.models.subject import Capabilities
    from auditkit.models.wrapped import WrappedModel, wrap

__all__ = [
    "Capabilities",
    "Decision",
    "Head",
    "LoadedModel",
    "Outputs",
    "Task",
    "UserCode",
    "WrappedGenerator",
    "WrappedModel",
    "load_code",
    "load_model",
    "stored_generations",
    "stored_predictions",
    "wrap",
    "wrap_generator",
]

_HOMES = {
    "Capabilities": "subject",
    "Decision": "head",
    "Head": "head",
    "LoadedModel": "loading",
    "Outputs": "head",
    "Task": "head",
    "UserCode": "factories",
    "WrappedGenerator": "generators.wrapped",
    "WrappedModel": "wrapped",
    "load_code": "factories",
    "load_model": "loading",
    "stored_generations": "generators.stored",
    "stored_predictions": "stored",
    "wrap": "wrapped",
    "wrap_generator": "generators.wrapping",
}


def __getattr__(name: str) -> Any:
    # Lazily: loading any of these loads torch.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
