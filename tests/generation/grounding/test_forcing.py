"""What a model makes of a given answer is what it would have said of one of its own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from auditkit.generation.evidence import Question
from auditkit.generation.grounding.forcing import Statement, forced
from auditkit.generation.hearing import Hearing
from auditkit.generation.one_pass import one_pass
from auditkit.generation.parts import LOOKBACK, WITHOUT_CONTEXT
from auditkit.generation.settings import GenerationSettings, PromptColumns, Sampling
from auditkit.models.generators.transformers_decoder import TransformersDecoder
from tests.models.generators.tiny import MADE, tokenizer

COLUMNS = PromptColumns(context="passages")
SETTINGS = GenerationSettings(columns=COLUMNS, sampling=Sampling(max_tokens=6))


def asked(row: int) -> Question:
    context = (f"w{row} w7 w8", "w9")[: 1 + row % 2]
    prompt = " ".join(["w1", "w2", "w3"][: 1 + row % 3]) + " ?"
    given = COLUMNS.given(prompt, context)
    return Question(str(row), row, prompt=prompt, given=given, context=context)


@pytest.mark.parametrize("kind", ["llama", "gpt2", "bart"])
def test_the_models_own_answer_put_into_its_mouth_sounds_the_same(kind: str) -> None:
    torch.set_num_threads(1)
    decoder = TransformersDecoder(MADE[kind](), tokenizer(), "cpu")
    questions = [asked(row) for row in range(5)]
    with decoder.watched():
        how = Hearing(SETTINGS, frozenset({WITHOUT_CONTEXT, LOOKBACK}))
        own = one_pass(decoder, questions, how).rows
        statements = [
            Statement(one, COLUMNS.given(one.prompt, ()), row.greedy.text)
            for one, row in zip(questions, own, strict=True)
        ]
        told = forced(decoder, statements)
    compared = 0
    for row, again in zip(own, told, strict=True):
        assert (again is None) == (not row.greedy.text)
        # Random models also say tokens that no text can be made of.
        if again is None or again.greedy.pieces != row.greedy.pieces[: again.greedy.length]:
            continue
        compared += 1
        n = again.greedy.length
        for one, other in (
            (row.greedy.log_probs, again.greedy.log_probs),
            (row.without_context, again.without_context),
            (row.lookback, again.lookback),
        ):
            assert one is not None
            assert other is not None
            np.testing.assert_allclose(one[:n], other, atol=2e-5)
    assert compared >= 2


def test_a_statement_that_does_not_fit_is_left_out() -> None:
    decoder = TransformersDecoder(MADE["llama"](), tokenizer(), "cpu")
    long = Statement(asked(0), "w1 ?", "w5 " * 60)
    empty = Statement(asked(1), "w1 ?", "")
    with decoder.watched():
        first, second, third = forced(decoder, [long, empty, replace(long, text="w5")])
        assert forced(decoder, [long]) == [None]
    assert first is None
    assert second is None
    assert third is not None


def test_a_model_that_tells_no_attention_still_tells_probabilities() -> None:
    decoder = TransformersDecoder(MADE["llama"](), tokenizer(), "cpu")
    statement = Statement(asked(1), "w1 ?", "w5 w6")
    with decoder.watched():
        (whole,) = forced(decoder, [statement])
        decoder.capabilities = decoder.capabilities.lacking("attention", "It is not told.")
        (deaf,) = forced(decoder, [statement])
    assert whole is not None
    assert deaf is not None
    assert deaf.lookback is None
    np.testing.assert_allclose(deaf.greedy.log_probs, whole.greedy.log_probs, atol=2e-5)
