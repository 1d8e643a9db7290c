"""Nuisances of tokenised text: a token that is put in at a place, or taken out wherever it stands.

The width of the ids stays what it is: what is put in pushes the rest on, and the last id falls off
(the padding, where there is any); what is taken out draws the rest up, and the end is padded.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from auditkit.errors import ConfigurationError, DataError
from auditkit.variants.nuisances.nuisance import APPLIED, Nuisance

IDS, MASK = "input_ids", "attention_mask"


def intervened_tokens(inputs: Any, nuisance: Nuisance, direction: str) -> Any:
    """Token ids with a token put in or taken out, unit by unit.

    Args:
        inputs: ids, whole numbers of shape (n, length), or a mapping with them as `input_ids`. Of a
            mapping, what has the same shape goes along: an `attention_mask` counts what is put in.
        nuisance: of the kind `token`. It is put in at the place `at`, 1 by default, which is behind
            a token that begins every text.
        direction: `applied` or `removed`; for the latter `pad` says what the end is filled with.

    Raises:
        DataError: these are no token ids.
        ConfigurationError: the place lies beyond their length.

    Example:
        >>> said = Nuisance.of({"kind": "token", "token": 9, "pad": 0})
        >>> ids = torch.tensor([[1, 9, 5, 0]])
        >>> [intervened_tokens(ids, said, way).tolist() for way in ("applied", "removed")]
        [[[1, 9, 9, 5]], [[1, 5, 0, 0]]]
    """
    ids = inputs.get(IDS) if isinstance(inputs, Mapping) else inputs
    if not isinstance(ids, Tensor) or ids.ndim != 2 or ids.is_floating_point():
        raise DataError(
            "The inputs are no token ids: whole numbers of shape (units, length), alone or as "
            f"{IDS!r} of a mapping.",
            mend="Declare another medium.",
        )
    change = _put_in if direction == APPLIED else _taken_out
    if not isinstance(inputs, Mapping):
        return change(ids, ids, nuisance, IDS)
    return {
        name: change(part, ids, nuisance, name) if _goes_along(part, ids) else part
        for name, part in inputs.items()
    }


def _goes_along(part: Any, ids: Tensor) -> bool:
    return isinstance(part, Tensor) and part.shape == ids.shape


def _put_in(part: Tensor, ids: Tensor, nuisance: Nuisance, name: str) -> Tensor:
    at = nuisance["at"]
    if at >= ids.shape[1]:
        raise ConfigurationError(
            f"The nuisance {nuisance} is put in at place {at}, and texts have {ids.shape[1]} "
            "tokens.",
            mend="Give a place within them.",
        )
    new = part[:, at : at + 1].clone()
    if name in (IDS, MASK):
        new.fill_(nuisance["token"] if name == IDS else 1)
    return torch.cat([part[:, :at], new, part[:, at:-1]], dim=1)


def _taken_out(part: Tensor, ids: Tensor, nuisance: Nuisance, name: str) -> Tensor:
    gone = ids == nuisance["token"]
    order = gone.int().argsort(dim=1, stable=True)
    places = torch.arange(ids.shape[1], device=ids.device)
    kept = places < (~gone).sum(dim=1, keepdim=True)
    filling = nuisance["pad"] if name == IDS else 0
    return torch.where(kept, part.gather(1, order), filling)
