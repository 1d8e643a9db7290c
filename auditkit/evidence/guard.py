"""Outputs that contradict the declaration, counted on the device and reported in time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from auditkit.errors import ModelError
from auditkit.models.head import Head
from auditkit.models.outputs import resemble_probabilities, violations

_NEVER = torch.iinfo(torch.int64).max
# A read of the device costs a synchronisation; one in 64 batches is not noticed.
_READ_EVERY = 64
# One row of logits that looks like probabilities can be chance; this many in a row cannot.
_FEWEST_ALIKE = 20


class _Tally:
    """How many rows have a problem, and the ordinal of the first; both stay on the device."""

    def __init__(self, device: torch.device) -> None:
        self.count = torch.zeros((), dtype=torch.int64, device=device)
        self.first = torch.full((), _NEVER, dtype=torch.int64, device=device)

    def add(self, wrong: Tensor, start: int) -> None:
        ordinals = torch.arange(start, start + len(wrong), device=wrong.device)
        self.count += wrong.sum()
        self.first = torch.minimum(self.first, torch.where(wrong, ordinals, _NEVER).amin())


class OutputGuard:
    """Counts rows whose outputs are not finite, or are not what the user declared.

    Each head is watched in every batch, then `batch_done` is called once. The counters are read
    after the first batch and every 64th, and by `read`.
    """

    def __init__(self) -> None:
        self._problems: dict[tuple[str, str], _Tally] = {}
        self._alike: dict[str, _Tally] = {}
        self._rows = 0
        self._batches = 0
        # Row ids of the batches since the last read, so that the first wrong row can be named.
        self._recent: list[tuple[int, np.ndarray]] = []

    def watch(self, head: Head, raw: Any) -> None:
        """Look at one head's output for one batch, without reading the device."""
        for problem, wrong in violations(raw, head).items():
            self._add(self._problems, (head.name, problem), wrong)
        alike = resemble_probabilities(raw, head)
        if alike is not None:
            self._add(self._alike, head.name, alike)

    def watch_metrics(self, head: Head, metrics: Mapping[str, Tensor]) -> None:
        """Look at the unit metrics of a custom head for one batch, likewise."""
        for name, values in metrics.items():
            problem = f"not finite in the unit metric {name!r}"
            self._add(self._problems, (head.name, problem), ~values.isfinite())

    def _add(self, tallies: dict[Any, _Tally], key: Any, rows: Tensor) -> None:
        if key not in tallies:
            tallies[key] = _Tally(rows.device)
        tallies[key].add(rows, self._rows)

    def batch_done(self, row_ids: np.ndarray) -> None:
        """Note the rows of the batch, and read the counters if it is time.

        Raises:
            ModelError: as of `read`.
        """
        self._recent.append((self._rows, row_ids))
        self._rows += len(row_ids)
        self._batches += 1
        if self._batches == 1 or self._batches % _READ_EVERY == 0:
            self.read()

    def read(self) -> None:
        """Raise if any row so far contradicts the declaration.

        Raises:
            ModelError: names the head, what is wrong, the number of rows, the first of them and
                the mend.
        """
        tallies = [*self._problems.values(), *self._alike.values()]
        if not tallies or not self._rows:
            return
        counts = torch.stack([tally.count for tally in tallies]).tolist()
        for ((head, problem), tally), count in zip(self._problems.items(), counts, strict=False):
            if count:
                raise self._contradiction(head, problem, count, int(tally.first))
        for head, count in zip(self._alike, counts[len(self._problems) :], strict=True):
            if count == self._rows >= _FEWEST_ALIKE:
                raise _not_logits(head, count)
        self._recent.clear()

    def _contradiction(self, head: str, problem: str, count: int, first: int) -> ModelError:
        return ModelError(
            f"The outputs {_whose(head)} contradict the declaration: {count:,} of {self._rows:,} "
            f"rows read so far are {problem} (the first is row {self._row_id(first)}).",
            mend="Declare outputs as what they are (logits, probabilities or values), or mend the "
            "model or its preprocessing.",
        )

    def _row_id(self, ordinal: int) -> Any:
        start, ids = next(part for part in reversed(self._recent) if part[0] <= ordinal)
        return ids[ordinal - start]


def _not_logits(head: str, count: int) -> ModelError:
    return ModelError(
        f"The outputs {_whose(head)} are declared as logits, and in all {count:,} rows read so far "
        "they lie in [0, 1] and sum to 1, as probabilities do.",
        mend="Declare outputs as probabilities, or return the logits.",
    )


def _whose(head: str) -> str:
    return f"of the head {head!r}" if head else "of the model"
