"""Numbers that the data give of each row, on the device where outputs are counted."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from auditkit.data.batch import Batch
from auditkit.data.columns import Columns
from auditkit.evidence.needs import WEIGHT, membership, unweighted_membership


class RowValues:
    """The weights and probabilities of membership of one batch, moved when they are asked for.

    Args:
        values: name (see `auditkit.evidence.needs`) → float64 of shape (n,).
        device: where they are wanted.
    """

    def __init__(self, values: Mapping[str, np.ndarray], device: torch.device) -> None:
        self._values = values
        self._device = device
        self._moved: dict[str, Tensor] = {}

    @classmethod
    def none(cls) -> RowValues:
        """Of a batch of which nothing beside outputs is asked for."""
        return cls({}, torch.device("cpu"))

    @classmethod
    def of(cls, batch: Batch, columns: Columns, device: torch.device) -> RowValues:
        """Everything that is declared of the rows of a batch."""
        weights = batch.weights
        values = {} if weights is None else {WEIGHT: weights}
        for one in columns.proxy_groups:
            given = batch.proxies[one.name]
            for place, level in enumerate(one.levels):
                probability = given[:, place]
                if weights is not None:
                    values[unweighted_membership(one.name, level)] = probability
                    probability = probability * weights
                values[membership(one.name, level)] = probability
        return cls(values, device)

    def __getitem__(self, name: str) -> Tensor:
        """One float64 value per row, shape (n,).

        Raises:
            KeyError: the data declare no such value.
        """
        if name not in self._moved:
            # A copy: these may be the user's own memory, which torch must not be able to write.
            values = np.array(self._values[name], dtype=np.float64)
            self._moved[name] = torch.from_numpy(values).to(self._device, non_blocking=True)
        return self._moved[name]
