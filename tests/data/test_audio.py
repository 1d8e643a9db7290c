from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from auditkit.data import audio, dataset
from auditkit.errors import ConfigurationError, DataError
from tests.data.media_files import pcm, tone


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    for name, pitch in (("high", 880), ("low", 220)):
        (tmp_path / "clips" / name).mkdir(parents=True)
        for number in range(3):
            content = pcm(tone(pitch + number))
            (tmp_path / "clips" / name / f"{number}.wav").write_bytes(content)
    return tmp_path / "clips"


def test_a_folder_for_each_class(clips: Path, batches_of: Callable[..., Any]) -> None:
    data = dataset(audio(clips, rate=8000), label="folder")
    data.check()
    batches = batches_of(data["evaluation"], 4)
    assert [batch.inputs.shape for batch in batches] == [(4, 800), (2, 800)]
    assert {batch.medium for batch in batches} == {"audio"}
    np.testing.assert_array_equal(batches[0].inputs[0], tone(880) / np.float32(32_768))
    assert list(batches[1].targets) == ["low", "low"]


def test_lengths_are_cut_at_the_end_or_filled_with_silence(
    clips: Path, batches_of: Callable[..., Any]
) -> None:
    (clips / "low" / "long.wav").write_bytes(pcm(tone(220, 1000)))
    (clips / "low" / "short.wav").write_bytes(pcm(tone(220, 100)))
    source = dataset(audio(clips, seconds=0.1), label="folder")["evaluation"]
    (batch,) = batches_of(source)
    found = dict(zip(batch.row_ids, batch.inputs, strict=True))
    np.testing.assert_array_equal(found["low/long.wav"], found["low/0.wav"])
    assert found["low/short.wav"].shape == (800,)
    np.testing.assert_array_equal(found["low/short.wav"][:100], found["low/0.wav"][:100])
    assert not found["low/short.wav"][100:].any()
    with pytest.raises(DataError, match=r"'low/long\.wav' .* Declare audio\.seconds"):
        batches_of(dataset(audio(clips), label="folder")["evaluation"])


@pytest.mark.parametrize("declared", [None, 8000])
def test_another_rate_names_the_file_and_the_mend(
    clips: Path, batches_of: Callable[..., Any], declared: int | None
) -> None:
    (clips / "low" / "other.wav").write_bytes(pcm(tone(220), rate=16_000))
    with pytest.raises(DataError) as caught:
        batches_of(dataset(audio(clips, rate=declared), label="folder")["evaluation"])
    of_first = "" if declared else ", as of the first sound"
    assert str(caught.value).startswith(
        f"'low/other.wav' has 16000 samples a second, expected are 8000{of_first}. Resample"
    )


def test_channels_are_mixed_only_as_declared(
    tmp_path: Path, batches_of: Callable[..., Any]
) -> None:
    both = np.column_stack([tone(220, 50), tone(880, 50)])
    (tmp_path / "a.wav").write_bytes(pcm(both))
    for mix, expected in (("mean", both.mean(axis=1)), ("first", both[:, 0])):
        (batch,) = batches_of(dataset(audio(tmp_path, mix=mix))["evaluation"])
        np.testing.assert_allclose(batch.inputs[0], expected / 32_768, atol=1e-7)
    with pytest.raises(DataError, match=r"'a\.wav' has 2 channels.* Declare audio\.mix: mean or"):
        dataset(audio(tmp_path)).check()


def test_damaged_sounds_are_named_and_counted(clips: Path, batches_of: Callable[..., Any]) -> None:
    (clips / "low" / "cut.wav").write_bytes(pcm(tone(220))[:-200])
    (clips / "low" / "empty.wav").write_bytes(pcm(tone(220, 0)))
    data = dataset(audio(clips, damaged=0.3), label="folder")
    data.check()
    assert sum(len(batch) for batch in batches_of(data["evaluation"])) == 6
    assert data.notes[0].startswith(
        "2 units of the evaluation data (25 %) could not be read and were left out: 'low/cut.wav' "
        "(it promises 1600 bytes of 'data' and holds 1400: it was cut off, or never finished); "
        "'low/empty.wav' (it holds no samples)."
    )


def test_splits_of_several_rates_are_refused(clips: Path, tmp_path: Path) -> None:
    """Without a declared rate each split has that of its first sound; the model knows but one."""
    (tmp_path / "fast").mkdir()
    (tmp_path / "fast" / "a.wav").write_bytes(pcm(tone(220, 80, 16_000), 16_000))
    data = dataset(audio(clips), training=audio(tmp_path / "fast"))
    with pytest.raises(DataError, match=r"samples a second: 8000 \(evaluation\), 16000 \(training"):
        data.check()
    dataset(audio(clips), training=audio(clips)).check()


def test_bytes_in_parquet(tmp_path: Path, batches_of: Callable[..., Any]) -> None:
    contents = [pcm(tone(200 + 10 * number, 80)) for number in range(4)]
    table = pa.table({"clip": contents, "y": [0, 1, 0, 1], "speaker": [1, 1, 2, 2]})
    pq.write_table(table, tmp_path / "clips.parquet", row_group_size=3)
    data = dataset(audio(tmp_path / "clips.parquet", column="clip"), label="y", cluster="speaker")
    batches = batches_of(data["evaluation"], 2)
    assert [len(batch) for batch in batches] == [2, 1, 1]
    np.testing.assert_array_equal(batches[2].inputs[0], tone(230, 80) / np.float32(32_768))
    assert batches[0].clusters.tolist() == [1, 1]


@pytest.mark.parametrize(
    ("options", "said"),
    [({"rate": 0}, "rate of the sounds is 0"), ({"seconds": -1}, "seconds of the sounds is -1"),
     ({"mix": "left"}, "mix of the channels is 'left'")],
)  # fmt: skip
def test_options_that_mean_nothing(clips: Path, options: Any, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        dataset(audio(clips, **options))
