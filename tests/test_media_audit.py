"""From an audit.yaml with images, sounds, texts or series to a record that tells of the damage."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
import yaml
from safetensors.torch import save_file
from torch import nn

from auditkit.assembly import audit_configuration
from auditkit.configuration import read_configuration
from auditkit.configured_code import Code
from auditkit.data.integrity import Integrity
from auditkit.data.media_source import MediaSource
from auditkit.dataset_assembly import build_dataset
from auditkit.errors import ConfigurationError
from auditkit.models import wrap
from auditkit.planning import count_units
from auditkit.subjects import probe
from tests.data.media_files import pcm, png, tone

CODE = """
import torch
from torch import nn


class Bright(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(10.0))

    def forward(self, images):
        return self.scale * (images.flatten(1).mean(dim=1) - 0.5)


class Loud(Bright):
    def forward(self, sounds):
        return self.scale * (sounds.abs().mean(dim=1) - 0.1)


class Counts(Bright):
    def forward(self, input_ids, attention_mask):
        return self.scale * ((input_ids == 1).float() * attention_mask).sum(dim=1) - 5


class Last(Bright):
    def forward(self, windows):
        return windows[:, -1, 0] + 0 * self.scale


def encode(texts):
    return {"input_ids": [[ord(letter) - 96 for letter in text] for text in texts]}
"""


def _images(folder: Path) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    for name, level in (("dark", 60), ("light", 190)):
        (folder / name).mkdir()
        for number in range(30):
            array = rng.integers(level - 50, level + 50, (4, 4, 3)).astype(np.uint8)
            (folder / name / f"{number}.png").write_bytes(png(array))
    (folder / "dark" / "0.png").write_bytes(b"")
    return {"evaluation": {"images": "."}, "images": {"mode": "RGB"}, "label": "folder"}


def _audio(folder: Path) -> dict[str, Any]:
    rows = []
    for number in range(60):
        loud = number % 2
        content = pcm(tone(300 + number) // (1 if loud else 20))
        (folder / f"{number:02}.wav").write_bytes(content if number else content[:99])
        rows.append({"file": f"{number:02}.wav", "loud": "light" if loud else "dark"})
    pd.DataFrame(rows).to_csv(folder / "labels.csv", index=False)
    return {
        "evaluation": {"audio": ".", "side_table": "labels.csv"},
        "audio": {"rate": 8000, "seconds": 0.05},
        "label": "loud",
    }


def _text(folder: Path) -> dict[str, Any]:
    body = ["", *["abab", "xyxy", "aab", "b"] * 15]
    kind = ["dark", *["light", "dark", "light", "dark"] * 15]
    pd.DataFrame({"body": body, "kind": kind}).to_parquet(folder / "texts.parquet")
    return {
        "evaluation": {"table": "texts.parquet"},
        "text": {"column": "body", "encode": "net.py:encode", "length": 6},
        "label": "kind",
    }


def _series(folder: Path) -> dict[str, Any]:
    values = np.sin(np.arange(300) / 3)
    values[5] = np.nan
    hours = [*pd.date_range("2026-01-01", periods=10, freq="h")] * 30
    meters = np.repeat(np.arange(30), 10)
    frame = pd.DataFrame({"load": values, "stamp": hours, "meter": meters})
    frame.to_csv(folder / "load.csv", index=False)
    return {
        "evaluation": {"table": "load.csv"},
        "series": {"values": "load", "steps": 8, "horizon": 1, "stride": 8, "series": "meter",
                   "time": "stamp"},
    }  # fmt: skip


CASES = {"image": (_images, "Bright"), "audio": (_audio, "Loud"), "text": (_text, "Counts"),
         "series": (_series, "Last")}  # fmt: skip
COUNTS = {"image": 59, "audio": 59, "text": 60, "series": 29}


def configured(folder: Path, medium: str, **data: Any) -> Path:
    """An audit.yaml for a medium, of whose units one is damaged."""
    write, network = CASES[medium]
    declared = write(folder)
    (folder / "net.py").write_text(CODE)
    save_file({"scale": torch.tensor(10.0)}, folder / "model.safetensors")
    model: dict[str, Any] = {"file": "model.safetensors", "factory": f"net.py:{network}"}
    if medium == "series":
        model |= {"task": "regression"}
    else:
        decision = {"threshold": 0.5, "favourable": "light"}
        model |= {"task": "binary", "outputs": "logits", "classes": ["dark", "light"],
                  "decision": decision}  # fmt: skip
    plain = {
        "name": medium, "allow_code": True, "model": model, "checks": ["performance"],
        "data": {**declared, "damaged": 0.05, **data}, "batch_size": 16,
    }  # fmt: skip
    (folder / "audit.yaml").write_text(yaml.safe_dump(plain))
    return folder / "audit.yaml"


@pytest.mark.parametrize("medium", CASES)
def test_an_audit_tells_what_it_left_out(tmp_path: Path, medium: str) -> None:
    run, _ = audit_configuration(configured(tmp_path, medium))
    assert run is not None
    record = run.record
    (note,) = [note for note in record.notes if "could not be read" in note]
    assert note.startswith("1 unit of the evaluation data (")
    split = record.data["splits"]["evaluation"]
    assert split["medium"] == medium
    assert split["damaged"] == {"tolerated": 0.05, "units": 1}
    found = {one.key.metric: one.value for one in record.measurements}
    if medium == "series":
        assert found["performance.mae"] == pytest.approx(0.21, abs=0.05)
    else:
        assert found["performance.accuracy"] == 1.0
    assert split["rows"] == COUNTS[medium]


@pytest.mark.parametrize("medium", CASES)
def test_the_data_say_what_an_input_is(tmp_path: Path, medium: str) -> None:
    configuration = read_configuration(configured(tmp_path, medium))
    data = build_dataset(configuration.data, Code(tmp_path, allowed=True))

    class Constant(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.one = nn.Parameter(torch.zeros(1))

        def forward(self, **inputs: torch.Tensor) -> torch.Tensor:
            return self.one.expand(len(next(iter(inputs.values()))))

    def named(inputs: Any) -> Any:
        return inputs if isinstance(inputs, dict) else {"inputs": torch.from_numpy(inputs)}

    task: dict[str, Any] = {"task": "regression"}
    if medium != "series":
        task = {"task": "binary", "outputs": "logits", "classes": ("dark", "light"),
                "decision": {"threshold": 0.5, "favourable": "light"}}  # fmt: skip
    model = wrap(Constant(), preprocess=named, **task)
    with model.opened():
        assert probe(model, data, seed=0, batch_size=8).subject.medium == medium


@pytest.mark.parametrize("medium", CASES)
def test_parts_read_apart_are_judged_together(
    tmp_path: Path, medium: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for home in ("folder_tables._LEAST_PART", "series_units._LEAST_PART"):
        monkeypatch.setattr(f"auditkit.data.{home}", 20)
    configuration = read_configuration(configured(tmp_path, medium))
    seen, rows = [], 0
    for rank in range(2):
        source = build_dataset(configuration.data, Code(tmp_path, allowed=True))["evaluation"]
        source.check()
        source.integrity = Integrity()
        for part in list(source.fragments())[rank::2]:
            rows += sum(len(batch) for batch in source.batches(part, 7))
        seen.append(source.integrity.to_bytes())
    assert isinstance(source, MediaSource)
    source.integrity = Integrity()
    for part_of in seen:
        source.integrity.merge(Integrity.from_bytes(part_of))
    source.finish()
    assert source.integrity.rows == rows
    assert source.integrity.damage.count == 1
    assert source.notes[0].startswith("1 unit of the evaluation data")


@pytest.mark.parametrize("medium", CASES)
def test_a_plan_counts_units_that_can_be_read(tmp_path: Path, medium: str) -> None:
    configuration = read_configuration(configured(tmp_path, medium))
    data = build_dataset(configuration.data, Code(tmp_path, allowed=True))
    total = sum(count_units(data).values())
    assert total == COUNTS[medium]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"text": {"ids": "x"}}, "give one of images, audio, text, series"),
        ({"evaluation": {"images": ".", "table": "x.csv"}}, "give one of table, factory, images"),
        ({"images": {"mode": "CMYK"}}, "mode"),
        ({"images": {"sise": 3}}, "sise"),
        ({"damaged": 1.5}, "damaged"),
        ({"images": None, "series": {"values": [], "steps": 3}}, "values"),
        ({"images": None, "text": {"column": "x"}}, "give one of tokenizer"),
        (
            {"evaluation": {"table": "x.csv"}, "images": None, "label": "y"},
            "damaged goes with images, audio, text, series",
        ),
        ({"evaluation": {"factory": "net.py:f"}}, "no split is a table or folder that images"),
    ],
)
def test_sections_that_contradict_themselves(tmp_path: Path, data: Any, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        read_configuration(configured(tmp_path, "image", **data))


def test_code_of_a_tokenizer_runs_only_where_allowed(tmp_path: Path) -> None:
    configuration = read_configuration(configured(tmp_path, "text"))
    with pytest.raises(Exception, match="allow_code"):
        build_dataset(configuration.data, Code(tmp_path, allowed=False))
