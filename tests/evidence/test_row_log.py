"""The log of rows is the same whatever the order, the batches or the number of workers."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from auditkit.data import Columns, Group
from auditkit.errors import ConfigurationError
from auditkit.evidence import Evidence, RowNeed, SplitEvidence, ViewKey
from auditkit.evidence.collector import SplitCollector
from auditkit.evidence.hashing import folds, hashes
from auditkit.evidence.merging import from_bytes, merge, to_bytes
from auditkit.evidence.needs import BLOCK, CORRECT, FOLD, TARGET, group
from auditkit.evidence.row_log import MAX_BYTES, MAX_BYTES_TOGETHER, RowLog
from auditkit.evidence.row_recorder import MAX_DIMENSIONS, projected, rows_at_most
from auditkit.models import wrap
from auditkit.recording import states_of
from tests.evidence.passes import batch_of, plan_of, subject_of

COLUMNS = Columns(
    label="y", groups=(Group("sex", "sex"),), cluster="person", row_id="id", query="list"
)
NEED = RowNeed(
    ViewKey(""), (CORRECT, FOLD, BLOCK, TARGET, group("sex")), ("log_loss",), "0", rows=30
)
N = 120


def table(n: int = N) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "id": rng.permutation(n),
            "score": rng.random(n),
            "y": rng.integers(0, 2, n),
            "sex": rng.choice(["F", "M"], n),
            "person": rng.integers(0, 50, n),
            "list": [f"list {i}" for i in rng.integers(0, 25, n)],
        }
    )


TABLE = table()


def network(width: int = 3):
    torch.manual_seed(0)
    layers = nn.Sequential(nn.Linear(1, width), nn.Tanh(), nn.Linear(width, 1))
    return wrap(
        layers, task="binary", outputs="logits", decision={"threshold": 0.5}, device="cpu",
        preprocess=lambda frame: torch.tensor(frame[["score"]].to_numpy(np.float32)),
    )  # fmt: skip


MODEL = network()
SUBJECT = subject_of(MODEL, COLUMNS)


def read(
    fragments: dict[str, pd.DataFrame], *needs: RowNeed, size: int = 7, model=MODEL, **more
) -> SplitEvidence:
    """One process that reads some fragments."""
    columns = more.pop("columns", COLUMNS)
    subject = subject_of(model, columns)
    collector = SplitCollector(subject, plan_of(needs or (NEED,), subject), model, {}, seed=3)
    with model.opened():
        for name, frame in fragments.items():
            for start in range(0, len(frame), size):
                collector.update(batch_of(frame.iloc[start : start + size], columns), name)
        return collector.finish()


def pieces(cuts: list[int]) -> dict[str, pd.DataFrame]:
    edges = [0, *sorted(set(cuts)), N]
    return {f"part {a}": TABLE.iloc[a:b] for a, b in pairwise(edges)}


def log_of(evidence: SplitEvidence, need: RowNeed = NEED) -> RowLog:
    return evidence.row_logs[need]


def same(one: RowLog, other: RowLog, *, embedded: bool = True) -> bool:
    assert (one.cutoff, one.size, one.rows_seen) == (other.cutoff, other.size, other.rows_seen)
    drop = ["value:log_loss", "embedding"] if embedded else ["value:log_loss"]
    np.testing.assert_allclose(one.values("log_loss"), other.values("log_loss"), rtol=1e-6)
    if embedded:
        np.testing.assert_allclose(one.embedding, other.embedding, rtol=1e-5, atol=1e-6)
    return one.table.drop_columns(drop).equals(other.table.drop_columns(drop))


WHOLE = {
    whole: log_of(read({"all": TABLE}, replace(NEED, whole=whole)), replace(NEED, whole=whole))
    for whole in ("row", "cluster", "query")
}


@pytest.mark.parametrize("whole", WHOLE)
def test_what_is_kept_is_the_smallest_hashes_of_whole_units(whole: str) -> None:
    log = WHOLE[whole]
    names = {"row": "id", "cluster": "person", "query": "list"}
    units = TABLE[names[whole]].to_numpy()
    keys = hashes(units, 3)
    distinct, sizes = np.unique(keys, return_counts=True)
    fitting = np.cumsum(sizes) <= 30
    expected = TABLE[np.isin(keys, distinct[fitting])]
    assert len(log) == len(expected) <= 30
    assert len(log) > 20
    assert log.sampled
    assert log.rows_seen == N
    assert sorted(log.rows) == sorted(hashes(expected["id"].to_numpy(), 3))
    assert sorted(np.unique(log.units)) == distinct[fitting].tolist()


def test_each_row_keeps_what_belongs_to_it() -> None:
    log = WHOLE["query"]
    place = pd.Series(np.arange(N), index=hashes(TABLE["id"].to_numpy(), 3))
    frame = TABLE.iloc[place[log.rows].to_numpy()]
    assert log.labels(group("sex")).tolist() == frame["sex"].tolist()
    assert log.codes(TARGET).tolist() == frame["y"].tolist()
    assert log.codes(FOLD).tolist() == folds(frame["person"].to_numpy()).tolist()
    assert log.clusters.tolist() == hashes(frame["person"].to_numpy()).tolist()
    inputs = torch.tensor(frame[["score"]].to_numpy(np.float32))
    module = MODEL.module
    with torch.no_grad():
        np.testing.assert_allclose(log.embedding, module[0](inputs).numpy(), rtol=1e-5)
        odds = module(inputs)[:, 0].double().numpy()
    truth = frame["y"].to_numpy()
    np.testing.assert_allclose(
        log.values("log_loss"), np.log1p(np.exp(np.where(truth == 1, -odds, odds))), rtol=1e-6
    )
    assert log.codes(CORRECT).tolist() == ((odds >= 0) == truth).astype(int).tolist()


@settings(max_examples=50)
@given(
    st.sampled_from(sorted(WHOLE)),
    st.lists(st.integers(1, N - 1), max_size=6),
    st.permutations(range(7)),
    st.sampled_from([1, 5, 64]),
)
def test_workers_logs_merge_to_that_of_the_whole(
    whole: str, cuts: list[int], order: list[int], size: int
) -> None:
    need = replace(NEED, whole=whole)
    plan = plan_of([need], SUBJECT)
    parts = list(pieces(cuts).items())
    parts = [parts[place] for place in order if place < len(parts)]
    logs = [read({name: frame}, need, size=size) for name, frame in parts]
    sent = [from_bytes(to_bytes(log, plan), plan) for log in logs]
    merged = log_of(reduce(merge, sent), need)
    assert same(merged, WHOLE[whole])
    # What was read twice counts once.
    again = log_of(reduce(merge, [*logs, *logs[:2]]), need)
    assert same(again, WHOLE[whole])
    half = len(logs) // 2
    if half:
        grouped = merge(reduce(merge, logs[:half]), reduce(merge, logs[half:]))
        assert same(log_of(grouped, need), WHOLE[whole])


def test_rows_that_fit_are_all_kept() -> None:
    need = replace(NEED, rows=N)
    log = log_of(read(pieces([40, 80]), need), need)
    assert len(log) == N
    assert not log.sampled
    assert set(log.fragments) == {"part 0", "part 40", "part 80"}


def test_a_worker_without_rows() -> None:
    nothing, some = read({}), read({"all": TABLE})
    assert len(log_of(nothing)) == 0
    assert log_of(nothing).embedding.shape == (0, 0)
    assert log_of(nothing).values("log_loss").tolist() == []
    for both in (merge(nothing, some), merge(some, nothing)):
        assert same(log_of(both), log_of(some))
    plan = plan_of([NEED], SUBJECT)
    assert len(log_of(from_bytes(to_bytes(nothing, plan), plan))) == 0


def test_a_list_that_is_larger_than_the_log_is_left_out_whole() -> None:
    need = replace(NEED, whole="query", rows=4)
    one = TABLE.assign(list="the only one")
    log = log_of(read({"all": one}, need), need)
    assert len(log) == 0
    assert log.sampled
    assert log.rows_seen == N


def test_lists_must_be_declared() -> None:
    need = replace(NEED, whole="query")
    columns = replace(COLUMNS, query=None)
    with pytest.raises(ConfigurationError, match="no column of lists is declared"):
        read({"all": TABLE}, need, columns=columns)


def test_rows_are_known_by_hashes_alone() -> None:
    log = WHOLE["row"]
    assert not set(log.rows.tolist()) & set(range(N))
    assert set(log.table.column_names) == {
        "unit", "row", "cluster", "correct", "fold", "block", "target", "group:sex",
        "value:log_loss", "embedding",
    }  # fmt: skip
    with pytest.raises(KeyError):
        log.values("brier")


def test_the_log_has_a_cap_in_bytes() -> None:
    need = replace(NEED, rows=10**9)
    assert rows_at_most(need) < 10**6
    full = log_of(read({"all": TABLE}))
    per_row = full.table.nbytes / len(full)
    wide = per_row + 4 * (MAX_DIMENSIONS - 3)
    assert rows_at_most(need) * wide <= MAX_BYTES * 1.1
    # Of a thousand outputs none may take so much.
    assert 1000 * rows_at_most(need, 1000) * wide <= MAX_BYTES_TOGETHER * 1.1
    assert rows_at_most(NEED, 1000) == 30


def test_a_layer_that_takes_no_part_costs_the_embedding_alone() -> None:
    class Skipping(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.unused = nn.Linear(1, 2)
            self.head = nn.Linear(1, 1)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.head(x)

    model = wrap(
        Skipping(), task="binary", outputs="logits", decision={"threshold": 0.5}, device="cpu",
        preprocess=lambda frame: torch.tensor(frame[["score"]].to_numpy(np.float32)),
    )  # fmt: skip
    need = replace(NEED, layer="unused")
    log = log_of(read({"all": TABLE}, need, model=model), need)
    assert len(log) > 20
    assert log.lacking.startswith("The layer 'unused' took no part")
    with pytest.raises(KeyError):
        _ = log.embedding
    # One part that lacks it is enough: the others' embeddings would stand for a part alone.
    fine = log_of(read({"other": TABLE}))
    for merged in (log.merged(fine), fine.merged(log)):
        assert merged.lacking == log.lacking
        assert "embedding" not in merged.table.column_names


def test_the_model_is_left_without_hooks() -> None:
    model = network()
    read({"all": TABLE}, NEED, replace(NEED, layer="input of 2"), model=model)
    parts = list(model.module.modules())
    assert not any(part._forward_hooks or part._forward_pre_hooks for part in parts)


def test_wide_embeddings_are_projected_alike_every_time() -> None:
    wide = torch.randn(400, 500, generator=torch.Generator().manual_seed(0))
    found = projected(wide)
    assert found.shape == (400, MAX_DIMENSIONS)
    assert torch.equal(found, projected(wide))
    assert torch.equal(projected(wide[:, :MAX_DIMENSIONS]), wide[:, :MAX_DIMENSIONS])
    ratio = torch.pdist(found) / torch.pdist(wide)
    assert 0.97 < float(ratio.mean()) < 1.03
    assert float(ratio.std()) < 0.1


def test_the_device_is_read_once_for_many_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    reads = []
    cpu = torch.Tensor.cpu
    monkeypatch.setattr(torch.Tensor, "cpu", lambda self: reads.append(self.shape) or cpu(self))
    need = replace(NEED, rows=N)
    log = log_of(read({"all": TABLE}, need, size=2), need)
    assert len(log) == N
    # 60 batches: the numbers and the embedding, each in one piece.
    wide = [shape for shape in reads if N in shape]
    assert sorted(wide) == [(3, N), (N, 3)]
    assert len(reads) < 10


def test_no_record_holds_rows() -> None:
    evidence = read({"all": TABLE})
    assert len(log_of(evidence)) > 20
    states = states_of(Evidence({"evaluation": evidence}))
    assert set(states) == {"index"}


def test_needs_contradict_themselves() -> None:
    with pytest.raises(ValueError, match="named twice"):
        replace(NEED, values=("brier", "brier"))
    with pytest.raises(ValueError, match="need its view"):
        RowNeed(None, (), ("brier",))
    with pytest.raises(ValueError, match="axes of an output need its view"):
        RowNeed(None, (TARGET,))
    with pytest.raises(ValueError, match="whole must be row, cluster or query, found 'town'"):
        replace(NEED, whole="town")
