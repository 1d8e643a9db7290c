"""`wrap`: any trained model behind one interface."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from auditkit.errors import AuditkitError, ConfigurationError, ModelError
from auditkit.models.callable_subject import CallableSubject
from auditkit.models.declaration import make_heads
from auditkit.models.devices import named_device
from auditkit.models.head import Decision, Head, Outputs, Task
from auditkit.models.inputs import as_tensors, describe_inputs, to_device, units_in
from auditkit.models.layers import Heard, find_layer, listening
from auditkit.models.medium import Inputs, declared_inputs
from auditkit.models.module_subject import ModuleSubject
from auditkit.models.outputs import normalise
from auditkit.models.subject import Capabilities, Subject, callable_name, source_digest

_UNDECLARED = Inputs()


class WrappedModel:
    """A trained model with one interface, whatever it is made of.

    Made by `wrap` and `stored_predictions`.

    Attributes:
        heads: what its outputs are.
        name: for people.
        inputs: what it is given, as declared.
        members: the other members of an ensemble, with its heads and its preprocess.
        layer: the one that stands for what the model makes of its input; "" where there is none,
            see `auditkit.models.layers.find_layer`.

    Raises:
        ConfigurationError: `layer` names none of the model's.
    """

    def __init__(
        self,
        subject: Subject,
        heads: tuple[Head, ...],
        preprocess: Callable[[Any], Any] | None = None,
        name: str = "",
        layer: str | None = None,
        inputs: Inputs = _UNDECLARED,
        members: tuple[WrappedModel, ...] = (),
    ) -> None:  # what it is made of, and what its user declares of it
        self.heads = heads
        self.name = name
        self.inputs = inputs
        self.members = members
        self._subject = subject
        self._preprocess = preprocess
        self._uses = 0
        self.layer, self._layerless = find_layer(self.module, layer)

    @property
    def device(self) -> torch.device:
        """Where inputs go."""
        return self._subject.device

    @property
    def capabilities(self) -> Capabilities:
        """What can be done with it beyond predicting."""
        return self._subject.capabilities.lacking("embeds", self._layerless)

    @property
    def module(self) -> nn.Module | None:
        """The module, None where there is none."""
        return getattr(self._subject, "module", None)

    @property
    def takes_columns(self) -> bool:
        """Whether its input is the columns of a table, in their order: no preprocess makes it."""
        return self.module is not None and self._preprocess is None

    @property
    def answer_columns(self) -> frozenset[str]:
        """The columns of the data that hold stored predictions; none where the model is here."""
        columns = self._subject.describe().get("columns", {})
        return frozenset(str(name) for of_head in columns.values() for name in of_head)

    @contextmanager
    def opened(self) -> Iterator[WrappedModel]:
        """The model ready for many predictions; afterwards as it came.

        Within, the model is in eval mode, on its device, and its parameters are frozen. May be
        nested.

        Raises:
            ModelChangedError: parameters or buffers differ at the end.
        """
        with self._in_use(self._subject.watched):
            yield self

    @contextmanager
    def _in_use(self, enter: Callable[[], Any]) -> Iterator[None]:
        if self._uses:
            yield
            return
        self._uses += 1
        try:
            with enter():
                yield
        finally:
            self._uses -= 1

    def prepare(self, inputs: Any) -> Any:
        """Inputs as the data give them → inputs as the forward takes them, on the device.

        Without a preprocess of the user, frames and arrays become tensors.

        Raises:
            ModelError: the preprocess failed, or a column is not numeric.
        """
        if self._preprocess is None:
            return self.place(self._subject.arrange(inputs))
        try:
            prepared = self._preprocess(inputs)
        except AuditkitError:
            raise
        except Exception as error:  # the preprocess is the user's code: it may raise anything
            raise ModelError(
                f"preprocess {callable_name(self._preprocess)} failed on {_given(inputs)} "
                f"({type(error).__name__}: {error}).",
                mend="Mend it, or declare the features that it reads.",
            ) from error
        return self.place(prepared)

    def place(self, prepared: Any) -> Any:
        """Prepared inputs on the model's device, as tensors where it is a module."""
        if self.module is None:
            return prepared
        return to_device(as_tensors(prepared, None), self.device)

    def forward(self, prepared: Any) -> dict[str, Tensor]:
        """Outputs of each head for prepared inputs; differentiable if the model is.

        Shapes are those of `auditkit.models.outputs.normalise`. No value is read from the device.
        Gradients are taken inside `opened()`: outside, the model has gone back by then.

        Raises:
            ModelError: the model could not take the inputs, or its outputs contradict the heads.
        """
        if self._uses:  # the usual case: entering a context costs as much as a small batch
            returned = self._subject.call(prepared)
        else:
            with self._in_use(self._subject.lent):
                returned = self._subject.call(prepared)
        return normalise(returned, self.heads, units_in(prepared))

    def answer(self, prepared: Any) -> Any:
        """What the model itself returns for prepared inputs, unchecked; use in `opened()`.

        `forward` without its checks, for whoever wants to know what the model costs.

        Raises:
            ModelError: the model could not take the inputs.
        """
        return self._subject.call(prepared)

    def predict(self, inputs: Any) -> dict[str, Tensor]:
        """Outputs of each head for inputs as the data give them, without gradients.

        Use it inside `opened()`: outside, the model is borrowed anew for each call.

        Raises:
            ModelError: see `prepare` and `forward`.
        """
        # Not inference_mode: what a module caches there could not be used for gradients later.
        with torch.no_grad():
            return self.forward(self.prepare(inputs))

    def listening(self, layer: str) -> AbstractContextManager[Heard]:
        """While the context lasts, what a layer computes is heard.

        Raises:
            ConfigurationError: there is no such layer.
        """
        assert self.module is not None  # of nothing else a layer was found
        return listening(self.module, layer)

    def digest(self) -> str:
        """Identity of the model: `parameters:…` of a module, `source:…` of a callable.

        `columns:…` stands for stored predictions, `undetermined:…` for a callable without source.
        """
        return self._subject.digest()

    def describe(self) -> dict[str, Any]:
        """What a record keeps of the model; JSON-able."""
        capabilities = self.capabilities
        return {
            "name": self.name,
            **self._subject.describe(),
            "heads": [head.describe() for head in self.heads],
            "preprocess": None if self._preprocess is None else _described(self._preprocess),
            "layer": self.layer or None,
            "inputs": self.inputs.describe(),
            "members": [member.digest() for member in self.members],
            "capabilities": {
                "present": capabilities.present,
                "differentiable": capabilities.differentiable,
                "copyable": capabilities.copyable,
                "embeds": capabilities.embeds,
                "reasons": dict(capabilities.reasons),
            },
        }


def _given(inputs: Any) -> str:
    shape = getattr(inputs, "shape", None)
    named = describe_inputs(inputs)
    return named if shape is None or "[" in named else f"{named} {list(shape)}"


def _described(function: Callable[..., Any]) -> dict[str, Any]:
    digest, reason = source_digest(function)
    return {"name": callable_name(function), "digest": digest or None, "reason": reason or None}


def wrap(
    model: nn.Module | Callable[..., Any],
    *,
    task: Task | str | None = None,
    heads: Mapping[str, Head | Mapping[str, Any]] | Sequence[Head] | None = None,
    decision: Decision | Mapping[str, Any] | None = None,
    outputs: Outputs | str | None = None,
    classes: Sequence[object] | None = None,
    preprocess: Callable[[Any], Any] | None = None,
    device: str | torch.device = "auto",
    unit_metrics: Callable[[Any, Any], Any] | None = None,
    quantiles: Sequence[float] | None = None,
    name: str = "",
    layer: str | None = None,
    inputs: Inputs | Mapping[str, Any] | None = None,
    members: Sequence[nn.Module | Callable[..., Any]] = (),
) -> WrappedModel:  # each argument is one thing that only the user knows about the model
    """A trained model behind auditkit's interface.

    Args:
        model: a module, a bound method of one, or any callable from a batch to outputs.
        task: `binary`, `multiclass`, `multilabel`, `regression` or `custom`.
        heads: instead of `task` and what belongs to it, for a model with several outputs: a
            sequence of `Head`, or a mapping of names to their arguments.
        decision: threshold or argmax, and the favourable class; needed for selection metrics.
        outputs: `logits`, `probabilities` or `values`; needed for calibration.
        classes: labels in the order of the columns; binary: (negative, positive).
        preprocess: from a batch of the data to what the model takes. Without one, numeric columns
            of a frame and arrays become tensors, and tensors are passed on.
        device: `auto` (CUDA, else CPU), a device's name, or `keep` for a model that is dispatched,
            sharded or quantised, which is then used by its forward alone.
        unit_metrics: for the task `custom`: (output, target) → one number per unit, or a mapping
            of names to such.
        quantiles: for a regression that predicts quantiles: their levels, ascending, one for each
            column of the output.
        name: for people; that of the model's class by default.
        layer: name of the layer that is looked into (`encoder.2`, or `input of encoder.2`); by
            default the input of the last layer, where that is linear.
        inputs: what the model is given: {"medium": "image", "range": (0, 1)}, the range being that
            of the numbers after `preprocess`; needed for corruptions and attacks.
        members: the other members of an ensemble: models of the same task, whose answers to a
            sample are compared with those of `model`, which alone is audited.

    Raises:
        ConfigurationError: the declaration contradicts itself, or there is no such device or layer.
        ModelError: the module has no weights.

    >>> model = wrap(nn.Linear(3, 1), task="binary", outputs="logits", classes=("no", "yes"))
    >>> model.predict(torch.zeros(2, 3))[""].shape
    torch.Size([2])
    """
    options = {
        "decision": decision,
        "outputs": outputs,
        "classes": classes,
        "unit_metrics": unit_metrics,
        "quantiles": quantiles,
    }
    made = make_heads(task, heads, options)
    if preprocess is not None and not callable(preprocess):
        raise ConfigurationError(
            f"preprocess is {preprocess!r}; expected a callable.",
            mend="Give a function from a batch of the data to what the model takes.",
        )
    if isinstance(members, nn.Module) or not isinstance(members, Sequence):
        raise ConfigurationError(
            f"members is a {type(members).__name__}; expected a list of models.",
            mend="Give the other members of the ensemble as a list.",
        )
    others = tuple(WrappedModel(_subject(one, device), made, preprocess) for one in members)
    return WrappedModel(
        _subject(model, device),
        made,
        preprocess,
        name or callable_name(model),
        layer,
        declared_inputs(inputs),
        others,
    )


def rewrapped(model: WrappedModel, other: nn.Module | Callable[..., Any]) -> WrappedModel:
    """Another model behind the interface of a wrapped one: its heads and its device.

    It is given prepared inputs, and has no preprocess of its own.

    Args:
        model: whose declaration holds.
        other: what answers in its place.

    Raises:
        ConfigurationError, ModelError: see `wrap`.
    """
    return WrappedModel(_subject(other, model.device), model.heads, name=callable_name(other))


def _subject(model: Any, device: str | torch.device) -> Subject:
    if isinstance(model, nn.Module):
        return ModuleSubject(model, device)
    owner = getattr(model, "__self__", None)
    if isinstance(owner, nn.Module):
        return ModuleSubject(owner, device, model)
    if isinstance(model, WrappedModel) or not callable(model):
        raise ConfigurationError(
            f"wrap was given a {type(model).__name__}; expected a torch module or a callable.",
            mend="Load a model file with auditkit.models.load_model, and wrap its `module`.",
        )
    return CallableSubject(model, named_device("cpu" if device in ("auto", "keep") else device))
