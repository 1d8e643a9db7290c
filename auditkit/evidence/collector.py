"""One split, batch by batch: outputs, targets and groups become counts, sums and a sample."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from auditkit.data.batch import Batch
from auditkit.evidence.accumulators import CountAccumulator, SumAccumulator
from auditkit.evidence.clusters import ClusterTally
from auditkit.evidence.collected import SplitEvidence
from auditkit.evidence.guard import OutputGuard
from auditkit.evidence.host_codes import BLOCKS, Bins, Vocabulary, blocks
from auditkit.evidence.needs import BLOCK, Column, CountNeed, SplitPlan, SumNeed
from auditkit.evidence.sample import Sampler, map_tensors
from auditkit.evidence.subject import Subject, View, ViewKey
from auditkit.evidence.targets import encode
from auditkit.evidence.units import HeadBatch, Units, size_of
from auditkit.models.wrapped import WrappedModel
from auditkit.statistics.counts import Axis, Counts
from auditkit.statistics.moments import Moments

_OUTPUT_KINDS = ("target", "prediction", "correct", "score_cell")


class HostAxes:
    """Codes made on the host: their labels are found as the data come in.

    Args:
        edges: numeric feature → its edges; other declared streams → None.
    """

    def __init__(self, subject: Subject, edges: Mapping[str, tuple[float, ...] | None]) -> None:
        self._columns = subject.columns
        self._vocabularies = {group.name: Vocabulary() for group in subject.columns.groups}
        self._bins = {name: Bins(edges[name]) for name in edges}

    def encode(self, batch: Batch, wanted: set[Column]) -> dict[Column, np.ndarray]:
        """Codes of every wanted host column for one batch, int64 of shape (n,)."""
        codes: dict[Column, np.ndarray] = {}
        for column in wanted:
            if column == BLOCK:
                ids = batch.row_ids if batch.clusters is None else batch.clusters
                codes[column] = blocks(ids)
            elif column.kind == "group":
                codes[column] = self._vocabularies[column.name].encode(batch.groups[column.name])
            elif column.kind == "feature" and batch.frame is not None:
                codes[column] = self._bins[column.name].encode(batch.frame[column.name])
        return codes

    def labels(self, column: Column) -> tuple[str, ...]:
        """The labels of a host column so far."""
        if column == BLOCK:
            return tuple(str(block) for block in range(BLOCKS))
        if column.kind == "group":
            return self._vocabularies[column.name].labels
        return self._bins[column.name].labels

    def is_open(self, column: Column) -> bool:
        """Whether the labels depend on the data met."""
        if column.kind == "group":
            return True
        return column.kind == "feature" and not self._bins[column.name].numeric


class SplitCollector:
    """Collects what a plan asks of one split; `update` for each batch, then `finish`.

    Args:
        subject: what is audited.
        plan: what to collect.
        model: the opened model.
        edges: stream → edges of its bins, None for a categorical one.
        seed: of the sample.
    """

    def __init__(
        self,
        subject: Subject,
        plan: SplitPlan,
        model: WrappedModel,
        edges: Mapping[str, tuple[float, ...] | None],
        seed: int,
    ) -> None:
        self._subject = subject
        self._plan = plan
        self._model = model
        self._device = torch.device(model.device)
        self._heads = {view.head.name: view.head for view in subject.views}
        self._host = HostAxes(subject, edges)
        self._wanted = {axis for need in self._needs for axis in need.axes if _is_host(axis)}
        if subject.clustered:
            self._wanted |= {Column("group", group.name) for group in subject.columns.groups}
        self._guard = OutputGuard(self._device)
        self._counts: dict[CountNeed, CountAccumulator] = {}
        self._sums: dict[SumNeed, SumAccumulator] = {}
        self._clusters = ClusterTally(tuple(group.name for group in subject.columns.groups))
        sizes = [need.sample for need in plan.attributions]
        self._sampler = Sampler(max(sizes), seed) if sizes else None
        self.rows = 0

    @property
    def _needs(self) -> tuple[CountNeed | SumNeed, ...]:
        return (*self._plan.counts, *self._plan.sums)

    def update(self, batch: Batch) -> None:
        """Run the model on one batch and add it up.

        Raises:
            DataError: labels that the model does not know.
            ModelError: outputs that contradict the declaration.
        """
        n = len(batch.row_ids)
        targets = self._targets(batch)
        prepared = self._model.prepare(batch.inputs)
        with torch.no_grad():
            raw = self._model.forward(prepared)
            host = self._host_codes(batch)
            units = self._units(raw, targets)
            self._accumulate(units, host, n)
        for name, head in self._heads.items():
            self._guard.watch(head, raw[name])
        self._guard.batch_done(n)
        if self._sampler is not None:
            self._sampler.add(prepared, targets, batch.row_ids)
        self.rows += n

    def _targets(self, batch: Batch) -> dict[str, Any]:
        given = batch.targets if isinstance(batch.targets, Mapping) else None
        return {
            name: encode(batch.targets if given is None else given[name], head, batch.row_ids)
            for name, head in self._heads.items()
        }

    def _host_codes(self, batch: Batch) -> dict[Column, Tensor]:
        codes = self._host.encode(batch, self._wanted)
        if batch.clusters is not None:
            groups = {name: codes[Column("group", name)] for name in self._clusters.attributes}
            self._clusters.add(batch.clusters, groups)
        return {
            column: torch.from_numpy(values).to(self._device, non_blocking=True)
            for column, values in codes.items()
        }

    def _units(self, raw: Mapping[str, Tensor], targets: Mapping[str, Any]) -> dict[ViewKey, Units]:
        batches = {
            name: HeadBatch(
                head,
                raw[name],
                map_tensors(lambda t: t.to(self._device, non_blocking=True), targets[name]),
            )
            for name, head in self._heads.items()
        }
        return {view.key: Units(view, batches[view.head.name]) for view in self._subject.views}

    def _accumulate(
        self, units: Mapping[ViewKey, Units], host: Mapping[Column, Tensor], n: int
    ) -> None:
        for need in self._plan.counts:
            sizes = self._sizes(need)
            if need not in self._counts:
                names = [str(axis) for axis in need.axes]
                self._counts[need] = CountAccumulator(names, sizes, self._device)
            self._counts[need].add(_codes(need, units, host), sizes, n)
        for summed in self._plan.sums:
            sizes = self._sizes(summed)
            if summed not in self._sums:
                names = [str(axis) for axis in summed.axes]
                self._sums[summed] = SumAccumulator(names, sizes, self._device)
            values = units[summed.view].value(summed.value)
            self._sums[summed].add(values, _codes(summed, units, host), sizes)

    def _sizes(self, need: CountNeed | SumNeed) -> list[int]:
        return [len(self._axis(need, column).labels) for column in need.axes]

    def _axis(self, need: CountNeed | SumNeed, column: Column) -> Axis:
        if _is_host(column):
            labels, is_open = self._host.labels(column), self._host.is_open(column)
            return Axis(str(column), labels, open=is_open)
        assert need.view is not None  # an axis of an output always comes with its view
        return Axis(str(column), _output_labels(column.kind, self._subject.view(need.view)))

    def check(self) -> None:
        """Read the guard: called at the end of a fragment."""
        self._guard.read()

    def finish(self) -> SplitEvidence:
        """What was collected."""
        self._guard.read()
        counts = {
            need: Counts(self._axes(need), accumulator.array(self._sizes(need)))
            for need, accumulator in self._counts.items()
        }
        sums = {
            need: _moments(self._axes(need), need.value, accumulator.arrays(self._sizes(need)))
            for need, accumulator in self._sums.items()
        }
        return SplitEvidence(
            rows=self.rows,
            counts=counts,
            sums=sums,
            clusters=self._clusters.pairs() if self._subject.clustered else None,
            cluster_levels={
                name: self._host.labels(Column("group", name)) for name in self._clusters.attributes
            },
            sample=None if self._sampler is None else self._sampler.sample,
        )

    def _axes(self, need: CountNeed | SumNeed) -> tuple[Axis, ...]:
        return tuple(self._axis(need, column) for column in need.axes)


def _moments(axes: tuple[Axis, ...], name: str, states: Sequence[np.ndarray]) -> Moments:
    return Moments(axes, (name,), *(state[None] for state in states))


def _is_host(column: Column) -> bool:
    return column.kind not in _OUTPUT_KINDS


def _output_labels(kind: str, view: View) -> tuple[str, ...]:
    if kind == "correct":
        return ("wrong", "right")
    if kind == "score_cell":
        return tuple(str(cell) for cell in range(size_of(kind, view)))
    return view.classes


def _codes(
    need: CountNeed | SumNeed, units: Mapping[ViewKey, Units], host: Mapping[Column, Tensor]
) -> list[Tensor]:
    return [
        host[column]
        if _is_host(column)
        # A count of an output's axes names its view; see make_plan.
        else units[need.view].code(column.kind)  # type: ignore[index]
        for column in need.axes
    ]
