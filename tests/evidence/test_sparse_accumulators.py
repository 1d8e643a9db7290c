"""Sparse accumulators against the dense ones, while axes grow and one form takes over."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from auditkit.data import Columns, Group
from auditkit.evidence import CountNeed, SumNeed, ViewKey, accumulators, sparse_accumulators
from auditkit.evidence.accumulators import CountAccumulator, SumAccumulator
from auditkit.evidence.merging import from_bytes, merge, to_bytes
from auditkit.evidence.needs import RANK_CELL, SCORE_CELL, TARGET, group
from auditkit.evidence.sparse_accumulators import (
    SparseCountAccumulator,
    SparseSumAccumulator,
    count_accumulator,
    roomy_counts,
    roomy_sums,
    sum_accumulator,
)
from auditkit.statistics import sparse_counts, sparse_moments
from auditkit.statistics.sparse_counts import SparseCounts
from auditkit.statistics.sparse_moments import SparseMoments
from tests.evidence.passes import binary, collect, plan_of, subject_of

CPU = torch.device("cpu")
NAMES = ["group", "outcome", "town"]
UNITS = st.lists(
    st.tuples(st.integers(0, 9), st.integers(0, 2), st.integers(0, 40), st.floats(-1e6, 1e6)),
    max_size=60,
)


def full(codes: np.ndarray, parts: np.ndarray, sizes: list[int]) -> np.ndarray:
    table = np.zeros((*parts.shape[:-1], int(np.prod(sizes))), dtype=parts.dtype)
    table[..., codes] = parts
    return table.reshape(*parts.shape[:-1], *sizes)


@given(UNITS, st.integers(1, 9), st.integers(1, 30), st.integers(1, 400))
def test_both_forms_count_and_sum_alike(units, batch: int, waiting: int, limit: int) -> None:
    patch = pytest.MonkeyPatch()
    with patch.context() as patched:
        patched.setattr(accumulators, "DENSE_CELLS", limit)
        patched.setattr(sparse_accumulators, "WAITING", waiting)
        _compare(units, batch)


def _compare(units, batch: int) -> None:
    sizes = [0, 3, 0]
    counts, sums = count_accumulator(NAMES, sizes, CPU), sum_accumulator(NAMES, sizes, CPU)
    plain, plain_sums = CountAccumulator(NAMES, sizes, CPU), SumAccumulator(NAMES, sizes, CPU)
    for start in range(0, len(units), batch):
        part = units[start : start + batch]
        *columns, values = (torch.tensor(column) for column in zip(*part, strict=True))
        sizes = [
            size if name == "outcome" else max(size, int(column.max()) + 1)
            for name, size, column in zip(NAMES, sizes, columns, strict=True)
        ]
        counts = roomy_counts(counts, sizes)
        sums = roomy_sums(sums, sizes)
        for one in (counts, plain):
            one.add(columns, sizes, len(part))
        for one in (sums, plain_sums):
            one.add(values.double(), columns, sizes)
    if isinstance(counts, SparseCountAccumulator):
        codes, found = counts.occupied(sizes)
        assert (np.diff(codes) > 0).all()
        assert (found > 0).all()
        np.testing.assert_array_equal(full(codes, found, sizes), plain.array(sizes))
    if isinstance(sums, SparseSumAccumulator):
        codes, *states = sums.occupied(sizes)
        numbers, totals, lacking = (full(codes, state, sizes) for state in states)
        expected = plain_sums.arrays(sizes)
        np.testing.assert_array_equal(numbers, expected[0])
        scale = 1 + np.abs(expected[1]).max(initial=0)
        np.testing.assert_allclose(
            totals + lacking, expected[1] + expected[2], rtol=1e-12, atol=1e-13 * scale
        )


def test_a_sparse_sum_keeps_its_last_bits() -> None:
    rng = np.random.default_rng(0)
    values = rng.lognormal(sigma=4, size=40_000)
    sums = SparseSumAccumulator(["cell"], [2], CPU)
    for start in range(0, len(values), 100):
        part = torch.from_numpy(values[start : start + 100])
        sums.add(part, [torch.zeros(100, dtype=torch.int64)], [2])
    _, numbers, total, lacking = sums.occupied([2])
    assert numbers.tolist() == [len(values)]
    exact = float(np.sum(values.astype(np.longdouble)))
    assert abs(total[0, 0] + lacking[0, 0] - exact) <= 1e-12 * exact


COLUMNS = Columns(
    label="y", groups=(Group("sex", "sex"), Group("town", "town")), cluster="person", row_id="id"
)
KEY = ViewKey("")
NEEDS = (
    CountNeed(KEY, (TARGET, group("sex"), group("town"), SCORE_CELL)),
    CountNeed(KEY, (TARGET, RANK_CELL)),
    SumNeed(KEY, "score", (group("town"), SCORE_CELL)),
)
READ = (
    CountNeed(KEY, (TARGET, group("sex"))),
    CountNeed(None, (group("town"), group("sex"))),
    CountNeed(KEY, (SCORE_CELL, TARGET)),
)


@pytest.fixture
def table() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "id": np.arange(300),
            "score": rng.random(300),
            "y": rng.integers(0, 2, 300),
            "sex": rng.choice(["F", "M"], 300),
            "town": rng.choice([f"town {at}" for at in range(10)], 300),
            "person": rng.integers(0, 90, 300),
        }
    )


def collected(table: pd.DataFrame, limit: int | None, *, in_parts: bool = True):
    with pytest.MonkeyPatch.context() as patched:
        if limit is not None:
            for module in (accumulators, sparse_counts, sparse_moments):
                patched.setattr(module, "DENSE_CELLS", limit)
        whole = collect(table, binary(table), NEEDS, columns=COLUMNS)
        if not in_parts:
            return whole
        parts = [
            collect(table.iloc[a:b], binary(table), NEEDS, columns=COLUMNS)
            for a, b in ((0, 20), (20, 21), (21, 300))
        ]
        plan = plan_of(NEEDS, subject_of(binary(table), COLUMNS))
        parts = [from_bytes(to_bytes(part, plan), plan) for part in parts]
        return whole, merge(parts[2], merge(parts[0], parts[1])), plan


def test_a_pass_gives_the_same_evidence_in_every_form(table: pd.DataFrame) -> None:
    dense = collected(table, 1 << 40, in_parts=False)
    whole, merged, plan = collected(table, None)
    small, small_merged, _ = collected(table, 1000)
    # 64 blocks x 1,920 score cells x 2 classes x 10 towns x 2: above a million.
    assert isinstance(whole.counts[plan.counts[0]], SparseCounts)
    assert isinstance(whole.sums[plan.sums[0]], SparseMoments)
    assert isinstance(small.counts[plan.counts[1]], SparseCounts)
    for found in (whole, merged, small, small_merged):
        assert found.counts == dense.counts
        for need in READ:
            for keep in (False, True):
                one, other = (side.count(need, keep_blocks=keep) for side in (found, dense))
                assert one == other
                np.testing.assert_array_equal(one.values, other.values)
        need = SumNeed(KEY, "score", (group("town"),))
        for one, other in zip(
            found.sum(need, keep_blocks=True).of("score"),
            dense.sum(need, keep_blocks=True).of("score"),
            strict=True,
        ):
            np.testing.assert_allclose(one, other, rtol=1e-12)
    assert [state.to_bytes() for state in merged.counts.values()] == [
        state.to_bytes() for state in whole.counts.values()
    ]
