"""The search for slices against a literal one, and what it must find and leave out."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import proportions_ztest

from auditkit.statistics.slice_cells import SliceCells, score_test, slice_line_score, welch_test
from auditkit.statistics.slice_search import SliceSearch, search
from auditkit.statistics.slice_tree import Node, grow, strongest_pair, sums_by_level, sums_of

Rows = tuple[np.ndarray, np.ndarray]
"""Levels, int of shape (features, n), and an error each."""


def rows(n: int = 4000, sizes: tuple[int, ...] = (2, 3, 2, 4), seed: int = 0) -> Rows:
    rng = np.random.default_rng(seed)
    levels = np.stack([rng.integers(0, size, n) for size in sizes])
    return levels, (rng.random(n) < 0.2).astype(float)


def with_slice(pattern: dict[int, int], rate: float, data: Rows, seed: int = 1) -> Rows:
    levels, errors = data
    inside = np.all([levels[place] == level for place, level in pattern.items()], axis=0)
    rng = np.random.default_rng(seed)
    return levels, np.where(inside, rng.random(len(errors)) < rate, errors).astype(float)


def cells_of(data: Rows, depth: int = 3) -> SliceCells:
    levels, errors = data
    sizes = levels.max(axis=1) + 1
    tables = {}
    for places in itertools.combinations(range(len(levels)), depth):
        table = np.zeros((3, *sizes[list(places)]))
        for quantity, weight in enumerate((np.ones_like(errors), errors, errors**2)):
            np.add.at(table[quantity], tuple(levels[place] for place in places), weight)
        tables[places] = table
    return SliceCells(tables)


Tests = dict[tuple[tuple[int, int], ...], tuple[float, float]]


def literally(data: Rows, support: int, depth: int = 3) -> Tests:
    """Every slice with enough units, its score test and p-value, from the rows themselves."""
    levels, errors = data
    found = {}
    for few in range(1, depth + 1):
        for places in itertools.combinations(range(len(levels)), few):
            for at in itertools.product(*(range(levels[place].max() + 1) for place in places)):
                inside = np.all([levels[p] == a for p, a in zip(places, at, strict=True)], axis=0)
                n = inside.sum()
                if n >= support and len(errors) - n >= support:
                    count = [errors[inside].sum(), errors[~inside].sum()]
                    z, _ = proportions_ztest(count, [n, len(errors) - n])
                    tail = stats.binom.sf(count[0] - 1, n, count[1] / (len(errors) - n))
                    p = max(stats.norm.sf(z), tail) if z > 2 else stats.norm.sf(z)
                    found[tuple(zip(places, at, strict=True))] = float(z), float(p)
    return found


def test_every_slice_is_tested_as_statsmodels_does() -> None:
    data = with_slice({0: 1, 1: 2}, 0.5, rows())
    expected = literally(data, 60)
    found = search(cells_of(data), 60, most=10_000)
    assert found.tested == len(expected)
    assert found.combinations == 4 + 6 + 4
    adjusted = stats.false_discovery_control([p for _, p in expected.values()])
    by_pattern = dict(zip(expected, adjusted, strict=True))
    assert found.by_test
    for one in found.by_test:
        assert one.z == pytest.approx(expected[one.pattern][0], rel=1e-9)
        assert one.p_adjusted == pytest.approx(by_pattern[one.pattern], rel=1e-6)
    assert found.by_test[0].z == max(one.z for one in found.by_test)
    levels, errors = data
    inside = (levels[0] == 1) & (levels[1] == 2)
    top = found.by_test[0]
    assert top.pattern == ((0, 1), (1, 2))
    assert (top.n, top.mean) == (inside.sum(), errors[inside].mean())


def test_welch_is_that_of_scipy() -> None:
    rng = np.random.default_rng(0)
    one, other = rng.gamma(2, 3, 40), rng.gamma(2, 1, 700)
    parts = [np.array([len(x), x.sum(), (x**2).sum()]) for x in (one, other)]
    expected = stats.ttest_ind(one, other, equal_var=False).statistic
    assert float(welch_test(*parts)) == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("test", [score_test, welch_test])
def test_no_variation_is_no_certainty(test) -> None:
    none, all_wrong, empty = np.array([9.0, 0, 0]), np.array([9.0, 9, 9]), np.zeros(3)
    assert float(test(none, none)) == 0
    assert float(test(none, empty)) == 0
    assert float(test(empty, none)) == 0
    assert math.isfinite(float(test(all_wrong, none)))
    assert float(welch_test(all_wrong, none)) == 0


def test_the_score_is_that_of_the_paper() -> None:
    # The formula of SliceLine, section 2.2, written out.
    everything = np.array([1000.0, 100.0, 100.0])
    score = slice_line_score(np.array([50.0]), np.array([20.0]), everything)
    assert score[0] == pytest.approx(0.95 * (0.4 / 0.1 - 1) - 0.05 * (1000 / 50 - 1))
    assert slice_line_score(everything[:1], everything[1:2], everything)[0] == 0
    nothing = slice_line_score(np.array([5.0]), np.zeros(1), np.array([9.0, 0, 0]))
    assert nothing[0] == -np.inf


def patterns(found: SliceSearch) -> list[dict[int, int]]:
    return [dict(one.pattern) for one in found.by_test]


def test_parts_of_a_slice_that_add_nothing_are_left_out() -> None:
    data = with_slice({1: 2}, 0.5, rows(8000))
    assert patterns(search(cells_of(data), 60)) == [{1: 2}]


def test_what_a_slice_is_part_of_only_echoes_it() -> None:
    data = with_slice({0: 1, 1: 2, 3: 3}, 0.8, rows(8000))
    assert patterns(search(cells_of(data), 60)) == [{0: 1, 1: 2, 3: 3}]


def test_a_part_that_is_still_worse_is_kept() -> None:
    data = with_slice({1: 2, 3: 0}, 0.9, with_slice({1: 2}, 0.5, rows(8000)))
    found = patterns(search(cells_of(data), 60))
    assert {1: 2} in found
    assert {1: 2, 3: 0} in found


def test_nearly_all_of_a_slice_is_not_told_beside_it() -> None:
    levels, errors = with_slice({1: 2}, 0.5, rows(8000))
    # All but a few of those of the slice have the same level of another feature.
    inside = np.flatnonzero(levels[1] == 2)
    levels[0, inside], levels[0, inside[:20]] = 1, 0
    errors[inside[:20]] = 0
    found = patterns(search(cells_of((levels, errors)), 60))
    assert {1: 2} in found
    assert {0: 1, 1: 2} not in found


def test_two_slices_of_two_causes_are_both_kept() -> None:
    data = with_slice({0: 0, 1: 0}, 0.5, with_slice({2: 1, 3: 3}, 0.5, rows(8000)))
    assert patterns(search(cells_of(data), 60))[:2] in (
        [{0: 0, 1: 0}, {2: 1, 3: 3}], [{2: 1, 3: 3}, {0: 0, 1: 0}],
    )  # fmt: skip


def test_by_effect_a_large_slice_comes_before_a_tiny_one() -> None:
    data = with_slice({0: 1}, 0.4, with_slice({1: 2, 2: 1, 3: 3}, 0.9, rows(8000)))
    found = search(cells_of(data), 60)
    assert found.by_effect[0].score > 0
    scores = [one.score for one in found.by_effect]
    assert scores == sorted(scores, reverse=True)
    assert dict(found.by_effect[0].pattern) == {0: 1}


def test_a_design_effect_makes_tests_weaker() -> None:
    data = with_slice({1: 2}, 0.5, rows())
    one, four = (search(cells_of(data), 60, design_effect=d).by_test[0].z for d in (1.0, 4.0))
    assert four == pytest.approx(one / 2)


def test_small_slices_and_small_complements_are_not_tested() -> None:
    data = rows(200, (2, 2))
    cells = cells_of(data, 2)
    assert search(cells, 100).tested <= 4
    assert search(cells, 201).tested == 0
    assert search(cells, 201).by_test == ()


def test_nothing_wrong_and_all_wrong_find_nothing() -> None:
    levels, errors = rows()
    for same in (np.zeros_like(errors), np.ones_like(errors)):
        found = search(cells_of((levels, same)), 60)
        assert found.by_test == ()
        assert found.by_effect == ()


def test_clean_data_seldom_have_a_candidate() -> None:
    # Sets in which BH admits anything, of 200 without any slice: nominal 5 %, and at most that.
    hits = sum(bool(search(cells_of(rows(600, seed=seed)), 50).by_test) for seed in range(200))
    assert stats.binomtest(hits, 200, 0.05, alternative="greater").pvalue > 0.01


def test_marginals_are_those_of_any_table() -> None:
    data = rows()
    cells, whole = cells_of(data), cells_of(data, 4)
    for places in cells.combinations():
        np.testing.assert_array_equal(cells.of(places), whole.of(places))
    with pytest.raises(KeyError):
        cells.of((0, 1, 2, 3))
    with pytest.raises(ValueError, match="tables of one depth"):
        SliceCells({})


def leaves(node: Node) -> list[Node]:
    return [leaf for child in node.children for leaf in leaves(child)] or [node]


def held(node: Node, levels: np.ndarray) -> np.ndarray:
    parts = [allowed[levels[place]] for place, allowed in node.region.items()]
    return np.all(parts, axis=0) if parts else np.ones(levels.shape[1], dtype=bool)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000))
def test_the_leaves_of_a_tree_hold_every_row_once(seed: int) -> None:
    data = with_slice({0: 1, 1: 2}, 0.6, rows(1500, seed=seed), seed)
    root = grow(cells_of(data), 50, (0, 3, 0, 0))
    inside = np.sum([held(leaf, data[0]) for leaf in leaves(root)], axis=0)
    assert inside.tolist() == [1] * 1500
    assert min(held(leaf, data[0]).sum() for leaf in leaves(root)) >= 50


def test_a_tree_finds_the_best_division_of_all() -> None:
    levels, errors = with_slice({3: 1}, 0.5, with_slice({3: 3}, 0.6, rows()))
    root = grow(cells_of((levels, errors)), 50, (0, 0, 0, 0), depth=1)
    best, where = 0.0, None
    for place, size in enumerate((2, 3, 2, 4)):
        for chosen in itertools.product((False, True), repeat=size):
            inside = np.array(chosen)[levels[place]]
            if 50 <= inside.sum() <= len(errors) - 50:
                split = sum(
                    ((errors[part] - errors[part].mean()) ** 2).sum() for part in (inside, ~inside)
                )
                gain = ((errors - errors.mean()) ** 2).sum() - split
                if gain > best:
                    best, where = gain, (place, frozenset(np.flatnonzero(chosen)))
    assert where is not None
    sides = {frozenset(np.flatnonzero(child.region[3])) for child in root.children}
    assert root.feature == where[0] == 3
    assert where[1] in sides


def test_numbers_are_divided_at_a_threshold() -> None:
    # The last level has no place in the order, and goes with the larger ones.
    levels, errors = rows(6000, (5, 2))
    errors = np.where(np.isin(levels[0], (2, 3)), errors + 0.5, errors)
    root = grow(cells_of((levels, errors), 2), 50, (4, 0), depth=1)
    assert root.children[0].region[0].tolist() == [True, True, False, False, False]


def test_a_tree_of_noise_has_no_branches() -> None:
    grown = [grow(cells_of(rows(2000, seed=seed)), 50, (0,) * 4) for seed in range(40)]
    assert sum(bool(root.children) for root in grown) <= 2


def test_sums_of_parts() -> None:
    data = rows()
    cells = cells_of(data)
    region = {0: np.array([False, True]), 3: np.array([True, False, True, False])}
    inside = (data[0][0] == 1) & np.isin(data[0][3], (0, 2))
    table = cells.of((0, 2, 3))
    assert sums_of(table, (0, 2, 3), region)[0] == inside.sum()
    by_level = sums_by_level(cells, region, 1)
    assert by_level[0].tolist() == np.bincount(data[0][1][inside]).tolist()
    assert sums_by_level(cells, region, 3)[0].sum() == inside.sum()


def test_the_strongest_pair() -> None:
    data = with_slice({1: 1, 3: 2}, 0.9, rows())
    assert strongest_pair(cells_of(data)) == (1, 3)
    assert strongest_pair(cells_of(rows(sizes=(4,)), 1)) is None
    levels, errors = rows()
    assert strongest_pair(cells_of((levels, np.zeros_like(errors)))) is None
