"""Token ids among a model's inputs: which they are, and what rows of them hold."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from auditkit.evidence.contents.content import Content
from auditkit.evidence.contents.leaves import Leaf
from auditkit.evidence.contents.texts import ids_content

_IDS, _MASK = "input_ids", "attention_mask"
_BESIDE = (_MASK, "token_type_ids", "position_ids", "special_tokens_mask")


def holds_tokens(leaf: Leaf, medium: str) -> bool:
    """Whether a part of the inputs is rows of token ids."""
    whole = leaf.values.dtype.kind in "iu" and leaf.values.ndim == 2
    return whole and (_last(leaf) == _IDS or (medium == "text" and _last(leaf) not in _BESIDE))


def beside_tokens(leaf: Leaf, leaves: Sequence[Leaf]) -> bool:
    """Whether a part says nothing that the token ids beside it do not."""
    return _last(leaf) in _BESIDE and any(_last(other) == _IDS for other in leaves)


def token_content(leaf: Leaf, leaves: Sequence[Leaf]) -> Content:
    """What rows of token ids hold, without what fills them up.

    Args:
        leaf: the ids.
        leaves: all parts, of which one may be their mask; without it, the last id is filling from
            its second repetition on.
    """
    masks = [other.values for other in leaves if _last(other) == _MASK]
    fits = masks and masks[0].shape == leaf.values.shape
    return ids_content(leaf.values, masks[0] != 0 if fits else _unfilled(leaf.values))


def _unfilled(ids: np.ndarray) -> np.ndarray:
    if not ids.shape[1]:
        return np.zeros(ids.shape, dtype=np.bool_)
    other = ids != ids[:, -1:]
    # One more than those up to the last that differs: the first of the repetitions.
    length = np.where(other.any(axis=1), ids.shape[1] - other[:, ::-1].argmax(axis=1), 0) + 1
    found: np.ndarray = np.arange(ids.shape[1]) < length[:, None]
    return found


def _last(leaf: Leaf) -> str:
    return leaf.name.rsplit(".", 1)[-1]
