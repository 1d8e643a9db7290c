"""Splits of one audit, from what a user or a configuration names."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch
from torch.utils.data import TensorDataset

import auditkit.data
from auditkit.data import Columns, Dataset, Group, ProxyGroup, dataset, declared_groups, table
from auditkit.data.datasets import declared_proxies
from auditkit.errors import ConfigurationError, DataError


def test_two_splits(people: pd.DataFrame, written: Any) -> None:
    made = dataset(
        evaluation=written(people, "e.parquet"),
        training=people,
        label="loan",
        features=["age", "income"],
        groups={"gender": {"column": "sex", "reference": "M"}, "age": {"cuts": [30, 60]}},
        intersections=[["gender", "age"]],
        row_id="person",
    )
    made.check()
    assert made["evaluation"].name == "evaluation"
    assert made.columns.groups == (
        Group("gender", "sex", reference="M"),
        Group("age", "age", cuts=(30, 60)),
    )
    assert made.digest().startswith("sha256:")
    described = made.describe()
    assert json.loads(json.dumps(described)) == described
    assert described["splits"]["training"]["format"] == "DataFrame"
    assert described["splits"]["evaluation"]["rows"] == 60


def test_torch_data_and_tables_together(people: pd.DataFrame) -> None:
    tensors = TensorDataset(torch.zeros(60, 2), torch.zeros(60))
    side = {"evaluation": people}
    made = dataset(evaluation=tensors, side_table=side, groups=["sex"], row_id="index")
    with pytest.raises(DataError, match=r"\(side table of the evaluation data\) has no column"):
        made.check()
    people["index"] = range(60)
    made = dataset(evaluation=tensors, side_table=side, groups=["sex"], row_id="index")
    made.check()
    assert made.digest().startswith("manifest:")
    described = made.describe()
    assert json.loads(json.dumps(described)) == described
    assert described["splits"]["evaluation"]["side_table"] == "Table in memory"


def test_a_source_may_be_given(people: pd.DataFrame) -> None:
    source = table(people, Columns(label="loan"))
    assert dataset(evaluation=source)["evaluation"] is source


def test_pinned_digests_for_each_split(tmp_path: Path, written: Any, people: Any) -> None:
    path = written(people, "e.csv")
    pinned = table(path, Columns(label="loan")).digest()
    dataset(evaluation=path, training=people, label="loan", sha256={"evaluation": pinned}).check()
    with pytest.raises(DataError, match="is pinned"):
        dataset(evaluation=path, label="loan", sha256="0" * 64).check()


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({}, "There is no evaluation split; there are none."),
        ({"training": {"y": [1]}}, "There is no evaluation split; there are 'training'."),
        ({"data": {"y": [1]}}, "or as data with split"),
        ({"evaluation": {"y": [1]}, "split": {}}, "or as data with split"),
        (
            {
                "data": {"y": [1]},
                "training": {"y": [1]},
                "split": {"column": "f", "values": {"evaluation": "e"}},
            },
            "The training data are given twice",
        ),
        ({"evaluation": {"y": [1]}, "groups": {"g": {"colum": "g"}}}, "unknown key 'colum'"),
        ({"evaluation": {"y": [1]}, "side_table": {"y": [1]}}, "goes with torch data only"),
        ({"evaluation": [(1, 2)], "sha256": "0" * 64}, "A sha256 is pinned for the evaluation"),
    ],
)
def test_declarations_that_contradict_themselves(arguments: dict[str, Any], text: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        dataset(**arguments)
    assert text in str(caught.value)
    assert caught.value.mend


def test_a_split_that_does_not_exist(people: pd.DataFrame) -> None:
    with pytest.raises(
        ConfigurationError, match="There is no split 'test'; there are 'evaluation'"
    ):
        dataset(evaluation=people)["test"]


def test_groups_as_a_configuration_says_them() -> None:
    assert declared_groups("sex") == (Group("sex", "sex"),)
    assert declared_groups({"m": {"reference": 1}}) == (Group("m", "m", reference="1"),)
    assert declared_groups([Group("a", "b"), "c"]) == (Group("a", "b"), Group("c", "c"))


def test_proxy_groups_as_a_configuration_says_them() -> None:
    made = declared_proxies({"race": {"columns": {1: "p_1", False: "p_f"}, "reference": 1}})
    assert made == (ProxyGroup("race", {"1": "p_1", "False": "p_f"}, reference="1"),)
    assert declared_proxies(made) == made
    assert declared_proxies({}) == ()


@pytest.mark.parametrize(
    "meaning", [None, "p_x", ["p_x", "p_y"], {}, {"columns": ["p_x"]}, {"columns": {}, "cuts": []}]
)
def test_proxy_groups_of_another_form(meaning: Any) -> None:
    with pytest.raises(ConfigurationError, match="expected columns, and perhaps reference"):
        declared_proxies({"race": meaning})


def test_a_list_of_names_is_no_proxy_group() -> None:
    with pytest.raises(ConfigurationError, match="expected columns, and perhaps reference"):
        dataset({"x": [1.0]}, proxy_groups=["race"])


@pytest.mark.parametrize(
    ("name", "file_format", "text"),
    [
        ("table.xlsx", "auto", "The format of"),
        ("table.csv", "excel", "There is no format 'excel'; there are 'csv', 'parquet', 'arrow'."),
    ],
)
def test_formats_that_are_none(tmp_path: Path, name: str, file_format: str, text: str) -> None:
    (tmp_path / name).write_text("x,y\n1,0\n")
    with pytest.raises(ConfigurationError, match=text):
        table(tmp_path / name, Columns(label="y"), file_format=file_format)


def test_a_declared_format_needs_no_suffix(tmp_path: Path) -> None:
    (tmp_path / "table.data").write_text("x,y\n1,0\n")
    table(tmp_path / "table.data", Columns(label="y"), file_format="csv").check()


def test_one_table_in_several_formats(tmp_path: Path, written: Any, people: Any) -> None:
    paths = [written(people, "a.csv"), written(people, "b.parquet")]
    with pytest.raises(ConfigurationError, match="The files of one table have several formats"):
        table(paths, Columns(label="loan"))


def test_options_of_csv_for_parquet(written: Any, people: pd.DataFrame) -> None:
    with pytest.raises(
        ConfigurationError, match=r"CSV options \('sep'\) are given for parquet data"
    ):
        table(written(people, "a.parquet"), Columns(label="loan"), csv={"sep": ";"})


def test_public_names_exist_and_are_not_their_modules() -> None:
    for name in auditkit.data.__all__:
        assert not isinstance(getattr(auditkit.data, name), type(sys))
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = auditkit.data.nothing
    assert auditkit.data.Dataset is Dataset


def loaded_by(code: str) -> set[str]:
    """Top-level modules that a fresh process has loaded after this code."""
    program = f"{code}\nimport sys; print(' '.join({{name.split('.')[0] for name in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    return set(done.stdout.decode().split())


def test_tables_are_read_without_torch() -> None:
    code = "from auditkit.data import dataset; dataset(evaluation={'x': [1], 'y': [0]}, label='y')"
    loaded = loaded_by(f"{code}.check()")
    assert "pandas" in loaded
    assert "torch" not in loaded
    assert "torch" in loaded_by("import auditkit.data.torch_data")  # the test can fail
    assert not loaded_by("import auditkit.data") & {"pandas", "pyarrow", "torch"}
