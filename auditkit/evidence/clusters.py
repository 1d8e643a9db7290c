"""How many distinct clusters stand behind each group: the number of independent units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from auditkit.evidence.host_codes import hashes

_COMPACT_ABOVE = 1 << 20


class ClusterTally:
    """Distinct pairs of a joint group and a cluster.

    Its size is the number of distinct pairs (16 bytes each), not of rows.

    Args:
        attributes: names of the group attributes, in the order of the joint code.
    """

    def __init__(self, attributes: Sequence[str]) -> None:
        self.attributes = tuple(attributes)
        self._pending: list[np.ndarray] = []
        self._waiting = 0
        self._pairs = np.zeros((0, len(self.attributes) + 1), dtype=np.uint64)

    def add(self, clusters: np.ndarray, codes: Mapping[str, np.ndarray]) -> None:
        """Note the cluster (any values) and group codes (int64) of n units."""
        columns = [codes[name].astype(np.uint64) for name in self.attributes]
        pairs = np.column_stack([*columns, hashes(clusters)])
        self._pending.append(np.unique(pairs, axis=0))
        self._waiting += len(self._pending[-1])
        if self._waiting > _COMPACT_ABOVE:
            self._compact()

    def _compact(self) -> None:
        self._pairs = np.unique(np.concatenate([self._pairs, *self._pending]), axis=0)
        self._pending, self._waiting = [], 0

    def pairs(self) -> np.ndarray:
        """Distinct rows (group codes …, cluster hash), uint64, sorted."""
        self._compact()
        return self._pairs


def distinct(pairs: np.ndarray, wanted: Mapping[int, int] | None = None) -> int:
    """Number of distinct clusters among pairs whose column `c` equals `wanted[c]`."""
    chosen = pairs
    for column, code in (wanted or {}).items():
        chosen = chosen[chosen[:, column] == np.uint64(code)]
    return len(np.unique(chosen[:, -1]))
