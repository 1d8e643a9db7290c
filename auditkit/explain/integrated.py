"""Integrated gradients (Sundararajan, Taly and Yan, ICML 2017), with an error estimate.

The integral is Captum's, by Gauss–Legendre quadrature. It is taken with n and with 2n steps: see
`auditkit.explain.convergence` for what the distance of the two says.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeGuard

import torch
from captum.attr import IntegratedGradients, Saliency
from torch import Tensor

from auditkit.explain.convergence import convergence
from auditkit.explain.nest import Nest, named_parts
from auditkit.models.gradients import differentiating
from auditkit.models.head import Head, Outputs, Task
from auditkit.models.wrapped import WrappedModel


@dataclass(frozen=True)
class Attributions:
    """Integrated gradients of n units, on the CPU.

    Attributes:
        names: of the input tensors: keys of a dict, positions of a tuple, "" for the only one.
        values: one tensor of shape [n, …] per input tensor, with 2n steps.
        saliency: the plain gradient at the input, likewise.
        completeness_gap: [n] see `auditkit.explain.convergence.Convergence`.
        error_estimate: [n] likewise.
        converged: [n] bool, likewise.
        steps: n of the finer rule.
    """

    names: tuple[str, ...]
    values: tuple[Tensor, ...]
    saliency: tuple[Tensor, ...]
    completeness_gap: Tensor
    error_estimate: Tensor
    converged: Tensor
    steps: int


@dataclass(frozen=True)
class NotExplainable:
    """Why there are no attributions; a full sentence for the report."""

    reason: str


def integrated_gradients(
    model: WrappedModel,
    inputs: Any,
    head: Head,
    targets: Tensor | None = None,
    *,
    baseline: Any = None,
    steps: int = 32,
    chunk: int = 64,
) -> Attributions | NotExplainable:
    """Integrated gradients of one output per unit, with n and 2n steps.

    What is explained is a number as the model returns it: the logit of declared logits, else the
    probability or value. For a binary head it is that of the positive class.

    Args:
        model: opened or not; it is left as it came.
        inputs: prepared inputs (`model.prepare`): floating-point tensors, alone or in a tuple, list
            or dict, first axis the units; boolean tensors (masks) go along unexplained.
        head: whose output.
        targets: [n] integers, which class, label or number of each unit; None or anything else for
            the highest-scored class or label. Unused where the head has a single number.
        baseline: like `inputs`, or with a first axis of 1; zero if None.
        steps: n.
        chunk: at most so many forwards' rows at once.

    Returns:
        Attributions, or the reason why there can be none: a model through which no gradient
        passes, token ids, a custom output.

    Raises:
        ModelError: the model could not take the inputs, or its outputs contradict the head.
        ValueError: `steps` or `chunk` is not positive, or inputs or baseline don't fit each other.
    """
    if steps < 1 or chunk < 1:
        raise ValueError(f"expected positive steps and chunk, got {steps} and {chunk}")
    reason = _obstacle(model, head, targets)
    if reason:
        return NotExplainable(reason)
    with model.opened(), differentiating(model.module):
        nest = Nest.of(model.place(inputs))
        if nest.reason:
            return NotExplainable(nest.reason)
        run = _Run(model, head, nest)
        base = run.baseline(None if baseline is None else model.place(baseline))
        try:
            parts = [
                _explain(run, start, base, targets, (steps, chunk))
                for start in range(0, nest.units, chunk)
            ]
        except RuntimeError as error:
            if not _no_gradient(error):
                raise
            return NotExplainable(
                f"No gradient reaches the inputs of {model.name or 'the model'}: part of it cannot "
                "be differentiated."
            )
    return _joined(parts, nest.names, head, 2 * steps)


def _obstacle(model: WrappedModel, head: Head, targets: Tensor | None) -> str:
    if not model.capabilities.differentiable:
        return model.capabilities.reasons["differentiable"]
    if head.task is Task.CUSTOM:
        return "A custom output has no single number whose gradient could be taken."
    if head.task is Task.REGRESSION and len(head.classes) > 1 and not _are_indices(targets):
        return "The output has several numbers, and none of them was chosen to be explained."
    return ""


def _are_indices(targets: Tensor | None) -> TypeGuard[Tensor]:
    return targets is not None and targets.ndim == 1 and not targets.is_floating_point()


def _no_gradient(error: RuntimeError) -> bool:
    said = str(error)
    return "does not require grad" in said or "not have been used in the graph" in said


class _Run:
    """The one number per unit that is explained, as a function that Captum calls."""

    def __init__(self, model: WrappedModel, head: Head, nest: Nest) -> None:
        self.model = model
        self.head = head
        self.nest = nest

    def raw(self, explained: tuple[Tensor, ...], carried: tuple[Tensor, ...]) -> Tensor:
        return self.model.forward(self.nest.rebuild(explained, carried))[self.head.name]

    def __call__(self, *tensors: Tensor) -> Tensor:
        """Explained tensors, then those carried along, then the index of the output: [rows]."""
        count = len(self.nest.explained)
        *carried, index = tensors[count:]
        raw = self.raw(tensors[:count], tuple(carried))
        return raw if raw.ndim == 1 else raw.gather(1, index[:, None])[:, 0]

    def baseline(self, given: Any) -> tuple[Tensor, ...]:
        """One baseline per explained tensor, of its shape."""
        if given is None:
            return tuple(torch.zeros_like(tensor) for tensor in self.nest.explained)
        named = named_parts(given)
        missing = [name for name in self.nest.names if name not in named]
        if missing:
            raise ValueError(f"the baseline lacks the input {missing[0]!r}")
        return tuple(
            named[name].to(tensor).expand_as(tensor)
            for name, tensor in zip(self.nest.names, self.nest.explained, strict=True)
        )

    def index(self, rows: slice, targets: Tensor | None) -> Tensor:
        """[rows] which column is explained; without a meaning where there is a single one."""
        explained = tuple(tensor[rows] for tensor in self.nest.explained)
        carried = tuple(tensor[rows] for tensor in self.nest.carried)
        units, device = explained[0].shape[0], explained[0].device
        if self.head.quantiles:
            return torch.full((units,), self.head.central, dtype=torch.int64, device=device)
        if self.head.task is Task.BINARY:
            return torch.ones(units, dtype=torch.int64, device=device)
        if _are_indices(targets):
            return targets[rows].to(device=device, dtype=torch.int64)
        with torch.no_grad():
            raw = self.raw(explained, carried)
        if raw.ndim == 1:
            return torch.zeros(units, dtype=torch.int64, device=device)
        return raw.argmax(dim=1)


@dataclass(frozen=True)
class _Part:
    """Attributions of some units with both rules, and the outputs that they must add up to."""

    coarse: tuple[Tensor, ...]
    fine: tuple[Tensor, ...]
    saliency: tuple[Tensor, ...]
    output: Tensor
    output_at_baseline: Tensor


def _explain(
    run: _Run,
    start: int,
    baseline: tuple[Tensor, ...],
    targets: Tensor | None,
    options: tuple[int, int],
) -> _Part:
    steps, chunk = options
    rows = slice(start, start + chunk)
    inputs = tuple(tensor[rows] for tensor in run.nest.explained)
    base = tuple(tensor[rows] for tensor in baseline)
    along = (*(tensor[rows] for tensor in run.nest.carried), run.index(rows, targets))
    method = IntegratedGradients(run)

    def attribute(count: int) -> tuple[Tensor, ...]:
        found = method.attribute(
            inputs,
            baselines=base,
            additional_forward_args=along,
            n_steps=count,
            internal_batch_size=chunk,
        )
        return tuple(tensor.detach() for tensor in found)

    # Captum asks for inputs that require gradients, and clears those that they get.
    marked = tuple(tensor.clone().requires_grad_() for tensor in inputs)
    saliency = Saliency(run).attribute(marked, abs=False, additional_forward_args=along)
    with torch.no_grad():
        output, at_baseline = run(*inputs, *along), run(*base, *along)
    return _Part(
        _on_host(attribute(steps)),
        _on_host(attribute(2 * steps)),
        _on_host(tuple(tensor.detach() for tensor in saliency)),
        *_on_host((output, at_baseline)),
    )


def _on_host(tensors: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    return tuple(tensor.cpu() for tensor in tensors)


def _joined(
    parts: list[_Part], names: tuple[str, ...], head: Head, steps: int
) -> Attributions | NotExplainable:
    if not parts:
        return NotExplainable("There are no units to explain.")
    fine, coarse, saliency = (
        _columns([getattr(part, rule) for part in parts]) for rule in ("fine", "coarse", "saliency")
    )
    found = convergence(
        fine,
        coarse,
        torch.cat([part.output for part in parts]),
        torch.cat([part.output_at_baseline for part in parts]),
        is_probability=head.outputs is Outputs.PROBABILITIES,
    )
    return Attributions(names, fine, saliency, found.gap, found.error, found.converged, steps)


def _columns(rows: list[tuple[Tensor, ...]]) -> tuple[Tensor, ...]:
    return tuple(torch.cat(column) for column in zip(*rows, strict=True))
