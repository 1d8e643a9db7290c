"""Found on one half, confirmed on the other."""

from __future__ import annotations

import numpy as np

from auditkit.statistics.discovery import Discovery, confirmed_places, discover
from auditkit.statistics.estimates import normal


def test_two_steps() -> None:
    searched = [normal(3, 1), normal(0.5, 1), None, normal(4, 1), normal(-9, 1)]
    held_out = [normal(2.5, 1), normal(9, 1), normal(9, 1), normal(0.2, 1), normal(9, 1)]
    assert discover(searched, held_out) == Discovery(found=(0, 3), confirmed=(0,))
    # What cannot be estimated on the second half is not confirmed.
    assert discover(searched, [None] * 5).confirmed == ()
    assert discover([], []) == Discovery((), ())


def test_what_cannot_be_tested_again_counts_as_tried() -> None:
    alone = discover([normal(9, 1)], [normal(2.0, 1)])
    assert alone.confirmed == (0,)
    # The same candidate among three of which two hold too few units on the other half.
    among = discover([normal(9, 1)] * 3, [None, normal(2.0, 1), None])
    assert among == Discovery(found=(0, 1, 2), confirmed=())
    assert confirmed_places([None, normal(2.5, 1), None]) == (1,)


def test_false_ones_are_rare() -> None:
    rng, times = np.random.default_rng(0), 400
    confirmed = 0
    for _ in range(times):
        halves = [[normal(z, 1) for z in rng.normal(size=16)] for _ in range(2)]
        confirmed += bool(discover(*halves).confirmed)
    assert confirmed <= 8  # about .05 × .05 of the sets are expected
