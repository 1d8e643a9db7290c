"""Class bins: counts that merge exactly, sums to 1e-12, and states that contradict themselves."""

from __future__ import annotations

import math
from functools import reduce
from operator import add

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditkit.statistics.class_bins import INTEGERS, SUMS, ClassBins

CLASSES = ("a", "b", "c")


def literal(p: np.ndarray, truth: np.ndarray, blocks: np.ndarray, of: int) -> ClassBins:
    """The definition, one probability at a time."""
    shape = (of, p.shape[1])
    counts, hits = np.zeros((*shape, 15), dtype=int), np.zeros((*shape, 15), dtype=int)
    scores, squares, given_truth = np.zeros((*shape, 15)), np.zeros(shape), np.zeros(shape)
    for row, true, block in zip(p, truth, blocks, strict=True):
        for label, value in enumerate(row):
            place = (block, label, min(int(value * 15), 14))
            counts[place] += 1
            hits[place] += label == true
            scores[place] += value
            squares[block, label] += value**2
            given_truth[block, label] += value * (label == true)
    return ClassBins(tuple(f"{i}" for i in range(p.shape[1])), counts, hits, scores, squares,
                     given_truth)  # fmt: skip


def state(seed: int, n: int = 4, blocks: int = 2) -> ClassBins:
    rng = np.random.default_rng(seed)
    p = rng.dirichlet(np.full(3, 0.4), n)
    return literal(p, rng.integers(0, 3, n), rng.integers(0, blocks, n), blocks)


@given(st.lists(st.integers(0, 60), min_size=1, max_size=7), st.randoms(), st.data())
def test_every_order_and_grouping_gives_the_same_state(seeds, random, data) -> None:
    parts = [state(seed) for seed in seeds]
    expected = reduce(add, parts)
    shuffled = list(parts)
    random.shuffle(shuffled)
    while len(shuffled) > 1:
        at = data.draw(st.integers(0, len(shuffled) - 2))
        shuffled[at : at + 2] = [shuffled[at] + shuffled[at + 1]]
    for name in INTEGERS:
        np.testing.assert_array_equal(getattr(shuffled[0], name), getattr(expected, name))
    for name in SUMS:
        exact = np.vectorize(lambda *of: math.fsum(of))(*(getattr(part, name) for part in parts))
        np.testing.assert_allclose(getattr(shuffled[0], name), exact, rtol=1e-12)


def test_what_plain_addition_loses_is_kept() -> None:
    def scored(value: float) -> ClassBins:
        one = np.zeros((1, 1, 15), dtype=int)
        one[0, 0, 14] = 1
        return ClassBins(("a",), one, one, one * value, [[value]], [[value]])

    many = reduce(add, [scored(1.0), *(scored(1e-17) for _ in range(100))])
    assert many.scores[0, 0, 14] + many.scores_rest[0, 0, 14] == pytest.approx(1.0 + 1e-15)
    assert many.scores[0, 0, 14] > 1.0


def test_blocks_together_are_the_whole() -> None:
    whole = state(3, n=40, blocks=5)
    one = whole.together()
    assert (whole.units, one.units, one.blocks, whole.blocks) == (40, 40, 1, 5)
    assert whole.block_units.sum() == 40
    for name in (*INTEGERS, *SUMS):
        np.testing.assert_allclose(getattr(one, name)[0], getattr(whole, name).sum(axis=0))


def test_the_brier_score_of_a_class_is_in_it() -> None:
    rng = np.random.default_rng(1)
    p, truth = rng.dirichlet(np.ones(3), 50), rng.integers(0, 3, 50)
    bins = literal(p, truth, np.zeros(50, dtype=int), 1)
    expected = ((p - np.eye(3)[truth]) ** 2).sum(axis=0)
    found = bins.squares - 2 * bins.truth_scores + bins.positives.sum(axis=2)
    np.testing.assert_allclose(found[0], expected, rtol=1e-12)


def test_there_and_back() -> None:
    one = state(1) + state(2)
    assert ClassBins.from_bytes(one.to_bytes()) == one
    assert one.to_bytes() == ClassBins.from_bytes(one.to_bytes()).to_bytes()
    assert repr(one) == "ClassBins(3 classes; 2 blocks; 8 units)"
    with pytest.raises(ValueError, match=r"cut short"):
        ClassBins.from_bytes(one.to_bytes()[:-8])
    with pytest.raises(ValueError, match="expected a state of kind"):
        ClassBins.from_bytes(b"auditkit\x02\x00\x00\x00{}")


def test_nothing_is_the_neutral_element() -> None:
    one, nothing = state(1), ClassBins.zeros(("0", "1", "2"), blocks=2)
    assert one + nothing == one == nothing + one
    assert nothing.units == 0


def test_others_do_not_merge() -> None:
    with pytest.raises(ValueError, match="different classes or blocks"):
        state(1) + ClassBins.zeros(CLASSES, blocks=2)
    with pytest.raises(ValueError, match="different classes or blocks"):
        state(1) + state(1, blocks=3)
    with pytest.raises(TypeError):
        state(1) + 1  # type: ignore[operator]
    assert state(1) != "state"


def _one_more(counts: np.ndarray) -> np.ndarray:
    more = counts.copy()
    more[0, 1, 3] += 1
    return more


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("classes", lambda _: (), "names of their classes"),
        ("classes", lambda _: ("a", "b", "a"), "a class is named twice"),
        ("counts", lambda a: a[..., :14], r"not \[blocks, 3, 15\]"),
        ("counts", lambda a: a.astype(float), "must be integers"),
        ("counts", lambda a: a - 1, "negative number"),
        ("counts", _one_more, "once for each class"),
        ("positives", lambda a: a + 1, "not among the units"),
        ("positives", lambda a: a * 0, "a positive of one class"),
        ("scores", lambda a: a * np.nan, "not finite"),
        ("scores", lambda a: a - 1, "negative sum"),
        ("squares", lambda a: a[:, :2], "do not fit counts"),
    ],
)
def test_states_that_contradict_themselves_are_refused(name, change, message) -> None:
    one = state(4, n=20)
    given = {key: getattr(one, key) for key in ("classes", *INTEGERS, *SUMS)}
    given[name] = change(given[name])
    with pytest.raises(ValueError, match=message):
        ClassBins(**given)
