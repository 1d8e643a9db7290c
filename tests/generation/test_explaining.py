"""What an answer rests on: against Captum, on a model made to copy, and on hostile input."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from auditkit.generation import explaining
from auditkit.generation.evidence import GenerationEvidence
from auditkit.generation.explaining import METHODS, explained_answers
from auditkit.generation.generations import Generations
from auditkit.generation.highlight import Highlight
from auditkit.models.generators.answer import Answer
from auditkit.models.generators.decoder import Decoder
from auditkit.models.generators.transformers_decoder import TransformersDecoder
from tests.generation.made import question
from tests.models.generators import tiny

WORDS = ["<pad>", "<s>", "</s>", *(f"w{i}" for i in range(29))]


class Words:
    """A tokenizer of words, as users may bring one."""

    def encode(self, text: str) -> list[int]:
        return [WORDS.index(word) for word in text.split()]

    def decode(self, ids: list[int]) -> str:
        return " ".join(WORDS[i] for i in ids)


@pytest.fixture(scope="module")
def decoder() -> Decoder:
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(0)
    config = transformers.LlamaConfig(
        vocab_size=32, hidden_size=32, intermediate_size=32, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=4, bos_token_id=1, eos_token_id=2,
        pad_token_id=0,
    )  # fmt: skip
    return TransformersDecoder(transformers.LlamaForCausalLM(config), Words(), device="cpu")


def generations(given: list[str], ids: list[int]) -> Generations:
    one = Answer("", np.array(ids, dtype=np.int32), tuple(WORDS[i] for i in ids))
    return Generations.of([GenerationEvidence(question(i, given=text), one)
                           for i, text in enumerate(given)])  # fmt: skip


GIVEN = " ".join(f"w{i}" for i in range(10))
ANSWER = [15, 16, 2]


def test_gradient_x_input_is_that_of_captum(decoder: Decoder) -> None:
    from captum.attr import InputXGradient

    module = decoder.module
    ids = decoder.encode([GIVEN]).ids
    answer = torch.tensor([ANSWER])

    def said(embedded: torch.Tensor) -> torch.Tensor:
        fed = torch.cat([embedded, module.get_input_embeddings()(answer[:, :-1])], dim=1)
        logits = module(inputs_embeds=fed).logits[:, ids.shape[1] - 1 :]
        return logits.log_softmax(-1).gather(-1, answer.unsqueeze(-1)).sum((1, 2))

    embedded = module.get_input_embeddings()(ids).detach().requires_grad_()
    expected = InputXGradient(said).attribute(embedded).sum(-1)[0].detach()
    with decoder.watched():
        found = explained_answers(
            decoder, generations([GIVEN], ANSWER), np.array([0]), "gradient_x_input"
        )
    assert not isinstance(found, str)
    np.testing.assert_allclose(found[0].weights, expected, rtol=1e-4, atol=1e-6)
    assert len(found[0].pieces) == ids.shape[1]


def test_ablation_is_the_fall_without_each_token(decoder: Decoder) -> None:
    with decoder.watched():
        (found,) = explained_answers(
            decoder, generations([GIVEN], ANSWER), np.array([0]), "feature_ablation"
        )
        module, ids = decoder.module, decoder.encode([GIVEN]).ids
        table = module.get_input_embeddings().weight
        answer = torch.tensor([ANSWER])

        def said(embedded: torch.Tensor) -> float:
            fed = torch.cat([embedded, table[answer[:, :-1]]], dim=1)
            with torch.no_grad():
                logits = module(inputs_embeds=fed).logits[:, ids.shape[1] - 1 :]
            return float(logits.log_softmax(-1).gather(-1, answer.unsqueeze(-1)).sum())

        whole = table[ids].detach()
        for place in range(ids.shape[1]):
            without = whole.clone()
            without[0, place] = table.mean(0)
            assert found.weights[place] == pytest.approx(said(whole) - said(without), abs=1e-4)


@pytest.mark.parametrize("method", METHODS)
def test_the_model_leaves_as_it_came(decoder: Decoder, method: str) -> None:
    before = {name: one.clone() for name, one in decoder.module.state_dict().items()}
    with decoder.watched():
        explained_answers(decoder, generations([GIVEN], ANSWER), np.array([0]), method)
    assert all(torch.equal(before[name], one) for name, one in decoder.module.state_dict().items())
    assert all(one.grad is None for one in decoder.module.parameters())


def test_copies_are_read_a_few_at_a_time_to_the_same_numbers(
    decoder: Decoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def found(method: str) -> Highlight:
        (one,) = explained_answers(decoder, generations([GIVEN], ANSWER), np.array([0]), method)
        assert isinstance(one, Highlight)
        return one

    with decoder.watched():
        together = found("feature_ablation")
        read: list[int] = []
        handle = decoder.module.register_forward_pre_hook(
            lambda module, args, named: read.append(len(named["inputs_embeds"])), with_kwargs=True
        )
        monkeypatch.setattr(explaining, "_LOGITS", 2 * 14 * len(WORDS))
        apart = found("feature_ablation")
        handle.remove()
    assert max(read) <= 2
    np.testing.assert_allclose(apart.weights, together.weights, atol=1e-5)
    assert apart.drop == pytest.approx(together.drop, abs=1e-4)
    assert apart.random_drop == pytest.approx(together.random_drop, abs=1e-4)


def test_too_short_a_prompt_is_not_tested(decoder: Decoder) -> None:
    with decoder.watched():
        (found,) = explained_answers(
            decoder, generations(["w1"], ANSWER), np.array([0]), "gradient_x_input"
        )
    assert not found.tested
    assert not found.held


def test_an_answer_without_tokens_is_left_out(decoder: Decoder) -> None:
    rows = Generations.of([GenerationEvidence(question(0, given=GIVEN), Answer("told"))])
    with decoder.watched():
        assert explained_answers(decoder, rows, np.array([0]), "gradient_x_input") == ()


def test_a_model_that_takes_no_embeddings_says_so(
    decoder: Decoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decoder.module, "get_input_embeddings", lambda: None)
    found = explained_answers(
        decoder, generations([GIVEN], ANSWER), np.array([0]), "gradient_x_input"
    )
    assert isinstance(found, str)
    assert "takes no embeddings" in found


@pytest.mark.parametrize("kind", tiny.MADE)
@pytest.mark.parametrize("forced", [None, 7])
def test_what_is_explained_is_the_likelihood_that_was_heard(kind: str, forced: int | None) -> None:
    """Also where generation begins answers otherwise than the configuration of the model says."""
    module: Any = tiny.MADE[kind]()
    if module.config.is_encoder_decoder:
        module.generation_config.decoder_start_token_id = 5
        module.generation_config.forced_bos_token_id = forced
    decoder = TransformersDecoder(module, tiny.tokenizer(), "cpu")
    answer = np.array([9, 10, 2])
    text = explaining._text(decoder, "w1 w2 ?", answer)
    heard = decoder.read(decoder.encode(["w1 w2 ?"]), [answer.tolist()])[0].sum()
    torch.testing.assert_close(text.log_likelihood(text.embedded)[0], heard, atol=1e-4, rtol=1e-4)
