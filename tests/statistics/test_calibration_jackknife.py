"""Calibration of units in clusters: the jackknife debiases it and knows what clusters share."""

from __future__ import annotations

import numpy as np
import pytest

from auditkit.statistics.calibration import clustered_squared_error, squared_error
from auditkit.statistics.estimates import value
from tests.statistics.calibrated import blocks_of, sample, state_of


def test_clustered_error_of_independent_rows_agrees() -> None:
    scores, right = sample(20_000, seed=2, bend=1.5)
    whole = squared_error(*state_of(scores, right))
    block = np.arange(20_000) % 64
    clustered = clustered_squared_error(*blocks_of(scores, right, block))
    assert value(clustered) == pytest.approx(value(whole), abs=0.2 * whole.parameters["sd"])
    assert clustered.parameters["se"] == pytest.approx(whole.parameters["sd"], rel=0.4)
    assert clustered.parameters["df"] == 63


def test_clusters_widen_the_clustered_error() -> None:
    # Ten copies of each row are one observation.
    scores, right = sample(2000, seed=6, bend=1.5)
    block = np.arange(2000) % 64
    copies = [np.repeat(part, 10) for part in (scores, right, block)]
    clustered = clustered_squared_error(*blocks_of(*copies))
    once = squared_error(*state_of(scores, right))
    naive = squared_error(*state_of(copies[0], copies[1]))
    assert clustered.parameters["se"] == pytest.approx(once.parameters["sd"], rel=0.4)
    assert naive.parameters["sd"] < clustered.parameters["se"] / 2
    assert value(clustered) == pytest.approx(value(once), abs=once.parameters["sd"])


def test_blocks_are_needed() -> None:
    state = [np.stack([part, np.zeros_like(part)]) for part in state_of(*sample(100))]
    with pytest.raises(ValueError, match="two blocks with units, found 1"):
        clustered_squared_error(*state)
    with pytest.raises(ValueError, match=r"three arrays of \[blocks, cells\]"):
        clustered_squared_error(*state_of(*sample(100)))
