from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from auditkit.generation.answering import Hearing
from auditkit.generation.evidence import GenerationEvidence, Question
from auditkit.generation.one_pass import one_pass
from auditkit.generation.parts import PARTS
from auditkit.generation.settings import GenerationSettings, PromptColumns, Sampling, Verification
from auditkit.models.generators.wrapping import wrap_generator
from tests.models.generators import tiny

torch.set_num_threads(1)
SETTINGS = GenerationSettings(
    columns=PromptColumns(context="context"),
    sampling=Sampling(samples=4, max_tokens=8),
    verification=Verification(template="{prompt}{answer} true ?"),
)
QUESTIONS = [
    Question(
        str(row),
        row * 7919,
        prompt=f"w1 w{row} ?",
        given=("w5 w6\n" if row % 2 else "") + f"w1 w{row} ?" + " w3" * (row % 3),
        context=("w5 w6",) if row % 2 else (),
    )
    for row in range(6)
]


def heard(
    model: Any, questions: list[Question] = QUESTIONS, settings: GenerationSettings = SETTINGS,
    parts: tuple[str, ...] = PARTS, seed: int = 1,
) -> tuple[GenerationEvidence, ...]:  # fmt: skip
    with model.opened() as opened:
        return one_pass(opened.decoder, questions, Hearing(settings, frozenset(parts), seed)).rows


def assert_same(one: GenerationEvidence, other: GenerationEvidence) -> None:
    pairs = zip((one.greedy, *one.samples), (other.greedy, *other.samples), strict=True)
    for a, b in pairs:
        np.testing.assert_array_equal(a.tokens, b.tokens)
        for name in ("log_probs", "entropies", "certainties"):
            np.testing.assert_allclose(getattr(a, name), getattr(b, name), atol=1e-5, rtol=1e-5)
    assert one.verification == pytest.approx(other.verification, abs=1e-5)
    for name in ("lookback", "without_context"):
        told = getattr(one, name), getattr(other, name)
        assert (told[0] is None) == (told[1] is None)
        if told[0] is not None:
            np.testing.assert_allclose(*told, atol=1e-5)
    for layer, states in one.hidden.items():
        for name in ("prompt", "answer", "samples"):
            a, b = getattr(states, name), getattr(other.hidden[layer], name)
            np.testing.assert_allclose(a, b, atol=2e-3, rtol=2e-3)


@pytest.mark.parametrize("kind", tiny.MADE)
def test_what_is_heard_of_a_prompt_depends_on_no_other_prompt(kind: str) -> None:
    model = wrap_generator(tiny.MADE[kind](), tiny.tokenizer())
    together = heard(model)
    for row, question in reversed(list(enumerate(QUESTIONS))):
        assert_same(together[row], heard(model, [question])[0])
