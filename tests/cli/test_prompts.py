"""`auditkit prompts export`, and the way back: an API answers, and the answers are audited."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from auditkit.auditing import Settings, audit
from auditkit.cli import main
from auditkit.data import dataset
from auditkit.models.generators.stored import stored_generations
from tests.data.media_files import pcm, tone

QUESTIONS = pd.DataFrame(
    {
        "id": [f"q{row}" for row in range(40)],
        "prompt": [f"What is {row} + 1?\u2028" for row in range(40)],
        "truth": [str(row + 1) for row in range(40)],
        "side": ["left", "right"] * 20,
    }
)


def called(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as stopped:
        main([str(argument) for argument in arguments])
    found = capsys.readouterr()
    return int(stopped.value.code or 0), found.out, found.err


def configured(folder: Path, **changes: Any) -> Path:
    QUESTIONS.to_csv(folder / "questions.csv", index=False)
    content = {
        "name": "assistant",
        "model": {"generator": {"answers": "answers.jsonl"}},
        "data": {"evaluation": {"table": "questions.csv"}, "row_id": "id", "groups": {"side": {}}},
        "generation": {
            "columns": {"references": "truth"},
            "sampling": {"samples": 2, "temperature": 0.7, "max_tokens": 8},
        },
        "policy": "baseline",
        **changes,
    }
    (folder / "audit.yaml").write_text(yaml.safe_dump(content))
    return folder / "audit.yaml"


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def api(exported: Path, answers: Path) -> None:
    """What a user's script does with the file: every third question is answered wrongly."""
    ask, *prompts = lines_of(exported)
    declared = {"provider": "A", "model": "big", "version": "3", "date": "2026-11-01"}
    declared["settings"] = {"temperature": ask["ask"]["temperature"]}
    written = [{"declaration": declared}]
    for place, prompt in enumerate(prompts):
        right = str(int(prompt["prompt"].split()[2]) + 1)
        said = "0" if place % 3 == 0 else right
        told = {"text": said, "log_probs": [-0.1]}
        more = {"answer": told, "samples": [said] * ask["ask"]["samples"]}
        written.append({**prompt, **more})
    answers.write_text("".join(json.dumps(line) + "\n" for line in written))


def test_from_export_to_audit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    configuration, out = configured(tmp_path), tmp_path / "prompts.jsonl"
    code, said, _ = called(capsys, "prompts", "export", configuration, "--out", out)
    assert (code, "40 prompts" in said) == (0, True)
    first, *rest = lines_of(out)
    assert first["ask"] == {
        "format": "auditkit prompts 1", "prompts": 40, "samples": 2, "temperature": 0.7,
        "max_tokens": 8, "seed": 0, "log_probs": True,
    }  # fmt: skip
    assert rest[3]["id"] == "q3"
    assert rest[3]["prompt"] == "What is 3 + 1?\u2028"

    api(out, tmp_path / "answers.jsonl")
    settings = Settings(
        generation={
            "columns": {"references": "truth"},
            "sampling": {"samples": 2, "temperature": 0.7},
        },
        checks=[],
        quiet=True,
    )
    data = dataset(
        str(tmp_path / "questions.csv"), row_id="id", features=("prompt", "truth"), groups=["side"]
    )
    run = audit(stored_generations(tmp_path / "answers.jsonl"), data, settings=settings)
    assert run.record.model["provider"] == "A"
    assert run.record.model["date"] == "2026-11-01"
    assert run.record.digests["model"].startswith("sha256:")


def test_answers_for_people_to_judge(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    configuration, out = configured(tmp_path), tmp_path / "prompts.jsonl"
    called(capsys, "prompts", "export", configuration, "--out", out)
    api(out, tmp_path / "answers.jsonl")
    labels = tmp_path / "labels.jsonl"
    code, said, _ = called(
        capsys, "prompts", "export", configuration, "-o", labels, "--answers",
        tmp_path / "answers.jsonl",
    )  # fmt: skip
    assert (code, "40 answers to judge" in said) == (0, True)
    assert lines_of(labels)[1] == {
        "id": "q1", "prompt": "What is 1 + 1?\u2028", "context": [], "answer": "2",
        "references": ["2"], "label": None,
    }  # fmt: skip


def test_nothing_is_overwritten_unasked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    configuration, out = configured(tmp_path), tmp_path / "prompts.jsonl"
    out.write_text("mine")
    code, _, said = called(capsys, "prompts", "export", configuration, "--out", out)
    assert (code, out.read_text()) == (2, "mine")
    assert "exists already" in said
    assert called(capsys, "prompts", "export", configuration, "--out", out, "--force")[0] == 0
    assert len(lines_of(out)) == 41


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"data": {"evaluation": {"table": "none.csv"}}}, "none.csv"),
        ({"generation": {"columns": {"prompt": "question"}}}, "no column"),
        # An audit of the answers would refuse it, once all were paid for.
        ({"generation": {"sampling": {"samples": 101}}}, "less than or equal to 100"),
    ],
)
def test_what_cannot_be_exported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], changes: dict[str, Any], said: str
) -> None:
    out = tmp_path / "prompts.jsonl"
    configuration = configured(tmp_path, **changes)
    code, _, error = called(capsys, "prompts", "export", configuration, "--out", out)
    assert code == 2
    assert said in error
    assert not out.exists()
    code, _, error = called(
        capsys, "prompts", "export", configured(tmp_path), "--out", out, "--split", "training"
    )
    assert "There is no split 'training'" in error


def test_speech_is_known_by_its_samples(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for place in range(3):
        (tmp_path / f"{place}.wav").write_bytes(pcm(tone(220 + place, 100 * (place + 1))))
    table = {"id": [0, 1, 2], "file": ["0.wav", "1.wav", "2.wav"], "said": ["a", "b", "c"]}
    pd.DataFrame(table).to_csv(tmp_path / "speech.csv", index=False)
    configuration = configured(
        tmp_path,
        data={
            "evaluation": {"table": "speech.csv"},
            "row_id": "id",
            "audio": {"column": "file", "folder": ".", "seconds": 0.05},
        },
        generation={"columns": {"spoken": True, "references": "said"}},
    )
    out = tmp_path / "prompts.jsonl"
    assert called(capsys, "prompts", "export", configuration, "--out", out)[0] == 0
    _, *rest = lines_of(out)
    assert [sorted(line) for line in rest] == [["id", "sha256"]] * 3
    assert len({line["sha256"] for line in rest}) == 3
    assert np.unique([line["id"] for line in rest]).tolist() == ["0", "1", "2"]


def test_a_file_that_cannot_be_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "taken").write_text("")
    out = tmp_path / "taken" / "prompts.jsonl"
    code, _, said = called(capsys, "prompts", "export", configured(tmp_path), "--out", out)
    assert code == 2
    assert said.startswith("error: The file ")
