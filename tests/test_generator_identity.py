"""What an audit of answers is of: its verdict is served where nothing changed, and only there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from auditkit.auditing import audit
from auditkit.cli import main
from auditkit.data import dataset
from auditkit.generation.folder_digest import folder_digest
from auditkit.generation.settings import GenerationSettings
from auditkit.models.generators.stored import stored_generations
from auditkit.models.generators.wrapping import wrap_generator
from auditkit.run import Run
from tests.models.generators import tiny

ROWS = 40
QUESTIONS = pd.DataFrame(
    {
        "id": [f"q{row}" for row in range(ROWS)],
        "prompt": [f"What is {row} + 1?" for row in range(ROWS)],
        "truth": [str(row + 1) for row in range(ROWS)],
    }
)
_DECLARED = {"provider": "p", "model": "m", "version": "1", "date": "2026-01-31"}


def stored(folder: Path, wrong: int = 3) -> Path:
    """Answers of an API, every `wrong`th of which is wrong."""
    lines: list[Mapping[str, Any]] = [{"declaration": _DECLARED}]
    for row, prompt in enumerate(QUESTIONS["prompt"]):
        said = "-1" if row % wrong == 0 else str(row + 1)
        lines.append({"id": f"q{row}", "prompt": prompt, "answer": said, "samples": [said, said]})
    path = folder / "answers.jsonl"
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    return path


def ran(folder: Path, wrong: int = 3, **generation: Any) -> Run:
    said = {"columns": {"references": "truth"}, "sampling": {"samples": 2}, **generation}
    return audit(
        stored_generations(stored(folder, wrong)),
        dataset(evaluation=QUESTIONS, row_id="id", features=("prompt", "truth")),
        store=folder / "store",
        checks=["hallucination"],
        generation=said,
    )


@pytest.mark.parametrize(
    "change",
    [
        {"wrong": 4},
        {"refusals": ["nothing"]},
        {"sampling": {"samples": 1}},
        {"correctness": {"kind": "contains"}},
        {"probes": {"canaries": {"prefix": ("",), "secret": ("0417",), "repeats": (3,)}}},
    ],
)
def test_the_verdict_is_served_until_something_changes(
    tmp_path: Path, change: dict[str, Any]
) -> None:
    assert [ran(tmp_path).stored, ran(tmp_path).stored] == [False, True]
    assert not ran(tmp_path, **change).stored
    assert ran(tmp_path).stored


def test_another_cell_of_a_further_table_is_another_audit(tmp_path: Path) -> None:
    def table(secret: str) -> dict[str, Any]:
        return {"canaries": {"prefix": ("",), "secret": (secret,), "repeats": (3,)}}

    assert not ran(tmp_path, probes=table("0417")).stored
    assert not ran(tmp_path, probes=table("0418")).stored
    assert ran(tmp_path, probes=table("0417")).stored


def test_a_function_that_is_known_by_its_source_alone_leaves_doubt(tmp_path: Path) -> None:
    def judging(limit: int) -> Any:
        return lambda answer, references: int(answer) > limit

    kinds = [{"kind": "function", "function": judging(limit)} for limit in (0, 50)]
    first, other = (ran(tmp_path, correctness=kind) for kind in kinds)
    assert [first.stored, other.stored] == [False, False]
    assert any("code of yours takes part" in note for note in first.record.notes)


def test_what_an_encoder_holds_is_of_the_identity_and_its_place_is_not(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    for folder in (one, other):
        folder.mkdir()
        (folder / "config.json").write_text('{"model_type": "bert"}')
        (folder / "model.safetensors").write_bytes(b"weights")

    def described(folder: Path) -> dict[str, Any]:
        matching = {"kind": "embedding", "folder": str(folder)}
        return GenerationSettings.of({"equivalence": matching}).describe()

    assert described(one) == described(other)
    (other / "model.safetensors").write_bytes(b"others")
    assert described(one) != described(other)
    assert folder_digest(tmp_path / "none") == ""


def test_a_helper_of_the_function_that_judges_is_of_the_identity(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The text of the function itself is the same; what it calls is another."""
    stored(tmp_path)
    QUESTIONS.to_csv(tmp_path / "questions.csv", index=False)
    matching = {"kind": "function", "function": "judge.py:right"}
    content = {
        "name": "assistant",
        "allow_code": True,
        "model": {"generator": {"answers": "answers.jsonl"}},
        "data": {"evaluation": {"table": "questions.csv"}, "row_id": "id"},
        "generation": {
            "columns": {"references": "truth"},
            "sampling": {"samples": 2},
            "correctness": matching,
        },
        "checks": ["hallucination"],
    }
    (tmp_path / "audit.yaml").write_text(yaml.safe_dump(content))
    served: list[bool] = []
    for helper in ("a in r", "a in r", "True"):
        code = f"def _same(a, r):\n    return {helper}\n"
        code += "def right(a, r):\n    return _same(a, r)\n"
        (tmp_path / "judge.py").write_text(code)
        with pytest.raises(SystemExit):
            main(["audit", str(tmp_path / "audit.yaml"), "--store", str(tmp_path / "store")])
        served.append("stored verdict" in " ".join(capsys.readouterr().out.split()))
    assert served == [False, True, False]


class Words:
    """A tokenizer of which nothing but its class is known."""

    def encode(self, text: str) -> list[int]:
        return [3 + ord(word[-1]) % 40 for word in text.split()]

    def decode(self, ids: list[int]) -> str:
        return " ".join(map(str, ids))


def test_a_tokenizer_that_says_nothing_of_itself_leaves_doubt(tmp_path: Path) -> None:
    def once(tokenizer: Any) -> Run:
        return audit(
            wrap_generator(tiny.llama(), tokenizer, device="cpu"),
            dataset(evaluation=QUESTIONS, row_id="id", features=("prompt", "truth")),
            store=tmp_path,
            checks=["hallucination"],
            generation={
                "columns": {"references": "truth"}, "sampling": {"samples": 0, "max_tokens": 1}
            },
        )  # fmt: skip

    assert [once(Words()).stored, once(Words()).stored] == [False, False]
    assert [once(tiny.tokenizer()).stored, once(tiny.tokenizer()).stored] == [False, True]
