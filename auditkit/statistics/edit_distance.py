"""How many insertions, deletions and substitutions turn one sequence into another."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np


def edit_distance(reference: Sequence[Hashable], found: Sequence[Hashable]) -> int:
    """The least number of elements to insert, delete or replace (Levenshtein 1966).

    Row by row of the table of Wagner and Fischer (1974); the running minimum stands for the
    insertions, which otherwise depend on each other. Time is the product of both lengths, room the
    length of `found`.

    Example:
        >>> edit_distance("the cat sat".split(), "cat sat down".split())
        2
    """
    known: dict[Hashable, int] = {}
    one, other = (
        np.array([known.setdefault(each, len(known)) for each in part], dtype=np.int64)
        for part in (reference, found)
    )
    places = np.arange(len(other) + 1)
    above = places
    for row, element in enumerate(one, start=1):
        least = np.empty_like(above)
        least[0] = row
        least[1:] = np.minimum(above[1:] + 1, above[:-1] + (other != element))
        above = np.minimum.accumulate(least - places) + places
    return int(above[-1])


__all__ = ["edit_distance"]
