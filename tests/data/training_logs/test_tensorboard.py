"""TensorBoard's event files: hand-made ones, real ones, and hostile ones."""

from __future__ import annotations

import struct
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditkit.data.training_logs import TrainingLog, pairs_of, read_training_log, wire
from auditkit.data.training_logs.crc32c import masked_crc32c
from auditkit.errors import DataError
from tests.data.training_logs.events import (
    event,
    field,
    log,
    masked,
    record,
    scalar,
    tensor,
    varint,
)

NAME = "events.out.tfevents.1.host"


def _read(folder: Path, content: bytes) -> TrainingLog:
    (folder / NAME).write_bytes(content)
    return read_training_log(folder / NAME)


@given(st.lists(st.binary(max_size=40), max_size=6))
def test_the_checksum_is_that_of_the_polynomial(pieces: list[bytes]) -> None:
    assert masked_crc32c(pieces).tolist() == [masked(piece) for piece in pieces]


def test_old_and_new_scalars(tmp_path: Path) -> None:
    events = [
        event(1, scalar("loss", 0.5), scalar("lr", 0.25)),
        event(3, tensor("loss", field(4, struct.pack("<f", 0.125)))),
        event(2, tensor("loss", field(5, struct.pack("<f", 0.375)))),
        event(7, tensor("count", field(10, varint(9)), dtype=9)),
        event(8, tensor("exact", field(6, struct.pack("<d", 0.1)), dtype=2)),
    ]
    found = {curve.name: curve for curve in _read(tmp_path, log(*events)).curves}
    assert found["loss"].steps == (1.0, 2.0, 3.0)
    assert found["loss"].values == (0.5, 0.375, 0.125)
    assert found["lr"].values == (0.25,)
    assert (found["count"].values, found["exact"].values) == ((9.0,), (0.1,))


def test_what_is_no_number_is_stepped_over(tmp_path: Path) -> None:
    text = tensor("words", field(8, b"hello"), dtype=7)
    several = tensor("vector", field(4, struct.pack("<ff", 1, 2)))
    picture = field(1, b"cat") + field(4, b"\x00" * 50)
    graph = field(4, b"g" * 10_000)
    found = _read(tmp_path, log(graph, event(1, text, several, picture), event(2, scalar("a", 1))))
    assert [curve.name for curve in found.curves] == ["a"]


def test_numbers_that_are_not_finite_are_counted(tmp_path: Path) -> None:
    events = [event(step, scalar("loss", value)) for step, value in ((1, 0.5), (2, float("nan")))]
    (curve,) = _read(tmp_path, log(*events)).curves
    assert (curve.steps, curve.values, curve.lost) == ((1,), (0.5,), 1)


def test_steps_before_zero(tmp_path: Path) -> None:
    (curve,) = _read(tmp_path, log(event(-1, scalar("loss", 0.5)))).curves
    assert curve.steps == (-1,)


def test_a_training_taken_up_again_writes_its_steps_anew(tmp_path: Path) -> None:
    for name, value in (("a.tfevents", 1.0), ("b.tfevents", 2.0)):
        (tmp_path / name).write_bytes(log(event(1, scalar("loss", value))))
    assert read_training_log(tmp_path).curves[0].values == (2.0,)


def test_folders_below_are_part_of_the_name(tmp_path: Path) -> None:
    for side, value in (("train", 0.5), ("validation", 0.75)):
        (tmp_path / side).mkdir()
        (tmp_path / side / NAME).write_bytes(log(event(1, scalar("epoch_loss", value))))
    (pair,) = pairs_of(read_training_log(tmp_path).curves)
    assert pair.training is not None
    assert (pair.quantity, pair.training.values, pair.validation.values) == (
        "loss",
        (0.5,),
        (0.75,),
    )


def test_real_files_are_read(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard", reason="TensorBoard writes the files of this test")
    from torch.utils.tensorboard import SummaryWriter

    with SummaryWriter(str(tmp_path)) as writer:
        for step in range(3):
            writer.add_scalar("Loss/train", 1 / (step + 1), step)
            writer.add_scalar("Loss/val", step, step, new_style=True)
        writer.add_text("words", "hello", 1)
    found = {curve.name: curve.values for curve in read_training_log(tmp_path).curves}
    assert found["Loss/train"] == pytest.approx((1, 1 / 2, 1 / 3))
    assert found["Loss/val"] == (0, 1, 2)


WHOLE = log(event(1, scalar("loss", 0.5)))


@pytest.mark.parametrize("end", [5, 14, len(WHOLE) - 1])
def test_a_file_that_is_cut_off(tmp_path: Path, end: int) -> None:
    with pytest.raises(DataError, match=rf"{NAME} ends within the record .* Copy it anew"):
        _read(tmp_path, WHOLE[:end])


@pytest.mark.parametrize("place", [0, 9, 14, len(WHOLE) - 2, len(WHOLE) - 8])
def test_a_byte_that_was_changed(tmp_path: Path, place: int) -> None:
    broken = bytearray(WHOLE)
    broken[place] ^= 1
    with pytest.raises(DataError, match="checksum of the record at byte"):
        _read(tmp_path, bytes(broken))


@pytest.mark.parametrize("length", [10**9, 2**63, 2**64 - 1])
def test_a_length_that_is_claimed_and_not_there(tmp_path: Path, length: int) -> None:
    claimed = struct.pack("<Q", length)
    hostile = WHOLE + claimed + struct.pack("<I", masked(claimed)) + b"x"
    with pytest.raises(DataError, match="ends within the record"):
        _read(tmp_path, hostile)


@pytest.mark.parametrize(
    "data",
    [field(5, b"\xff" * 20), varint(2 << 3) + b"\xff" * 11, varint(5 << 3 | 2) + b"\x7f", b"\x07"],
)
def test_an_event_that_is_none(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(DataError, match=r"event 2 cannot be read .* Give an event file"):
        _read(tmp_path, log(data))


def test_records_of_another_kind(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not begin with a version"):
        _read(tmp_path, record(event(1, scalar("loss", 0.5))))


def test_a_tag_that_is_no_text(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="event 2 cannot be read"):
        _read(tmp_path, log(event(1, field(1, b"\xff\xfe") + varint(2 << 3 | 5) + b"\0\0\0\0")))


@pytest.mark.parametrize("content", [b"", log()])
def test_a_file_without_numbers(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(DataError, match="holds no numbers"):
        _read(tmp_path, content)


def test_too_many_curves(tmp_path: Path) -> None:
    many = [event(1, scalar(f"loss {place}", 1.0)) for place in range(1100)]
    with pytest.raises(DataError, match="more than 1,000 curves"):
        _read(tmp_path, log(*many))


@given(st.binary(max_size=60))
def test_any_bytes_are_a_message_or_refused(data: bytes) -> None:
    try:
        found = list(wire.fields(data))
    except ValueError:
        return
    assert all(isinstance(content, int | bytes) for _, content in found)


def test_many_records_are_read_in_little_time(tmp_path: Path) -> None:
    one = record(event(1, scalar("loss", 0.5)))
    started = time.perf_counter()
    _read(tmp_path, log() + one * 20_000)
    assert time.perf_counter() - started < 5
