from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from auditkit.errors import ConfigurationError, DataError, ModelChangedError, ModelError
from auditkit.models.digest import parameter_digest
from auditkit.models.generators import transformers_decoder
from auditkit.models.generators.transformers_decoder import TransformersDecoder
from auditkit.models.generators.wrapping import wrap_generator
from tests.models.generators import tiny
from tests.models.generators.tiny import logits_by_hand

torch.set_num_threads(1)
PROMPTS = ["w1 w2 ?", "w3 w4 w5 w6 w7 ?", "w8"]
kinds = pytest.mark.parametrize("kind", tiny.MADE)


def decoder_of(kind: str, **more: Any) -> TransformersDecoder:
    return TransformersDecoder(tiny.MADE[kind](**more), tiny.tokenizer(), "cpu")


@kinds
def test_batched_prompts_and_steps_are_as_each_by_itself(kind: str) -> None:
    decoder = decoder_of(kind)
    encoded = decoder.encode(PROMPTS)
    rows = [row[mask == 1].tolist() for row, mask in zip(encoded.ids, encoded.mask, strict=True)]
    step = decoder.prefill(encoded)
    fed = [[5, 6, 7]] * 3
    for time in range(3):
        for row, ids in enumerate(rows):
            answer = [*fed[row][:time], 0]
            hand = logits_by_hand(decoder.module, ids, answer)[-1]
            torch.testing.assert_close(step.logits[row], hand, atol=1e-5, rtol=1e-5)
        step = decoder.step(step.state, torch.tensor([fed[row][time] for row in range(3)]))


@kinds
def test_rows_are_expanded_and_selected_with_all_that_they_read(kind: str) -> None:
    decoder = decoder_of(kind)
    step = decoder.prefill(decoder.encode(PROMPTS))
    part = decoder.select(step.state, torch.tensor([2, 0]))
    wide = decoder.expand(part, 2)
    tokens = torch.tensor([5, 6, 7, 8])
    whole = decoder.select(step.state, torch.tensor([2, 2, 0, 0]))
    told, hand = decoder.step(wide, tokens), decoder.step(whole, tokens)
    torch.testing.assert_close(told.logits, hand.logits)
    again = decoder.step(step.state, torch.tensor([5, 6, 7]))  # as if nothing had been selected
    alone = decoder.step(decoder.prefill(decoder.encode(PROMPTS[:1])).state, torch.tensor([5]))
    torch.testing.assert_close(again.logits[0], alone.logits[0], atol=1e-5, rtol=1e-5)


@kinds
def test_several_tokens_are_fed_as_one_after_the_other(kind: str) -> None:
    decoder = decoder_of(kind)
    at_once = decoder.step(
        decoder.prefill(decoder.encode(PROMPTS)).state, torch.tensor([[5, 6]] * 3)
    )
    state = decoder.step(
        decoder.prefill(decoder.encode(PROMPTS)).state, torch.tensor([5] * 3)
    ).state
    one = decoder.step(state, torch.tensor([6] * 3))
    torch.testing.assert_close(at_once.logits, one.logits, atol=1e-5, rtol=1e-5)


@kinds
def test_hidden_states_are_those_that_the_model_itself_returns(kind: str) -> None:
    decoder = decoder_of(kind)
    layers = tuple(range(decoder.layers))
    step = decoder.prefill(decoder.encode(PROMPTS[1:2]), layers)
    ids = decoder.encode(PROMPTS[1:2]).ids
    with torch.no_grad():
        if decoder.apart:
            begins = torch.tensor([[decoder.module.config.decoder_start_token_id]])
            told = decoder.module(ids, decoder_input_ids=begins, output_hidden_states=True)
            states = told.decoder_hidden_states
        else:
            states = decoder.module(ids, output_hidden_states=True).hidden_states
    for layer in layers[:-1]:  # the last one is told after the model's closing norm
        torch.testing.assert_close(step.hidden[layer], states[layer + 1][:, -1])
    assert step.hidden[layers[-1]].shape == states[-1][:, -1].shape


@kinds
def test_attention_is_the_mean_that_the_model_itself_returns(kind: str) -> None:
    decoder = decoder_of(kind)
    before = decoder.module.config._attn_implementation
    step = decoder.prefill(decoder.encode(PROMPTS), attention=True)
    assert step.attention is not None
    torch.testing.assert_close(step.attention.sum(1), torch.ones(3))
    for row, prompt in enumerate(PROMPTS):
        encoded = decoder.encode([prompt])
        model = tiny.MADE[kind](attn_implementation="eager")
        with torch.no_grad():
            if decoder.apart:
                begins = torch.tensor([[decoder.module.config.decoder_start_token_id]])
                told = model(encoded.ids, decoder_input_ids=begins, output_attentions=True)
                layers = told.cross_attentions
            else:
                layers = model(encoded.ids, output_attentions=True).attentions
        hand = torch.stack([one[0, :, -1].mean(0) for one in layers]).mean(0)
        own = step.attention[row][decoder.encode(PROMPTS).mask[row] == 1]
        torch.testing.assert_close(own, hand, atol=1e-5, rtol=1e-5)
    assert decoder.module.config._attn_implementation == before


@kinds
def test_scores_are_those_of_plain_forwards(kind: str) -> None:
    decoder = decoder_of(kind)
    told = ["w9 w10", "", "w11 w12 w13"]
    found = decoder.score(PROMPTS, told)
    for prompt, text, numbers in zip(PROMPTS, told, found, strict=True):
        ids, answer = decoder.encode([prompt]).ids[0].tolist(), decoder.tokens_of(text)
        assert len(numbers) == len(answer)
        if answer:
            hand = logits_by_hand(decoder.module, ids, answer).log_softmax(-1)
            hand = hand[range(len(answer)), answer]
            torch.testing.assert_close(numbers, hand, atol=1e-5, rtol=1e-5)


@kinds
def test_the_model_leaves_as_it_came(kind: str) -> None:
    module = tiny.MADE[kind]().train()
    module.generation_config.temperature = 0.3
    module.get_output_embeddings().weight.grad = torch.ones_like(
        module.get_output_embeddings().weight
    )
    before = parameter_digest(module), dict(module.config.to_dict()), torch.get_rng_state()
    settings = module.generation_config.to_dict()
    hooks = [len(part._forward_hooks) for part in module.modules()]
    with wrap_generator(module, tiny.tokenizer(), device="cpu").opened() as opened:
        decoder = opened.decoder
        assert decoder is not None
        assert not module.training
        decoder.prefill(decoder.encode(PROMPTS), (0,), attention=True)
        torch.rand(3)
    assert module.training
    assert (parameter_digest(module), dict(module.config.to_dict())) == before[:2]
    assert torch.equal(torch.get_rng_state(), before[2])
    assert module.generation_config.to_dict() == settings
    assert [len(part._forward_hooks) for part in module.modules()] == hooks
    assert module.get_output_embeddings().weight.grad is not None
    # transformers hears its own layers by hooks that it puts there once; they went with the loan.
    again = module.eval()(torch.tensor([[4, 5]]), **(
        {"decoder_input_ids": torch.tensor([[0]])} if module.config.is_encoder_decoder else {}
    ), output_hidden_states=True)  # fmt: skip
    states = again.decoder_hidden_states if module.config.is_encoder_decoder else (
        again.hidden_states
    )  # fmt: skip
    assert len(states) == decoder.layers + 1


def test_a_model_that_is_changed_half_way_is_told() -> None:
    module = tiny.gpt2()
    wrapped = wrap_generator(module, tiny.tokenizer(), device="cpu")
    with (
        pytest.raises(ModelChangedError, match="wte"),
        wrapped.opened(),
        torch.no_grad(),
    ):
        module.transformer.wte.weight[3, 3] += 1


def test_a_failure_half_way_gives_the_model_back() -> None:
    module = tiny.llama()
    decoder = TransformersDecoder(module, tiny.tokenizer(), "cpu")
    hooks = [len(part._forward_hooks) for part in module.modules()]
    begun = decoder.prefill(decoder.encode(["w1"])).state
    wrong = torch.tensor([[9_999, 3]])
    with (
        pytest.raises(ModelError, match=r"could not take tokens of shape \(1, 2\) \(IndexError"),
        decoder.watched(),
    ):
        decoder.step(begun, wrong, (0,), attention=True)
    assert [len(part._forward_hooks) for part in module.modules()] == hooks
    assert module.config._attn_implementation != "eager"


def test_the_digest_knows_weights_and_tokenizer() -> None:
    words = (*tiny.WORDS[:-1], "!")
    same = [decoder_of("llama").digest() for _ in range(2)]
    other = TransformersDecoder(tiny.llama(), tiny.tokenizer(words), "cpu").digest()
    module = tiny.llama()
    with torch.no_grad():
        module.lm_head.weight[0, 0] += 1
    third = TransformersDecoder(module, tiny.tokenizer(), "cpu").digest()
    assert same[0] == same[1]
    assert len({same[0], other, third}) == 3
    assert same[0].startswith("parameters:")


class Words:
    """All that a user's own tokenizer must have."""

    def encode(self, text: str) -> list[int]:
        return [tiny.WORDS.index(word) for word in text.split()]

    def decode(self, ids: list[int]) -> str:
        return " ".join(tiny.WORDS[one] for one in ids)


def test_any_tokenizer_with_encode_and_decode_will_do() -> None:
    own = TransformersDecoder(tiny.llama(), Words(), "cpu")
    other = decoder_of("llama")
    for decoder in (own, other):
        assert decoder.encode(PROMPTS).lengths == [3, 6, 1]
        assert decoder.tokens_of("yes no") == [43, 44]
        assert decoder.text_of([5, 6, 2]) == "w2 w3"
        assert decoder.pieces_of([5, 2]) == ("w2", "<eos>")
    with pytest.raises(ModelError, match="has no decode"):
        TransformersDecoder(tiny.llama(), type("T", (), {"encode": len})(), "cpu")


def test_a_context_is_found_among_the_tokens() -> None:
    encoded = decoder_of("llama").encode(["w1 w5 w6 ?", "w7 ?"], ["w5 w6", ""])
    assert encoded.spans == ((1, 3), (0, 0))
    assert encoded.rows([1]).spans == ((0, 0),)
    longer = decoder_of("llama").encode(["w1", "w2 w5 w6 w7 ?"], ["w1", "w5 w6"])
    assert longer.spans == ((4, 5), (1, 3))
    assert longer.rows([0]).spans == ((0, 1),)


def test_what_a_tokenizer_ends_every_text_with_is_not_the_end_of_a_prompt() -> None:
    from tokenizers.processors import TemplateProcessing

    ending = tiny.tokenizer()
    ending.backend_tokenizer.post_processor = TemplateProcessing(
        single="<bos> $A <eos>", special_tokens=[("<bos>", 1), ("<eos>", 2)]
    )
    causal = TransformersDecoder(tiny.llama(), ending, "cpu")
    assert causal.encode(["w1"]).ids.tolist() == [[1, 4]]
    assert TransformersDecoder(tiny.t5(), ending, "cpu").encode(["w1"]).ids.tolist() == [[1, 4, 2]]
    assert causal.tokens_of("w1") == [4]


def test_what_can_not_be_heard_has_a_reason() -> None:
    reasons = decoder_of("t5").capabilities.reasons
    assert reasons["continues"] == (
        "The prompt of T5ForConditionalGeneration is read by an encoder, and cannot be added to."
    )
    module = tiny.llama()
    module.config.num_hidden_layers = 2  # as many as no list of modules has
    decoder = TransformersDecoder(module, tiny.tokenizer(), "cpu")
    assert decoder.capabilities.reasons["hidden"].startswith("The blocks of LlamaForCausalLM were")
    assert decoder.layers == 0


def test_models_that_do_not_generate_are_refused() -> None:
    from transformers import BertConfig, BertModel

    with pytest.raises(ModelError, match="BertModel is no model of transformers that can generate"):
        wrap_generator(
            BertModel(
                BertConfig(
                    vocab_size=9, hidden_size=8, num_hidden_layers=1, num_attention_heads=1,
                    intermediate_size=8,
                )
            ),
            Words(),
        )  # fmt: skip
    with pytest.raises(ModelError, match="Linear is no model of transformers"):
        wrap_generator(torch.nn.Linear(2, 2), Words())
    with pytest.raises(ConfigurationError, match="given without a tokenizer"):
        wrap_generator(tiny.llama())
    with pytest.raises(ConfigurationError, match="wrapped already"):
        wrap_generator(wrap_generator(tiny.llama(), Words()))  # type: ignore[arg-type]
    with pytest.raises(ModelError, match="A int is no generative model"):
        wrap_generator(3)  # type: ignore[arg-type]


def test_texts_that_can_not_be_scored_are_refused() -> None:
    decoder = decoder_of("gpt2")
    with pytest.raises(DataError, match="has no tokens"):
        decoder.score(["", "w1"], ["w2", "w2"])
    with pytest.raises(DataError, match="has 66 tokens; the model has places for 64"):
        decoder.score(["w1 " * 60], ["w2 " * 6])


def test_settings_of_its_own_generation_that_are_not_applied_are_told() -> None:
    module = tiny.llama()
    module.generation_config.repetition_penalty = 1.3
    facts = TransformersDecoder(module, tiny.tokenizer(), "cpu").describe()
    assert facts["settings_not_applied"] == ["repetition_penalty"]
    assert facts["ends"] == [2]
    assert facts["limit"] == 64
    assert np.isclose(facts["parameters"], sum(p.numel() for p in module.parameters()))


@kinds
def test_texts_are_read_so_few_at_a_time_that_their_logits_can_be_held(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoder, told = decoder_of(kind), ["w9 w10", "", "w11 w12 w13"]
    expected = decoder.score(PROMPTS, told)
    sizes: list[int] = []
    decoder.module.register_forward_hook(
        lambda _module, _given, output: sizes.append(output.logits.numel())
    )
    monkeypatch.setattr(transformers_decoder, "LOGITS", len(tiny.WORDS) * 3)
    for one, other in zip(decoder.score(PROMPTS, told), expected, strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-5)
    assert len(sizes) >= 2
    if kind != "gpt2":  # which keeps as many as it is asked for, as all here do
        assert max(sizes) <= len(tiny.WORDS) * 3


def test_the_digest_is_the_same_before_and_after_the_tokenizer_was_used() -> None:
    """At each call transformers switches off what the saved tokenizer cuts and pads to."""
    own = tiny.tokenizer()
    own.backend_tokenizer.enable_truncation(5)
    own.backend_tokenizer.enable_padding(length=9)
    decoder = TransformersDecoder(tiny.llama(), own, "cpu")
    before = decoder.digest()
    assert decoder.encode(["w1 w2 w3 w4 w5 w6"]).lengths == [6]
    assert decoder.digest() == before


@pytest.mark.parametrize("kind", ["Mamba", "Jamba"])
def test_a_state_that_is_no_cache_of_keys_and_values_is_refused(kind: str) -> None:
    import transformers

    config = getattr(transformers, f"{kind}Config")(
        hidden_size=16, num_hidden_layers=2, vocab_size=len(tiny.WORDS), pad_token_id=0,
        num_attention_heads=2, num_key_value_heads=2, intermediate_size=16, num_experts=2,
        attn_layer_period=2, attn_layer_offset=1, use_mamba_kernels=False, eos_token_id=2,
    )  # fmt: skip
    module = getattr(transformers, f"{kind}ForCausalLM")(config)
    decoder = TransformersDecoder(module, tiny.tokenizer(), "cpu")
    with pytest.raises(ModelError, match="no cache of keys and values"):
        decoder.prefill(decoder.encode(PROMPTS))


def test_a_model_that_counts_places_from_behind_its_padding_is_told_them_so() -> None:
    from transformers import RobertaConfig, RobertaForCausalLM

    torch.manual_seed(0)
    config = RobertaConfig(
        vocab_size=len(tiny.WORDS), hidden_size=16, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=16, max_position_embeddings=20, is_decoder=True, pad_token_id=0,
        bos_token_id=1, eos_token_id=2, initializer_range=0.5,
    )  # fmt: skip
    decoder = TransformersDecoder(RobertaForCausalLM(config).eval(), tiny.tokenizer(), "cpu")
    assert decoder.limit == 19
    for prompt, numbers in zip(PROMPTS, decoder.score(PROMPTS, ["w9 w10"] * 3), strict=True):
        hand = logits_by_hand(decoder.module, decoder.encode([prompt]).ids[0].tolist(), [12, 13])
        hand = hand.log_softmax(-1)[range(2), [12, 13]]
        torch.testing.assert_close(numbers, hand, atol=1e-5, rtol=1e-5)
