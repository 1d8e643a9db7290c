"""The one number per unit that is explained, as a function of tensors that can be moved.

What is explained is a number as the model returns it: the logit of declared logits, else the
probability or value. Everything that explains a model, and everything that tests an explanation,
asks the model through a `Target`, and through nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, TypeGuard

import torch
from torch import Tensor, nn

from auditkit.errors import ModelError
from auditkit.explain.memory import AT_ONCE, in_parts, no_room
from auditkit.explain.nest import Nest
from auditkit.explain.steadiness import unsteady
from auditkit.explain.tokens import Embedded, embedded
from auditkit.models.gradients import differentiating
from auditkit.models.head import Head, Outputs, Task
from auditkit.models.wrapped import WrappedModel

Tensors = tuple[Tensor, ...]

REFERENCES = 32


@dataclass(frozen=True)
class NotExplainable:
    """Why there is no attribution; a full sentence for the report."""

    reason: str


@dataclass(frozen=True, eq=False)
class Target:
    """One output of some units, to be asked at their inputs, at a baseline, and in between.

    Made by `targeting`, and good only within its context. All tensors lie on the model's device.

    Attributes:
        names: of the input tensors: keys of a dict, positions of a tuple, "" for the only one.
        inputs: floating-point, [n, …] each; the embeddings [n, positions, width] of token ids.
        baseline: where there is nothing to see, of the same shapes. Special and padding tokens have
            their own embeddings there: they are not explained.
        tokens: the ids behind the embeddings, int64 [n, positions]; None where there are none.
        head: whose output.
        index: int64 [n], which of its numbers; without a meaning where there is a single one.
        medium: what an input is, as declared; "" where that is not known.
        module: what is asked, where it is a module.
        obstacle: why no gradient can be taken, a full sentence; "" if one can.
        scale: of the explained number: its range where it is a probability, else its standard
            deviation over all units that were opened (0 of a single one).
        references: inputs to compare with, [k, …] each: at most `REFERENCES` of all units that were
            opened, evenly chosen; () of token ids, whose places mean something else in each text.
    """

    names: tuple[str, ...]
    inputs: Tensors
    baseline: Tensors
    tokens: Tensor | None
    head: Head
    index: Tensor
    medium: str
    module: nn.Module | None
    obstacle: str
    scale: float
    references: Tensors
    _model: WrappedModel
    _nest: Nest
    _embedded: Embedded | None
    _order: Tensor
    _writes: bool

    @property
    def units(self) -> int:
        """How many units there are."""
        return len(self.index)

    @property
    def device(self) -> torch.device:
        """Where the tensors lie."""
        return self.index.device

    @property
    def is_probability(self) -> bool:
        """Whether what is explained ranges from 0 to 1."""
        return self.head.outputs is Outputs.PROBABILITIES

    @property
    def every(self) -> Tensor:
        """The places of all units, int64 [n]."""
        return torch.arange(self.units, device=self.device)

    def part(self, rows: Tensor) -> Target:
        """The same of some units only.

        Args:
            rows: their places, int64 [m]; the result's units are numbered anew.
        """
        return replace(
            self,
            inputs=tuple(tensor[rows] for tensor in self.inputs),
            baseline=tuple(tensor[rows] for tensor in self.baseline),
            tokens=None if self.tokens is None else self.tokens[rows],
            index=self.index[rows],
            _order=self._order[rows],
        )

    def moved(self, inputs: Tensors) -> Target:
        """The same units with other inputs, of the same shapes."""
        return replace(self, inputs=inputs)

    def from_baseline(self, baseline: Tensors) -> Target:
        """The same units with another baseline, of the same shapes."""
        return replace(self, baseline=baseline)

    def outputs(self, tensors: Tensors, rows: Tensor) -> Tensor:
        """What the head returns for tensors in the place of some units' inputs.

        Args:
            tensors: like `inputs`, [m, …] each.
            rows: int64 [m], whose masks and other fixed inputs go along.

        Returns:
            [m] or [m, numbers], differentiable if the model is.
        """
        order = self._order[rows]
        carried = tuple(tensor[order] for tensor in self._nest.carried)
        given = tuple(tensor.clone() for tensor in tensors) if self._writes else tensors
        if self._embedded is None:
            prepared = self._nest.rebuild(given, carried)
            return self._model.forward(prepared)[self.head.name]
        with self._embedded.giving(given[0]):
            return self._model.forward(self._nest.rebuild((), carried))[self.head.name]

    def everything(self, rows: Tensor | None = None) -> Tensor:
        """What the head returns for units at their inputs, without a gradient.

        A part of them at a time: a model that fits a batch need not fit all units at once.

        Args:
            rows: their places; None for all.
        """
        with torch.no_grad():
            return in_parts(
                lambda few: self.outputs(tuple(one[few] for one in self.inputs), few),
                self.every if rows is None else rows,
                AT_ONCE,
            )

    def elsewhere(self, prepared: Any) -> Tensor:
        """What the head returns for other prepared inputs, of however many units.

        Raises:
            ModelError: the model could not take them.
        """
        placed = self._model.place(prepared)
        nest = Nest.of(placed)
        copied = placed if nest.reason else nest.rebuild(nest.explained, nest.carried)
        return self._model.forward(copied)[self.head.name]

    def value(self, tensors: Tensors, rows: Tensor) -> Tensor:
        """[m] the explained number; see `outputs`."""
        return self.of_index(self.outputs(tensors, rows), rows)

    def of_index(self, outputs: Tensor, rows: Tensor) -> Tensor:
        """[m] the explained number of what the head returned for some units."""
        if outputs.ndim == 1:
            return outputs
        return outputs.gather(1, self.index[rows][:, None])[:, 0]

    def gradient(self, tensors: Tensors, rows: Tensor) -> tuple[Tensor, Tensors]:
        """The explained number, and its gradient with respect to each tensor.

        The gradient is of the sum over the units, which is that of each unit where no unit sees
        another, at the price of a single backward pass.

        Returns:
            [m], and [m, …] for each tensor; all detached.

        Raises:
            ModelError: no gradient reaches the inputs, the backward pass failed, or memory ended
                in it.
        """
        with torch.enable_grad():
            asked = tuple(tensor.detach().requires_grad_() for tensor in tensors)
            value = self.value(asked, rows)
            try:
                found = torch.autograd.grad(value.sum(), asked)
            except torch.cuda.OutOfMemoryError as error:
                raise no_room(error) from error
            except Exception as error:  # a backward pass may be the user's code
                raise _no_gradient(error) from error
        return value.detach(), tuple(gradient.detach() for gradient in found)

    def probability(self, outputs: Tensor, rows: Tensor) -> Tensor:
        """[m] the probability of the explained class or label; a regression's number as it is.

        Outputs that are declared as neither logits nor probabilities stay what they are.
        """
        if self.head.outputs is not Outputs.LOGITS:
            return self.of_index(outputs, rows)
        if outputs.ndim == 1 or self.head.task is Task.MULTILABEL:
            return self.of_index(outputs, rows).sigmoid()
        return self.of_index(outputs.softmax(dim=1), rows)

    def preferred(self, outputs: Tensor, rows: Tensor) -> Tensor:
        """[m] bool: whether the explained class is the one with the highest score.

        Of a single score, whether it is above a half, and of a label above its declared threshold.
        Of a regression always true: there is no decision that could change.
        """
        if self.head.task is Task.REGRESSION or self.head.outputs not in _SCORED:
            return torch.ones(len(rows), dtype=torch.bool, device=outputs.device)
        if outputs.ndim == 1 or self.head.task is Task.MULTILABEL:
            several, decision = self.head.task is Task.MULTILABEL, self.head.decision
            least = decision.threshold if several and decision is not None else 0.5
            return self.probability(outputs, rows) >= least
        return outputs.argmax(dim=1) == self.index[rows]


_SCORED = (Outputs.LOGITS, Outputs.PROBABILITIES)


@contextmanager
def targeting(
    model: WrappedModel,
    inputs: Any,
    head: Head,
    targets: Tensor | None = None,
    *,
    baseline: Any = None,
    medium: str = "",
) -> Iterator[Target | NotExplainable]:
    """A model opened to be explained at some inputs; afterwards it is as it came.

    Args:
        model: opened or not.
        inputs: prepared inputs (`model.prepare`): floating-point tensors, token ids, or several of
            them in a tuple, list or dict, first axis the units; boolean tensors (masks) go along
            unexplained. They are copied.
        head: whose output. Of a binary head that of the positive class is explained, of one that
            predicts quantiles the middle one.
        targets: [n] integers, which class, label or number of each unit; None or anything else for
            the highest-scored class or label.
        baseline: like `inputs`, or with a first axis of 1; zero if None. That of token ids is the
            neutral token, which `model.inputs` declares or the module's configuration names.
        medium: what an input is, where the data say so and the model does not.

    Yields:
        A target, or the reason why there can be none.

    Raises:
        ModelError: the model could not take the inputs, or its outputs contradict the head.
        ValueError: inputs or baseline don't fit each other.
    """
    if not model.capabilities.present:
        yield NotExplainable(model.capabilities.reasons["present"])
        return
    if reason := _no_number(head, targets):
        yield NotExplainable(reason)
        return
    with model.opened(), differentiating(model.module):
        placed = model.place(inputs)
        nest = Nest.of(placed)
        if nest.reason:
            yield NotExplainable(nest.reason)
            return
        with embedded(model, placed, nest) as through:
            if isinstance(through, str):
                yield NotExplainable(through)
                return
            made = _made(model, nest, through, head, targets, baseline)
            if isinstance(made, Target) and medium:
                made = replace(made, medium=medium)
            yield made


def _made(
    model: WrappedModel,
    nest: Nest,
    through: Embedded | None,
    head: Head,
    targets: Tensor | None,
    baseline: Any,
) -> Target | NotExplainable:  # the parts of one target
    inputs = nest.explained if through is None else (through.inputs,)
    if not len(inputs[0]):
        return NotExplainable("There are no units to explain.")
    given = None if baseline is None or through is not None else model.place(baseline)
    units, device = inputs[0].shape[0], inputs[0].device
    capabilities = model.capabilities
    target = Target(
        names=nest.names if through is None else (through.name,),
        inputs=inputs,
        baseline=nest.baseline(given) if through is None else (through.baseline,),
        tokens=None if through is None else through.ids,
        head=head,
        index=torch.zeros(units, dtype=torch.int64, device=device),
        medium="" if model.inputs.medium is None else model.inputs.medium.value,
        module=model.module,
        obstacle="" if capabilities.differentiable else capabilities.reasons["differentiable"],
        scale=0.0,
        references=() if through is not None else _some(inputs),
        _model=model,
        _nest=nest,
        _embedded=through,
        _order=torch.arange(units, device=device),
        _writes=False,
    )
    target, outputs = _first_asked(target)
    if reason := unsteady(target, outputs):
        return NotExplainable(reason)
    target = replace(target, index=_index(head, targets, outputs))
    scale = 1.0 if target.is_probability else _spread(target.of_index(outputs, target.every))
    return replace(target, scale=scale, obstacle=target.obstacle or _tried(target))


def _first_asked(target: Target) -> tuple[Target, Tensor]:
    """A target that knows whether its model writes into what it is given, and its outputs.

    One that begins with an operation in place does.
    """
    writes = False

    def ask(rows: Tensor) -> Tensor:
        nonlocal writes
        copies = tuple(tensor[rows] for tensor in target.inputs)
        outputs = target.outputs(copies, rows)
        writes |= any(one._version > 0 for one in copies)
        return outputs

    with torch.no_grad():
        outputs = in_parts(ask, target.every, AT_ONCE)
    return replace(target, _writes=writes), outputs


def _some(inputs: Tensors) -> Tensors:
    whole = [tensor.isfinite().reshape(len(tensor), -1).all(dim=1) for tensor in inputs]
    known = torch.stack(whole).all(dim=0).nonzero()[:, 0]
    count = min(len(known), REFERENCES)
    places = torch.arange(count, device=known.device) * len(known) // max(count, 1)
    return tuple(tensor[known[places]] for tensor in inputs)


def _spread(values: Tensor) -> float:
    known = values.double()[values.isfinite()]  # one unit's NaN is no scale for the others
    return float(known.std()) if len(known) > 1 else 0.0


def _index(head: Head, targets: Tensor | None, outputs: Tensor) -> Tensor:
    """[n] which number of each unit is explained."""
    if head.quantiles:
        return torch.full_like(outputs[:, 0], head.central, dtype=torch.int64)
    if outputs.ndim == 1:
        return torch.zeros_like(outputs, dtype=torch.int64)
    if head.task is Task.BINARY:
        return torch.ones_like(outputs[:, 0], dtype=torch.int64)
    if _are_indices(targets):
        return targets.to(device=outputs.device, dtype=torch.int64).clone()
    return outputs.argmax(dim=1)


def _tried(target: Target) -> str:
    """Why no gradient reaches the inputs of a single unit; "" if one does."""
    one = target.every[:1]
    try:
        target.gradient(tuple(tensor[one] for tensor in target.inputs), one)
    except ModelError as error:
        return error.problem
    return ""


def _no_number(head: Head, targets: Tensor | None) -> str:
    if head.task is Task.CUSTOM:
        return "A custom output has no single number to explain."
    several = len(head.classes) > 1 and not head.quantiles
    if head.task is Task.REGRESSION and several and not _are_indices(targets):
        return "The output has several numbers, and none of them was chosen to be explained."
    return ""


def _are_indices(targets: Tensor | None) -> TypeGuard[Tensor]:
    return targets is not None and targets.ndim == 1 and not targets.is_floating_point()


def _no_gradient(error: Exception) -> ModelError:
    said = (str(error).strip().splitlines() or ["no message"])[0].rstrip(".")
    if "does not require grad" in said or "not have been used in the graph" in said:
        return ModelError(
            "No gradient reaches the inputs of the model: part of it cannot be differentiated.",
            mend="Explain it by a method that changes inputs, such as occlusion.",
        )
    return ModelError(
        f"The backward pass of the model failed ({type(error).__name__}: {said}).",
        mend="Explain it by a method that changes inputs, such as occlusion.",
    )
