"""A model that answers with text, on the command line: what a folder of transformers is held to."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
import torch
import yaml

from auditkit.cli import main
from tests.models.generators import tiny


def called(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    capsys.readouterr()
    with pytest.raises(SystemExit) as stopped:
        main([str(argument) for argument in arguments])
    found = capsys.readouterr()
    return int(stopped.value.code or 0), found.out, found.err


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with a tiny model, questions about it, and what to audit."""
    torch.set_num_threads(1)
    tiny.llama().save_pretrained(tmp_path / "model")
    tiny.tokenizer().save_pretrained(tmp_path / "model")
    questions = pd.DataFrame({"prompt": ["w1 w2 ?"] * 12, "answer": ["w3 w4"] * 12})
    questions.to_csv(tmp_path / "questions.csv", index=False)
    content = {
        "name": "assistant",
        "model": {"generator": {"folder": "model"}},
        "data": {"evaluation": {"table": "questions.csv"}},
        "generation": {
            "columns": {"references": "answer"},
            "sampling": {"samples": 0, "max_tokens": 2},
        },
        "checks": ["hallucination"],
        "policy": "llm-assistant",
        "store": "store",
    }
    (tmp_path / "audit.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    return tmp_path


def test_gate_takes_only_the_folder_that_was_audited(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert called(capsys, "audit", project / "audit.yaml")[::2] == (1, "")
    deployed = project / "model"
    gate = ("gate", "latest", "--store", project / "store", "--exit-zero", "--model", deployed)
    (deployed / "README.md").write_text("Beside the model.", encoding="utf-8")
    assert called(capsys, *gate)[0] == 0
    settings = json.loads((deployed / "generation_config.json").read_text(encoding="utf-8"))
    changed = json.dumps({**settings, "repetition_penalty": 1.3})
    (deployed / "generation_config.json").write_text(changed, encoding="utf-8")
    code, _, err = called(capsys, *gate)
    assert (code, "of another model" in err) == (2, True)


def test_a_plan_without_a_row_says_so(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = called(capsys, "plan", project / "audit.yaml")
    assert code == 0
    assert "cannot be told before the run" in " ".join(out.split())
    assert "0 of 0" not in out
