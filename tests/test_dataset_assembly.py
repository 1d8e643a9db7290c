"""From the data section of audit.yaml to a data set: what a user's function may make."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditkit.configuration import DataSection, SplitSection
from auditkit.configured_code import Code
from auditkit.data import Dataset
from auditkit.dataset_assembly import build_dataset
from auditkit.errors import DataError

CODE = """
import pandas as pd
import torch


def frame():
    return pd.DataFrame({"x": [1.0, 2.0, 3.0], "y": [0, 1, 1]}, index=[7, 8, 9])


def items():
    return torch.utils.data.TensorDataset(torch.zeros(4, 2), torch.zeros(4, dtype=torch.long))


def stream():
    for number in range(5):
        yield torch.zeros(2), number % 2


def broken():
    raise FileNotFoundError("rows.csv")
"""


def _built(folder: Path, name: str, label: str | None = None) -> Dataset:
    (folder / "rows.py").write_text(CODE)
    section = DataSection(evaluation=SplitSection(factory=f"rows.py:{name}"), label=label)
    return build_dataset(section, Code(folder, allowed=True))


@pytest.mark.parametrize(("name", "label", "rows"), [("frame", "y", 3), ("items", None, 4)])
def test_a_function_makes_a_table_or_torch_data(
    tmp_path: Path, name: str, label: str | None, rows: int
) -> None:
    source = _built(tmp_path, name, label)["evaluation"]
    source.check()
    assert source.rows == rows
    assert source.digest() == _built(tmp_path, name, label)["evaluation"].digest()


def test_a_stream_can_be_read_again(tmp_path: Path) -> None:
    source = _built(tmp_path, "stream")["evaluation"]
    source.check()
    (fragment,) = source.fragments()
    for _ in range(2):
        assert sum(map(len, source.batches(fragment, 2))) == 5


def test_a_function_that_fails_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"rows.py:broken failed \(FileNotFoundError: rows.csv\)"):
        _built(tmp_path, "broken")
