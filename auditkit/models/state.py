"""A state dict and the module that the user's factory builds for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from auditkit.errors import ConfigurationError, ModelError
from auditkit.models.factories import UserCode

_SHOWN = 3


def fill(factory: UserCode, state: Mapping[str, Tensor], name: str) -> nn.Module:
    """The factory's module with the values of a state dict.

    Args:
        factory: called without arguments; returns the module.
        state: name → tensor.
        name: of the file, for messages.

    Raises:
        ConfigurationError: the factory failed, or returned no module.
        ModelError: names, shapes or kinds of numbers differ; all differences are summed up.
    """
    module = _build(factory)
    own = module.state_dict()
    differences = _differences(state, own)
    if differences:
        raise ModelError(
            f"{name} does not fit the module that {factory.reference} builds: "
            f"{'; '.join(differences)}.",
            mend="Build the architecture that was saved, or give the file that belongs to it.",
        )
    # A module that was built without memory takes the file's tensors as its own.
    assign = any(tensor.is_meta for tensor in own.values())
    try:
        module.load_state_dict(dict(state), assign=assign)
    except RuntimeError as error:  # a module may check more than names and shapes
        raise ModelError(
            f"{name} does not fit the module that {factory.reference} builds "
            f"({str(error).strip().splitlines()[-1]}).",
            mend="Build the architecture that was saved, or give the file that belongs to it.",
        ) from error
    return module


def _build(factory: UserCode) -> nn.Module:
    try:
        module = factory.function()
    except Exception as error:  # the factory is the user's code: it may raise anything
        raise ConfigurationError(
            f"The factory {factory.reference} failed ({type(error).__name__}: {error}).",
            mend="It is called without arguments, and returns the module.",
        ) from error
    if not isinstance(module, nn.Module):
        raise ConfigurationError(
            f"The factory {factory.reference} returned a {type(module).__name__}; expected a "
            "torch module.",
            mend="Return the module that the state dict belongs to.",
        )
    return module


def _differences(state: Mapping[str, Tensor], own: Mapping[str, Tensor]) -> list[str]:
    shared = [name for name in state if name in own]
    groups = {
        "missing in the file": [name for name in own if name not in state],
        "unknown to the module": [name for name in state if name not in own],
        "of another shape": [
            f"{name} {list(state[name].shape)} instead of {list(own[name].shape)}"
            for name in shared
            if not is_lazy(own[name]) and state[name].shape != own[name].shape
        ],
        # float32 into float64 is a matter of precision; integers into floats are other numbers.
        "of another kind": [
            f"{name} {state[name].dtype} instead of {own[name].dtype}"
            for name in shared
            if state[name].is_floating_point() != own[name].is_floating_point()
        ],
    }
    return [f"{what}: {_listed(names)}" for what, names in groups.items() if names]


def _listed(names: Iterable[str]) -> str:
    found = list(names)
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    return ", ".join(found[:_SHOWN]) + more
