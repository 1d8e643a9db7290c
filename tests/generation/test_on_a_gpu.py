"""What is heard on a GPU is what is heard on the CPU, as far as sums of floats allow."""

from __future__ import annotations

import numpy as np
import pytest

from auditkit.generation.evidence import GenerationEvidence, Question
from auditkit.generation.explaining import explained_answers
from auditkit.generation.generations import Generations
from auditkit.generation.hearing import Hearing
from auditkit.generation.one_pass import one_pass
from auditkit.generation.parts import PARTS
from auditkit.generation.settings import GenerationSettings, Sampling, Verification
from auditkit.models.generators.wrapping import wrap_generator
from tests.models.generators import tiny

SETTINGS = GenerationSettings(
    sampling=Sampling(samples=4, max_tokens=8),
    verification=Verification(template="{prompt}{answer} true ?"),
)
QUESTIONS = [Question(str(row), row, given=f"w1 w{row} ?" + " w3" * row) for row in range(6)]


def heard_on(device: str) -> tuple[GenerationEvidence, ...]:
    model = wrap_generator(tiny.llama(), tiny.tokenizer(), device=device)
    with model.opened() as opened:
        assert opened.decoder is not None
        found = one_pass(opened.decoder, QUESTIONS, Hearing(SETTINGS, frozenset(PARTS), 1)).rows
        rows = np.arange(len(found))
        explained = explained_answers(opened.decoder, Generations.of(found), rows, "")
        assert len(explained) == len(found)
        return found


@pytest.mark.gpu
def test_a_pass_on_a_gpu_hears_what_one_on_the_cpu_does() -> None:
    for there, here in zip(heard_on("cuda"), heard_on("cpu"), strict=True):
        np.testing.assert_array_equal(there.greedy.tokens, here.greedy.tokens)
        np.testing.assert_allclose(there.greedy.log_probs, here.greedy.log_probs, atol=1e-3)
        assert there.verification == pytest.approx(here.verification, abs=1e-3)


def test_the_comparison_would_see_another_answer() -> None:
    one, other = heard_on("cpu")[0], heard_on("cpu")[5]
    assert one.greedy.text != other.greedy.text
