"""Bins of the probability of every class, batch by batch, on the device and without a host read.

With many classes nearly all probabilities are small. Only those of at least 1/15, of which a row
has 15 at most, are scattered into their bins; the lowest bin of a class holds what is left of its
columns' totals.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from auditkit.evidence.accumulators import FOLD_EVERY, sum_with_error
from auditkit.evidence.hashing import BLOCKS
from auditkit.evidence.needs import BLOCK, ClassBinsNeed, Column
from auditkit.evidence.subject import Subject, View, ViewKey
from auditkit.evidence.units import Units
from auditkit.evidence.wide_rows import double_pieces
from auditkit.models.head import Task
from auditkit.statistics.class_bins import ClassBins
from auditkit.statistics.compensated import Pair, add, reduce
from auditkit.statistics.score_cells import BINS

_SMALLEST = 0.999 / BINS

Entries = tuple[Tensor, Tensor, Tensor]
"""Rows, columns and values of entries of a batch, of the same shape (k,)."""


def entries_by_mask(probabilities: Tensor) -> Entries:
    """The entries of about 1/15 and more, found by looking: on the CPU, where that is no wait.

    Args:
        probabilities: of shape (n, classes).

    >>> rows, columns, values = entries_by_mask(torch.tensor([[0.25, 0.75], [0.0, 1.0]]))
    >>> rows.tolist(), columns.tolist(), values.tolist()
    ([0, 0, 1], [0, 1, 1], [0.25, 0.75, 1.0])
    """
    # NumPy finds them in a quarter of the time that torch's `nonzero` takes. A few too small ones
    # do no harm, so that no rounding matters.
    flat = torch.from_numpy(np.flatnonzero(probabilities.numpy() > _SMALLEST))
    classes = probabilities.shape[1]
    rows = flat // classes
    return rows, flat - rows * classes, probabilities.reshape(-1)[flat]


def entries_by_rank(probabilities: Tensor) -> Entries:
    """The 15 largest entries of each row: all of at least 1/15, and others, which lie in bin 0.

    Its shape does not depend on the values, so that no device is waited for.

    Args:
        probabilities: of shape (n, classes), whose rows sum to 1 within a few hundredths.
    """
    n, classes = probabilities.shape
    values, columns = probabilities.topk(min(classes, BINS), dim=1)
    rows = torch.arange(n, device=probabilities.device)[:, None].expand_as(columns)
    return rows.reshape(-1), columns.reshape(-1), values.reshape(-1)


class CompensatedSums:
    """Sums (float64) that are added up plainly for a few batches, then as pairs; see `Moments`.

    Attributes:
        recent: to be added to in place; `done` ends a batch.
    """

    def __init__(self, shape: tuple[int, ...], device: torch.device) -> None:
        self._sums, self._lacking, self.recent = (
            torch.zeros(shape, dtype=torch.float64, device=device) for _ in range(3)
        )
        self._batches = 0

    def done(self) -> None:
        """One batch has been added."""
        self._batches += 1
        if self._batches % FOLD_EVERY == 0:
            self._fold()

    def read(self) -> Pair:
        """The sums, and what they lack of the true ones; reads the device."""
        self._fold()
        return self._sums.cpu().numpy().copy(), self._lacking.cpu().numpy().copy()

    def _fold(self) -> None:
        self._sums, error = sum_with_error(self._sums, self.recent)
        self._lacking += error
        self.recent.zero_()


class ClassBinAccumulator:
    """Fills the bins of one view.

    Args:
        classes: names of the classes.
        blocks: how many sets of units are told apart.
        device: where the probabilities are.

    Attributes:
        entries: which entries of a batch are scattered; both ways lead to the same bins.
    """

    def __init__(self, classes: tuple[str, ...], blocks: int, device: torch.device) -> None:
        self._classes = classes
        self._blocks = blocks
        self.entries = entries_by_mask if device.type == "cpu" else entries_by_rank
        cells = blocks * len(classes)
        # The lowest bin is overwritten in the end: what falls into it before means nothing.
        self._counts, self._hits = (
            torch.zeros(cells * BINS, dtype=torch.int64, device=device) for _ in range(2)
        )
        self._units = torch.zeros(blocks, dtype=torch.int64, device=device)
        self._truths = torch.zeros(cells, dtype=torch.int64, device=device)
        self._scores = CompensatedSums((cells * BINS,), device)
        # Of every class: probabilities, their squares, and those given to the true class.
        self._totals = CompensatedSums((3, blocks, len(classes)), device)

    def add(self, probabilities: Tensor, target: Tensor, blocks: Tensor | None = None) -> None:
        """Add a batch.

        Args:
            probabilities: float32 or float64 of shape (n, classes).
            target: codes of the true classes, int64 of shape (n,).
            blocks: of the units, int64 of shape (n,); None where there is one.
        """
        rows, columns, values = self.entries(probabilities)
        cell = columns if blocks is None else blocks[rows] * len(self._classes) + columns
        index = cell * BINS + (values * BINS).long().clamp_(0, BINS - 1)
        self._counts.scatter_add_(0, index, torch.ones_like(index))
        self._hits.scatter_add_(0, index, (target[rows] == columns).long())
        self._scores.recent.index_add_(0, index, values.double())
        self._scores.done()
        self._add_totals(probabilities, target, blocks)

    def _add_totals(self, probabilities: Tensor, target: Tensor, blocks: Tensor | None) -> None:
        place = target if blocks is None else blocks * len(self._classes) + target
        self._truths.scatter_add_(0, place, torch.ones_like(place))
        given = probabilities.gather(1, target[:, None])[:, 0].double()
        totals = self._totals.recent
        totals[2].view(-1).index_add_(0, place, given)
        if blocks is None:
            self._units += len(probabilities)
            for piece in double_pieces(probabilities):
                totals[0] += piece.sum(dim=0)
                totals[1] += piece.square_().sum(dim=0)
        else:
            self._units.scatter_add_(0, blocks, torch.ones_like(blocks))
            start = 0
            for piece in double_pieces(probabilities):
                block = blocks[start : start + len(piece)]
                totals[0].index_add_(0, block, piece)
                totals[1].index_add_(0, block, piece.square_())
                start += len(piece)
        self._totals.done()

    def bins(self) -> ClassBins:
        """What was added up; reads the device."""
        shape = (self._blocks, len(self._classes), BINS)
        counts, hits = (
            state.cpu().numpy().reshape(shape).copy() for state in (self._counts, self._hits)
        )
        units = self._units.cpu().numpy()
        counts[..., 0] = units[:, None] - counts[..., 1:].sum(axis=2)
        truths = self._truths.cpu().numpy().reshape(shape[:2])
        hits[..., 0] = truths - hits[..., 1:].sum(axis=2)
        totals, lacking = self._totals.read()
        scores, rest = (part.reshape(shape) for part in self._scores.read())
        _put_lowest((scores, rest), (totals[0], lacking[0]), counts[..., 0] > 0)
        return ClassBins(
            self._classes, counts, hits, scores, totals[1], totals[2], rest, lacking[1], lacking[2]
        )


def _put_lowest(scores: Pair, totals: Pair, met: np.ndarray) -> None:
    """Write into the lowest bin what the others leave of the totals, in place."""
    high, low = reduce((scores[0][..., 1:], scores[1][..., 1:]), axis=2)
    left, left_rest = add(totals, (-high, -low))
    # Rounding can leave a trace where there is nothing.
    kept = met & (left > 0)
    scores[0][..., 0] = np.where(kept, left, 0.0)
    scores[1][..., 0] = np.where(kept, left_rest, 0.0)


class ClassBinTables:
    """The class bins of a plan.

    Args:
        needs: of the plan.
        subject: whose views they name.
        device: where outputs are counted.

    Attributes:
        columns: those of the data whose codes are needed.

    Raises:
        ValueError: a view that is no whole multiclass head with probabilities.
    """

    def __init__(
        self, needs: tuple[ClassBinsNeed, ...], subject: Subject, device: torch.device
    ) -> None:
        blocks = BLOCKS if subject.clustered else 1
        self._device = device
        self._states = {
            need: ClassBinAccumulator(_checked(subject.view(need.view)).classes, blocks, device)
            for need in needs
        }
        self.columns: tuple[Column, ...] = (BLOCK,) if needs and subject.clustered else ()

    def add(
        self,
        units: Mapping[ViewKey, Units],
        of_data: Mapping[Column, np.ndarray],
        labelled: np.ndarray | None,
    ) -> None:
        """Add the labelled rows of one batch.

        Args:
            units: of each view.
            of_data: the codes of `columns`, int64 of shape (n,) each.
            labelled: places of the units with a label; None if all have one.
        """
        if not self._states or (labelled is not None and not labelled.size):
            return
        places = None if labelled is None else self._moved(labelled)
        blocks = self._moved(of_data[BLOCK]) if self.columns else None
        for need, state in self._states.items():
            probabilities, target = units[need.view].batch.scores, units[need.view].code("target")
            if places is None:
                state.add(probabilities, target, blocks)
            else:
                chosen = None if blocks is None else blocks[places]
                state.add(probabilities[places], target[places], chosen)

    def _moved(self, codes: np.ndarray) -> Tensor:
        return torch.from_numpy(codes).to(self._device, non_blocking=True)

    def bins(self) -> dict[ClassBinsNeed, ClassBins]:
        """What was added up, by need; reads the device."""
        return {need: state.bins() for need, state in self._states.items()}


def _checked(view: View) -> View:
    if view.task is not Task.MULTICLASS or not view.probabilistic:
        raise ValueError(f"class bins are of multiclass probabilities, not of {view.key or 'this'}")
    return view
