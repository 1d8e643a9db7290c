from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditkit.data import Dataset, dataset, series
from auditkit.errors import ConfigurationError, DataError


@pytest.fixture
def meters() -> pd.DataFrame:
    """Two meters, hour by hour, their rows mixed."""
    hours = pd.date_range("2026-01-01", periods=12, freq="h")
    frame = pd.DataFrame(
        {
            "stamp": [*hours, *hours[:9]],
            "meter": ["a"] * 12 + ["b"] * 9,
            "load": [*np.arange(12.0), *np.arange(100.0, 109.0)],
            "heat": [*np.arange(12.0) / 10, *np.arange(9.0)],
            "region": ["north"] * 12 + ["south"] * 9,
        }
    )
    return frame.sample(frac=1, random_state=3).reset_index(drop=True)


def read(data: Dataset, batches_of: Callable[..., Any], size: int = 99) -> Any:
    (batch,) = batches_of(data["evaluation"], size)
    return batch


HOURLY: dict[str, Any] = {"values": "load", "steps": 4, "horizon": 2, "series": "meter",
                          "time": "stamp"}  # fmt: skip


def test_windows_and_what_comes_after_them(
    meters: pd.DataFrame, batches_of: Callable[..., Any]
) -> None:
    data = dataset(series(meters, **HOURLY), groups=["region"])
    data.check()
    batch = read(data, batches_of)
    a, b = batch.clusters == "a", batch.clusters == "b"
    assert batch.inputs.shape == (6, 4, 1)
    assert batch.inputs.dtype == np.float32
    assert batch.inputs[a, :, 0].tolist() == [[s, s + 1, s + 2, s + 3] for s in (0, 2, 4, 6)]
    assert batch.targets[a].tolist() == [[s + 4, s + 5] for s in (0, 2, 4, 6)]
    assert batch.inputs[b, 0, 0].tolist() == [100, 102]
    assert batch.targets[b].tolist() == [[104, 105], [106, 107]]
    assert list(batch.groups["region"][b]) == ["south"] * 2
    assert pd.to_datetime(batch.times[a]).hour.tolist() == [3, 5, 7, 9]
    assert (batch.medium, data.columns.cluster) == ("series", "meter")
    assert data.columns.label == ("load+1", "load+2")
    assert data.columns.time == "stamp"


def test_the_order_of_the_rows_changes_nothing_but_names(
    meters: pd.DataFrame, batches_of: Callable[..., Any]
) -> None:
    sorted_rows = meters.sort_values(["meter", "stamp"])
    apart = [sorted_rows[sorted_rows.meter == meter] for meter in ("a", "b")]
    mixed = pd.concat([rows.sample(frac=1, random_state=1) for rows in apart])
    one, other = (
        read(dataset(series(frame, **HOURLY)), batches_of) for frame in (sorted_rows, mixed)
    )
    np.testing.assert_array_equal(one.inputs, other.inputs)
    np.testing.assert_array_equal(one.targets, other.targets)


def test_several_channels_and_targets(meters: pd.DataFrame, batches_of: Callable[..., Any]) -> None:
    options = {**HOURLY, "values": ["load", "heat"], "targets": ["heat", "load"], "horizon": 2}
    data = dataset(series(meters[meters.meter == "b"], **options))
    batch = read(data, batches_of)
    assert data.columns.labels == ("heat+1", "heat+2", "load+1", "load+2")
    assert batch.inputs[0].tolist() == [[100, 0], [101, 1], [102, 2], [103, 3]]
    assert batch.targets[0].tolist() == [4, 5, 104, 105]


def test_one_number_ahead_is_one_target(batches_of: Callable[..., Any]) -> None:
    data = dataset(series({"x": range(6)}, values="x", steps=3, horizon=1))
    assert data.columns.label == "x+1"
    assert read(data, batches_of).targets.tolist() == [3, 4, 5]


def test_windows_with_a_label_of_their_own(batches_of: Callable[..., Any]) -> None:
    table = {"x": range(8), "alarm": [0, 0, 0, 1, 0, 0, 0, 0]}
    data = dataset(series(table, values="x", steps=4), label="alarm")
    assert read(data, batches_of).targets.tolist() == [1, 0]
    with pytest.raises(ConfigurationError, match="Leave out the label, or the horizon"):
        dataset(series(table, values="x", steps=4, horizon=1), label="alarm")


def test_missing_values_and_missing_steps_are_damage(
    meters: pd.DataFrame, batches_of: Callable[..., Any]
) -> None:
    frame = meters[meters.meter == "a"].sort_values("stamp").reset_index(drop=True)
    frame.loc[0, "load"] = np.nan
    frame.loc[5, "load"] = np.inf
    later = frame.stamp.where(frame.index < 7, frame.stamp + pd.Timedelta("1h"))
    whole = pd.concat([frame, frame.assign(meter="c", load=1.0, stamp=later)])
    data = dataset(series(whole, **HOURLY, damaged=0.9))
    data.check()
    batch = read(data, batches_of)
    assert batch.clusters.tolist() == ["a", "c"]
    assert batch.row_ids.tolist() == [3, 4]
    (note,) = data.notes
    assert note.startswith(
        "6 units of the evaluation data (75 %) could not be read and were left out: \"'a' from "
        '2026-01-01 00:00:00" (a value is missing or infinite and a target is missing or infinite)'
    )
    assert "\"'c' from 2026-01-01 02:00:00\" (steps are missing within it)" in note
    spread = dataset(series(whole, **HOURLY, damaged=0.9, gaps=True))
    assert read(spread, batches_of).clusters.tolist() == ["a", "c", "c", "c", "c"]


def test_series_that_are_too_short_are_named(
    meters: pd.DataFrame, batches_of: Callable[..., Any]
) -> None:
    data = dataset(series(meters, **{**HOURLY, "steps": 9}))
    data.check()
    assert set(read(data, batches_of).clusters) == {"a"}
    assert data.notes == (
        "1 of the 2 series in Table in memory have fewer than the 11 rows of a window, and are "
        "left out: 'b'.",
    )
    with pytest.raises(DataError, match=r"2 of the 2 series .* Declare fewer steps"):
        dataset(series(meters, **{**HOURLY, "steps": 90})).check()


def test_no_window_reaches_from_one_split_into_another(batches_of: Callable[..., Any]) -> None:
    table = {"x": range(20), "fold": ["old"] * 11 + ["new"] * 9}
    data = dataset(
        data=series(table, values="x", steps=3, horizon=1),
        split={"column": "fold", "values": {"training": "old", "evaluation": "new"}},
    )
    training = np.concatenate([batch.inputs for batch in batches_of(data["training"])])
    evaluation = np.concatenate([batch.inputs for batch in batches_of(data["evaluation"])])
    assert training.max() == 9
    assert evaluation.min() == 11
    assert len(training) == 8
    assert len(evaluation) == 6


def test_windows_in_blocks_from_csv(
    tmp_path: Path, batches_of: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("auditkit.data.series_units._LEAST_PART", 3)
    pd.DataFrame({"x": np.arange(10.0)}).to_csv(tmp_path / "load.csv", index=False)
    data = dataset(series(tmp_path / "load.csv", values="x", steps=3, stride=1))
    source = data["evaluation"]
    assert [(part.id, part.rows) for part in source.fragments()] == [
        ("windows 0-2", 3), ("windows 3-5", 3), ("windows 6-7", 2)
    ]  # fmt: skip
    inputs = np.concatenate([batch.inputs for batch in batches_of(source, 2)])
    assert inputs[:, 0, 0].tolist() == list(range(8))
    again = np.concatenate([batch.inputs for batch in batches_of(source, 5)])
    np.testing.assert_array_equal(inputs, again)
    assert data.digest().startswith("sha256:")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"load": "text"}, "and a series is made of numbers"),
        ({"meter": None}, "says of 21 rows not to which series or split they belong"),
        ({"stamp": pd.Timestamp("2026-01-01")}, "have the same moment as another of their series"),
        ({"stamp": None}, "Time column 'stamp'.* missing"),
    ],
)
def test_tables_that_are_no_series(meters: pd.DataFrame, change: Any, said: str) -> None:
    with pytest.raises(DataError, match=said):
        dataset(series(meters.assign(**change), **HOURLY)).check()


def test_a_column_that_is_not_there(meters: pd.DataFrame) -> None:
    with pytest.raises(DataError, match=r"has no column 'laod'.* Did you mean 'load'"):
        dataset(series(meters, **{**HOURLY, "values": "laod"})).check()


@given(
    st.lists(st.integers(1, 12), min_size=1, max_size=4),
    st.integers(1, 4),
    st.integers(1, 3),
    st.integers(1, 4),
)
def test_every_window_is_the_table_at_its_place(
    lengths: list[int], steps: int, horizon: int, stride: int
) -> None:
    ids = np.repeat(np.arange(len(lengths)), lengths)
    values = np.arange(len(ids), dtype=float)
    options: dict[str, Any] = {"steps": steps, "horizon": horizon, "stride": stride}
    data = dataset(series({"x": values, "id": ids}, values="x", series="id", **options))
    if max(lengths) < steps + horizon:
        with pytest.raises(DataError, match="fewer than the"):
            data.check()
        return
    source = data["evaluation"]
    for part in source.fragments():
        for batch in source.batches(part, 5):
            targets = batch.targets.reshape(len(batch), -1)
            for window, ahead, cluster in zip(batch.inputs, targets, batch.clusters, strict=True):
                rows = [*window[:, 0].astype(int), *ahead.astype(int)]
                assert rows == list(range(rows[0], rows[0] + steps + horizon))
                assert set(ids[rows]) == {cluster}


@pytest.mark.parametrize(
    ("declared", "said"),
    [({"stride": 1}, True), ({"cluster": "region"}, False), ({"series": "meter"}, False)],
)
def test_windows_that_nothing_binds_are_told_of(
    meters: pd.DataFrame, declared: dict[str, Any], said: bool
) -> None:
    one = meters.sort_values("meter")
    roles = {"cluster": declared.pop("cluster")} if "cluster" in declared else {}
    data = dataset(series(one, values="load", steps=4, horizon=1, **declared), **roles)
    data.check()
    assert any("as if they were independent" in note for note in data.notes) == said
