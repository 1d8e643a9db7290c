"""What is withheld leaves nobody to be found by subtraction; where all are many, nothing is."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from auditkit.statistics.absence import MIN_KEPT
from auditkit.statistics.withholding import few, told_totals, withheld, withheld_within

TABLES = hnp.arrays(
    np.int64, hnp.array_shapes(min_dims=1, max_dims=3, max_side=4), elements=st.integers(0, 30)
)


@given(TABLES)
def test_no_small_number_is_a_total_less_what_is_shown(table: np.ndarray) -> None:
    hidden = withheld(table, table)
    assert hidden[few(table, table)].all()
    assert not (hidden & (table == 0)).any()
    for axis in range(table.ndim):
        told = told_totals(table, table, axis).ravel()
        lines = np.moveaxis(table, axis, -1).reshape(-1, table.shape[axis])
        masks = np.moveaxis(hidden, axis, -1).reshape(-1, table.shape[axis])
        for line, mask in zip(lines[told], masks[told], strict=True):
            rest = line.sum() - line[~mask].sum()
            shown = (line[~mask] > 0).any()
            assert not mask.any() or not shown or (mask.sum() >= 2 and rest >= MIN_KEPT)


@given(TABLES.filter(lambda table: table.ndim == 3), st.booleans())
def test_no_small_number_is_a_told_total_less_what_is_shown(table: np.ndarray, pairs: bool) -> None:
    totals = [(0,), (1,), (2,), *([(0, 1), (1, 2)] if pairs else [])]
    hidden = withheld_within(table, table, totals)
    assert hidden[few(table, table)].all()
    for axes in totals:
        others = tuple(set(range(3)) - set(axes))
        by_total = table.sum(axis=others)
        inner = [] if len(axes) == 1 else [(0,), (1,)]
        told = ~withheld_within(by_total, by_total, inner)
        rest = by_total - np.where(hidden, 0, table).sum(axis=others)
        shown = (~hidden & (table > 0)).any(axis=others)
        alone = hidden.sum(axis=others) == 1
        assert not (told & hidden.any(axis=others) & shown & (alone | (rest < MIN_KEPT))).any()


def test_a_total_of_few_protects_by_not_being_told() -> None:
    table = np.array([[3, 90], [0, 70]])
    assert withheld_within(table, table, [(1,)]).astype(int).tolist() == [[1, 0], [0, 0]]
    assert withheld_within(table, table, [(0,)]).astype(int).tolist() == [[1, 1], [0, 0]]
    assert withheld_within(table[0], table[0], []).tolist() == [True, False]


@given(hnp.arrays(np.int64, (3, 4), elements=st.integers(MIN_KEPT, 50)))
def test_nothing_is_withheld_where_all_are_many(table: np.ndarray) -> None:
    assert not withheld(table, table).any()


def test_a_cell_of_few_rows_is_withheld_whatever_is_counted_in_it() -> None:
    counted, rows = np.array([0, 40, 20]), np.array([2, 90, 60])
    assert withheld(counted, rows).tolist() == [True, False, True]


def test_the_smallest_other_is_chosen() -> None:
    table = np.array([2, 50, 7, 90])
    assert withheld(table, table).tolist() == [True, False, True, False]


def test_a_level_of_few_hides_no_more_than_it_must() -> None:
    """Three women of race d: race c is withheld with d by race alone, so its men can be told."""
    race_by_sex = np.array([[200, 300], [90, 130], [50, 80], [3, 0]])
    assert np.argwhere(withheld(race_by_sex, race_by_sex)).tolist() == [[2, 0], [3, 0]]
    by_race = race_by_sex.sum(axis=1)
    assert withheld(by_race, by_race).tolist() == [False, False, True, True]


def test_a_cell_of_few_in_a_large_level_takes_three_others() -> None:
    table = np.array([[200, 300], [90, 130], [50, 80], [3, 60]])
    hidden = withheld(table, table)
    assert np.argwhere(hidden).tolist() == [[2, 0], [2, 1], [3, 0], [3, 1]]


def test_empty_cells_protect_nobody() -> None:
    table = np.array([3, 0, 80])
    assert withheld(table, table).tolist() == [True, False, True]
