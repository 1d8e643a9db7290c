"""Prepared inputs as the tensors that they consist of, some to explain, some to carry along."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True)
class Nest:
    """The tensors of prepared inputs, and how to put others in their place.

    Attributes:
        names: of the tensors to explain.
        explained: these, copied.
        carried: masks, and all that goes along unchanged, copied.
        rebuild: from explained and carried tensors to what the model takes.
        reason: why these inputs can't be explained, a full sentence; "" if they can.
        ids: name of the input that holds token ids, where there are such and nothing else to
            explain; it is among the carried. "" where there is none.
    """

    names: tuple[str, ...]
    explained: tuple[Tensor, ...]
    carried: tuple[Tensor, ...]
    rebuild: Callable[[tuple[Tensor, ...], tuple[Tensor, ...]], Any]
    reason: str = ""
    ids: str | None = None

    @classmethod
    def of(cls, prepared: Any) -> Nest:
        """Take prepared inputs apart.

        Raises:
            ValueError: the tensors have first axes of several lengths.
        """
        named = named_parts(prepared)
        strange = [name for name, value in named.items() if not isinstance(value, Tensor)]
        if named and strange:
            return cls._refused(f"The input {strange[0]!r} is no tensor.")
        sizes = {value.shape[:1] for value in named.values()}
        if len(sizes) > 1:
            raise ValueError(f"inputs of several lengths: {sorted(map(tuple, sizes))}")
        floating = [name for name, value in named.items() if value.is_floating_point()]
        if not floating:
            return cls._of_ids(prepared, named)
        whole = [name for name in named if name not in floating]
        for name in whole:
            if named[name].dtype is not torch.bool:
                kind = str(named[name].dtype).removeprefix("torch.")
                return cls._refused(
                    f"The input {name!r} is {kind} beside others of floating-point numbers: there "
                    "is nothing between two of its values to integrate over."
                )
        # Copies: Captum would leave a mark on the caller's own tensors, and tensors made in
        # inference mode take no gradient.
        return cls(
            tuple(floating),
            tuple(named[name].detach().clone() for name in floating),
            tuple(named[name].clone() for name in whole),
            _rebuilder(prepared, floating, whole),
        )

    @classmethod
    def _of_ids(cls, prepared: Any, named: dict[str, Tensor]) -> Nest:
        whole = [name for name, value in named.items() if _may_be_ids(value)]
        ids = next((name for name in _IDS if name in whole), whole[0] if whole else None)
        if ids is None:
            return cls._refused("The model has no floating-point input.")
        carried = tuple(value.clone() for value in named.values())
        return cls((), (), carried, _rebuilder(prepared, [], list(named)), ids=ids)

    @classmethod
    def _refused(cls, reason: str) -> Nest:
        return cls((), (), (), lambda explained, carried: None, reason)  # noqa: ARG005 - never called

    def baseline(self, given: Any) -> tuple[Tensor, ...]:
        """One baseline per explained tensor, of its shape; zeros where none is given.

        Raises:
            ValueError: the given one lacks an input.
        """
        if given is None:
            return tuple(torch.zeros_like(tensor) for tensor in self.explained)
        named = named_parts(given)
        if missing := [name for name in self.names if name not in named]:
            raise ValueError(f"the baseline lacks the input {missing[0]!r}")
        return tuple(
            named[name].to(tensor).expand_as(tensor).clone()
            for name, tensor in zip(self.names, self.explained, strict=True)
        )


_IDS = ("input_ids", "ids", "tokens")


def _may_be_ids(value: Tensor) -> bool:
    return value.ndim == 2 and value.dtype in (torch.int32, torch.int64)


def named_parts(prepared: Any) -> dict[str, Any]:
    """Parts of a mapping, tuple or list by key or position; "" for a lone tensor."""
    if isinstance(prepared, Mapping):
        return {str(key): value for key, value in prepared.items()}
    if isinstance(prepared, tuple | list):
        return {str(index): value for index, value in enumerate(prepared)}
    return {"": prepared}


def _rebuilder(
    prepared: Any, floating: list[str], masks: list[str]
) -> Callable[[tuple[Tensor, ...], tuple[Tensor, ...]], Any]:
    def rebuild(explained: tuple[Tensor, ...], carried: tuple[Tensor, ...]) -> Any:
        parts = dict(zip([*floating, *masks], [*explained, *carried], strict=True))
        if isinstance(prepared, Mapping):
            return {key: parts[str(key)] for key in prepared}
        if isinstance(prepared, tuple | list):
            # A list stays a list, which may be handed over whole (`auditkit.models.inputs.Call`).
            return type(prepared)(parts[str(index)] for index in range(len(prepared)))
        return parts[""]

    return rebuild
