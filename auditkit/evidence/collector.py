"""One split, batch by batch: outputs, targets and groups become counts, sums and a sample."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch

from auditkit.data.batch import Batch
from auditkit.data.roles import DECLARE_LABELLED
from auditkit.errors import DataError
from auditkit.evidence.class_bin_accumulators import ClassBinTables
from auditkit.evidence.clusters import ClusterTally
from auditkit.evidence.collected import SplitEvidence
from auditkit.evidence.fingerprinting import Fingerprinter
from auditkit.evidence.hashing import hashes
from auditkit.evidence.host_axes import Edges, HostAxes
from auditkit.evidence.needs import BLOCK, CORRECT, FOLD, SliceNeed, group
from auditkit.evidence.plan import SplitPlan
from auditkit.evidence.review import ReviewLists
from auditkit.evidence.row_recorder import RowRecorders
from auditkit.evidence.row_values import RowValues
from auditkit.evidence.runner import BatchRunner
from auditkit.evidence.sample import Sampler
from auditkit.evidence.slice_tables import SliceAccumulator
from auditkit.evidence.subject import Labels, Subject, ViewKey
from auditkit.evidence.tables import Tables
from auditkit.evidence.units import Units
from auditkit.models.wrapped import WrappedModel


class SplitCollector:
    """Collects what a plan asks of one split; `update` for each batch, then `finish`.

    Args:
        subject: what is audited.
        plan: what to collect.
        model: the opened model.
        edges: stream → edges of its bins, None for one that is not numeric.
        seed: of the sample.
        split: its name, for messages.

    Attributes:
        rows: how many units were added up.
    """

    # Seven arguments with self: what is audited, what is asked, and how.
    def __init__(
        self,
        subject: Subject,
        plan: SplitPlan,
        model: WrappedModel,
        edges: Edges,
        seed: int,
        split: str = "evaluation",
    ) -> None:
        self.rows = 0
        self._unlabelled = 0
        self._subject = subject
        self._runner = BatchRunner(model)
        self._host = HostAxes(subject, edges, split)
        self._tables = Tables(plan, subject, self._host, self._runner.device)
        self._groups = tuple(group(declared.name) for declared in subject.columns.groups)
        self._tally = ClusterTally(len(self._groups)) if subject.clustered else None
        self._rows = RowRecorders(plan.rows, model, self._host, seed)
        self._class_bins = ClassBinTables(plan.class_bins, subject, self._runner.device)
        self._reviews = ReviewLists(plan.reviews, subject, self._runner.device)
        wanted = (*self._tables.columns, *self._groups, *self._rows.columns)
        wanted += self._class_bins.columns
        self._columns = tuple(dict.fromkeys(wanted))
        self._slices = {need: self._slice_accumulator(need) for need in plan.slices}
        self._sampler = Sampler(plan.sampled, seed) if plan.sampled else None
        self._fingerprints = {
            need: Fingerprinter(need, seed, subject.medium, model.answer_columns)
            for need in plan.fingerprints
        }

    def update(self, batch: Batch, fragment: str = "") -> None:
        """Run the model on one batch of a fragment and add it up.

        Raises:
            DataError: labels that the model does not know.
            ModelError: outputs that contradict the declaration.
        """
        if not len(batch):
            return
        for fingerprinter in self._fingerprints.values():
            fingerprinter.add(batch)
        with self._rows.listening() as heard:
            answered = self._runner.run(batch, None if self._sampler is None else self._sampler.add)
        labelled = self._labelled(batch)
        codes = self._host.encode(batch, self._columns)
        views = self._subject.views
        with torch.no_grad():
            rows = RowValues.of(batch, self._subject.columns, self._runner.device)
            units = {view.key: Units(view, answered.heads[view.head.name], rows) for view in views}
            self._tables.add(units, codes, len(batch), labelled)
            self._rows.add(fragment, batch, codes, units, heard)
            self._add_slices(units, batch, labelled)
            self._class_bins.add(units, codes, labelled)
            self._reviews.add(units, batch, labelled)
        if self._tally is not None and batch.clusters is not None:
            self._tally.add(hashes(batch.clusters), [codes[column] for column in self._groups])
        self.rows += len(batch)
        self._unlabelled += 0 if labelled is None else len(batch) - len(labelled)

    def _labelled(self, batch: Batch) -> np.ndarray | None:
        """Places of the rows with a label; None if all have one.

        Raises:
            DataError: some have none, and nothing declares that.
        """
        places = batch.labelled_places
        if places is not None and self._subject.labels is Labels.ALL:
            raise DataError(
                f"{len(batch) - len(places)} rows of a batch have no target, and others have one.",
                mend=DECLARE_LABELLED,
            )
        return places

    def _slice_accumulator(self, need: SliceNeed) -> SliceAccumulator:
        axes = [self._host.slice_axis(column) for column in need.axes]
        return SliceAccumulator(need, axes, clustered=self._subject.clustered)

    def _add_slices(
        self, units: Mapping[ViewKey, Units], batch: Batch, labelled: np.ndarray | None
    ) -> None:
        if not self._slices or (labelled is not None and not labelled.size):
            return
        ids = self._host.encode(batch, (FOLD, BLOCK) if self._subject.clustered else (FOLD,))
        axes = dict.fromkeys(column for need in self._slices for column in need.axes)
        codes = {column: self._host.slice_codes(batch, column) for column in axes}
        for need, tables in self._slices.items():
            of_view = units[need.view]
            errors = of_view.value(need.value) if need.value else of_view.code(CORRECT.kind) == 0
            of_axes, blocks = [codes[column] for column in need.axes], ids.get(BLOCK)
            if labelled is None:
                tables.add(of_axes, ids[FOLD], blocks, errors)
                continue
            places = torch.from_numpy(labelled).to(errors.device, non_blocking=True)
            tables.add(
                [one[labelled] for one in of_axes],
                ids[FOLD][labelled],
                None if blocks is None else blocks[labelled],
                errors[places],
            )

    def check(self) -> None:
        """Raise if outputs so far contradict the declaration; called at the end of a fragment.

        Raises:
            ModelError: see `auditkit.evidence.guard`.
        """
        self._runner.check()

    def finish(self) -> SplitEvidence:
        """What was collected.

        Raises:
            ModelError: outputs that contradict the declaration, or sums beyond all numbers.
        """
        self._runner.check()
        levels = {column.name: self._host.axis(column).labels for column in self._groups}
        return SplitEvidence(
            rows=self.rows,
            counts=self._tables.counts(),
            sums=self._tables.sums(),
            levels={name: tuple(sorted(found)) for name, found in levels.items()},
            clusters=None if self._tally is None else self._tally.clusters(levels),
            sample=None if self._sampler is None else self._sampler.sample,
            row_logs=self._rows.logs(),
            slices={need: tables.tables() for need, tables in self._slices.items()},
            unlabelled=self._unlabelled,
            class_bins=self._class_bins.bins(),
            review=self._reviews.reviews(),
            undrawn="" if self._sampler is None else self._sampler.lacking,
            fingerprints={need: taken.fingerprints for need, taken in self._fingerprints.items()},
        )
