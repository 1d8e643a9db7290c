"""Inputs of another kind than the model was made for: a split of inputs alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from auditkit.data.batch import Batch, Fragment
from auditkit.data.torch_data import TorchSource


class OutsideTorchSource(TorchSource):
    """Torch data whose items may hold a class: none that the model knows, so it is not read."""

    def batches(self, fragment: Fragment, batch_size: int) -> Iterator[Batch]:
        """The batches without their targets; see `Source.batches`."""
        for batch in super().batches(fragment, batch_size):
            yield replace(batch, targets=None, labelled=None)
