"""The cosine of two rows is about the share of their cells that agree."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from auditkit.evidence.contents.tables import table_content


def table(rows: int, columns: int, seed: int = 0) -> pd.DataFrame:
    """Half of the columns numbers, half of them text."""
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            f"c{place:02}": rng.lognormal(3, 1, rows).round(2)
            if place % 2
            else rng.choice([f"level {one}" for one in range(400)], rows)
            for place in range(columns)
        }
    )


@pytest.mark.parametrize("columns", [1, 2, 5, 12, 30, 80, 300])
@pytest.mark.parametrize("share", [0.0, 0.5, 0.8, 1.0])
def test_the_cosine_is_the_share_of_equal_cells(columns: int, share: float) -> None:
    frame, other = table(300, columns), table(300, columns, seed=1)
    equal = round(share * columns)
    for name in frame.columns[:equal]:
        other[name] = frame[name]
    one, two = (table_content(given).vectors for given in (frame, other))
    cosines = (one * two).sum(axis=1)
    assert cosines.mean() == pytest.approx(equal / columns, abs=0.06)
    np.testing.assert_allclose(np.linalg.norm(one, axis=1), 1, atol=1e-5)
    if equal == columns:
        np.testing.assert_allclose(cosines, 1, atol=1e-5)


def test_one_changed_cell_changes_the_hash_and_little_of_the_vector() -> None:
    frame = table(50, 12)
    for name, value in (("c00", "another"), ("c01", 0.0), ("c01", np.nan), ("c00", None)):
        changed = frame.copy()
        changed[name] = value
        one, two = table_content(frame), table_content(changed)
        assert (one.hashes != two.hashes).all()
        assert (one.vectors * two.vectors).sum(axis=1).min() > 0.8


def test_numbers_that_were_rounded_stay_near() -> None:
    frame = table(200, 10)[[f"c{place:02}" for place in range(1, 10, 2)]]
    single = frame.astype(np.float32).astype(np.float64)
    rounded = frame * 1.003
    exact, near = (table_content(given) for given in (frame, single))
    assert (exact.vectors * near.vectors).sum(axis=1).min() > 0.7
    assert np.median((exact.vectors * near.vectors).sum(axis=1)) > 0.99
    coarse = (exact.vectors * table_content(rounded).vectors).sum(axis=1)
    assert 0.35 < np.median(coarse) < 0.65
    negative = (exact.vectors * table_content(-frame).vectors).sum(axis=1)
    assert np.median(negative) < 0.1


def test_rows_know_nothing_of_each_other() -> None:
    frame = table(40, 7)
    whole = table_content(frame)
    order = np.random.default_rng(0).permutation(40)
    part = table_content(frame.iloc[order[:9]][list(frame.columns[::-1])])
    np.testing.assert_array_equal(part.hashes, whole.hashes[order[:9]])
    np.testing.assert_allclose(part.vectors, whole.vectors[order[:9]], atol=1e-6)


def test_a_cell_is_of_its_column() -> None:
    one = table_content(pd.DataFrame({"a": [1.0], "b": [2.0]}))
    other = table_content(pd.DataFrame({"a": [2.0], "b": [1.0]}))
    assert (one.hashes != other.hashes).all()
    assert abs(one.vectors[0] @ other.vectors[0]) < 0.3


def test_strange_cells_are_no_harm() -> None:
    frame = pd.DataFrame(
        {
            "list": [[1], [1], None],
            "number": [np.inf, -np.inf, np.nan],
            "nothing": [None, None, None],
            1: [1, 2, 3],
        }
    )
    found = table_content(frame)
    assert np.isfinite(found.vectors).all()
    assert len(np.unique(found.hashes[:, 0])) == 3
    assert table_content(frame.iloc[:0]).vectors.shape == (0, found.vectors.shape[1])


def test_long_text_in_a_cell_is_compared_as_text() -> None:
    said = "The tenant has paid on time, and asks for a new kitchen in the back of the house."
    other = said.replace("a new kitchen", "two new windows").upper()
    frame = pd.DataFrame({"note": [said, other, "Nothing."], "price": 700})
    vectors = table_content(frame).vectors
    assert vectors[0] @ vectors[1] > 0.8
    assert vectors[0] @ vectors[2] < 0.65
