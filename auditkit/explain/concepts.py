"""Whether a model's output follows a concept that people have a name for (TCAV).

Kim et al., ICML 2018. A concept is a direction in a layer: from the mean activation without it to
the mean with it. How much the output follows it is the mean derivative along that direction. What
chance gives is measured with random concepts: directions between random halves of a pool.

It is judged by magnitude. The usual score, the share of units whose derivative is positive, is near
0 or 1 for random directions too, and has no power; it is reported beside.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from auditkit.explain.method import Settings
from auditkit.explain.methods.attempting import attempted
from auditkit.explain.methods.hooking import INPUT, hookless
from auditkit.explain.target import NotExplainable, Target
from auditkit.models.layers import find_layer

RANDOMS = 20
"""Random concepts, at least."""

_FEWEST = 10
_CHUNK = 64


@dataclass(frozen=True, eq=False)
class Concept:
    """Inputs with and without something, alike apart from that.

    Attributes:
        name: of the concept, for people.
        present: prepared inputs that have it.
        absent: prepared inputs that lack it; best the same ones before it was added.
    """

    name: str
    present: Any
    absent: Any


@dataclass(frozen=True)
class ConceptEffect:
    """How much the explained number follows a concept.

    Attributes:
        name: of the concept.
        layer: where it was looked for.
        magnitude: mean derivative of the number along the concept's direction of length 1.
        random_mean: of the magnitudes of the random concepts.
        random_sd: their standard deviation.
        z: how many of these the magnitude lies from that mean; None where they do not vary.
        p: that a random concept has as large a magnitude, of either sign, by permutation: at least
            1 / (random concepts + 1).
        sign_share: of the units, how many have a positive derivative. Not a test.
        units: how many units were looked at.
        randoms: how many random concepts.
    """

    name: str
    layer: str
    magnitude: float
    random_mean: float
    random_sd: float
    z: float | None
    p: float
    sign_share: float
    units: int
    randoms: int


def concept_effects(
    target: Target,
    concepts: Sequence[Concept],
    pool: Any,
    settings: Settings,
    *,
    randoms: int = RANDOMS,
) -> tuple[ConceptEffect | NotExplainable, ...] | NotExplainable:
    """The effect of each concept on the explained number of a target's units.

    Args:
        target: of which the units should be such as the concepts might matter to, and show none.
        concepts: their sets hold at least 10 units each.
        pool: prepared inputs, at least 20, which the model is asked about all at once, like each
            set of a concept; random concepts are differences of random halves of them, as large
            as the smallest set of the concepts where that is smaller.
        settings: seed, layer and chunk are read; without a layer it is the input of the last one,
            where that is linear.
        randoms: how many random concepts, at least 20.

    Returns:
        One effect for each concept, or why that one has none; or why nothing can be said at all.

    Raises:
        ConfigurationError: the settings name a layer that there is not.
        ValueError: fewer random concepts than 20, or no concept.

    Example:
        >>> from auditkit.explain.target import targeting
        >>> from auditkit.models import wrap
        >>> network = nn.Sequential(nn.Identity(), nn.Linear(3, 1))
        >>> network[1].weight.data = torch.tensor([[4.0, 0.0, 0.0]])
        >>> x = torch.rand(20, 3, generator=torch.Generator().manual_seed(0))
        >>> first = Concept("first", x + torch.tensor([1.0, 0.0, 0.0]), x)
        >>> model = wrap(network, task="regression")
        >>> with targeting(model, x, model.heads[0]) as target:
        ...     (found,) = concept_effects(target, [first], x, Settings(layer="0"))
        >>> round(found.magnitude, 3)
        4.0
    """
    if randoms < RANDOMS or not concepts:
        raise ValueError(f"expected concepts, and at least {RANDOMS} random ones, got {randoms}")
    if reason := hookless(target):
        return NotExplainable(reason)
    name, reason = find_layer(target.module, settings.layer or None)
    if reason:
        return NotExplainable(reason)

    def step(size: int) -> tuple[ConceptEffect | NotExplainable, ...] | NotExplainable:
        slopes = _slopes(target, name, size)
        heard = _heard(target, name, pool)
        pairs = [
            (_heard(target, name, c.present), _heard(target, name, c.absent)) for c in concepts
        ]
        if isinstance(slopes, str) or isinstance(heard, str):
            return NotExplainable(slopes if isinstance(slopes, str) else str(heard))
        if reason := _unfit(heard, slopes, 2 * _FEWEST):
            return NotExplainable(f"The pool of random concepts won't do: {reason}")
        sets = [len(one) for pair in pairs for one in pair if isinstance(one, Tensor)]
        half = min([len(heard) // 2, *(count for count in sets if count >= _FEWEST)])
        null = _random_magnitudes(heard, slopes, half, (randoms, settings.seed))
        if null is None:
            return NotExplainable(f"The layer {name!r} is the same for all of the pool.")
        return tuple(
            _effect(concept.name, name, pair, slopes, null)
            for concept, pair in zip(concepts, pairs, strict=True)
        )

    return attempted("TCAV", target, step, settings.chunk or _CHUNK)


def _effect(
    name: str, layer: str, pair: tuple[Tensor | str, Tensor | str], slopes: Tensor, null: Tensor
) -> ConceptEffect | NotExplainable:
    for one in pair:
        reason = one if isinstance(one, str) else _unfit(one, slopes, _FEWEST)
        if reason:
            return NotExplainable(f"The concept {name!r} can't be looked for: {reason}")
    present, absent = pair
    assert isinstance(present, Tensor)
    assert isinstance(absent, Tensor)
    along = _along(present, absent, slopes)
    if along is None:
        return NotExplainable(f"The layer {layer!r} is the same with {name!r} and without it.")
    magnitude, mean, sd = float(along.mean()), float(null.mean()), float(null.std())
    return ConceptEffect(
        name=name,
        layer=layer,
        magnitude=magnitude,
        random_mean=mean,
        random_sd=sd,
        z=(magnitude - mean) / sd if sd > 0 else None,
        p=(1 + int((null.abs() >= abs(magnitude)).sum())) / (1 + len(null)),
        sign_share=float((along > 0).double().mean()),
        units=len(slopes),
        randoms=len(null),
    )


def _along(present: Tensor, absent: Tensor, slopes: Tensor) -> Tensor | None:
    """[n] the derivative along the direction between two sets; None where they don't differ."""
    direction = present.mean(dim=0) - absent.mean(dim=0)
    length = direction.norm()
    return slopes @ (direction / length) if float(length) > 0 else None


def _random_magnitudes(
    pool: Tensor, slopes: Tensor, half: int, draws: tuple[int, int]
) -> Tensor | None:
    """float64 [randoms]: of directions between random halves of a pool; None if all are alike."""
    randoms, seed = draws
    generator = torch.Generator().manual_seed(seed)
    found = []
    for _ in range(randoms):
        order = torch.randperm(len(pool), generator=generator)
        along = _along(pool[order[:half]], pool[order[half : 2 * half]], slopes)
        if along is None:
            return None
        found.append(float(along.mean()))
    return torch.tensor(found, dtype=torch.float64)


def _unfit(activations: Tensor, slopes: Tensor, fewest: int) -> str:
    if len(activations) < fewest:
        return f"it has {len(activations)} units, and at least {fewest} are needed."
    if activations.shape[1] != slopes.shape[1]:
        return (
            f"the layer has {activations.shape[1]} numbers for its units, and "
            f"{slopes.shape[1]} for those explained."
        )
    return ""


def _heard(target: Target, layer: str, prepared: Any) -> Tensor | str:
    """What the layer computes of some inputs, float64 [m, numbers] on the CPU; or why nothing."""
    seen: list[Tensor] = []
    with torch.no_grad(), _through(target, layer, seen, grow=False):
        units = len(target.elsewhere(prepared))
    return _single(seen, layer, units)


def _slopes(target: Target, layer: str, size: int) -> Tensor | str:
    """The derivative of the explained number by what the layer computes, float64 [n, numbers]."""
    parts = []
    for rows in torch.split(target.every, size):
        seen: list[Tensor] = []
        with torch.enable_grad(), _through(target, layer, seen, grow=True):
            value = target.value(tuple(tensor[rows] for tensor in target.inputs), rows)
        flat = _single(seen, layer, len(rows))
        if isinstance(flat, str):
            return flat
        if not value.requires_grad:
            return f"The output does not depend on the layer {layer!r} by anything with a gradient."
        (slope,) = torch.autograd.grad(value.sum(), seen)
        parts.append(slope.flatten(1).double().cpu())
    return torch.cat(parts)


def _single(seen: list[Tensor], layer: str, units: int) -> Tensor | str:
    if len(seen) != 1:
        return f"The layer {layer!r} is used {len(seen)} times, or gives no single tensor."
    if seen[0].ndim < 2 or len(seen[0]) != units:
        return f"The layer {layer!r} has no vector for each unit."
    return seen[0].detach().flatten(1).double().cpu()


@contextmanager
def _through(target: Target, layer: str, seen: list[Tensor], *, grow: bool) -> Iterator[None]:
    """What passes a layer is noted; and is where gradients begin, if they are to grow there."""

    def note(tensor: Any) -> Any:
        if not isinstance(tensor, Tensor):
            return None
        begun = tensor.detach().requires_grad_(grow)
        seen.append(begun)
        # A copy goes on: what comes next may change it in place.
        return begun.clone()

    def before(part: nn.Module, arguments: tuple[Any, ...]) -> Any:
        del part
        return (note(arguments[0]), *arguments[1:]) if len(arguments) == 1 else None

    def after(part: nn.Module, arguments: Any, returned: Any) -> Any:
        del part, arguments
        return note(returned)

    assert target.module is not None
    part = target.module.get_submodule(layer.removeprefix(INPUT))
    handle = (
        part.register_forward_pre_hook(before)
        if layer.startswith(INPUT)
        else part.register_forward_hook(after)
    )
    try:
        yield
    finally:
        handle.remove()
