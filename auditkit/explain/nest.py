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
        carried: masks, which go along unchanged.
        rebuild: from explained and carried tensors to what the model takes.
        reason: why these inputs can't be explained, a full sentence; "" if they can.
    """

    names: tuple[str, ...]
    explained: tuple[Tensor, ...]
    carried: tuple[Tensor, ...]
    rebuild: Callable[[tuple[Tensor, ...], tuple[Tensor, ...]], Any]
    reason: str = ""

    @property
    def units(self) -> int:
        """How many units there are."""
        return self.explained[0].shape[0]

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
        for name, value in named.items():
            if not value.is_floating_point() and value.dtype is not torch.bool:
                which = f"The input {name!r}" if name else "The input"
                kind = str(value.dtype).removeprefix("torch.")
                return cls._refused(
                    f"{which} is {kind}, such as token ids: there is nothing between two of them "
                    "to integrate over."
                )
        floating = [name for name, value in named.items() if value.is_floating_point()]
        if not floating:
            return cls._refused("The model has no floating-point input.")
        sizes = {value.shape[:1] for value in named.values()}
        if len(sizes) > 1:
            raise ValueError(f"inputs of several lengths: {sorted(map(tuple, sizes))}")
        masks = [name for name in named if name not in floating]
        return cls(
            tuple(floating),
            # Copies: Captum would leave a mark on the caller's own tensors, and tensors made in
            # inference mode take no gradient.
            tuple(named[name].detach().clone() for name in floating),
            tuple(named[name].clone() for name in masks),
            _rebuilder(prepared, floating, masks),
        )

    @classmethod
    def _refused(cls, reason: str) -> Nest:
        return cls((), (), (), lambda explained, carried: None, reason)  # noqa: ARG005 - never called


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
