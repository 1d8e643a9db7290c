"""Which tokens of single texts moved the output: only where samples are asked for.

Without samples the ranking of tokens says what the model listens to, of tokens that at least five
texts hold.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from auditkit.checks.explanation.pictures import TOWARDS, Pictured
from auditkit.checks.explanation.trust import trust_of
from auditkit.checks.rounding import rounded
from auditkit.measurement import Figure

MOST_TOKENS = 400
"""Tokens of one text that are shown, at most."""


def drawn(pictured: Pictured) -> Iterator[Figure]:
    """The texts that are asked for, token by token; tokens are shown as their ids."""
    items = [_item(pictured, unit) for unit in pictured.singles]
    if not items:
        return
    yield Figure(
        kind="token_maps",
        title=f"Single texts{pictured.of}",
        caption=(
            f"Attribution ({pictured.method}) of each token {TOWARDS}, relative to the largest of "
            "its text; special tokens and padding are not explained. Tokens are shown as their "
            "ids: the vocabulary is not part of what was audited. "
            f"{pictured.drawn_at_random}"
        ),
        check="explanation",
        data={"n": len(items), "items": items},
    )


def _item(pictured: Pictured, unit: int) -> dict[str, Any]:
    found = pictured.found
    assert found.tokens is not None
    assert found.varied is not None
    varied = found.varied[unit].numpy()
    # What comes after the last explained token is padding.
    length = min(int(np.flatnonzero(varied).max(initial=-1)) + 1, MOST_TOKENS)
    tokens = [str(one) for one in found.tokens[unit, :length].tolist()]
    heat = np.zeros(length)
    if pictured.shown[unit]:
        heat = (pictured.signed[unit].sum(dim=-1).numpy() * varied)[:length]
        heat = heat / (np.abs(heat).max(initial=0.0) or 1.0)
    return {
        "title": pictured.title(unit),
        "n": 1,
        "trust": trust_of(found, found.chosen, unit),
        "tokens": tokens,
        "heat": rounded(heat),
    }
