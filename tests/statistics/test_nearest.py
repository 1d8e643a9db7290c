"""The nearest by blocks are those by brute force."""

from __future__ import annotations

import numpy as np
import pytest

from auditkit.statistics import nearest as search
from auditkit.statistics.nearest import nearest, projected


def directions(rows: int, width: int, seed: int = 0) -> np.ndarray:
    found = np.random.default_rng(seed).standard_normal((rows, width))
    found /= np.linalg.norm(found, axis=1, keepdims=True)
    return np.asarray(found, dtype=np.float32)


def brute(
    queries: np.ndarray, references: np.ndarray, own: np.ndarray | None, number: int
) -> tuple[np.ndarray, np.ndarray]:
    cosines = queries.astype(np.float64) @ references.astype(np.float64).T
    if own is not None:
        cosines[np.arange(len(own)), own] = -2
    order = np.argsort(-cosines, axis=1)[:, :number]
    return order, np.take_along_axis(cosines, order, axis=1)


@pytest.mark.parametrize(("rows", "number"), [(5, 1), (300, 4), (1100, 3)])
@pytest.mark.parametrize("within", [False, True])
def test_against_brute_force(rows: int, number: int, within: bool) -> None:
    references = directions(rows, 24)
    queries = references[: rows // 2] if within else directions(570, 24, seed=1)
    own = np.arange(len(queries)) if within else None
    places, cosines = nearest(queries, references, own, number)
    right, values = brute(queries, references, own, number)
    np.testing.assert_array_equal(places, right)
    np.testing.assert_allclose(cosines, values, atol=1e-6)


def test_after_a_projection_the_whole_vectors_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    references = directions(2000, 256)
    copies = references[100:300] + 0.02 * directions(200, 256, seed=2)
    copies /= np.linalg.norm(copies, axis=1, keepdims=True)
    direct = nearest(copies, references)
    monkeypatch.setattr(search, "DIRECT", 0)
    places, cosines = nearest(copies.astype(np.float16), references.astype(np.float16))
    np.testing.assert_array_equal(places[:, 0], np.arange(100, 300))
    np.testing.assert_allclose(cosines, direct[1], atol=2e-3)
    assert projected(references).shape == (2000, search.PROJECTED)
    # Among directions that have nothing in common, others are about as near.
    found, cosines = nearest(references[:50], references, np.arange(50), number=4)
    _, right = brute(references[:50], references, np.arange(50), 4)
    assert (right - cosines).max() < 0.2
    assert (found != np.arange(50)[:, None]).all()


def test_fewer_references_than_asked_for() -> None:
    places, cosines = nearest(directions(2, 4), directions(1, 4), None, 3)
    assert places.tolist() == [[0, -1, -1], [0, -1, -1]]
    assert (cosines[:, 1:] == -2).all()
    alone = directions(1, 4)
    assert nearest(alone, alone, np.array([0]))[0].tolist() == [[-1]]
    assert nearest(alone[:0], alone)[0].shape == (0, 1)
    assert nearest(alone, alone[:0], number=2)[0].tolist() == [[-1, -1]]


def test_zeros_and_halves_are_no_harm() -> None:
    vectors = np.zeros((3, 4), dtype=np.float16)
    vectors[1, 2] = 1
    places, cosines = nearest(vectors, vectors, np.arange(3))
    assert np.isfinite(cosines).all()
    assert cosines.max() == 0
    assert projected(np.zeros((2, 300))).tolist() == np.zeros((2, 64)).tolist()
    assert places.shape == (3, 1)
