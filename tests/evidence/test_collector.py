"""The evidence is the same for every batch size and split of the rows, and is never read early."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import reduce

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from auditkit.data import Columns, Group
from auditkit.errors import DataError, ModelError
from auditkit.evidence import AttributionNeed, CountNeed, SumNeed, ViewKey
from auditkit.evidence.collector import SplitCollector
from auditkit.evidence.merging import from_bytes, merge, to_bytes
from auditkit.evidence.needs import (
    BLOCK,
    CORRECT,
    PREDICTION,
    RANK_CELL,
    SCORE_CELL,
    TARGET,
    feature,
    group,
)
from auditkit.explain import Wishes
from auditkit.measurement import Slice
from auditkit.models import wrap
from tests.evidence.passes import batch_of, binary, collect, cut, finished, plan_of, subject_of

WHOLE = ViewKey("")
COLUMNS = Columns(
    label="y",
    groups=(Group("sex", "sex"), Group("town", "town")),
    cluster="person",
    row_id="id",
)
EDGES = {"age": (30.0, 50.0), "town": None}
NEEDS = (
    CountNeed(WHOLE, (PREDICTION, TARGET, group("sex"), group("town"))),
    CountNeed(WHOLE, (SCORE_CELL, TARGET)),
    CountNeed(WHOLE, (RANK_CELL, CORRECT)),
    CountNeed(None, (feature("age"),)),
    CountNeed(None, (feature("town"), group("sex"))),
    SumNeed(WHOLE, "log_loss", (group("town"),)),
    SumNeed(WHOLE, "brier"),
)


def people(n: int = 90, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    towns = np.array([f"town {i}" for i in range(12)])
    return pd.DataFrame(
        {
            "id": np.arange(n),
            "score": rng.random(n),
            "y": rng.integers(0, 2, n),
            "sex": rng.choice(["F", "M"], n),
            # Towns appear one after the other, so that axes grow in the middle of a pass.
            "town": towns[np.minimum(np.arange(n) * 12 // n, rng.integers(0, 12, n))],
            "age": np.where(rng.random(n) < 0.1, np.nan, rng.integers(18, 80, n)),
            "person": rng.integers(0, 25, n),
        }
    )


TABLE = people()
MODEL = binary(TABLE)
SUBJECT = subject_of(MODEL, COLUMNS)
PLAN = plan_of(NEEDS, SUBJECT)


def passed(parts: Iterator[pd.DataFrame] | list[pd.DataFrame]):
    return finished(SplitCollector(SUBJECT, PLAN, MODEL, EDGES, 0), MODEL, parts, COLUMNS)


def assert_same(one, other) -> None:
    assert one.rows == other.rows
    assert one.levels == other.levels
    assert one.counts == other.counts
    assert one.sums.keys() == other.sums.keys()
    for need, moments in one.sums.items():
        theirs = other.sums[need]
        assert moments.axes == theirs.axes
        np.testing.assert_array_equal(moments.n, theirs.n)
        np.testing.assert_allclose(moments.sum, theirs.sum, rtol=1e-12)
        np.testing.assert_allclose(moments.sum_of_squares, theirs.sum_of_squares, rtol=1e-12)
    for where in (Slice(), Slice.of(sex="F"), Slice.of(sex="M", town="town 3")):
        assert one.clusters_in(where) == other.clusters_in(where)


EXPECTED = passed([TABLE])


@given(st.lists(st.integers(1, 40), max_size=30))
def test_batches_do_not_matter(sizes: list[int]) -> None:
    assert_same(passed(cut(TABLE, sizes)), EXPECTED)


@settings(max_examples=25)
@given(
    st.lists(st.integers(0, 90), min_size=2, max_size=2),
    st.permutations(range(3)),
    st.booleans(),
    st.integers(1, 20),
)
def test_workers_do_not_matter(cuts: list[int], order: list[int], grouped: bool, size: int) -> None:
    one, other = sorted(cuts)
    frames = [TABLE.iloc[:one], TABLE.iloc[one:other], TABLE.iloc[other:]]
    parts = [passed(cut(frames[place], [size] * 90)) for place in order]
    sent = [from_bytes(to_bytes(part, PLAN), PLAN) for part in parts]
    merged = merge(sent[0], merge(sent[1], sent[2])) if grouped else reduce(merge, sent)
    assert_same(merged, EXPECTED)


def test_the_order_of_the_rows_does_not_matter() -> None:
    shuffled = TABLE.sample(frac=1, random_state=1)
    assert_same(passed(cut(shuffled, [13] * 7)), EXPECTED)


def test_what_pandas_counts() -> None:
    found = passed(cut(TABLE, [11] * 9))
    predicted = (TABLE["score"] >= 0.5).astype(int)
    table = found.count(CountNeed(WHOLE, (group("town"), PREDICTION, TARGET)))
    expected = pd.crosstab(TABLE["town"], [predicted, TABLE["y"]]).to_numpy().reshape(-1, 2, 2)
    assert list(table.axes[0].labels) == sorted(TABLE["town"].unique())
    np.testing.assert_array_equal(table.values, expected)
    assert found.clusters_in(Slice()) == TABLE["person"].nunique()
    women = TABLE[TABLE["sex"] == "F"]
    assert found.clusters_in(Slice.of(sex="F")) == women["person"].nunique()
    ages = found.count(CountNeed(None, (feature("age"),)))
    assert ages.axes[0].labels[-2] == "(missing)"
    assert ages.values[-2] == TABLE["age"].isna().sum()
    assert ages.values[0] == (TABLE["age"] < 30).sum()


def test_blocks_keep_clusters_whole() -> None:
    found = passed([TABLE])
    need = CountNeed(WHOLE, (TARGET,))
    by_block = found.count(need, keep_blocks=True)
    assert [axis.name for axis in by_block.axes] == ["target", "block"]
    np.testing.assert_array_equal(by_block.values.sum(axis=1), found.count(need).values)
    # As many rows as the persons of a block have together.
    sizes = TABLE.groupby("person").size()
    assert (by_block.values.sum(axis=0) > 0).sum() <= len(sizes)
    needed = CountNeed(WHOLE, (BLOCK, TARGET))
    np.testing.assert_array_equal(found.count(needed, keep_blocks=True).values, by_block.values)


def test_what_was_not_planned_is_not_found() -> None:
    with pytest.raises(KeyError):
        EXPECTED.count(CountNeed(ViewKey("other"), (TARGET,)))
    with pytest.raises(KeyError):
        EXPECTED.sum(SumNeed(WHOLE, "squared_error"))


def test_a_worker_without_rows_adds_nothing() -> None:
    nothing = passed([])
    assert nothing.rows == 0
    assert_same(merge(nothing, EXPECTED), EXPECTED)
    assert_same(merge(EXPECTED, from_bytes(to_bytes(nothing, PLAN), PLAN)), EXPECTED)
    assert_same(passed([TABLE.iloc[:0], TABLE]), EXPECTED)


def test_parts_of_other_plans_do_not_merge() -> None:
    other = collect(TABLE, MODEL, [CountNeed(WHOLE, (TARGET,))])
    with pytest.raises(ValueError, match="different plans"):
        merge(EXPECTED, other)


def test_a_missing_level_is_a_level() -> None:
    batch = batch_of(TABLE, COLUMNS)
    sexes = pd.Categorical([None, *TABLE["sex"].iloc[1:]], categories=["F", "M"])
    batch = replace(batch, groups={**batch.groups, "sex": sexes})
    collector = SplitCollector(SUBJECT, PLAN, MODEL, EDGES, 0)
    with MODEL.opened():
        collector.update(batch)
        found = collector.finish()
    assert found.levels["sex"] == ("(missing)", "F", "M")
    sex = found.count(CountNeed(None, (group("sex"),)))
    assert dict(zip(sex.axes[0].labels, sex.values, strict=True))["(missing)"] == 1


def test_a_feature_that_the_split_lacks_is_named() -> None:
    frame = TABLE.drop(columns="age")
    with pytest.raises(DataError) as caught:
        passed([frame])
    assert caught.value.problem == (
        "The evaluation data have no table feature 'age', which the training data have and which "
        "is compared between the two."
    )


def test_outputs_that_turn_bad_stop_the_pass() -> None:
    broken = TABLE.copy()
    broken.loc[80, "score"] = np.nan
    with pytest.raises(ModelError, match=r"1 of 90 rows .* not finite \(the first is row 80\)"):
        passed(cut(broken, [10] * 9))


class Network(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(2, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x)


class ReadsOfTheDevice(TorchDispatchMode):
    """Counts operators that read a value, or whose output has a size that only values tell."""

    WATCHED = ("_local_scalar_dense", "nonzero", "masked_select", "unique", "bincount", "item")

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        if any(name in function.__name__ for name in self.WATCHED):
            self.count += 1
        return function(*args, **(kwargs or {}))


@contextmanager
def counted_reads() -> Iterator[Counter[str]]:
    """How often a tensor is read by the host, by method of `Tensor` and by operator."""
    reads: Counter[str] = Counter()
    with pytest.MonkeyPatch.context() as patch:
        for name in ("item", "tolist", "cpu", "__bool__", "__int__", "__float__"):
            original = getattr(Tensor, name)

            def noted(self, *args, _name=name, _original=original, **kwargs):
                reads[_name] += 1
                return _original(self, *args, **kwargs)

            patch.setattr(Tensor, name, noted)
        with ReadsOfTheDevice() as mode:
            yield reads
        reads["operators"] = mode.count


def reads_of_200_batches(needs: tuple) -> Counter[str]:
    model = wrap(
        Network(), task="binary", outputs="logits", decision={"threshold": 0.5}, device="cpu"
    )
    subject = subject_of(model, COLUMNS)
    collector = SplitCollector(subject, plan_of(needs, subject), model, EDGES, 0)
    batches = []
    for part in cut(people(2000), [10] * 200):
        batch = batch_of(part, COLUMNS)
        inputs = torch.tensor(part[["score", "person"]].to_numpy(np.float32))
        targets = torch.tensor(part["y"].to_numpy())
        batches.append(replace(batch, inputs=inputs, targets=targets))
    with model.opened():
        with counted_reads() as reads:
            for batch in batches:
                collector.update(batch)
        assert collector.finish().rows == 2000
    return reads


def test_no_batch_is_read_by_the_host() -> None:
    reads = reads_of_200_batches(NEEDS)
    # The guard reads at batches 1, 64, 128 and 192. Targets are looked at where the loader made
    # them, in the host's memory, before they go to the device.
    assert reads.pop("cpu") == 200
    assert reads == {"tolist": 4, "operators": 0}


def test_only_units_that_are_drawn_are_read() -> None:
    reads = reads_of_200_batches((*NEEDS, AttributionNeed("", Wishes(units=8))))
    # 8 (1 + ln(2000 / 8)) = 52 units are drawn on average on the way to the last 8.
    drawn = (reads.pop("cpu") - 200) / 2
    assert 5 <= drawn <= 70
    assert reads == {"tolist": 4, "operators": 0}


def test_reads_would_be_noticed() -> None:
    with counted_reads() as reads:
        numbers = torch.tensor([1.0, 2.0])
        assert numbers.sum().item() == 3.0
        assert bool(numbers[0] > 0)
        assert torch.bincount(torch.tensor([1, 0])).tolist() == [1, 1]
        assert numbers[numbers > 1].cpu().shape == (1,)
    assert reads["item"] == reads["__bool__"] == reads["tolist"] == reads["cpu"] == 1
    assert reads["operators"] >= 3
