"""Means of kept rows in a range: rows that all agree, alone and in clusters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from auditkit.evidence.basis import Sample
from auditkit.evidence.hashing import blocks_of, hashes
from auditkit.evidence.row_estimates import bounded_mean_of, mean_of
from auditkit.measurement import Status
from auditkit.statistics.absence import NoEstimateError
from auditkit.statistics.estimates import bounds


@dataclass(frozen=True)
class Kept:
    """Rows of which no more is known than who is alike."""

    rows: int
    clusters: np.ndarray | None = None

    def __len__(self) -> int:
        return self.rows

    @property
    def blocks(self) -> np.ndarray | None:
        return None if self.clusters is None else blocks_of(self.clusters)

    @property
    def sample(self) -> Sample:
        return Sample.kept(self.rows, self.clusters, sampled=False)


def in_clusters(number: int, each: int) -> Kept:
    return Kept(number * each, np.repeat(hashes(np.arange(number)), each))


def test_clusters_that_agree_are_no_more_certain_than_as_many_rows() -> None:
    rng = np.random.default_rng(0)
    for number in (30, 200):
        values = 0.35 + 1e-4 * rng.normal(size=number)
        alone = bounds(bounded_mean_of(values, Kept(number), 0, 1), 0.05)
        together = in_clusters(number, 5)
        plain = bounds(mean_of(np.repeat(values, 5), together), 0.05)
        wide = bounds(bounded_mean_of(np.repeat(values, 5), together, 0, 1), 0.05)
        assert plain[1] - 0.35 < 1e-4
        assert wide[0] < alone[0] < alone[1] < wide[1]
        # As no larger share than this can well have been missed: 3 of the number of clusters.
        assert wide[1] - 0.35 > 0.65 * 3 / number


def test_rare_clusters_that_are_wrong_seldom_pass_for_none() -> None:
    rng, passed, number = np.random.default_rng(1), 0, 200
    for _ in range(300):
        rows = Kept(5 * number, np.repeat(rng.integers(0, 2**62, number).astype(np.uint64), 5))
        gap = np.repeat((rng.random(number) < 0.0534).astype(np.float64), 5)
        passed += bounds(bounded_mean_of(gap, rows, 0, 1), 0.05)[1] <= 0.05
    assert passed / 300 <= 0.07


def test_a_cluster_that_holds_most_rows_leaves_no_mean() -> None:
    rows = Kept(330, np.repeat(hashes(np.arange(11)), [230, *[10] * 10]))
    with pytest.raises(NoEstimateError, match="few clusters hold most") as refused:
        bounded_mean_of(np.zeros(330), rows, 0, 1)
    assert refused.value.status is Status.TOO_FEW


def test_one_row_has_no_mean() -> None:
    with pytest.raises(NoEstimateError, match="at least two units"):
        bounded_mean_of(np.zeros(1), Kept(1), 0, 1)
