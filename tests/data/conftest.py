"""A small table of people, written in every format, and a way to read a source whole."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest
import torch

from auditkit.data import Batch, Columns, Group, Source

torch.set_num_threads(1)


@pytest.fixture
def people() -> pd.DataFrame:
    rng = np.random.default_rng(7)
    return pd.DataFrame(
        {
            "person": np.arange(100, 160),
            "age": rng.integers(18, 80, 60),
            "income": rng.normal(40.0, 5.0, 60),
            "sex": rng.choice(["F", "M"], 60),
            "loan": rng.integers(0, 2, 60),
        }
    )


@pytest.fixture
def columns() -> Columns:
    return Columns(label="loan", features=("age", "income"), groups=(Group("sex", "sex"),))


def _write_csv(frame: pd.DataFrame, path: Path) -> None:
    frame.to_csv(path, index=False)


def _write_parquet(frame: pd.DataFrame, path: Path) -> None:
    table = pa.Table.from_pandas(frame, preserve_index=False)
    pq.write_table(table, path, row_group_size=max(len(frame) // 3, 1))


def _write_feather(frame: pd.DataFrame, path: Path) -> None:
    table = pa.Table.from_pandas(frame, preserve_index=False)
    feather.write_feather(table, path, chunksize=max(len(frame) // 3, 1))


def _write_stream(frame: pd.DataFrame, path: Path) -> None:
    table = pa.Table.from_pandas(frame, preserve_index=False)
    with pa.ipc.new_stream(path, table.schema) as writer:
        writer.write_table(table, max_chunksize=max(len(frame) // 3, 1))


WRITERS = {
    ".csv": _write_csv,
    ".csv.gz": _write_csv,
    ".parquet": _write_parquet,
    ".feather": _write_feather,
    ".arrows": _write_stream,
}


@pytest.fixture(params=list(WRITERS))
def suffix(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., Path]:
    def write(frame: pd.DataFrame, name: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        WRITERS["".join(path.suffixes)](frame, path)
        return path

    return write


@pytest.fixture
def batches_of() -> Callable[..., list[Batch]]:
    def read(source: Source, batch_size: int = 16) -> list[Batch]:
        fragments = source.fragments()
        return [batch for part in fragments for batch in source.batches(part, batch_size)]

    return read


@pytest.fixture
def whole(batches_of: Callable[..., list[Batch]]) -> Callable[..., dict[str, Any]]:
    """Every field of a source's batches, put together again."""

    def read(source: Source, batch_size: int = 16) -> dict[str, Any]:
        batches = batches_of(source, batch_size)
        together: dict[str, Any] = {
            "row_ids": np.concatenate([batch.row_ids for batch in batches]),
            "groups": {
                name: [level for batch in batches for level in batch.groups[name]]
                for name in batches[0].groups
            },
        }
        if batches[0].frame is not None:
            together["frame"] = pd.concat([batch.frame for batch in batches])
        for name in ("targets", "clusters", "times"):
            parts = [getattr(batch, name) for batch in batches]
            if isinstance(parts[0], (np.ndarray, torch.Tensor)):
                together[name] = np.concatenate([np.asarray(part) for part in parts])
        return together

    return read
