from __future__ import annotations

import json
import math
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditkit.errors import StoreError
from auditkit.measurement import Figure
from auditkit.records import record_file
from auditkit.records.record_file import decode, encode, load_record_file
from tests.samples import sample_record

PLAIN = json.loads(encode(sample_record()))
TEXT = st.text(st.characters(codec=None), max_size=20)  # lone surrogates too
DATA = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | TEXT
    | st.floats(allow_nan=False).filter(np.isfinite),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=10,
)


def changed(**changes: Any) -> bytes:
    return json.dumps({**PLAIN, **changes}).encode()


def test_round_trip() -> None:
    record = sample_record()
    assert decode(encode(record), "here") == record
    assert encode(record) == encode(sample_record())


def test_a_record_from_before_there_was_advice() -> None:
    old = {name: value for name, value in PLAIN.items() if name != "advice"}
    assert decode(json.dumps(old).encode(), "here") == sample_record(advice=())


@pytest.mark.parametrize(
    "advice",
    [
        [{"title": "half of one"}],
        [{**PLAIN["advice"][0], "options": [{"title": "x"}]}],
        [{**PLAIN["advice"][0], "cost": 3}],
        [{**PLAIN["advice"][0], "title": None}],
        {"title": "no list"},
    ],
)
def test_advice_that_is_none_is_malformed(advice: object) -> None:
    with pytest.raises(StoreError, match=r"lacks the field|malformed"):
        decode(changed(advice=advice), "here")


@given(st.dictionaries(TEXT, DATA, max_size=4), TEXT)
def test_round_trip_of_any_data(settings: dict[str, Any], name: str) -> None:
    record = sample_record(settings=settings, name=name)
    assert decode(encode(record), "here") == record


def test_numpy_scalars_and_views_become_plain() -> None:
    settings = MappingProxyType(
        {"seed": np.int64(3), "share": np.float32(0.5), "on": np.bool_(True)}
    )
    record = decode(encode(sample_record(settings=settings)), "here")
    assert record.settings == {"seed": 3, "share": 0.5, "on": True}
    assert type(record.settings["seed"]) is int


@pytest.mark.parametrize("number", [math.nan, math.inf, np.float32("nan")])
def test_a_number_that_json_lacks_is_named(number: float) -> None:
    figure = Figure("gap", "t", "c", "k", {"rows": [{"value": 1.0}, {"value": number}]})
    with pytest.raises(StoreError) as caught:
        encode(sample_record(figures=(figure,)))
    assert f"record.figures[0].data.rows[1].value is {number}" in caught.value.problem
    assert "must be None, with a reason" in caught.value.mend


def test_a_value_that_is_no_data_is_named() -> None:
    with pytest.raises(StoreError, match=r"record\.settings\.hook is a function"):
        encode(sample_record(settings={"hook": encode}))
    with pytest.raises(StoreError, match=r"record\.settings\.array is a ndarray"):
        encode(sample_record(settings={"array": np.zeros(2)}))


def test_a_record_too_large_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    content = encode(sample_record())
    path = tmp_path / "record.json"
    path.write_bytes(content)
    monkeypatch.setattr(record_file, "RECORD_BYTES", len(content) - 1)
    with pytest.raises(StoreError, match="more than the"):
        encode(sample_record())
    with pytest.raises(StoreError, match=r"record\.json is larger than"):
        load_record_file(path)
    monkeypatch.setattr(record_file, "RECORD_BYTES", len(content))
    assert load_record_file(path) == sample_record()


def test_a_folder_of_a_record_is_read(tmp_path: Path) -> None:
    (tmp_path / "record.json").write_bytes(encode(sample_record()))
    assert load_record_file(tmp_path) == sample_record()


def test_a_missing_or_unreadable_file(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"nowhere\.json does not exist\. Check the path"):
        load_record_file(tmp_path / "nowhere.json")
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError, match="cannot be read: Not a directory"):
        load_record_file(tmp_path / "file" / "record.json")


def test_the_format_is_judged_before_any_field() -> None:
    with pytest.raises(StoreError) as caught:
        decode(b'{"format": 99, "what": "nobody knows yet"}', "f.json")
    assert caught.value.problem == "f.json has record format 99; this auditkit reads up to 1."
    assert caught.value.mend == "Upgrade auditkit-torch."


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "f.json is not valid JSON"),
        (b"\xff\xfe", "f.json is not valid JSON"),
        (b"\x80\x04}.", "f.json is not valid JSON"),  # a pickle
        (b"[1, 2]", "f.json holds a JSON list; a record is an object"),
        (b"null", "f.json holds a JSON NoneType"),
        (b"{}", "f.json names no record format"),
        (b'{"format": true}', "f.json names no record format"),
        (b'{"format": "1"}', "f.json names no record format"),
        (b'{"format": 0}', "f.json has the impossible record format 0"),
        (b'{"format": 1}', "f.json lacks the field"),
        (b'{"format": 1, "format": 1}', "the key 'format' occurs twice"),
        (b'{"format": 1, "x": NaN}', "NaN is not a JSON number"),
        (b'{"format": 1, "x": -Infinity}', "-Infinity is not a JSON number"),
        (b'{"format": 1, "x": ' + b"9" * 5000 + b"}", "f.json is not valid JSON"),
        (b'{"format": 1, "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "not valid JSON"),
        (encode(sample_record())[:-40], "f.json is not valid JSON"),
    ],
)
def test_what_is_no_record(content: bytes, problem: str) -> None:
    with pytest.raises(StoreError) as caught:
        decode(content, "f.json")
    assert problem in caught.value.problem
    assert caught.value.mend == "Check that this is a record.json written by auditkit."


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"measurements": "many"}, "f.json is malformed"),
        ({"measurements": [{}]}, "f.json lacks the field 'interval'"),
        ({"measurements": [{**PLAIN["measurements"][0], "value": "high"}]}, "measurements.0.value"),
        ({"measurements": [{**PLAIN["measurements"][0], "units": None}]}, "measurements.0.units"),
        (
            {"measurements": [{**PLAIN["measurements"][0], "status": "fine"}]},
            "'fine' is not a valid",
        ),
        ({"figures": [{"kind": "gap"}]}, "f.json is malformed"),
        ({"figures": [{**PLAIN["figures"][0], "data": [1]}]}, "figures.0.data"),
        ({"judgement": {**PLAIN["judgement"], "outcome": "great"}}, "'great' is not a valid"),
        ({"judgement": {**PLAIN["judgement"], "look": "x"}}, "judgement.look"),
        ({"judgement": 3}, "f.json is malformed"),
        ({"digests": ["a"]}, "digests"),
        ({"digests": {"model": 3}}, "digests.model"),
        ({"name": None}, "name"),
        ({"timing": {"pass": "long"}}, "timing.pass"),
        ({"id": "../../etc/passwd"}, "has the id '../../etc/passwd'; an id looks like"),
    ],
)
def test_a_malformed_record_says_where(changes: dict[str, Any], problem: str) -> None:
    with pytest.raises(StoreError) as caught:
        decode(changed(**changes), "f.json")
    assert problem in caught.value.problem


def test_many_faults_are_counted() -> None:
    with pytest.raises(StoreError, match=r"not_tested\.2.*, and 7 more"):
        decode(changed(not_tested=list(range(10))), "f.json")


@given(st.binary(max_size=200))
def test_any_bytes_are_an_error_of_the_store(content: bytes) -> None:
    with pytest.raises(StoreError):
        decode(content, "f.json")


@given(st.sampled_from(sorted(PLAIN)), DATA)
def test_any_field_of_any_type_is_read_or_refused(name: str, value: Any) -> None:
    try:
        record = decode(changed(**{name: value}), "f.json")
    except StoreError:
        return
    assert decode(encode(record), "f.json") == record
