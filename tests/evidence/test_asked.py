"""What a model says of further texts: what cannot be asked has a reason, and ends no audit."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from auditkit.evidence.asked import UNASKABLE, Completions, NotAsked, with_asked
from auditkit.evidence.collected import Evidence
from auditkit.evidence.generation_needs import CompletionNeed, LikelihoodNeed
from auditkit.evidence.plan import Plan
from auditkit.models.generators.stored import stored_generations
from auditkit.models.generators.wrapping import wrap_generator
from tests.models.generators import tiny

torch.set_num_threads(1)


def test_a_text_that_is_too_long_costs_its_own_part_alone() -> None:
    model = wrap_generator(tiny.llama(), tiny.tokenizer(), device="cpu")
    long = " ".join(["w1"] * 80)  # the model has 64 places
    scored = LikelihoodNeed((long,), ("w2",))
    continued, short = CompletionNeed((long,), 4), CompletionNeed(("w1 w2",), 4)
    plan = Plan({}, likelihoods=(scored,), completions=(continued, short))
    with model.opened() as opened:
        found = with_asked(Evidence({}), plan, opened, quiet=True).asked
    for need in (scored, continued):
        told = found[need]
        assert isinstance(told, NotAsked)
        assert "the model has places for 64" in told.reason
    assert isinstance(found[short], Completions)


@pytest.mark.parametrize("id_", ["0", "q1"])
def test_stored_answers_are_not_asked_about_anything_else(tmp_path: Path, id_: str) -> None:
    """Nor is a text taken for the row that happens to have its number as its id."""
    declared = {"provider": "p", "model": "m", "version": "1", "date": "2026-01-31"}
    lines = [{"declaration": declared}, {"id": id_, "prompt": "secret ?", "answer": "yes"}]
    path = tmp_path / "answers.jsonl"
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    need = CompletionNeed(("secret ?",))
    with stored_generations(path).opened() as model:
        found = with_asked(Evidence({}), Plan({}, completions=(need,)), model, quiet=True).asked
    assert found[need] == NotAsked(UNASKABLE)
