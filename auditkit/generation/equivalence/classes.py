"""The answers to each prompt, sorted into classes of one meaning."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Classes:
    """Classes of meaning among the answers to each prompt.

    Attributes:
        of: for each prompt the class of its greedy answer, then of its samples, as numbers from 0
            in the order of their first appearance; int64 of shape (1 + samples,).
        judge: what decided, in words for a reviewer.
        counts: what the judge did: `pairs` it was asked about, `truncated` ones that it had to
            cut …
    """

    of: tuple[NDArray[np.int64], ...]
    judge: str
    counts: dict[str, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.of)


__all__ = ["Classes"]
