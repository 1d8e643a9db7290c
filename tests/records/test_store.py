from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditkit.errors import StoreError
from auditkit.policy.verdict import VerdictStatus
from auditkit.records import RunFilter, Store, new_id, open_store
from auditkit.records.record import AuditRecord
from auditkit.records.runs import NOT_JUDGED
from auditkit.records.states import state_file, state_name
from tests.samples import HOSTILE, passing_judgement, sample_record

START = datetime(2026, 1, 1, tzinfo=UTC)


def nth(number: int, **changes: object) -> AuditRecord:
    """A record made `number` hours after the first."""
    moment = START + timedelta(hours=number)
    fields = {"id": new_id(moment), "created": moment.isoformat(), **changes}
    return sample_record(**fields)


def with_digests(number: int, **digests: str) -> AuditRecord:
    record = nth(number)
    return dataclasses.replace(record, digests={**record.digests, **digests})


def test_what_is_saved_is_loaded(store: Store) -> None:
    record = sample_record()
    states = {"counts/evaluation": b"\x00\x01", "Counts/Evaluation": b"", "é\udc80": b"x"}
    store.save(record, states)
    for reference in (record.id, "20261122", "latest", f" {record.id} "):
        assert store.load(reference) == record
    assert dict(store.states("latest")) == states
    assert store.verify() == ()


def test_a_store_is_reopened(tmp_path: Path) -> None:
    open_store(tmp_path / "100% mine?#").save(sample_record())
    again = open_store(str(tmp_path / "100% mine?#"), create=False)
    assert again.load("latest") == sample_record()


def test_an_absent_store_is_not_made_for_a_reader(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"There is no store at .*nowhere\. Run `auditkit audit`"):
        open_store(tmp_path / "nowhere", create=False)
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("path", ["postgresql://user@host/db", "s3://bucket/store"])
def test_a_url_is_no_folder(path: str) -> None:
    with pytest.raises(StoreError, match="is a URL; a store is a folder on a local disk"):
        open_store(path)


def test_a_path_with_a_nul() -> None:
    with pytest.raises(StoreError, match="NUL character"):
        open_store("a\0b")


def test_a_record_is_never_overwritten(store: Store) -> None:
    store.save(sample_record())
    with pytest.raises(StoreError, match="already has a record 20261122-101530-3f9ac2"):
        store.save(sample_record(name="another"), {"state": b"x"})
    assert store.load("latest").name == "Income classifier"
    assert not store.states("latest")
    assert store.verify() == ()


@pytest.mark.parametrize("record_id", ["", "..", "../../evil", "20261122", "x" * 300])
def test_an_id_that_is_none_is_refused(record_id: str, store: Store) -> None:
    with pytest.raises(StoreError, match="is no id of a record"):
        store.save(sample_record(id=record_id))
    assert list((store.folder / "records").iterdir()) == []


@pytest.mark.parametrize("created", ["", "yesterday", "2026-11-22T10:15:30"])
def test_a_time_without_zone_is_refused(created: str, store: Store) -> None:
    with pytest.raises(StoreError, match=r"expected a time with its zone"):
        store.save(sample_record(created=created))
    assert store.runs() == []
    assert list((store.folder / "records").iterdir()) == []


def test_an_empty_store_says_so(store: Store) -> None:
    for reference in ("latest", "2026", ""):
        with pytest.raises(StoreError, match=r"holds no record\. Run `auditkit audit` first"):
            store.load(reference)
    assert store.runs() == []
    assert store.count() == 0
    assert store.verify() == ()


def test_an_unknown_reference_names_the_newest_few(store: Store) -> None:
    records = [nth(number) for number in range(7)]
    for record in records:
        store.save(record)
    newest = ", ".join(record.id for record in reversed(records[2:]))
    for reference in ("1999", "", "%", "2026_101", "..", "\0", "x" * 5000):
        with pytest.raises(StoreError) as caught:
            store.load(reference)
        assert f"has no record {reference[:80]!r}" in caught.value.problem
        assert caught.value.mend == f"The newest are: {newest}."


def test_an_ambiguous_reference_lists_candidates(store: Store) -> None:
    records = [nth(number) for number in range(7)]
    for record in records[:3]:
        store.save(record)
    with pytest.raises(StoreError) as caught:
        store.load("20260101-0")
    listed = ", ".join(record.id for record in reversed(records[:3]))
    assert caught.value.problem == "Several records begin with '20260101-0'."
    assert caught.value.mend == f"Give more of the id: {listed}."
    for record in records[3:]:
        store.save(record)
    with pytest.raises(StoreError, match=r" …\.$"):
        store.load("20260101-0")


def test_latest_is_the_newest_by_its_own_time(store: Store) -> None:
    late, early = nth(5, name="late"), nth(1, name="early")
    zoned = nth(9, created="2026-01-01T06:00:00+02:00", name="zoned")  # 04:00 in UTC
    for record in (late, early, zoned):
        store.save(record)
    assert store.load("latest").name == "late"
    assert [run.name for run in store.runs()] == ["late", "zoned", "early"]


def test_a_summary(store: Store) -> None:
    record = sample_record()
    store.save(record)
    (run,) = store.runs()
    assert dataclasses.asdict(run) == {
        "id": record.id,
        "created": "2026-11-22T10:15:30.000000+00:00",
        "name": "Income classifier",
        "version": "0.1.0",
        "outcome": VerdictStatus.FAIL,
        "exit_code": 1,
        "policy": "baseline",
        "look": 2,
        "exploratory": True,
        "blocking": 3,
        "model": record.digests["model"],
        "data": record.digests["data"],
        "rows": 32561,
        "signed": "",
    }


def test_a_summary_of_what_is_absent(store: Store) -> None:
    store.save(sample_record(judgement=None, digests={}, data={"splits": None}, settings={}))
    (run,) = store.runs()
    absent = (run.outcome, run.exit_code, run.look, run.rows, run.policy, run.model, run.data)
    assert absent == (None, None, None, None, "", "", "")


def test_runs_are_paged(store: Store) -> None:
    records = [nth(number) for number in range(5)]
    for record in records:
        store.save(record)
    ids = [record.id for record in reversed(records)]
    assert [run.id for run in store.runs(limit=2)] == ids[:2]
    assert [run.id for run in store.runs(limit=2, offset=2)] == ids[2:4]
    assert [run.id for run in store.runs(limit=2, offset=4)] == ids[4:]
    assert store.count() == 5


def test_runs_are_filtered(store: Store) -> None:
    failed = nth(1, name=f"100% {HOSTILE}")
    passed = nth(2, name="Credit scores", judgement=passing_judgement())
    open_ = nth(3, name="10000 rows", judgement=None)
    for record in (
        failed,
        passed,
        dataclasses.replace(open_, digests={"model": "sha256:" + "f" * 64}),
    ):
        store.save(record)

    def names(**changes: object) -> list[str]:
        which = RunFilter(**changes)  # type: ignore[arg-type]
        found = [run.name for run in store.runs(which)]
        assert store.count(which) == len(found)
        return found

    assert names(search="CREDIT") == ["Credit scores"]
    assert names(search="100%") == [failed.name]
    assert names(search="_") == []
    assert names(search="' OR 1=1 --") == []
    assert names(search="baseline") == ["Credit scores", failed.name]
    assert names(search="sha256:ffff") == ["10000 rows"]
    assert names(search=passed.id) == ["Credit scores"]
    assert names(outcomes=[VerdictStatus.PASS]) == ["Credit scores"]
    assert names(outcomes=[VerdictStatus.FAIL, NOT_JUDGED]) == ["10000 rows", failed.name]
    assert names(model=failed.digests["model"]) == ["Credit scores", failed.name]
    assert names(outcomes=["pass"], search="rows") == []


def test_an_identical_run_is_found(store: Store) -> None:
    record = sample_record()
    store.save(record)
    same = dict(record.digests)
    assert store.find(same, 0, "0.1.0") == record.id
    assert store.find(same, 1, "0.1.0") is None
    assert store.find(same, None, "0.1.0") is None
    assert store.find(same, 0, "0.2.0") is None
    for kind in same:
        assert store.find({**same, kind: "sha256:" + "9" * 64}, 0, "0.1.0") is None
    for kind in ("model", "data", "policy", "configuration"):
        rest = {other: digest for other, digest in same.items() if other != kind}
        assert store.find(rest, 0, "0.1.0") is None
    assert store.find({kind: same[kind] for kind in same if kind != "code"}, 0, "0.1.0")
    assert store.find({}, 0, "0.1.0") is None


def test_an_identical_run_without_a_policy_is_found(store: Store) -> None:
    record = sample_record(judgement=None)
    digests = {kind: digest for kind, digest in record.digests.items() if kind != "policy"}
    store.save(dataclasses.replace(record, digests=digests, settings={"seed": 2**80}))
    assert store.find(digests, 2**80, "0.1.0") == record.id
    assert store.find(record.digests, 2**80, "0.1.0") is None


def test_looks_and_models_are_counted(store: Store) -> None:
    # A record that was only measured is a look too, and no model judged.
    one, two = "sha256:" + "1" * 64, "sha256:" + "2" * 64
    assert store.looks(one) == store.models_judged_on(one) == 0
    for number in range(3):
        store.save(with_digests(number, model=one, data=one))
    store.save(with_digests(3, model=two, data=one))
    store.save(with_digests(4, model=two, data=two))
    unjudged = dataclasses.replace(with_digests(5, model="sha256:3", data=one), judgement=None)
    store.save(unjudged)
    assert (store.looks(one), store.looks(two), store.looks("sha256:3")) == (3, 2, 1)
    assert (store.models_judged_on(one), store.models_judged_on(two)) == (2, 1)


def test_the_first_sight_stays(store: Store) -> None:
    before = datetime.now(UTC)
    first = store.sight("policy", "sha256:a")
    assert before <= first <= datetime.now(UTC)
    assert store.sight("data", "sha256:a") > first
    assert open_store(store.folder).sight("policy", "sha256:a") == first


def test_signatures_are_kept_in_order(store: Store) -> None:
    one, two = nth(1), nth(2)
    store.save(one)
    store.save(two)
    first = store.sign(one.id, "reject", " Too unfair. ", "Ada <ada@example.org>")
    store.sign(two.id, "approve", HOSTILE, "Bo\udc80")
    store.sign(one.id, "comment", "See \0 ticket 7", "Cy")
    log = store.signatures(one.id)
    assert [entry.decision for entry in log] == ["reject", "comment"]
    assert log[0] == first
    assert first.reason == "Too unfair."
    assert log[1].previous == store.signatures(two.id)[0].digest
    assert store.verify() == ()
    assert {run.id: run.signed for run in store.runs()} == {one.id: "reject", two.id: "approve"}
    store.sign(one.id, "approve", "Mended.", "Ada")
    assert store.runs()[1].signed == "approve"


def test_a_refused_signature_leaves_no_trace(store: Store) -> None:
    store.save(sample_record())
    with pytest.raises(StoreError, match="unknown"):
        store.sign("latest", "maybe", "why", "who")
    with pytest.raises(StoreError, match="has no record"):
        store.sign("1999", "approve", "why", "who")
    assert store.signatures("latest") == ()


@given(st.text(st.characters(codec=None), min_size=1, max_size=15))
def test_any_name_of_a_state_is_a_file_name(name: str) -> None:
    file = state_file(name)
    assert state_name(file) == name
    assert file.isascii()
    assert not set(file) & set('/\\:*?"<>| ')


@given(st.text(min_size=1, max_size=15), st.text(min_size=1, max_size=15))
def test_two_states_never_share_a_file(one: str, other: str) -> None:
    assert (state_file(one).lower() == state_file(other).lower()) == (one == other)


@pytest.mark.parametrize("name", ["", "x" * 201, "é" * 40])
def test_a_name_that_no_file_can_have(name: str, store: Store) -> None:
    with pytest.raises(StoreError, match="has no usable name"):
        store.save(sample_record(), {name: b""})
    assert store.runs() == []
