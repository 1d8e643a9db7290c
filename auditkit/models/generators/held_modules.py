"""The networks that a function answers with, as far as they can be seen from outside."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from torch import nn


def held_module(function: Callable[..., Any]) -> nn.Module | None:
    """The module that a callable is, is a method of, or holds: several as one; None where none is.

    Looked at are the callable itself, what a method is bound to and its attributes, the variables
    that a function encloses, the global names in its text, and what a partial was given. What lies
    deeper is not seen: name it as `module=`.

    Example:
        >>> network = nn.Linear(1, 1)
        >>> held_module(lambda prompts: network(prompts)) is network
        True
        >>> held_module(print) is None
        True
    """
    found = list(dict.fromkeys(_held(function)))
    if not found:
        return None
    return found[0] if len(found) == 1 else nn.ModuleList(found)


def _held(function: Any) -> Iterator[nn.Module]:
    wrapped = getattr(function, "func", None)
    if callable(wrapped):  # a partial
        yield from _held(wrapped)
        values = [*getattr(function, "args", ()), *getattr(function, "keywords", {}).values()]
        yield from (value for value in values if isinstance(value, nn.Module))
    owner = getattr(function, "__self__", function)
    if isinstance(owner, nn.Module):
        yield owner
        return
    attributes = getattr(owner, "__dict__", {})
    yield from (value for value in attributes.values() if isinstance(value, nn.Module))
    names = getattr(getattr(function, "__code__", None), "co_names", ())
    known = getattr(function, "__globals__", {})
    yield from (known[name] for name in names if isinstance(known.get(name), nn.Module))
    for cell in getattr(function, "__closure__", None) or ():
        try:
            value = cell.cell_contents
        except ValueError:
            continue  # not assigned yet
        if isinstance(value, nn.Module):
            yield value


__all__ = ["held_module"]
