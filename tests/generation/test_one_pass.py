from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import scipy.special
import scipy.stats
import torch

from auditkit.errors import ConfigurationError, DataError, ModelError
from auditkit.generation.answering import answered
from auditkit.generation.evidence import GenerationEvidence, Question
from auditkit.generation.hearing import Hearing
from auditkit.generation.one_pass import one_pass
from auditkit.generation.parts import PARTS, VERIFICATION
from auditkit.generation.settings import GenerationSettings, PromptColumns, Sampling, Verification
from auditkit.models.generators.texts import Asked, Prompt
from auditkit.models.generators.wrapping import wrap_generator
from tests.models.generators import tiny
from tests.models.generators.tiny import logits_by_hand

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


@pytest.mark.parametrize("kind", tiny.MADE)
def test_greedy_answers_are_those_of_generate(kind: str) -> None:
    module = tiny.MADE[kind]()
    model = wrap_generator(module, tiny.tokenizer())
    found = heard(model, parts=())
    assert model.decoder is not None
    for row, question in zip(found, QUESTIONS, strict=True):
        encoded = model.decoder.encode([question.given])
        told = module.generate(
            encoded.ids, attention_mask=encoded.mask, max_new_tokens=8, do_sample=False
        )[0, 1 if model.decoder.apart else encoded.ids.shape[1] :]
        np.testing.assert_array_equal(row.greedy.tokens, told.numpy())
        assert row.greedy.finished == ("stop" if told[-1] == 2 else "length")


@pytest.mark.parametrize("kind", tiny.MADE)
def test_numbers_are_those_of_one_plain_forward(kind: str) -> None:
    model = wrap_generator(tiny.MADE[kind](), tiny.tokenizer())
    assert model.decoder is not None
    for row in heard(model):
        prompt = model.decoder.encode([row.question.given]).ids[0].tolist()
        for answer in (row.greedy, *row.samples):
            assert answer.tokens is not None
            ids = answer.tokens.tolist()
            logits = logits_by_hand(model.decoder.module, prompt, ids).double().numpy()
            told = scipy.special.log_softmax(logits, axis=-1)
            np.testing.assert_allclose(answer.log_probs, told[range(len(ids)), ids], atol=2e-5)
            chances, uniform = np.exp(told), np.full(logits.shape, 1 / logits.shape[1])
            np.testing.assert_allclose(
                answer.entropies, scipy.stats.entropy(chances, axis=1), atol=2e-5
            )
            np.testing.assert_allclose(
                answer.certainties, scipy.stats.entropy(uniform, chances, axis=1), rtol=2e-5
            )


def test_without_the_context_the_same_tokens_are_read_after_the_bare_prompt() -> None:
    model = wrap_generator(tiny.gpt2(), tiny.tokenizer())
    assert model.decoder is not None
    bare = Question("9", 9, prompt="w1 w2 ?", given="w5 w6\nw1 w2 ?", context=("w5 w6",))
    (row,) = heard(model, [bare])
    assert row.greedy.tokens is not None
    ids = row.greedy.tokens.tolist()
    logits = logits_by_hand(model.decoder.module, model.decoder.tokens_of("w1 w2 ?"), ids)
    hand = logits.log_softmax(-1)[range(len(ids)), ids]
    np.testing.assert_allclose(row.without_context, hand, atol=1e-5)
    assert heard(model, [QUESTIONS[0]])[0].without_context is None


def test_hidden_states_are_those_at_the_ends_of_prompt_and_answers() -> None:
    module = tiny.gpt2()
    model = wrap_generator(module, tiny.tokenizer())
    assert model.decoder is not None
    row = heard(model)[3]
    assert sorted(row.hidden) == [1, 2]
    prompt = model.decoder.encode([row.question.given]).ids[0].tolist()
    answers = (row.greedy, *row.samples)
    for place, answer in enumerate(answers):
        assert answer.tokens is not None
        content = answer.tokens.tolist()[: -1 if answer.finished == "stop" else None]
        with torch.no_grad():
            told = module(torch.tensor([prompt + content]), output_hidden_states=True)
        states = told.hidden_states[2][0]
        own = row.hidden[1].answer if place == 0 else row.hidden[1].samples[place - 1]
        np.testing.assert_allclose(own, states[-1], atol=1e-2, rtol=2e-3)
        np.testing.assert_allclose(
            row.hidden[1].prompt, states[len(prompt) - 1], atol=1e-2, rtol=2e-3
        )


@pytest.mark.parametrize("kind", ["llama", "gpt2"])
def test_asked_about_its_answer_it_says_the_same_continued_and_read_anew(kind: str) -> None:
    model = wrap_generator(tiny.MADE[kind](), tiny.tokenizer())
    # A word tokenizer puts no space back between prompt and answer; here the template does.
    anew = replace(SETTINGS, verification=Verification(template="{prompt} {answer} true ?"))
    compared = 0
    for one, other in zip(heard(model), heard(model, settings=anew), strict=True):
        assert one.greedy.tokens is not None
        if not np.isin(one.greedy.tokens, (0, 1)).any():  # tokens that the text does not show
            assert one.verification == pytest.approx(other.verification, abs=1e-5)
            compared += 1
    assert compared > 1


def test_words_that_the_tokenizer_does_not_tell_apart_are_a_reason() -> None:
    model = wrap_generator(tiny.llama(), tiny.tokenizer())
    same = replace(SETTINGS, verification=Verification("{prompt}{answer} ?", "yes w1", "yes"))
    with model.opened() as opened:
        assert opened.decoder is not None
        found = one_pass(opened.decoder, QUESTIONS, Hearing(same, frozenset(PARTS)))
    assert found.reasons == {
        "verification": "The tokenizer does not tell 'yes w1' from 'yes' by a token."
    }
    assert all(row.verification is None for row in found.rows)


def test_samples_are_drawn_from_the_distribution_at_their_temperature() -> None:
    module = tiny.llama()
    model = wrap_generator(module, tiny.tokenizer())
    assert model.decoder is not None
    many = replace(SETTINGS, sampling=Sampling(samples=4000, max_tokens=1, temperature=1.7))
    (row,) = heard(model, QUESTIONS[:1], many, ("samples",))
    drawn = np.array([one.tokens[0] for one in row.samples if one.tokens is not None])
    ids = model.decoder.encode([QUESTIONS[0].given]).ids[0].tolist()
    logits = logits_by_hand(module, ids, [0])[0].double()
    expected = (logits / 1.7).softmax(-1).numpy() * len(drawn)
    counts = np.bincount(drawn, minlength=len(expected))
    common = expected >= 5
    told = [*counts[common], counts[~common].sum()], [*expected[common], expected[~common].sum()]
    assert common.sum() > 3
    assert scipy.stats.chisquare(*told).pvalue > 0.001


def test_turns_order_and_the_share_of_the_work_change_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = wrap_generator(tiny.llama(), tiny.tokenizer())
    whole = heard(model)
    small = replace(SETTINGS, sampling=replace(SETTINGS.sampling, tokens_at_once=30))
    for one, other in zip(whole, heard(model, settings=small), strict=True):
        assert_same(one, other)
    for rank in (0, 1):  # as two processes of torchrun would share the rows
        monkeypatch.setenv("RANK", str(rank))
        monkeypatch.setenv("LOCAL_RANK", str(rank))
        monkeypatch.setenv("WORLD_SIZE", "2")
        torch.manual_seed(rank)
        part = QUESTIONS[rank::2][::-1]
        for one, other in zip(whole[rank::2][::-1], heard(model, part), strict=True):
            assert_same(one, other)


def test_other_seeds_and_other_keys_draw_other_samples_and_the_same_greedy_answer() -> None:
    model = wrap_generator(tiny.llama(), tiny.tokenizer())
    one, other = heard(model)[0], heard(model, seed=2)[0]
    renamed = heard(model, [replace(QUESTIONS[0], key=5)])[0]
    for row in (other, renamed):
        assert [a.text for a in row.samples] != [a.text for a in one.samples]
        assert row.greedy.text == one.greedy.text


def test_three_samples_that_agree_are_enough() -> None:
    model = wrap_generator(tiny.llama(), tiny.tokenizer())
    cold = Sampling(samples=6, max_tokens=4, temperature=1.0, adaptive=True)
    every = heard(model, settings=replace(SETTINGS, sampling=replace(cold, adaptive=False)))
    found = heard(model, settings=replace(SETTINGS, sampling=cold))
    for one, other in zip(found, every, strict=True):
        assert [a.text for a in one.samples] == [a.text for a in other.samples[: len(one.samples)]]
    frozen = heard(
        model, settings=replace(SETTINGS, sampling=replace(cold, temperature=1e-4))
    )  # all samples are the greedy answer
    assert {len(row.samples) for row in found} == {6}
    assert {len(row.samples) for row in frozen} == {3}
    assert frozen[0].hidden[1].samples.shape == (3, 32)


def test_no_more_is_heard_than_was_asked_for() -> None:
    model = wrap_generator(tiny.llama(), tiny.tokenizer())
    for row in heard(model, parts=()):
        assert row.samples == ()
        assert row.hidden == {}
        assert row.verification is None
        assert row.lookback is None
        assert row.without_context is None
        assert row.greedy.log_probs is not None


def test_what_cannot_be_heard_has_its_reason() -> None:
    model = wrap_generator(tiny.llama(), tiny.tokenizer())
    bare = GenerationSettings(sampling=Sampling(samples=0, max_tokens=2))
    with model.opened() as opened:
        assert opened.decoder is not None
        found = one_pass(opened.decoder, QUESTIONS, Hearing(bare, frozenset(PARTS)))
    assert sorted(found.reasons) == ["lookback", "samples", "verification", "without_context"]
    assert found.reasons["lookback"] == "The data give no context."


def test_a_vocabulary_without_an_end_is_cut() -> None:
    module = tiny.llama(eos_token_id=None)
    module.generation_config.eos_token_id = None
    tokenizer = tiny.tokenizer()
    tokenizer.eos_token = None
    model = wrap_generator(module, tokenizer)
    assert model.decoder is not None
    assert model.decoder.ends == ()
    for row in heard(model):
        assert {one.finished for one in (row.greedy, *row.samples)} == {"length"}
        assert {one.length for one in (row.greedy, *row.samples)} == {8}


def test_what_is_kept_of_an_answer_keeps_no_more() -> None:
    """A view would keep the whole batch alive, with a place for each token up to the greatest."""
    for row in heard(wrap_generator(tiny.llama(), tiny.tokenizer())):
        for one in (row.greedy, *row.samples):
            kept = (one.tokens, one.log_probs, one.entropies, one.certainties)
            assert all(numbers is not None and numbers.base is None for numbers in kept)
        assert row.lookback is None or row.lookback.base is None


def test_an_answer_may_be_empty() -> None:
    module = tiny.gpt2()
    module.generation_config.eos_token_id = list(range(len(tiny.WORDS)))  # whatever is said ends it
    model = wrap_generator(module, tiny.tokenizer())
    for row in heard(model):
        assert {one.finished for one in (row.greedy, *row.samples)} == {"stop"}
        assert {one.length for one in (row.greedy, *row.samples)} == {1}
        assert row.greedy.text == ""
        np.testing.assert_array_equal(row.hidden[1].answer, row.hidden[1].prompt)
        assert row.verification is not None


@pytest.mark.parametrize(
    ("kind", "given", "message"),
    [
        ("gpt2", "w1 " * 55, r"row 3 has 55 tokens and 10 more may follow; the model has places "
         r"for 64\. Shorten it"),
        ("bart", "w1 " * 65, r"row 3 has 65 tokens; the model has places for 64"),
        ("llama", "", r"row 3 has no tokens, and the model none that begins a text\. Leave"),
    ],
)  # fmt: skip
def test_prompts_that_cannot_be_read_are_named(kind: str, given: str, message: str) -> None:
    model = wrap_generator(tiny.MADE[kind](), tiny.tokenizer())
    with pytest.raises(DataError, match=message):
        heard(model, [QUESTIONS[0], Question("3", 3, prompt=given, given=given)])


def test_settings_that_mean_nothing_are_refused() -> None:
    model = wrap_generator(tiny.bart(), tiny.tokenizer())

    def refused(message: str, **more: Any) -> None:
        with pytest.raises((ConfigurationError, DataError), match=message):
            heard(model, settings=replace(SETTINGS, **more))

    refused("names layer 2; the model has 2", sampling=Sampling(layers=(0, 2)))
    refused("temperature is 0: nothing would be drawn", sampling=Sampling(temperature=0))
    refused("max_tokens is 0", sampling=Sampling(max_tokens=0))
    refused("may have 64 tokens; the model has places for 64", sampling=Sampling(max_tokens=64))
    refused("has no place for the answer", verification=Verification(template="{prompt} ?"))
    refused("has another place", verification=Verification(template="{answer} {truth}"))


def test_logits_that_are_no_numbers_are_told() -> None:
    module = tiny.llama()
    with torch.no_grad():
        module.lm_head.weight[5] = float("nan")
    with pytest.raises(ModelError, match="gave logits that are not numbers"):
        heard(wrap_generator(module, tiny.tokenizer()))


def test_prompts_beside_the_data_are_answered_in_order_whatever_the_batch() -> None:
    model = wrap_generator(tiny.llama(), tiny.tokenizer())
    prompts = [Prompt(f"canary {row}", f"w{row} " * (1 + row)) for row in range(4)]
    asked = Asked(samples=2, max_tokens=5, seed=3)
    with model.opened() as opened:
        together = list(answered(opened, prompts, asked))
        (alone,) = answered(opened, prompts[2:3], asked)
    texts = [[one.text for one in (row.greedy, *row.samples)] for row in (together[2], alone)]
    assert texts[0] == texts[1]
    assert len(together) == 4


def test_a_model_that_looks_back_at_few_tokens_is_heard_alike() -> None:
    model = wrap_generator(tiny.mistral(), tiny.tokenizer())
    together = heard(model)
    for row, question in enumerate(QUESTIONS):
        assert_same(together[row], heard(model, [question])[0])


def test_a_place_with_a_form_of_its_own_is_read_anew() -> None:
    """`{answer!s}` is the place of the answer as well, and no state can be continued past it."""
    model = wrap_generator(tiny.llama(), tiny.tokenizer())
    for rest in ("{answer}", "{answer!s}", "{prompt:s}"):
        template = f"{{prompt}}{{answer}} {rest} true ?"
        settings = replace(SETTINGS, verification=Verification(template=template))
        row, *_ = heard(model, QUESTIONS[:1], settings, (VERIFICATION,))
        assert row.verification is not None
