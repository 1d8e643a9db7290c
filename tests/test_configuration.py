"""`audit.yaml`: the data section with every role, from the file to the data set."""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from auditkit.configuration import AuditConfiguration, read_configuration
from auditkit.configured_code import Code
from auditkit.data import Columns, Dataset, Group, ProxyGroup
from auditkit.dataset_assembly import build_dataset
from auditkit.errors import ConfigurationError, DataError
from auditkit.evidence.aims import Aims
from auditkit.starter import starter_configuration
from auditkit.variants.nuisances import declared_nuisances

DATA: dict[str, Any] = {
    "evaluation": {"table": "people.csv"},
    "label": "y",
    "features": ["x"],
    "groups": {"sex": {"reference": "M"}},
    "controls": {"grade": {}, "seniority": {"column": "years", "cuts": [2, 10]}},
    "proxy_groups": {"race": {"columns": {"a": "p_a", "b": "p_b"}, "reference": "a"}},
    "weight": "w",
    "previous": "old",
    "query": "list",
    "top": 3,
    "labelled": "accepted applicants",
}
MODEL = {"factory": "nowhere.py:build", "task": "binary", "outputs": "logits"}


def read(folder: Path, **data: Any) -> AuditConfiguration:
    path = folder / "audit.yaml"
    section = {key: value for key, value in {**DATA, **data}.items() if value is not None}
    path.write_text(yaml.safe_dump({"name": "test", "model": MODEL, "data": section}))
    return read_configuration(path)


def people(folder: Path) -> None:
    frame = pd.DataFrame({"x": [1.0, 2.0], "y": [0, 1], "sex": ["F", "M"], "grade": ["A", "B"]})
    more = {"years": [1, 12], "p_a": [0.3, 1.0], "p_b": [0.7, 0.0], "w": [1, 2.5]}
    frame.assign(**more, old=[1, 1], list=["q", "q"]).to_csv(folder / "people.csv", index=False)


def test_every_role_reaches_the_data_set(tmp_path: Path) -> None:
    people(tmp_path)
    made = build_dataset(read(tmp_path).data, Code(tmp_path, allowed=False))
    made.check()
    assert made.columns == Columns(
        label="y",
        features=("x",),
        groups=(Group("sex", "sex", reference="M"),),
        controls=(Group("grade", "grade"), Group("seniority", "years", cuts=(2, 10))),
        proxy_groups=(ProxyGroup("race", {"a": "p_a", "b": "p_b"}, reference="a"),),
        weight="w",
        previous="old",
        query="list",
        top=3,
        labelled="accepted applicants",
    )
    source = made["evaluation"]
    (batch,) = [b for part in source.fragments() for b in source.batches(part, 8)]
    assert list(batch.controls["seniority"]) == ["< 2", "≥ 10"]
    assert batch.weights is not None
    assert batch.weights.tolist() == [1.0, 2.5]
    assert batch.proxies["race"].tolist() == [[0.3, 0.7], [1.0, 0.0]]


def test_they_may_all_be_left_out(tmp_path: Path) -> None:
    names = ("groups", "controls", "proxy_groups", "weight", "previous", "query", "top", "labelled")
    section = read(tmp_path, **dict.fromkeys(names)).data
    people(tmp_path)
    columns = build_dataset(section, Code(tmp_path, allowed=False)).columns
    assert columns == Columns(label="y", features=("x",))
    assert columns.top == 10


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ({"controls": {"grade": {"reference": "A"}}}, "data.controls.grade.reference (line"),
        ({"controls": ["grade"]}, "data.controls (line"),
        ({"proxy_groups": {"race": {}}}, "data.proxy_groups.race.columns (line"),
        ({"proxy_groups": {"race": {"columns": ["p_a"]}}}, "data.proxy_groups.race.columns (line"),
        ({"proxy_groups": {"race": {"columns": {"a": 3}}}}, "race.columns.a (line"),
        ({"top": 0}, "data.top (line"),
        ({"top": "many"}, "data.top (line"),
        ({"weights": "w"}, "this key is unknown (Did you mean weight?)"),
        ({"weight": ["w"]}, "data.weight (line"),
    ],
)
def test_wrong_keys_are_named_with_their_line(
    data: dict[str, Any], says: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read(tmp_path, **data)
    assert says in str(caught.value)
    assert caught.value.mend


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ({"weight": "y"}, "Column 'y' is declared as weight and also as label."),
        ({"controls": {"sex": {}}}, "Group or control 'sex' is declared 2 times."),
        ({"proxy_groups": {"race": {"columns": {"a": "p_a"}}}}, "needs at least two levels"),
        ({"intersections": [["sex", "race"]]}, "of which only probabilities are declared"),
    ],
)
def test_contradictions_are_found_before_the_data_are_read(
    data: dict[str, Any], says: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        build_dataset(read(tmp_path, **data).data, Code(tmp_path, allowed=False))
    assert says in str(caught.value)


def test_a_column_that_the_table_lacks_is_named(tmp_path: Path) -> None:
    people(tmp_path)
    made = build_dataset(read(tmp_path, weight="wt").data, Code(tmp_path, allowed=False))
    with pytest.raises(DataError, match="has no column 'wt'"):
        made.check()


CONFIDENCE: dict[str, Any] = {
    "name": "test",
    "model": {
        **MODEL,
        "file": "one.safetensors",
        "inputs": {"medium": "image", "range": [[0, -1], 1]},
        "members": "two.safetensors",
    },
    "data": {**DATA, "outside": {"table": "strange.csv"}},
    "aims": {"coverage": 0.8, "error": 0.02, "attacks": ["pgd"], "review": 20},
}


def confidence(folder: Path, **sections: Any) -> AuditConfiguration:
    path = folder / "audit.yaml"
    path.write_text(yaml.safe_dump({**CONFIDENCE, **sections}))
    return read_configuration(path)


def test_what_is_said_of_confidence(tmp_path: Path) -> None:
    found = confidence(tmp_path)
    assert found.model.inputs.range == ((0, -1), 1)
    assert found.model.members == ("two.safetensors",)
    assert Aims(**found.aims.model_dump()) == Aims(0.8, 0.02, attacks=("pgd",), review=20)
    people(tmp_path)
    pd.DataFrame({"x": [7.0]}).to_csv(tmp_path / "strange.csv", index=False)
    made = build_dataset(found.data, Code(tmp_path, allowed=False))
    assert list(made.splits) == ["evaluation", "outside"]
    assert read(tmp_path).aims.model_dump() == asdict(Aims())


def test_what_ought_not_to_matter(tmp_path: Path) -> None:
    assert confidence(tmp_path).nuisances is None
    ward = {"kind": "column", "column": "ward", "value": "B"}
    found = confidence(tmp_path, nuisances=[ward]).nuisances
    assert found == (ward,)
    assert [one.name for one in declared_nuisances(found) or ()] == ["column"]
    assert confidence(tmp_path, nuisances=[]).nuisances == ()
    with pytest.raises(ConfigurationError) as caught:
        confidence(tmp_path, nuisances=ward)
    assert "nuisances" in str(caught.value)


def test_each_split_has_its_own_file_dialect_and_digest(tmp_path: Path) -> None:
    pd.DataFrame({"x": [1.0, 2.0], "y": [0, 1], "fold": ["old", "new"]}).to_csv(
        tmp_path / "one.csv", index=False, sep=";"
    )
    pd.DataFrame({"x": [7.0]}).to_parquet(tmp_path / "strange.parquet")
    digests = {
        name: f"sha256:{hashlib.sha256((tmp_path / name).read_bytes()).hexdigest()}"
        for name in ("one.csv", "strange.parquet")
    }
    split = {"column": "fold", "values": {"training": "old", "evaluation": "new"}}

    def made(pin: str) -> Dataset:
        data = {
            "table": {"table": "one.csv", "csv": {"sep": ";"}, "sha256": digests["one.csv"]},
            "split": split,
            "outside": {"table": "strange.parquet", "sha256": pin},
            "label": "y",
            "features": ["x"],
        }
        section = confidence(tmp_path, data=data).data
        return build_dataset(section, Code(tmp_path, allowed=False))

    made(digests["strange.parquet"]).check()
    with pytest.raises(DataError, match="is pinned"):
        made(digests["one.csv"]).check()


@pytest.mark.parametrize(
    ("sections", "says"),
    [
        ({"aims": {"coverage": 1}}, "aims.coverage (line"),
        ({"aims": {"error": 0}}, "aims.error (line"),
        ({"aims": {"attacks": ["magic"]}}, "aims.attacks"),
        ({"aims": {"epsilon": 1}}, "aims.epsilon (line"),
        ({"model": {**MODEL, "inputs": {"range": [False, True]}}}, "model.inputs.range"),
        ({"model": {**MODEL, "inputs": {"range": ["0", "1"]}}}, "model.inputs.range"),
        (
            {"model": {"task": "binary", "predictions": {"s": "x"}, "inputs": {"range": [0, 1]}}},
            "stored predictions are given no inputs",
        ),
        ({"aims": {"reviews": 3}}, "this key is unknown (Did you mean review?)"),
        ({"model": {**MODEL, "inputs": {"medium": "smell"}}}, "model.inputs.medium (line"),
        ({"model": {**MODEL, "members": ["two"]}}, "members of an ensemble are files beside file"),
    ],
)
def test_wrong_words_on_confidence_are_named(
    sections: dict[str, Any], says: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        confidence(tmp_path, **sections)
    assert says in str(caught.value)


def test_what_init_writes_names_every_role_and_stays_valid(tmp_path: Path) -> None:
    text = starter_configuration(None, None, None, tmp_path)
    path = tmp_path / "audit.yaml"
    path.write_text(text)
    assert read_configuration(path).data.groups == {}
    # With the comments before its keys taken off, the data section is one that is read.
    head, _, rest = text.partition("  label:")
    keys = [line for line in rest.splitlines() if line.startswith("  # ") and "←" not in line[:6]]
    path.write_text(
        f"{head}  label:{rest.splitlines()[0]}\n" + "\n".join(f"  {key[4:]}" for key in keys)
    )
    section = read_configuration(path).data
    assert section.groups["age"].cuts == (25, 40, 60)
    assert section.controls["experience"].cuts == (2, 10)
    assert section.proxy_groups["ethnicity"].columns == {"a": "p_a", "b": "p_b"}
    given = (section.cluster, section.row_id, section.weight, section.previous, section.query)
    assert None not in (*given, section.labelled)
