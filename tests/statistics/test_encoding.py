"""Bytes of a state: damaged, foreign and hostile ones are refused, and nothing in them runs."""

from __future__ import annotations

import json
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditkit.statistics.counts import Axis, Counts
from auditkit.statistics.encoding import pack, unpack
from auditkit.statistics.moments import Moments

STATE = Counts([Axis("group", ("ä", "<b>"), open=True)], [1, 2])
GOOD = STATE.to_bytes()


def document(**changes: object) -> bytes:
    """A state whose header was tampered with, followed by two counts."""
    header = {
        "kind": "counts",
        "version": 1,
        "header": {"axes": [{"name": "g", "labels": ["a", "b"], "open": False}]},
        "arrays": {"values": {"dtype": "<i8", "shape": [2]}},
    }
    text = json.dumps({**header, **changes}).encode()
    body = np.array([1, 2], dtype="<i8").tobytes()
    return b"auditkit" + len(text).to_bytes(4, "little") + text + body


def test_the_untampered_document_is_read() -> None:
    assert Counts.from_bytes(document()).values.tolist() == [1, 2]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "no state of auditkit"),
        (pickle.dumps([1]), "no state of auditkit"),
        (b"auditkit", "no state of auditkit"),
        (GOOD[:-1], "cut short"),
        (GOOD + b"\0", "1 bytes too many"),
        (b"auditkit" + b"\xff" * 4, "longer than the data"),
        (b"auditkit\x02\0\0\0[]", "not a JSON object"),
        (b"auditkit\x02\0\0\0{x", "not JSON"),
        (b"auditkit\x02\0\0\0\xff\xfe", "not JSON"),
        (document(kind="moments"), "expected a state of kind 'counts', found 'moments'"),
        (document(version=2), "expected version 1 of the counts format, found 2"),
        (document(header=[]), "must be objects"),
        (document(header={}), "expected axes and values alone"),
        (document(header={"axes": 3}), "axes must be a list"),
        (document(header={"axes": [{"name": "g"}]}), "exactly name, labels and open"),
        (document(header={"axes": [{"name": "g", "labels": "ab", "open": 0}]}), "must be a list"),
        (document(arrays={"values": {"dtype": "|O", "shape": [2]}}), "has dtype '|O'"),
        (document(arrays={"values": {"dtype": "<i8", "shape": [-2]}}), "has shape"),
        (document(arrays={"values": {"dtype": "<i8", "shape": [2.0]}}), "has shape"),
        (document(arrays={"values": {"dtype": "<i8", "shape": [2**40, 2**40]}}), "cut short"),
        (document(arrays={"values": {"dtype": "<f8", "shape": [2]}}), "must be integers"),
        (document(arrays={"values": {"dtype": "<i8"}}), "exactly dtype and shape"),
        (document(arrays={"other": {"dtype": "<i8", "shape": [2]}}), "axes and values alone"),
    ],
)
def test_damaged_bytes_are_refused(data: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message.replace("|", r"\|")):
        Counts.from_bytes(data)


def test_deep_nesting_is_refused() -> None:
    text = b"[" * 100_000
    with pytest.raises(ValueError, match="not JSON"):
        Counts.from_bytes(b"auditkit" + len(text).to_bytes(4, "little") + text)


@given(st.binary(max_size=200), st.integers(0, len(GOOD)))
def test_noise_is_refused_or_read_but_never_crashes(noise: bytes, cut: int) -> None:
    for data in (noise, GOOD[:cut] + noise):
        try:
            Counts.from_bytes(data)
        except ValueError:
            continue


@given(st.text(max_size=20).filter(lambda text: text.isprintable()))
def test_any_label_survives(label: str) -> None:
    state = Counts([Axis("group", (label,))], [3])
    assert Counts.from_bytes(state.to_bytes()) == state


def test_only_64_bit_arrays_are_written() -> None:
    with pytest.raises(ValueError, match="found object"):
        pack("counts", {}, {"values": np.array([print], dtype=object)})
    big_endian = np.array([1, 2], dtype=">i8")
    assert unpack("x", pack("x", {}, {"a": big_endian}))[1]["a"].tolist() == [1, 2]


def test_moments_refuse_foreign_states() -> None:
    with pytest.raises(ValueError, match="expected a state of kind 'moments', found 'counts'"):
        Moments.from_bytes(GOOD)
    arrays = {name: np.zeros(1) for name in ("n", "sum")}
    with pytest.raises(ValueError, match="axes, names and 5 arrays alone"):
        Moments.from_bytes(pack("moments", {"axes": [], "names": ["x"]}, arrays))
