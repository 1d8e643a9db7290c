"""k-means against scikit-learn, and what it does with little."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.cluster import KMeans

from auditkit.statistics.kmeans import k_means, nearest_centre


def inertia(vectors: np.ndarray, centres: np.ndarray) -> float:
    return float(((vectors - centres[nearest_centre(vectors, centres)]) ** 2).sum())


@pytest.mark.parametrize("k", [1, 3, 8])
def test_as_good_as_scikit_learn(k: int) -> None:
    rng = np.random.default_rng(k)
    vectors = rng.normal(size=(600, 4)) + 4 * rng.normal(size=(5, 4))[rng.integers(0, 5, 600)]
    peer = KMeans(k, n_init=10, random_state=0).fit(vectors)
    found = k_means(vectors, k, seed=0)
    assert found.shape == (k, 4)
    assert inertia(vectors, found) <= 1.03 * peer.inertia_
    np.testing.assert_array_equal(
        nearest_centre(vectors, peer.cluster_centers_), peer.predict(vectors)
    )


def test_centres_are_means_of_what_is_nearest() -> None:
    vectors = np.random.default_rng(0).normal(size=(300, 3))
    centres = k_means(vectors, 6, seed=1)
    places = nearest_centre(vectors, centres)
    for place, centre in enumerate(centres):
        np.testing.assert_allclose(vectors[places == place].mean(axis=0), centre, atol=1e-9)


def test_seeded_and_few_distinct_vectors() -> None:
    vectors = np.random.default_rng(0).normal(size=(300, 3))
    assert np.array_equal(k_means(vectors, 5, seed=1), k_means(vectors, 5, seed=1))
    same = np.array([[1.0, 2.0]] * 9 + [[3.0, 4.0]])
    assert sorted(k_means(same, 5, seed=0).tolist()) == [[1, 2], [3, 4]]
    with pytest.raises(ValueError, match="needs vectors and k of at least 1, found 0, 2"):
        k_means(vectors[:0], 2, seed=0)
    with pytest.raises(ValueError, match="found 300, 0"):
        k_means(vectors, 0, seed=0)
