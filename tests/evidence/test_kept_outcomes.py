"""Outcomes that outlive a run: what is in them, what is not, and files that lie."""

from __future__ import annotations

import json
from functools import reduce
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditkit.data import Columns, Group
from auditkit.errors import StoreError
from auditkit.evidence import Evidence, LocalEngine, Options, Subject, make_plan
from auditkit.evidence.collector import SplitCollector
from auditkit.evidence.hashing import hashes
from auditkit.evidence.identities import DRAWN_BY, identities, mark
from auditkit.evidence.kept_outcomes import (
    KeptOutcomes,
    from_bytes,
    kept_needs,
    kept_outcomes,
    to_bytes,
)
from auditkit.evidence.merging import from_bytes as part_from_bytes
from auditkit.evidence.merging import merge
from auditkit.evidence.merging import to_bytes as part_to_bytes
from auditkit.models.wrapped import WrappedModel
from auditkit.subjects import probe
from tests.checks.audits import DECIDING, data_of, scored, stored
from tests.evidence.passes import batch_of, subject_of

SALT = bytes(range(32))
COLUMNS = Columns(label="y", groups=(Group("sex", "sex"),), cluster="person", row_id="id")


def table(n: int = 300) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return scored(n).assign(
        id=[f"patient-{i}" for i in rng.permutation(n)],
        sex=rng.choice(["F", "M"], n),
        person=[f"family-{i}" for i in rng.integers(0, 90, n)],
    )


def collected(model: WrappedModel, frame: pd.DataFrame, **roles: Any) -> list[KeptOutcomes]:
    data = data_of(frame, **roles)
    with model.opened():
        probed = probe(model, data, seed=0, batch_size=100)
        plan = make_plan(kept_needs(probed.subject, SALT), probed.subject)
        options = Options(batch_size=100, edges=probed.edges, quiet=True)
        evidence = LocalEngine().run(plan, probed.subject, model, data, options)
    return kept_outcomes(evidence, probed.subject, SALT)


def of_table(frame: pd.DataFrame) -> KeptOutcomes:
    (kept,) = collected(
        stored(**DECIDING), frame, row_id="id", cluster="person", groups=["sex"], features=["score"]
    )
    return kept


def test_each_row_is_named_by_its_salted_hash_and_keeps_what_belongs_to_it() -> None:
    frame = table()
    kept = of_table(frame)
    assert (kept.mark, kept.named, kept.of, kept.rows.drawn) == (mark(SALT), True, 300, "")
    place = pd.Series(np.arange(300), index=identities(frame["id"].to_numpy(), SALT, "row"))
    rows = frame.iloc[place[kept.rows.keys].to_numpy()]
    assert kept.rows.target.tolist() == rows["y"].tolist()
    assert kept.rows.groups["sex"].tolist() == rows["sex"].tolist()
    np.testing.assert_allclose(kept.rows.outputs[:, 0], rows["score"], rtol=1e-6)
    families = identities(rows["person"].to_numpy(), SALT, "cluster")
    np.testing.assert_array_equal(kept.rows.clusters, families)


def test_a_round_trip() -> None:
    kept = of_table(table())
    again = from_bytes(to_bytes(kept), "here")
    assert to_bytes(again) == to_bytes(kept)
    assert (again.mark, again.named, again.of) == (kept.mark, kept.named, kept.of)
    assert again.rows.view == kept.rows.view
    np.testing.assert_array_equal(again.rows.prediction, kept.rows.prediction)


def test_a_file_holds_neither_ids_nor_hashes_that_others_could_compute() -> None:
    frame = table()
    kept = of_table(frame)
    content = to_bytes(kept)
    assert b"patient" not in content
    assert b"family" not in content
    assert SALT not in content
    numbers = {
        number
        for name in ("row", "cluster")
        for number in pa.ipc.open_stream(content).read_all()[name].to_pylist()
    }
    for column in ("id", "person"):
        for seed in (0, DRAWN_BY):
            assert not numbers & set(hashes(frame[column].to_numpy(), seed).tolist())
    # Nor does the order tell anything.
    assert (np.diff(kept.rows.keys.astype(object)) > 0).all()


@settings(max_examples=10)
@given(st.lists(st.integers(1, 299), max_size=4), st.randoms(use_true_random=False))
def test_workers_parts_come_to_the_same_rows(cuts: list[int], random: Any) -> None:
    frame, model = table(), stored(**DECIDING)
    subject = subject_of(model, COLUMNS)
    plan = make_plan(kept_needs(subject, SALT), subject).splits["evaluation"]

    def part(name: str, rows: pd.DataFrame) -> Any:
        collector = SplitCollector(subject, plan, model, {}, seed=random.randint(0, 9))
        with model.opened():
            collector.update(batch_of(rows, COLUMNS), name)
        return part_from_bytes(part_to_bytes(collector.finish(), plan), plan)

    edges = [0, *sorted(set(cuts)), 300]
    parts = [part(str(a), frame.iloc[a:b]) for a, b in pairwise(edges)]
    random.shuffle(parts)
    (kept,) = kept_outcomes(Evidence({"evaluation": reduce(merge, parts)}), subject, SALT)
    assert to_bytes(kept) == to_bytes(_whole(subject, model, frame))


def _whole(subject: Subject, model: WrappedModel, frame: pd.DataFrame) -> KeptOutcomes:
    plan = make_plan(kept_needs(subject, SALT), subject).splits["evaluation"]
    collector = SplitCollector(subject, plan, model, {}, seed=0)
    with model.opened():
        collector.update(batch_of(frame, COLUMNS), "all")
    (kept,) = kept_outcomes(Evidence({"evaluation": collector.finish()}), subject, SALT)
    return kept


def test_which_rows_are_kept_does_not_depend_on_the_audit() -> None:
    """Two audits of many rows must keep the same ones, or they could not be joined."""
    n = 30_000
    frame = pd.DataFrame({"y": np.arange(n) % 2, "score": np.linspace(0, 1, n), "id": np.arange(n)})
    one = collected(stored(**DECIDING), frame, row_id="id", features=["score"])[0]
    drawn = frame.sample(frac=1, random_state=1)
    other = collected(stored(**DECIDING), drawn, row_id="id", features=["score"])[0]
    np.testing.assert_array_equal(one.rows.keys, other.rows.keys)
    assert len(one.rows) == 20_000
    assert "A random sample of 20,000 of 30,000 rows" in from_bytes(to_bytes(one), "x").rows.drawn


def test_several_labels_numbers_and_classes() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({f"s{i}": rng.random(50) for i in range(3)} | {"id": range(50)})
    frame = frame.assign(a=rng.integers(0, 2, 50), b=rng.integers(0, 2, 50), y=rng.random(50))
    several = stored(
        ["s0", "s1"], task="multilabel", outputs="probabilities", classes=["a", "b"],
        decision={"threshold": 0.5},
    )  # fmt: skip
    kept = collected(several, frame, label=("a", "b"), row_id="id", features=["s0", "s1"])
    assert [from_bytes(to_bytes(one), "x").rows.view.key.label for one in kept] == ["a", "b"]
    number = collected(stored("s2", task="regression"), frame, row_id="id", features=["s2"])[0]
    again = from_bytes(to_bytes(number), "x").rows
    np.testing.assert_array_equal(again.target, number.rows.target)
    assert again.prediction is None


def test_without_labels_nothing_is_kept() -> None:
    frame = table().drop(columns="y")
    assert collected(stored(**DECIDING), frame, label=None, features=["score"]) == []


def test_rows_without_a_declared_id_are_named_by_their_numbers() -> None:
    (kept,) = collected(stored(**DECIDING), scored(40), features=["score"])
    assert not kept.named
    assert set(kept.rows.keys) == set(identities(np.arange(40), SALT, "row"))


CONTENT = to_bytes(of_table(table(30)))
NO_NUMBERS = pa.FixedSizeListArray.from_arrays(pa.array([np.nan] * 30, pa.float32()), 1)


@settings(max_examples=150)
@given(st.integers(0, len(CONTENT) - 1), st.integers(1, 255), st.booleans())
def test_damaged_files_are_refused_or_read_and_never_break(
    place: int, change: int, cut: bool
) -> None:
    damaged = bytearray(CONTENT[:place] if cut else CONTENT)
    if not cut:
        damaged[place] ^= change
    try:
        found = from_bytes(bytes(damaged), "a file")
    except StoreError as refused:
        found = None
        said = refused.problem
    assert found is not None or "The outcomes kept in a file cannot be read" in said


def altered(**changes: Any) -> bytes:
    """The file with columns or facts replaced."""
    whole = pa.ipc.open_stream(CONTENT).read_all()
    content = json.loads(whole.schema.metadata[b"outcomes"])
    for name, value in changes.items():
        if name in whole.column_names:
            whole = whole.set_column(whole.column_names.index(name), name, value)
        else:
            content[name] = value
    whole = whole.replace_schema_metadata({"outcomes": json.dumps(content)})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, whole.schema) as writer:
        writer.write_table(whole)
    return bytes(sink.getvalue())


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"format": 2}, "format 2, this auditkit reads 1"),
        ({"row": pa.array(np.zeros(30, np.uint64))}, "a row occurs twice"),
        ({"target": pa.array(np.full(30, 2))}, "a target is none of the 2 classes"),
        ({"target": pa.array([None] * 30, pa.int64())}, "the column target has gaps"),
        ({"prediction": pa.array([-1] * 30)}, "a prediction is none of the 2 classes"),
        ({"prediction": pa.array(["x"] * 30)}, "the column prediction has gaps, or is of string"),
        ({"outputs": NO_NUMBERS}, "no finite number"),
        ({"label": "nobody"}, "cannot be read"),
        ({"head": {"name": ""}}, "cannot be read"),
    ],
)  # fmt: skip
def test_what_no_audit_writes_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(StoreError, match=said) as caught:
        from_bytes(altered(**changes), "a file")
    assert "--keep-outcomes" in caught.value.mend
