"""The states of one pass: a table of counts or sums for each need, filled batch by batch."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from auditkit.errors import ModelError
from auditkit.evidence.host_axes import HostAxes
from auditkit.evidence.levels import settled_arrays, settled_cells
from auditkit.evidence.needs import Column, CountNeed, SumNeed, rests_on_labels
from auditkit.evidence.plan import SplitPlan
from auditkit.evidence.sparse_accumulators import (
    AnyCountAccumulator,
    AnySumAccumulator,
    SparseCountAccumulator,
    SparseSumAccumulator,
    count_accumulator,
    roomy_counts,
    roomy_sums,
    sum_accumulator,
)
from auditkit.evidence.subject import Subject, View, ViewKey
from auditkit.evidence.units import Units, labels_of, size_of
from auditkit.statistics.counts import Axis, Counts
from auditkit.statistics.moments import Moments
from auditkit.statistics.sparse_counts import AnyCounts, SparseCounts, held
from auditkit.statistics.sparse_moments import AnyMoments, SparseMoments, held_moments

_CPU = torch.device("cpu")


class Layout:
    """The axes of one need: those of the output are fixed, those of the data grow.

    Args:
        need: what is counted or summed.
        view: the output that it is of; None if it is of the data alone.
        host: the axes of the data.
    """

    def __init__(self, need: CountNeed | SumNeed, view: View | None, host: HostAxes) -> None:
        self.columns = need.axes
        self._view = view
        self._host = host
        self._fixed = {
            column: size_of(column.kind, view)
            for column in need.axes
            if view is not None and not column.of_data
        }

    @property
    def names(self) -> list[str]:
        """The names of the axes."""
        return [str(column) for column in self.columns]

    def sizes(self) -> list[int]:
        """How many codes each axis has so far."""
        return [
            self._host.size(column) if column.of_data else self._fixed[column]
            for column in self.columns
        ]

    def axes(self) -> tuple[Axis, ...]:
        """The axes with their labels so far."""
        return tuple(
            self._host.axis(column)
            if column.of_data or self._view is None
            else Axis(str(column), labels_of(column.kind, self._view))
            for column in self.columns
        )


class Tables:
    """Every count and sum of a plan.

    Args:
        plan: what to collect.
        subject: whose views the needs name.
        host: the axes of the data.
        device: where outputs are counted.
    """

    def __init__(
        self, plan: SplitPlan, subject: Subject, host: HostAxes, device: torch.device
    ) -> None:
        self._device = device
        views = {view.key: view for view in subject.views}
        needs: tuple[CountNeed | SumNeed, ...] = (*plan.counts, *plan.sums)
        self._layouts = {
            need: Layout(need, None if need.view is None else views[need.view], host)
            for need in needs
        }
        self._counts = {need: count_accumulator(*self._shape(need)) for need in plan.counts}
        self._sums = {need: sum_accumulator(*self._shape(need)) for need in plan.sums}
        self.columns = tuple(
            dict.fromkeys(axis for need in needs for axis in need.axes if axis.of_data)
        )
        self._beside_outputs = [
            column
            for column in self.columns
            if any(column in need.axes for need in needs if not _of_data(need))
        ]

    def _shape(self, need: CountNeed | SumNeed) -> tuple[list[str], list[int], torch.device]:
        # Counts of the data alone stay on the host, where their codes are made.
        device = _CPU if _of_data(need) else self._device
        return self._layouts[need].names, self._layouts[need].sizes(), device

    def add(
        self,
        units: Mapping[ViewKey, Units],
        of_data: Mapping[Column, np.ndarray],
        n: int,
        labelled: np.ndarray | None = None,
    ) -> None:
        """Add up one batch of n units.

        Args:
            units: of each view.
            of_data: the codes of `columns`, int64 of shape (n,) each.
            labelled: places of the units with a label; None if all have one.
        """
        # Made on the host, where it is known who is labelled: no mask is read from the device.
        chosen = None if labelled is None else torch.from_numpy(labelled)
        places = None if chosen is None else chosen.to(self._device, non_blocking=True)
        size = n if labelled is None else len(labelled)

        def left_out(need: CountNeed | SumNeed) -> bool:
            return places is not None and rests_on_labels(need)

        on_host = {column: torch.from_numpy(codes) for column, codes in of_data.items()}
        on_device = self._moved(of_data)

        def codes(need: CountNeed | SumNeed) -> list[Tensor]:
            if need.view is None or _of_data(need):
                return [on_host[column] for column in need.axes]
            of_view = units[need.view]
            return [
                on_device[column] if column.of_data else of_view.code(column.kind)
                for column in need.axes
            ]

        def of_labelled(need: CountNeed | SumNeed) -> list[Tensor]:
            # A batch without any label is added too: its levels make the axes grow.
            return [code[places] for code in codes(need)] if size else [nothing] * len(need.axes)

        nothing = torch.zeros(0, dtype=torch.int64, device=self._device)
        for need, counts in self._counts.items():
            sizes = self._layouts[need].sizes()
            self._counts[need] = roomy = roomy_counts(counts, sizes)
            if left_out(need):
                roomy.add(of_labelled(need), sizes, size)
            else:
                roomy.add(codes(need), sizes, n)
        for summed, sums in self._sums.items():
            sizes = self._layouts[summed].sizes()
            self._sums[summed] = room = roomy_sums(sums, sizes)
            if left_out(summed):
                values = units[summed.view].value(summed.value)[places] if size else nothing
                room.add(values.double(), of_labelled(summed), sizes)
            else:
                room.add(units[summed.view].value(summed.value), codes(summed), sizes)

    def _moved(self, of_data: Mapping[Column, np.ndarray]) -> dict[Column, Tensor]:
        """Codes of the data that are counted together with outputs, in one transfer."""
        if not self._beside_outputs:
            return {}
        stacked = np.stack([of_data[column] for column in self._beside_outputs])
        moved = torch.from_numpy(stacked).to(self._device, non_blocking=True)
        return dict(zip(self._beside_outputs, moved, strict=True))

    def counts(self) -> dict[CountNeed, AnyCounts]:
        """What was counted; reads the device."""
        return {need: self._count(need, state) for need, state in self._counts.items()}

    def sums(self) -> dict[SumNeed, AnyMoments]:
        """What was summed; reads the device.

        Raises:
            ModelError: a sum is beyond all numbers.
        """
        return {need: self._sum(need, state) for need, state in self._sums.items()}

    def _count(self, need: CountNeed, state: AnyCountAccumulator) -> AnyCounts:
        layout = self._layouts[need]
        if isinstance(state, SparseCountAccumulator):
            codes, units = state.occupied(layout.sizes())
            axes, codes = settled_cells(layout.axes(), codes)
            return held(SparseCounts.added_up(axes, codes, units))
        axes, (values,) = settled_arrays(layout.axes(), state.array(layout.sizes()))
        return Counts(axes, values)

    def _sum(self, need: SumNeed, state: AnySumAccumulator) -> AnyMoments:
        layout = self._layouts[need]
        if isinstance(state, SparseSumAccumulator):
            codes, numbers, sums, lacking = state.occupied(layout.sizes())
        else:
            numbers, sums, lacking = state.arrays(layout.sizes())
        if not np.isfinite(sums).all():
            raise ModelError(
                f"The sum of {need.value} is beyond all numbers: some outputs are absurdly large.",
                mend="Mend the model or its preprocessing, or scale its outputs.",
            )
        states = [part[None] for part in (numbers, *sums, *lacking)]
        if isinstance(state, SparseSumAccumulator):
            axes, codes = settled_cells(layout.axes(), codes)
            return held_moments(SparseMoments.added_up(axes, (need.value,), codes, states))
        axes, settled = settled_arrays(layout.axes(), *states)
        return Moments(axes, (need.value,), *settled)


def _of_data(need: CountNeed | SumNeed) -> bool:
    return isinstance(need, CountNeed) and all(column.of_data for column in need.axes)
