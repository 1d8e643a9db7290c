"""Whether a hook in a model's layers would be called."""

from __future__ import annotations

import torch

from auditkit.explain.target import Target

INPUT = "input of "
"""Before the name of a layer: what goes into it, see `auditkit.models.layers`."""


def hookless(target: Target) -> str:
    """Why the layers of a model can't be looked into, a full sentence; "" if they can."""
    module = target.module
    if module is None:
        return "The model is no torch module, so its layers are not seen."
    if isinstance(module, torch.jit.ScriptModule):
        return "The model is TorchScript, whose layers refuse hooks; explain the one it came from."
    if isinstance(module, torch.fx.GraphModule):
        return "The model is a graph without layers of its own; explain the one it came from."
    if type(module).__name__ == "OptimizedModule":
        return "The model is compiled and passes hooks by; explain it before it is compiled."
    return ""
