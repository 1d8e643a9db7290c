"""One batch through the model: targets encoded, outputs watched, unit metrics computed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from auditkit.data.batch import Batch
from auditkit.errors import AuditkitError, ModelError
from auditkit.evidence.guard import OutputGuard
from auditkit.evidence.nests import map_tensors
from auditkit.evidence.targets import previous_of, targets_of
from auditkit.evidence.units import HeadBatch
from auditkit.models.head import Head, Task
from auditkit.models.wrapped import WrappedModel

Seen = Callable[[Any, Batch, Mapping[str, Any]], None]
"""Is shown prepared inputs on the device, their batch, and head → encoded targets on the CPU."""


@dataclass(frozen=True)
class Answered:
    """A batch that the model has answered.

    Attributes:
        heads: head → its outputs with targets and unit metrics, on the device.
    """

    heads: Mapping[str, HeadBatch]


class BatchRunner:
    """Runs an opened model on batches, and refuses outputs that contradict the declaration.

    No value is read from the device, except by the guard after the first batch and every 64th.

    Attributes:
        device: where outputs are counted.
    """

    def __init__(self, model: WrappedModel) -> None:
        self._model = model
        self.device = evidence_device(model)
        self._guard = OutputGuard()
        self._metric_names: dict[str, tuple[str, ...]] = {}

    def run(self, batch: Batch, seen: Seen | None = None) -> Answered:
        """One batch, without gradients.

        Args:
            batch: what the data give.
            seen: is shown what the model will be given, and the targets, before it has them.

        Raises:
            DataError: labels that the model does not know.
            ModelError: outputs that contradict the declaration, here or in an earlier batch.
        """
        targets = targets_of(batch, self._model.heads)
        previous = previous_of(batch, self._model.heads)
        prepared = self._model.prepare(batch.inputs)
        if seen is not None:
            seen(prepared, batch, targets)
        with torch.no_grad():
            raw = self._model.forward(prepared)
            heads = {
                head.name: self._head(
                    head, raw[head.name], targets[head.name], previous.get(head.name), batch
                )
                for head in self._model.heads
            }
        self._guard.batch_done(batch.row_ids)
        return Answered(heads)

    def check(self) -> None:
        """Raise if any batch so far contradicts the declaration; reads the device.

        Raises:
            ModelError: see `OutputGuard.read`.
        """
        self._guard.read()

    def _head(self, head: Head, raw: Any, target: Any, previous: Any, batch: Batch) -> HeadBatch:
        units, labelled = len(batch), batch.labelled_places
        placed, before = (
            map_tensors(lambda part: part.to(self.device, non_blocking=True), given)
            for given in (target, previous)
        )
        if head.task is not Task.CUSTOM:
            # A dispatched model may answer on another device than it was asked on.
            raw = raw.to(self.device, non_blocking=True)
            self._guard.watch(head, raw)
            return HeadBatch(head, raw, placed, previous=before)
        if isinstance(raw, Tensor) and raw.shape[:1] == (units,):
            self._guard.watch(head, raw)
        if target is None:
            return HeadBatch(head, raw, None)
        metrics = self._unit_metrics(head, raw, placed, units)
        self._guard.watch_metrics(head, _chosen(metrics, labelled))
        return HeadBatch(head, raw, placed, metrics)

    def _unit_metrics(self, head: Head, raw: Any, target: Any, units: int) -> Mapping[str, Tensor]:
        assert head.unit_metrics is not None  # a custom head without them is refused
        try:
            returned = head.unit_metrics(raw, target)
        except AuditkitError:
            raise
        except Exception as error:
            raise ModelError(
                f"unit_metrics of {_named(head)} failed ({type(error).__name__}: {error}).",
                mend="Mend it: it gets the model's output and the targets of one batch.",
            ) from error
        metrics = {
            str(name): _checked(head, name, values, units).to(self.device)
            for name, values in _by_name(returned).items()
        }
        expected = self._metric_names.setdefault(head.name, tuple(metrics))
        if set(expected) != set(metrics):
            raise ModelError(
                f"unit_metrics of {_named(head)} returned {', '.join(metrics)}, and "
                f"{', '.join(expected)} for the first batch.",
                mend="Return the same metrics for every batch.",
            )
        return metrics


def evidence_device(model: WrappedModel) -> torch.device:
    """Where the outputs of a model are counted: on its own device, if that knows float64."""
    device = torch.device(model.device)
    return torch.device("cpu") if device.type == "mps" else device


def _by_name(returned: Any) -> Mapping[Any, Any]:
    return returned if isinstance(returned, Mapping) else {"unit_metric": returned}


def _checked(head: Head, name: Any, values: Any, units: int) -> Tensor:
    if isinstance(values, Tensor) and values.shape == (units,) and not values.is_complex():
        return values.detach()
    found = (
        f"a tensor of shape {tuple(values.shape)}"
        if isinstance(values, Tensor)
        else f"a {type(values).__name__}"
    )
    raise ModelError(
        f"unit_metrics of {_named(head)} returned {found} for {str(name)!r}; expected a tensor of "
        f"shape ({units},), one number per unit.",
        mend="Reduce over every axis but the first.",
    )


def _chosen(metrics: Mapping[str, Tensor], places: np.ndarray | None) -> Mapping[str, Tensor]:
    """The metrics of the labelled rows: of the others nothing can be expected."""
    if places is None:
        return metrics
    return {
        name: values[torch.from_numpy(places).to(values.device, non_blocking=True)]
        for name, values in metrics.items()
    }


def _named(head: Head) -> str:
    return f"the head {head.name!r}" if head.name else "the model"
