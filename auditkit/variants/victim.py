"""A head of a model as an attacker sees it: how far it is from the truth, and its gradient."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from auditkit.errors import ConfigurationError, DataError, ModelError
from auditkit.models.head import Head, Outputs, Task

Forward = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Victim:
    """What is attacked.

    Attributes:
        forward: inputs [n, …] → the head's output as `auditkit.models.outputs.normalise` gives it:
            binary [n] or [n, 2], multiclass [n, classes]. Each row must depend on its own input
            alone, as it does in eval mode.
        head: of binary or multiclass task, with declared logits or probabilities.

    Raises:
        ConfigurationError: the head has no true class, or no probabilities; see `no_attack`.
    """

    forward: Forward
    head: Head

    def __post_init__(self) -> None:
        reason = no_attack(self.head)
        if reason:
            raise ConfigurationError(
                reason, mend="Attack a binary or multiclass head with declared outputs."
            )

    def odds_against(self, output: Tensor, target: Tensor) -> Tensor:
        """[n] the log odds against the true class, log((1 - p) / p).

        The cross-entropy is their softplus, hence a rising function of them, and its gradient has
        the same sign everywhere. But where the model is sure of the truth, the cross-entropy's
        gradient vanishes, in half precision soon; that of the odds does not.

        Args:
            output: as `forward` returns it.
            target: true classes, int64 [n].
        """
        scores = output.float() if output.dtype.itemsize < 4 else output
        if self.head.outputs is Outputs.PROBABILITIES:
            return _odds_of(_of_truth(scores, target))
        if scores.ndim == 1:
            return torch.where(target == 1, -scores, scores)
        is_truth = functional.one_hot(target, scores.shape[1]).bool()
        others = scores.masked_fill(is_truth, -torch.inf).logsumexp(dim=1)
        return others - scores.gather(1, target[:, None])[:, 0]

    def logits(self, output: Tensor) -> Tensor:
        """[n, classes] logits, or the logarithms of probabilities; two columns of a single one."""
        scores = output.float() if output.dtype.itemsize < 4 else output
        if self.head.outputs is Outputs.LOGITS:
            single = scores.ndim == 1
            return torch.stack([torch.zeros_like(scores), scores], dim=1) if single else scores
        both = torch.stack([1 - scores, scores], dim=1) if scores.ndim == 1 else scores
        return _log(both)

    def true_classes(self, inputs: Tensor, target: Tensor) -> Tensor:
        """A copy of the target, int64 on the device of the inputs.

        Raises:
            DataError: the inputs are no floating-point numbers, or the target is not one class for
                each of them.
        """
        if not inputs.is_floating_point() or inputs.ndim < 2:
            kind = str(inputs.dtype).removeprefix("torch.")
            raise DataError(
                f"The inputs are {kind} of shape {tuple(inputs.shape)}; an attack needs "
                "floating-point numbers, [units, …].",
                mend="Ask for attacks only on inputs that are one tensor of such numbers.",
            )
        classes = len(self.head.classes)
        whole = not target.is_floating_point() and target.shape == inputs.shape[:1]
        found = target.to(device=inputs.device, dtype=torch.int64) if whole else target
        if not whole or bool(((found < 0) | (found >= classes)).any()):
            raise DataError(
                f"The true classes are {str(target.dtype).removeprefix('torch.')} of shape "
                f"{tuple(target.shape)}; expected one code from 0 to {classes - 1} for each of "
                f"{len(inputs)} units.",
                mend="Attack only units whose label is known.",
            )
        return found.clone()  # one made in inference mode could not be used with gradients

    def differentiable(self, inputs: Tensor) -> Tensor:
        """The output with its gradient.

        Raises:
            ModelError: no gradient reaches the inputs.
        """
        output = self.forward(inputs)
        if not output.requires_grad:
            raise no_gradient()
        return output


def no_attack(head: Head) -> str:
    """Why a head cannot be attacked; "" if it can. A full sentence.

    >>> no_attack(Head("", Task.REGRESSION))
    'The task is regression: an attack needs one true class for each unit.'
    """
    if head.task not in (Task.BINARY, Task.MULTICLASS):
        return f"The task is {head.task.value}: an attack needs one true class for each unit."
    if not head.probabilistic:
        return "The outputs are declared as neither logits nor probabilities."
    return ""


def no_gradient() -> ModelError:
    """What is raised where no gradient reaches the inputs."""
    return ModelError(
        "No gradient reaches the inputs of the model: part of it cannot be differentiated.",
        mend="Ask for no attacks on this model, or let its forward stay in torch.",
    )


def no_backward(error: Exception) -> ModelError:
    """What is raised where the model answers, and its backward pass fails."""
    said = (str(error).strip().splitlines() or ["no message"])[0].rstrip(".")
    return ModelError(
        f"The backward pass of the model failed ({type(error).__name__}: {said}).",
        mend="Ask for no attacks on this model, or let its forward write to nothing in place.",
    )


def _of_truth(probabilities: Tensor, target: Tensor) -> Tensor:
    if probabilities.ndim == 1:
        return torch.where(target == 1, probabilities, 1 - probabilities)
    return probabilities.gather(1, target[:, None])[:, 0]


def _odds_of(truth: Tensor) -> Tensor:
    return _log(1 - truth) - _log(truth)


def _log(probability: Tensor) -> Tensor:
    """Finite at 0, with a gradient of 0 there and none that is NaN."""
    return probability.clamp(min=torch.finfo(probability.dtype).tiny).log()
