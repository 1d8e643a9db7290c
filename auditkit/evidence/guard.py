"""Outputs that contradict the declaration, counted on the device and reported in time."""

from __future__ import annotations

import torch
from torch import Tensor

from auditkit.errors import ModelError
from auditkit.models.head import Head
from auditkit.models.outputs import violations

_NEVER = torch.iinfo(torch.int64).max
# A read of the device costs a synchronisation; one in 64 batches is not noticed.
_READ_EVERY = 64


class OutputGuard:
    """Counts rows whose outputs are not finite, or are not what the user declared."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._counts: dict[tuple[str, str], Tensor] = {}
        self._first: dict[tuple[str, str], Tensor] = {}
        self._rows = 0
        self._batches = 0

    def watch(self, head: Head, raw: Tensor) -> None:
        """Look at one head's output for one batch, without reading the device."""
        ordinals = torch.arange(self._rows, self._rows + raw.shape[0], device=self._device)
        for problem, wrong in violations(raw, head).items():
            key = (head.name, problem)
            if key not in self._counts:
                self._counts[key] = torch.zeros((), dtype=torch.int64, device=self._device)
                self._first[key] = torch.full((), _NEVER, dtype=torch.int64, device=self._device)
            self._counts[key] += wrong.sum()
            first = torch.where(wrong, ordinals, _NEVER).amin()
            self._first[key] = torch.minimum(self._first[key], first)

    def batch_done(self, rows: int) -> None:
        """Called after all heads of a batch; reads the counters at the first and every 64th."""
        self._rows += rows
        self._batches += 1
        if self._batches == 1 or self._batches % _READ_EVERY == 0:
            self.read()

    def read(self) -> None:
        """Raise if any row so far contradicts the declaration.

        Raises:
            ModelError: names the head, the number of rows, the first of them and the mend.
        """
        if not self._counts:
            return
        found = torch.stack(list(self._counts.values())).tolist()
        for (head, problem), count in zip(self._counts, found, strict=True):
            if count:
                first = int(self._first[(head, problem)])
                raise ModelError(_sentence(head, problem, count, first, self._rows), mend=_MEND)


_MEND = (
    "Declare outputs as what they are (logits, probabilities or values), or mend the model or "
    "its preprocessing."
)


def _sentence(head: str, problem: str, count: int, first: int, rows: int) -> str:
    whose = f"of the head {head!r}" if head else "of the model"
    return (
        f"The outputs {whose} contradict the declaration: {count:,} of {rows:,} rows read so far "
        f"are {problem} (the first is row {first:,} of the pass)."
    )
