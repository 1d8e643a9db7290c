"""Inputs that are a little different, and mean the same to the model."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from auditkit.explain.decided import decided
from auditkit.explain.method import Settings
from auditkit.explain.target import Target, Tensors
from auditkit.explain.trust.asking import chunked
from auditkit.models.head import Task

SHARE = 0.03
"""Of the spread of the inputs: the standard deviation of the noise."""

CHANGE = 0.1
"""The explained number may change by less than this share of its distance from the baseline's."""

_FLOOR = 0.01


@dataclass(frozen=True, eq=False)
class Noisy:
    """The same units with noise.

    Attributes:
        inputs: [n, …] each; those of units that the noise did harm to are as they were.
        harmless: bool [n], on the CPU: whether the decision is the same and the explained number
            nearly.
    """

    inputs: Tensors
    harmless: Tensor


def spread(target: Target) -> Tensors:
    """What a number of the inputs varies by, broadcastable to them.

    Of a table and of series each column has its own, over all units (and steps); of images, sound
    and embeddings there is one for all numbers. That of a single unit's column is its size.
    """
    return tuple(_spread(tensor, target) for tensor in target.inputs)


def _spread(tensor: Tensor, target: Target) -> Tensor:
    values = tensor.detach().double()
    columns = target.tokens is None and target.medium != "audio" and tensor.ndim in (2, 3)
    if not columns:
        return values.std(correction=0).to(tensor.dtype)
    if len(values) == 1 and tensor.ndim == 2:
        return values[0].abs().to(tensor.dtype)
    over = tuple(range(tensor.ndim - 1))
    return values.std(dim=over, correction=0).to(tensor.dtype)


def standing(target: Target, settings: Settings) -> tuple[Tensor, Tensor]:
    """What the head returns at the inputs, and the explained number at the baseline."""
    base = target.moved(target.baseline)
    with torch.no_grad():
        return chunked(target, settings, target.outputs), chunked(base, settings, base.value)


def noisy(
    target: Target,
    known: tuple[Tensor, Tensor],
    settings: Settings,
    draw: int,
    where: Tensors | None = None,
) -> Noisy:
    """One draw of noise for every unit.

    Tokens that are not explained (special, padding) get none.

    Args:
        target: whose inputs.
        known: of `standing`.
        settings: seed, and how many rows are asked about at once.
        draw: which of several.
        where: like the inputs, bool: which numbers get noise; None for all.

    Raises:
        ModelError: the model could not take the inputs.
    """
    made = torch.Generator().manual_seed(settings.seed + _APART * (draw + 1))
    moved = []
    places = (None,) * len(target.inputs) if where is None else where
    parts = zip(target.inputs, target.baseline, spread(target), places, strict=True)
    for one, base, size, place in parts:
        noise = torch.randn(one.shape, generator=made).to(one) * size * SHARE
        if target.tokens is not None:
            noise = noise * (one != base).any(dim=-1, keepdim=True)
        if place is not None:
            noise = noise * place
        moved.append(one + noise)
    other = target.moved(tuple(moved))
    with torch.no_grad():
        there = chunked(other, settings, other.outputs)
    harmless = _harmless(target, there, known)
    kept = tuple(
        torch.where(harmless.reshape(-1, *[1] * (one.ndim - 1)), new, one)
        for one, new in zip(target.inputs, moved, strict=True)
    )
    return Noisy(kept, harmless.cpu())


_APART = 7_368_787


def _harmless(target: Target, there: Tensor, known: tuple[Tensor, Tensor]) -> Tensor:
    every, (here, base) = target.every, known
    same = _decisions(target, here) == _decisions(target, there)
    value, now = target.of_index(here, every), target.of_index(there, every)
    room = (value - base).abs().clamp_min(_FLOOR * target.scale)
    return same & ((now - value).abs() < CHANGE * room)


def _decisions(target: Target, outputs: Tensor) -> Tensor:
    """[n] what is decided by the declared rule; without one, whether the explained class leads."""
    binary = target.head.task is Task.BINARY
    found = decided(target, outputs) if binary else None
    return target.preferred(outputs, target.every) if found is None else found.to(outputs.device)
