"""Planted copies are found, and what is alike by nature is not taken for one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditkit.statistics import neighbours
from auditkit.statistics.contents import Contents, first_of
from auditkit.statistics.nearness import FEW, NO_VECTORS, background
from auditkit.statistics.neighbours import across, within


def unit(rows: np.ndarray) -> np.ndarray:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float16)


def units(rows: int, seed: int = 0, width: int = 32) -> np.ndarray:
    """Units of two classes: one spread out, one a hundred times as dense."""
    rng = np.random.default_rng(seed)
    found = rng.standard_normal((rows, width))
    dense = rng.random(rows) < 0.5
    found[dense] = 0.01 * found[dense] + np.eye(width)[0]
    return unit(found)


def contents(vectors: np.ndarray, start: int = 0) -> Contents:
    numbers = np.arange(start, start + len(vectors), dtype=np.uint64)
    return Contents(np.column_stack([numbers, ~numbers]), vectors)


def joined(*parts: Contents) -> Contents:
    return Contents(
        np.concatenate([part.hashes for part in parts]),
        np.concatenate([part.vectors for part in parts]),
    )


TRAINING = contents(units(600))
FRESH = contents(units(400, seed=1), start=10_000)
USUAL = background(TRAINING)


def nearly(places: np.ndarray, start: int = 20_000) -> Contents:
    """Copies that differ by a tenth of the distance to the nearest neighbour."""
    vectors = TRAINING.vectors[places].astype(np.float64)
    others = vectors @ TRAINING.vectors.astype(np.float64).T
    others[np.arange(len(places)), places] = -1
    distance = np.sqrt(2 - 2 * others.max(axis=1))[:, None]
    noise = np.random.default_rng(3).standard_normal(vectors.shape) / np.sqrt(vectors.shape[1])
    return contents(unit(vectors + 0.1 * distance * noise), start)


def test_planted_copies_are_found_among_dense_and_sparse_ones() -> None:
    places = np.arange(0, 200)
    found = across(joined(FRESH, nearly(places), TRAINING.take(places + 200)), TRAINING, USUAL)
    assert found.first.tolist() == list(range(400, 800))
    np.testing.assert_array_equal(found.second, np.arange(400))
    np.testing.assert_array_equal(found.exact, np.arange(400) >= 200)
    assert (found.closeness[:200] < (USUAL.threshold or 0)).all()
    assert (found.closeness[200:] == 0).all()
    assert (found.similarity[200:] == 1).all()
    assert (found.searched, len(found.nearest), found.lacking) == (800, 800, "")
    assert found.nearest[600:].tolist() == [1.0] * 200


def test_a_set_that_holds_copies_itself_has_nearly_the_same_threshold() -> None:
    places = np.arange(100)
    full = joined(TRAINING, nearly(places), TRAINING.take(places))
    mixed = Contents(*(part[np.random.default_rng(0).permutation(800)] for part in
                       (full.hashes, full.vectors)))  # fmt: skip
    usual = background(mixed)
    assert usual.threshold == pytest.approx(USUAL.threshold, abs=0.1)
    found = across(joined(FRESH, nearly(places + 300, 30_000)), mixed, usual)
    assert (found.first >= 400).all()
    assert len(found) >= 98


def test_within_one_set_the_later_is_the_copy() -> None:
    places = np.arange(50)
    whole = joined(TRAINING, nearly(places), TRAINING.take(places))
    found = within(whole, background(whole))
    near = ~found.exact
    np.testing.assert_array_equal(found.first[near], np.arange(600, 650))
    np.testing.assert_array_equal(found.second[near], places)
    np.testing.assert_array_equal(found.first[~near], np.arange(650, 700))
    np.testing.assert_array_equal(found.second[~near], places)
    assert (found.first > found.second).all()
    assert len(within(TRAINING, USUAL)) == 0


def test_the_background_leaves_copies_out_and_has_quantiles() -> None:
    doubled = joined(TRAINING, TRAINING)
    np.testing.assert_array_equal(background(doubled).similarity, USUAL.similarity)
    quantiles = USUAL.quantiles((0.0, 0.5, 1.0))
    assert quantiles[0.0] < quantiles[0.5] < quantiles[1.0] < 1
    assert USUAL.threshold is not None
    assert 0.2 < USUAL.threshold <= 0.8
    assert USUAL.reach > 0


def test_rows_that_are_alike_by_nature_are_no_copies() -> None:
    # Of a table of three columns with four values each, everything has been seen or nearly so.
    rng = np.random.default_rng(0)
    values = rng.integers(0, 4, (900, 3))
    codes = rng.choice([-1.0, 1.0], (3, 4, 20))
    rows = unit(np.hstack([codes[place][values[:, place]] for place in range(3)]))
    hashes = np.column_stack([values @ [1, 4, 16], np.zeros(900)]).astype(np.uint64)
    training, fresh = Contents(hashes[:450], rows[:450]), Contents(hashes[450:], rows[450:])
    found = across(fresh, training, background(training))
    assert found.exact.all()
    seen = set(map(tuple, values[:450]))
    assert len(found) == sum(tuple(row) in seen for row in values[450:])


@pytest.mark.parametrize("rows", [0, 1, 2, 49])
def test_of_few_units_exact_copies_alone_are_told(rows: int) -> None:
    few = TRAINING.take(np.arange(rows))
    usual = background(few)
    assert (usual.threshold, usual.lacking, usual.quantiles()) == (None, FEW, {})
    found = across(joined(FRESH, few), few, usual)
    assert found.first.tolist() == list(range(400, 400 + rows))
    assert (found.lacking, found.searched) == (FEW, 0)
    assert len(within(few, usual)) == 0
    assert within(joined(few, few), usual).first.tolist() == list(range(rows, 2 * rows))


def test_without_vectors_exact_copies_alone_are_told() -> None:
    none = Contents(TRAINING.hashes, TRAINING.vectors[:, :0])
    usual = background(none)
    assert usual.lacking == NO_VECTORS
    found = across(none.take(np.array([5, 3])), none, usual)
    assert found.second.tolist() == [5, 3]
    assert found.lacking == NO_VECTORS


def test_units_of_which_nothing_can_be_said_are_near_to_none() -> None:
    blank = contents(np.zeros((30, 32), dtype=np.float16), start=40_000)
    training = joined(TRAINING, blank)
    usual = background(training)
    found = across(contents(np.zeros((5, 32), dtype=np.float16), start=50_000), training, usual)
    assert len(found) == 0
    assert np.isnan(found.nearest).all()
    assert len(within(training, usual)) == 0
    all_blank = contents(np.zeros((90, 32), dtype=np.float16))
    assert background(all_blank).lacking == FEW


def test_of_many_units_the_first_are_searched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neighbours, "MOST_PAIRS", 600 * 100)
    queries = joined(nearly(np.arange(150)), TRAINING.take(np.arange(300, 310)))
    found = across(queries, TRAINING, USUAL)
    assert found.searched == 100
    assert found.first[~found.exact].tolist() == list(range(100))
    assert found.first[found.exact].tolist() == list(range(150, 160))  # all of these are told
    again = within(joined(nearly(np.arange(60)), TRAINING), background(TRAINING))
    assert again.searched == 90
    assert sorted(again.second[~again.exact]) == list(range(60))


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=30), st.integers(0, 30))
def test_first_of_is_a_search_from_the_start(pairs: list[tuple[int, int]], cut: int) -> None:
    hashes = np.array(pairs, dtype=np.uint64).reshape(-1, 2)
    known, wanted = hashes[:cut], hashes[cut:]
    expected = [
        next((place for place, one in enumerate(known.tolist()) if one == want), -1)
        for want in wanted.tolist()
    ]
    assert first_of(known, wanted).tolist() == expected
