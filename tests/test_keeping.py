"""Outcomes kept by an audit: only where asked, told in the record, asked for again when gone."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import auditkit
from auditkit.errors import ConfigurationError
from auditkit.evidence.kept_outcomes import from_bytes
from auditkit.records import open_store
from tests.worlds import people, scorer


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    return people(300).assign(person=[f"person {i}" for i in range(300)])


def audited(frame: pd.DataFrame, store: Path | None, **settings: object) -> auditkit.Run:
    data = auditkit.dataset(
        evaluation=frame, label="y", features=["score", "noise"], groups=["group"], row_id="person"
    )
    return auditkit.audit(
        scorer(), data, policy=None, store=store, checks=["performance"], quiet=True, **settings
    )


def test_rows_are_kept_only_where_the_user_asks(frame: pd.DataFrame, tmp_path: Path) -> None:
    store = tmp_path / "store"
    plain = audited(frame, store)
    assert open_store(store).outcomes(plain.record.id) == {}
    assert not (store / "outcomes.salt").exists()
    assert plain.record.settings["keep_outcomes"] is False

    kept = audited(frame, store, keep_outcomes=True)
    assert kept.record.settings["keep_outcomes"] is True
    (note,) = [note for note in kept.record.notes if "keep_outcomes" in note]
    assert note.startswith("The outcomes of 300 evaluation rows are kept beside this record")
    ((path, content),) = open_store(store).outcomes(kept.record.id).items()
    assert len(from_bytes(content, path).rows) == 300


def test_no_file_of_the_store_names_a_person(frame: pd.DataFrame, tmp_path: Path) -> None:
    store = tmp_path / "store"
    audited(frame, store, keep_outcomes=True)
    salt = (store / "outcomes.salt").read_bytes()
    files = [path for path in store.rglob("*") if path.is_file() and path.suffix != ".salt"]
    assert len(files) > 3
    for path in files:
        content = path.read_bytes()
        assert b"person 1" not in content, path
        assert salt not in content, path
        assert salt.hex().encode() not in content, path


def test_an_identical_audit_is_not_run_again_unless_its_rows_are_gone(
    frame: pd.DataFrame, tmp_path: Path
) -> None:
    store = tmp_path / "store"
    first = audited(frame, store, keep_outcomes=True)
    again = audited(frame, store, keep_outcomes=True)
    assert again.stored
    assert again.record.id == first.record.id
    (path,) = open_store(store).outcomes(first.record.id)
    Path(path).unlink()
    anew = audited(frame, store, keep_outcomes=True)
    assert not anew.stored
    assert len(open_store(store).outcomes(anew.record.id)) == 1


def test_where_no_row_has_a_label_the_record_says_that_nothing_was_kept(tmp_path: Path) -> None:
    data = auditkit.dataset(evaluation=people(60).drop(columns="y"), features=["score", "noise"])
    run = auditkit.audit(
        scorer(), data, policy=None, store=tmp_path, checks=["drift"], quiet=True,
        keep_outcomes=True,
    )  # fmt: skip
    assert any(note.startswith("Outcomes were to be kept, and") for note in run.record.notes)
    assert open_store(tmp_path).outcomes(run.record.id) == {}


def test_without_a_store_there_is_no_place_to_keep_them(frame: pd.DataFrame) -> None:
    with pytest.raises(ConfigurationError, match="without a store to keep the outcomes in"):
        audited(frame, None, keep_outcomes=True)
