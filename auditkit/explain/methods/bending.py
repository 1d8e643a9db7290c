"""What bends a model where the rules of a propagating method do not hold: a reason, early.

The look is at one unit, and knows the operations by name. What it misses, the sum of the map shows.
"""

from __future__ import annotations

from collections.abc import Callable

from torch import nn

from auditkit.explain.methods.hooking import hookless
from auditkit.explain.methods.operations import Operations, operations
from auditkit.explain.target import Target

_CURVED = (
    "abs",
    "amax",
    "amin",
    "ceil",
    "celu",
    "clamp",
    "elu",
    "erf",
    "exp",
    "floor",
    "gelu",
    "glu",
    "groupnorm",
    "hardsigmoid",
    "hardswish",
    "hardtanh",
    "layernorm",
    "leakyrelu",
    "linalgvectornorm",
    "log",
    "logsigmoid",
    "logsoftmax",
    "logsumexp",
    "max",
    "maxpool",
    "maximum",
    "min",
    "minimum",
    "mish",
    "norm",
    "pow",
    "prelukernel",
    "prod",
    "reciprocal",
    "relu",
    "rmsnorm",
    "round",
    "rnn",
    "rsqrt",
    "scaleddotproduct",
    "selu",
    "sigmoid",
    "sign",
    "silu",
    "softmax",
    "softplus",
    "sqrt",
    "std",
    "tanh",
    "trunc",
    "var",
)
"""Beginnings and names of operations that are not linear; the whole name, or with a size or a kind
after it (`maxpool2dwithindices`, `scaleddotproductflashattentionforcpu`)."""

_LONG = ("adaptivemaxpool", "fractionalmaxpool", "maxpool", "rnn", "scaleddotproduct")
_PRODUCTS = ("addbmm", "addmm", "addmv", "baddbmm", "bmm", "div", "dot", "mm", "mul", "mv")


def bent(target: Target, title: str, ruled: Callable[[nn.Module], bool]) -> str:
    """Why DeepLIFT's rules don't hold for a model, a full sentence; "" if nothing speaks against.

    Args:
        target: without an obstacle.
        title: of the method.
        ruled: whether there is a rule for a layer.

    Raises:
        ModelError: the model could not take its inputs.
    """
    if reason := hookless(target):
        return reason
    found = operations(target, ruled)
    if reason := repeated(found, title):
        return reason
    curved = sorted(name for name in found.outside if _is_curved(name))
    products = sorted(found.joining.intersection(_PRODUCTS))
    if not curved and not products:
        return ""
    what = [*curved, *(f"{name} of two parts that both depend on the input" for name in products)]
    return without_rule(title, what)


def is_ruled(part: nn.Module, ruled: tuple[str, ...]) -> bool:
    """Whether a layer is of one of these kinds of torch's own, and of no subclass."""
    kind = type(part)
    return kind.__name__ in ruled and kind.__module__.startswith("torch.nn.modules.")


def repeated(found: Operations, title: str) -> str:
    """Why layers that are used twice stand in the way; "" if there are none."""
    if not found.repeated:
        return ""
    return (
        f"{title} needs a layer of its own at each place, and the model uses "
        f"{', '.join(found.repeated[:_SHOWN])} more than once."
    )


def without_rule(title: str, what: list[str]) -> str:
    """That a method has no rule for what a model computes."""
    named = list(dict.fromkeys(_in_words(name) for name in what))
    return (
        f"{title} has no rule for what the model computes outside of the layers that it knows "
        f"({', '.join(named[:_SHOWN])}); its map would be wrong without a sign of it."
    )


_SHOWN = 4
_WORDS = {
    "groupnorm": "group normalisation",
    "layernorm": "layer normalisation",
    "maxpool": "max pooling whose windows overlap, or by a function",
    "prelu": "prelu",
    "rnn": "a recurrent layer",
    "scaleddotproduct": "attention",
    "softmax": "softmax: explain the logits instead",
}


def _in_words(name: str) -> str:
    return next((said for start, said in _WORDS.items() if name.startswith(start)), name)


def _is_curved(name: str) -> bool:
    return name in _CURVED or name.startswith(_LONG)
