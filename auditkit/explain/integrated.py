"""Integrated gradients (Sundararajan, Taly and Yan, ICML 2017), with an error estimate.

The integral is Captum's, by Gauss–Legendre quadrature. It is taken with n and with 2n steps, and the
distance of the two says how far the attributions can be trusted: errors of single features cancel
in the sum, so that the completeness gap alone can be small where the map is wrong.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from captum.attr import IntegratedGradients, Saliency
from torch import Tensor, nn

from auditkit.models.head import Head, Outputs, Task
from auditkit.models.wrapped import WrappedModel

TOLERANCE = 0.05
# A difference of outputs smaller than this share of their usual spread is no scale for a gap.
_FLOOR = 0.01


@dataclass(frozen=True)
class Attributions:
    """Integrated gradients of n units, on the CPU.

    Attributes:
        names: of the input tensors: keys of a dict, positions of a tuple, "" for the only one.
        values: one tensor of shape [n, …] per input tensor, with 2n steps.
        saliency: the plain gradient at the input, likewise.
        completeness_gap: [n] |sum of values − (f(x) − f(b))|, relative to |f(x) − f(b)| or, if that
            is larger, to 1 % of the output's range (probabilities) or of its standard deviation
            over the units (others); NaN if both are zero.
        error_estimate: [n] ‖A₂ₙ − Aₙ‖ / ‖A₂ₙ‖ over all inputs; NaN if A₂ₙ is zero.
        converged: [n] bool: gap and estimate at most `TOLERANCE`, or nothing to attribute: no
            difference of outputs, and all values zero.
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
        targets: [n] integers, which class, label or number of each unit; None or floating-point
            flags for the highest-scored one. Unused where the head has a single number.
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
    reason = _obstacle(model, head)
    if reason:
        return NotExplainable(reason)
    with model.opened(), torch.inference_mode(False), torch.enable_grad(), _without_cudnn_rnn(model):
        nest = _Nest.of(model.place(inputs))
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


def _obstacle(model: WrappedModel, head: Head) -> str:
    if not model.capabilities.differentiable:
        return model.capabilities.reasons["differentiable"]
    if head.task is Task.CUSTOM:
        return "A custom output has no single number whose gradient could be taken."
    return ""


def _no_gradient(error: RuntimeError) -> bool:
    said = str(error)
    return "does not require grad" in said or "not have been used in the graph" in said


@dataclass(frozen=True)
class _Nest:
    """The tensors of prepared inputs, and how to put others in their place."""

    names: tuple[str, ...]
    explained: tuple[Tensor, ...]
    carried: tuple[Tensor, ...]
    rebuild: Callable[[tuple[Tensor, ...], tuple[Tensor, ...]], Any]
    reason: str = ""

    @property
    def units(self) -> int:
        return self.explained[0].shape[0]

    @classmethod
    def of(cls, prepared: Any) -> _Nest:
        named = _named(prepared)
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
    def _refused(cls, reason: str) -> _Nest:
        return cls((), (), (), lambda explained, carried: None, reason)  # noqa: ARG005 - never called


def _named(prepared: Any) -> dict[str, Any]:
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
            return tuple(parts[str(index)] for index in range(len(prepared)))
        return parts[""]

    return rebuild


class _Run:
    """The one number per unit that is explained, as a function that Captum calls."""

    def __init__(self, model: WrappedModel, head: Head, nest: _Nest) -> None:
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
        named = _named(given)
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
        if self.head.task is Task.BINARY:
            return torch.ones(units, dtype=torch.int64, device=device)
        if targets is not None and targets.ndim == 1 and not targets.is_floating_point():
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

    saliency = Saliency(run).attribute(inputs, abs=False, additional_forward_args=along)
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
    fine = _columns([part.fine for part in parts])
    coarse = _columns([part.coarse for part in parts])
    output = torch.cat([part.output for part in parts]).double()
    at_baseline = torch.cat([part.output_at_baseline for part in parts]).double()
    missing = (_flat(fine).sum(dim=1) - (output - at_baseline)).abs()
    floor = torch.full_like(output, _FLOOR * _spread(output, head))
    gap = _ratio(missing, torch.maximum((output - at_baseline).abs(), floor))
    size = _flat(fine).norm(dim=1)
    error = _ratio((_flat(fine) - _flat(coarse)).norm(dim=1), size)
    nothing = (size == 0) & (_flat(coarse).norm(dim=1) == 0) & (output == at_baseline)
    near = (error <= TOLERANCE) & ((gap <= TOLERANCE) | gap.isnan())
    return Attributions(
        names, fine, _columns([p.saliency for p in parts]), gap, error, near | nothing, steps
    )


def _columns(rows: list[tuple[Tensor, ...]]) -> tuple[Tensor, ...]:
    return tuple(torch.cat(column) for column in zip(*rows, strict=True))


def _flat(tensors: tuple[Tensor, ...]) -> Tensor:
    """All numbers of each unit, [n, numbers]."""
    return torch.cat([tensor.double().reshape(tensor.shape[0], -1) for tensor in tensors], dim=1)


def _spread(output: Tensor, head: Head) -> float:
    if head.outputs is Outputs.PROBABILITIES:
        return 1.0
    return float(output.std()) if len(output) > 1 else 0.0


def _ratio(numerator: Tensor, denominator: Tensor) -> Tensor:
    """NaN where the denominator is zero."""
    return torch.where(denominator > 0, numerator / denominator, torch.nan)


@contextmanager
def _without_cudnn_rnn(model: WrappedModel) -> Iterator[None]:
    """cuDNN's recurrent layers have no backward pass in eval mode; torch's own have one."""
    module = model.module
    recurrent = module is not None and any(isinstance(p, nn.RNNBase) for p in module.modules())
    with contextlib.ExitStack() as stack:
        if recurrent and model.device.type == "cuda":
            stack.enter_context(torch.backends.cudnn.flags(enabled=False))
        yield
