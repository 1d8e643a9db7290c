"""What a model computes between its inputs and its output, apart from layers that have a rule.

Methods that propagate contributions backwards know rules for certain layers only, and pass over
everything else without a word: `torch.relu` in a forward, an attention, a sum of two branches. The
graph that autograd records shows all of it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from auditkit.explain.target import Target


@dataclass(frozen=True)
class Operations:
    """What autograd recorded of one unit.

    Attributes:
        outside: names of operations that no layer with a rule accounts for, in lower case and
            without a dialect (`gelu`, `layernorm`), each once.
        joining: those of them in which two operands depend on the input.
        repeated: names of the layers with a rule that were used more than once.
    """

    outside: frozenset[str]
    joining: frozenset[str]
    repeated: tuple[str, ...]


def operations(target: Target, ruled: Callable[[nn.Module], bool]) -> Operations:
    """What happens to a target's inputs outside of some layers.

    Args:
        target: of an eager module, without an obstacle.
        ruled: whether a method has a rule for a layer.

    Raises:
        ModelError: the model could not take its inputs.
    """
    one = target.every[:1]
    asked = tuple(tensor[one].requires_grad_() for tensor in target.inputs)
    assert target.module is not None
    with torch.enable_grad(), _watching(target.module, ruled) as calls:
        value = target.value(asked, one)
    found: dict[str, bool] = {}
    for node in _nodes(value.grad_fn, calls.entries):
        name = _plain(node.name())
        joins = sum(inner is not None for inner, _ in node.next_functions) > 1
        found[name] = found.get(name, False) or joins
    return Operations(
        outside=frozenset(found),
        joining=frozenset(name for name, joins in found.items() if joins),
        repeated=tuple(name for name, count in calls.count.items() if count > 1),
    )


@dataclass
class _Calls:
    """Where each call of a layer ends in the graph, and where it begins there."""

    entries: dict[Any, list[Any]] = field(default_factory=dict)
    count: Counter[str] = field(default_factory=Counter)
    begun: list[list[Any]] = field(default_factory=list)


@contextmanager
def _watching(module: nn.Module, ruled: Callable[[nn.Module], bool]) -> Iterator[_Calls]:
    calls = _Calls()
    handles = []

    def begin(part: nn.Module, arguments: tuple[Any, ...]) -> None:
        del part
        calls.begun.append([_origin(one) for one in arguments if isinstance(one, Tensor)])

    def end(name: str) -> Callable[..., None]:
        def note(part: nn.Module, arguments: Any, returned: Any) -> None:
            del part, arguments
            begun = [node for node in calls.begun.pop() if node is not None]
            calls.count[name] += 1
            last = _origin(returned) if isinstance(returned, Tensor) else None
            if last is not None and last not in begun:
                calls.entries[last] = begun

        return note

    for name, part in module.named_modules():
        if ruled(part):
            handles.append(part.register_forward_pre_hook(begin))
            handles.append(part.register_forward_hook(end(name or type(part).__name__)))
    try:
        yield calls
    finally:
        for handle in handles:
            handle.remove()


def _origin(tensor: Tensor) -> Any:
    return tensor.grad_fn


def _nodes(last: Any, entries: dict[Any, list[Any]]) -> Iterator[Any]:
    """The nodes of a graph from its end, without those inside the calls."""
    waiting, seen = [last], set()
    while waiting:
        node = waiting.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        if node in entries:
            waiting.extend(entries[node])
            continue
        yield node
        waiting.extend(inner for inner, _ in node.next_functions)


_DIALECT = re.compile(r"^(_|native|cudnn|mkldnn|miopen|thnn|aten|slow|unsafe)+")


def _plain(name: str) -> str:
    """The operation behind a node's name.

    >>> _plain("NativeLayerNormBackward0"), _plain("torch::autograd::AccumulateGrad")
    ('layernorm', 'accumulategrad')
    """
    bare = name.rsplit("::", 1)[-1]
    bare = re.sub(r"Backward\d*$", "", bare).lower()
    return _DIALECT.sub("", bare) or bare
