"""A function of the user's as a generator: what it is given, what it may return, its network."""

from __future__ import annotations

import functools

import numpy as np
import pytest
import torch
from torch import nn

from auditkit.errors import ConfigurationError, ModelChangedError, ModelError
from auditkit.models.generators.function import FunctionSource
from auditkit.models.generators.held_modules import held_module
from auditkit.models.generators.texts import Asked, Prompt
from auditkit.models.generators.wrapped import WrappedGenerator

PROMPTS = [Prompt("q1", "one"), Prompt("q2", "two")]


def full(prompts, samples, temperature, max_tokens, seed):
    return [[f"{text} {seed}", *[f"{text} {i}" for i in range(samples)]] for text in prompts]


class Parrot(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(3))
        self.dropout = nn.Dropout()

    def generate(self, prompts):
        assert not self.training
        return [f"{text} {float(self.weight.sum())}" for text in prompts]

    def spoilt(self, prompts):
        with torch.no_grad():
            self.weight.add_(1)
        return list(prompts)


def test_settings_are_passed_and_samples_come_after_the_greedy_answer() -> None:
    source = FunctionSource(full)
    one, two = source.answer(PROMPTS, Asked(samples=2, seed=3))
    assert [answer.text for answer in two.samples] == ["two 0", "two 1"]
    assert "samples" not in source.capabilities.reasons
    again, _ = source.answer(PROMPTS, Asked(samples=2, seed=3))
    (other,) = source.answer(PROMPTS[1:], Asked(samples=2, seed=3))
    assert one.greedy.text == again.greedy.text  # the seed is the same for the same prompts
    assert other.greedy.text != two.greedy.text  # and another one for others
    assert source.answer([], Asked()) == []


def test_a_function_of_prompts_alone_answers_once() -> None:
    source = FunctionSource(lambda prompts: (text for text in prompts))
    (found, _) = source.answer(PROMPTS, Asked(samples=10))
    assert found.greedy.text == "one"
    assert found.samples == ()
    assert "takes no `samples`" in source.capabilities.reasons["samples"]


def test_a_recogniser_is_given_sounds_and_their_rate() -> None:
    seen = []

    def recogniser(sounds, rate):
        seen.append((sounds, rate))
        return [{"segments": [{"text": "hi", "log_prob": -0.1, "no_speech": 0.2}]} for _ in sounds]

    sound = np.zeros(8, dtype=np.float32)
    (found,) = FunctionSource(recogniser).answer([Prompt("1", "", sound, 16_000)], Asked(samples=0))
    assert seen[0][0][0] is sound
    assert seen[0][1] == 16_000
    assert found.facts == {"segments": 1.0, "no_speech": pytest.approx(0.2)}


@pytest.mark.parametrize(
    ("returned", "said"),
    [
        (["a"], "returned 1 answers to 2 prompts"),
        ("ab", "returned a str; expected a list with one entry for each prompt"),
        ({"one": "a"}, "returned a dict; expected a list"),
        (None, "returned a NoneType; expected a list"),
        (["a", 3], "to row q2 is a int, expected a text"),
        (["a", ("b", [float("nan")])], "to row q2 has nan in place 0 of log_probs"),
        (["a", ["b", "c"]], "gave 2 answers to row q2; expected the greedy one and 0 samples"),
    ],
)
def test_what_it_must_not_return(returned: object, said: str) -> None:
    with pytest.raises(ModelError) as error:
        FunctionSource(lambda prompts: returned).answer(PROMPTS, Asked(samples=0))
    assert said in error.value.problem
    assert error.value.mend


def test_its_failure_names_the_row() -> None:
    def broken(prompts):
        yield "a"
        raise RuntimeError("no disk")

    with pytest.raises(ModelError, match=r"failed on 2 prompts.*row q1 \(RuntimeError: no disk\)"):
        FunctionSource(broken).answer(PROMPTS, Asked(samples=0))


def test_a_function_that_answers_as_it_is_read_has_no_gradients_either() -> None:
    def answers(prompts):
        yield from (f"{text} {torch.is_grad_enabled()}" for text in prompts)

    (one, _) = FunctionSource(answers).answer(PROMPTS, Asked(samples=0))
    assert one.greedy.text.endswith("False")


def test_of_a_long_failure_the_first_line_is_told() -> None:
    def broken(prompts):
        raise RuntimeError("no disk\nin the second rack")

    with pytest.raises(ModelError) as error:
        FunctionSource(broken).answer(PROMPTS, Asked(samples=0))
    assert "(RuntimeError: no disk)" in error.value.problem


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (3, "is a int, which cannot be called"),
        (lambda: [], "takes no list of prompts"),
        (lambda *, prompts: [], "takes no list of prompts"),
        (lambda prompts, tokenizer: [], "wants 'tokenizer', which an audit does not know"),
    ],
)
def test_functions_that_cannot_be_called_so(function: object, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        FunctionSource(function)  # type: ignore[arg-type]


def test_any_keyword_will_do() -> None:
    source = FunctionSource(lambda prompts, **settings: [sorted(settings) for _ in prompts])
    assert len(source.answer(PROMPTS, Asked(samples=3))[0].samples) == 3
    partial = FunctionSource(functools.partial(full, temperature=0.5, max_tokens=2, seed=0))
    assert partial.answer(PROMPTS[:1], Asked(samples=1))[0].samples[0].text == "one 0"


def test_its_network_is_borrowed_and_watched() -> None:
    parrot = Parrot().train()
    model = WrappedGenerator(texts=FunctionSource(parrot.generate))
    with model.opened():
        assert not parrot.weight.requires_grad
        assert model.texts is not None
        assert model.texts.answer(PROMPTS, Asked(samples=0))[0].greedy.text == "one 3.0"
    assert parrot.training
    assert parrot.weight.requires_grad
    described = model.describe()
    assert described["network"]["parameters"] == 3
    assert str(model.device) == "cpu"


def test_a_network_that_is_changed_is_found_out() -> None:
    model = WrappedGenerator(texts=FunctionSource(Parrot().spoilt))
    assert model.texts is not None
    with pytest.raises(ModelChangedError, match="weight"), model.opened():
        model.texts.answer(PROMPTS, Asked(samples=0))


def test_its_digest_knows_text_and_network() -> None:
    one, two = Parrot(), Parrot()
    digest = FunctionSource(one.generate).digest()
    assert digest.startswith("source:")
    assert digest == FunctionSource(two.generate).digest()
    with torch.no_grad():
        two.weight.add_(1)
    assert digest != FunctionSource(two.generate).digest()
    assert FunctionSource(full).digest() != FunctionSource(lambda prompts: prompts).digest()
    unknown = FunctionSource(functools.partial(max, key=len)).digest()
    assert unknown.startswith("undetermined:")


GLOBAL = nn.Linear(1, 1)


def test_where_networks_are_found() -> None:
    inner, outer = nn.Linear(1, 1), nn.Linear(2, 2)

    class Holder:
        def __init__(self) -> None:
            self.network = inner

        def __call__(self, prompts):
            return prompts

        def answer(self, prompts):
            return prompts

    assert held_module(Holder()) is inner
    assert held_module(Holder().answer) is inner
    assert held_module(lambda prompts: GLOBAL(prompts)) is GLOBAL
    assert held_module(functools.partial(lambda net, prompts: prompts, outer)) is outer
    assert held_module(inner) is inner
    both = held_module(lambda prompts: inner(outer(prompts)))
    assert isinstance(both, nn.ModuleList)
    assert set(both) == {inner, outer}
    assert held_module(full) is None
    named = FunctionSource(lambda prompts: list(prompts), module=outer)
    assert named.module is outer
    with WrappedGenerator(texts=FunctionSource(lambda p: [inner, outer] and list(p))).opened():
        assert not inner.training
        assert not outer.training
