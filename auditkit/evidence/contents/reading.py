"""What the units of a batch hold, whatever they are."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from auditkit.data.batch import Batch
from auditkit.evidence.contents.arrays import array_content, projected
from auditkit.evidence.contents.content import Content
from auditkit.evidence.contents.digests import digests, digests_together
from auditkit.evidence.contents.leaves import Leaf, leaves_of
from auditkit.evidence.contents.tables import table_content

NOTHING = (
    "Nothing is known of the content of units: no input is a tensor whose first axis is the units, "
    "nor a list of them."
)
ANSWERS_ALONE = "The table holds the model's answers and no feature, so units have no content."


def content_of(
    batch: Batch, rows: np.ndarray, medium: str = "", answers: Collection[str] = ()
) -> Content:
    """What some units of a batch hold, before the model's preprocess.

    Args:
        batch: as the data give it.
        rows: positions of the units, int64.
        medium: what an input is, as of `auditkit.models.medium`; "" where that is not known.
        answers: columns that hold a model's answers; they are no content.
    """
    if batch.frame is not None:
        features = [name for name in batch.frame if str(name) not in answers]
        if not features:
            return nothing(len(rows), ANSWERS_ALONE)
        return table_content(batch.frame[features].iloc[rows])
    leaves = leaves_of(batch.inputs, rows, len(batch))
    if not leaves:
        return nothing(len(rows), NOTHING)
    return _together([_leaf_content(leaf, batch.medium or medium) for leaf in leaves])


def nothing(units: int, reason: str) -> Content:
    """Units of which nothing is known."""
    return Content(digests([b""] * units), np.zeros((units, 0), dtype=np.float32), reason)


def _leaf_content(leaf: Leaf, medium: str) -> Content:
    del medium
    return array_content(leaf.values)


def _together(parts: list[Content]) -> Content:
    if len(parts) == 1:
        return parts[0]
    vectors = np.hstack([part.vectors for part in parts])
    lacking = next((part.lacking for part in parts if part.lacking), "")
    return Content(
        digests_together([part.hashes for part in parts]),
        np.zeros((len(vectors), 0), dtype=np.float32) if lacking else projected(vectors),
        lacking,
    )
