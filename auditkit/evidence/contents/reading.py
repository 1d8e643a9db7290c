"""What the units of a batch hold, whatever they are."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator

import numpy as np
import pandas as pd

from auditkit.data.batch import Batch
from auditkit.evidence.contents.arrays import array_content, projected
from auditkit.evidence.contents.content import Content
from auditkit.evidence.contents.digests import digests_together
from auditkit.evidence.contents.images import image_content, shows_images
from auditkit.evidence.contents.leaves import Leaf, leaves_of
from auditkit.evidence.contents.sounds import shows_sounds, sound_content
from auditkit.evidence.contents.tables import table_content
from auditkit.evidence.contents.texts import text_content
from auditkit.evidence.contents.tokens import beside_tokens, holds_tokens, token_content

NOTHING = (
    "Nothing is known of the content of units: no input is a tensor whose first axis is the units, "
    "nor a list of them."
)
ANSWERS_ALONE = "The table holds the model's answers and no feature, so units have no content."

_BYTES = 32 << 20
"""Of inputs that are looked at together."""

_MOST_CELLS = 64
"""Numbers of a unit up to which they are read as cells of a row, where no medium is declared."""


def content_of(
    batch: Batch, rows: np.ndarray, medium: str = "", answers: Collection[str] = ()
) -> Content:
    """What some units of a batch hold, before the model's preprocess.

    Tables go by their cells, without a model's answers; texts by what was written, where that is at
    hand, else by their tokens; anything else by its medium and shape.

    Args:
        batch: as the data give it.
        rows: positions of the units, int64.
        medium: what an input is, as of `auditkit.models.medium`; "" where that is not known.
        answers: columns that hold a model's answers; they are no content.

    Returns:
        Of each of `rows` its content; of no unit where there is none, and `lacking` says why.
    """
    if batch.frame is not None:
        features = [name for name in batch.frame if str(name) not in answers]
        return table_content(batch.frame[features].iloc[rows]) if features else _no(ANSWERS_ALONE)
    if batch.texts is not None:
        return text_content(batch.texts[rows].tolist())
    if not len(rows):
        return _no("")
    parts = [
        _nest_content(leaves_of(batch.inputs, some, len(batch)), batch.medium or medium)
        for some in _portions(batch, rows)
    ]
    lacking = next((part.lacking for part in parts if part.lacking), "")
    if lacking:
        return _no(lacking)
    return Content(
        np.concatenate([part.hashes for part in parts]),
        np.concatenate([part.vectors for part in parts]),
    )


def _no(reason: str) -> Content:
    """The content of no unit."""
    return Content(np.zeros((0, 2), dtype=np.uint64), np.zeros((0, 0), dtype=np.float32), reason)


def _portions(batch: Batch, rows: np.ndarray) -> Iterator[np.ndarray]:
    """The rows in parts whose inputs are no large copy."""
    one = sum(leaf.values.nbytes for leaf in leaves_of(batch.inputs, rows[:1], len(batch)))
    size = max(_BYTES // max(one, 1), 1)
    return (rows[start : start + size] for start in range(0, len(rows), size))


def _nest_content(leaves: list[Leaf], medium: str) -> Content:
    if not leaves:
        return _no(NOTHING)
    told = [
        token_content(leaf, leaves) if holds_tokens(leaf, medium) else _leaf_content(leaf, medium)
        for leaf in leaves
        if not beside_tokens(leaf, leaves)
    ]
    if len(told) == 1:
        return told[0]
    vectors = np.hstack([part.vectors for part in told])
    return Content(digests_together([part.hashes for part in told]), projected(vectors))


def _leaf_content(leaf: Leaf, medium: str) -> Content:
    if leaf.textual:
        return text_content(leaf.values.tolist())
    if leaf.ragged:
        return _by_shape(leaf, medium)
    return _reader(leaf.values, medium)(leaf.values)


def _reader(values: np.ndarray, medium: str) -> Callable[[np.ndarray], Content]:
    """What reads an array: by its medium, or else by its shape."""
    cells = values.ndim == 2 and values.dtype.kind in "fiub"
    if medium == "image" or (not medium and values.ndim == 4):
        return image_content if shows_images(values) else array_content
    if medium == "audio" and shows_sounds(values):
        return sound_content
    if cells and (medium == "table" or (not medium and values.shape[1] <= _MOST_CELLS)):
        return _cells_content
    return array_content


def _cells_content(values: np.ndarray) -> Content:
    return table_content(pd.DataFrame(values))


def _by_shape(leaf: Leaf, medium: str) -> Content:
    """Units that differ in shape: those of one shape together."""
    shapes: dict[tuple[object, ...], list[int]] = {}
    for place, one in enumerate(leaf.values):
        array = np.asarray(one)
        shapes.setdefault((array.shape, array.dtype.str), []).append(place)
    hashes = np.zeros((len(leaf.values), 2), dtype=np.uint64)
    vectors: np.ndarray | None = None
    for places in shapes.values():
        alike = Leaf(leaf.name, np.stack([np.asarray(leaf.values[place]) for place in places]))
        part = _leaf_content(alike, medium)
        hashes[places] = part.hashes
        if vectors is None:
            vectors = np.zeros((len(hashes), part.vectors.shape[1]), dtype=np.float32)
        vectors[places] = part.vectors
    assert vectors is not None
    return Content(hashes, vectors)
