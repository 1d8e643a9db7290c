"""One interface for modules, methods and callables; what is said where they fail."""

from __future__ import annotations

import functools
import json
import random
from collections import UserDict
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from auditkit.errors import ConfigurationError, DataError, ModelChangedError, ModelError
from auditkit.models import Decision, Head, Outputs, Task, WrappedModel, wrap


@dataclass
class Answer:
    logits: torch.Tensor
    loss: torch.Tensor | None = None


class TinyTransformer(nn.Module):
    """Takes what a tokeniser gives and returns what transformers' models return."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(50, 8)
        self.mix = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
        self.score = nn.Linear(8, 3)

    def forward(self, input_ids, attention_mask=None, labels=None):
        hidden = self.mix(self.embed(input_ids), src_key_padding_mask=attention_mask == 0)
        return Answer(self.score(hidden[:, 0]))


class TwoTowers(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.left, self.right = nn.Linear(3, 2), nn.Linear(4, 2)

    def forward(self, left, right):
        joint = self.left(left) + self.right(right)
        return {"age": joint[:, :1], "sex": joint}


class Drifting(nn.Module):
    """Writes into a buffer in eval mode."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 1)
        self.register_buffer("seen", torch.zeros(()))

    def forward(self, x):
        self.seen += len(x)
        return self.linear(x)


def income() -> nn.Sequential:
    return nn.Sequential(nn.Linear(3, 4), nn.Dropout(0.5), nn.Linear(4, 1))


def binary(model=None, **options) -> WrappedModel:
    return wrap(model or income(), task="binary", outputs="logits", **options)


X = torch.arange(12.0).reshape(4, 3) / 12


def test_a_module_is_asked_in_eval_mode_and_goes_back() -> None:
    module = income().train()
    model = binary(module)
    with model.opened() as opened:
        assert opened is model
        first, second = model.predict(X)[""], model.predict(X)[""]
    assert torch.equal(first, second)
    assert first.shape == (4,)
    assert not first.requires_grad
    assert module.training
    assert all(parameter.requires_grad for parameter in module.parameters())


def test_it_can_be_asked_without_being_opened() -> None:
    module = income().train()
    model = binary(module)
    with model.opened():
        expected = model.predict(X)[""]
    assert torch.equal(model.predict(X)[""], expected)
    assert module.training


def test_opening_twice_is_opening_once() -> None:
    model = binary(income().train())
    with model.opened():
        with model.opened():
            pass
        assert not model.module.training
    assert model.module.training


@pytest.mark.parametrize(
    "inputs",
    [X, X.numpy(), X.double().numpy(), pd.DataFrame(X.numpy()), (X,), [X], {"input": X}],
    ids=["tensor", "array", "float64 array", "frame", "tuple", "list", "dict"],
)
def test_inputs_of_many_kinds(inputs) -> None:
    model = binary()
    if isinstance(inputs, list):
        # nn.Sequential takes one argument: only a tuple is spread whatever the signature.
        inputs = tuple(inputs)
    assert torch.allclose(model.predict(inputs)[""], model.predict(X)[""], atol=1e-6)


def test_several_inputs_and_heads() -> None:
    heads = {"age": {"task": "regression"}, "sex": {"task": "binary", "outputs": "logits"}}
    model = wrap(TwoTowers(), heads=heads)
    left, right = torch.ones(5, 3), torch.zeros(5, 4)
    expected = model.predict((left, right))
    assert {name: tuple(raw.shape) for name, raw in expected.items()} == {
        "age": (5,),
        "sex": (5, 2),
    }
    for inputs in ([left, right], {"right": right, "left": left}):
        assert torch.equal(model.predict(inputs)["sex"], expected["sex"])


def test_a_tokenisers_batch_and_a_model_output() -> None:
    model = wrap(TinyTransformer(), task="multiclass", outputs="logits", classes=list("abc"))
    batch = UserDict(
        input_ids=torch.randint(0, 50, (4, 6)), attention_mask=torch.ones(4, 6, dtype=torch.long)
    )
    with model.opened():
        assert model.predict(batch)[""].shape == (4, 3)


def test_the_users_preprocess_comes_first() -> None:
    def ages(frame):
        return frame[["age"]].to_numpy(dtype="float32") / 100 @ np.ones((1, 3), dtype="float32")

    model = binary(preprocess=ages)
    frame = pd.DataFrame({"age": [20, 60], "name": ["A", "B"]})
    prepared = model.prepare(frame)
    assert prepared.dtype is torch.float32
    assert torch.equal(model.forward(prepared)[""], model.predict(frame)[""])


def test_a_preprocess_of_the_wrong_width_is_named() -> None:
    model = binary(preprocess=lambda frame: torch.zeros(len(frame), 2))
    with pytest.raises(ModelError) as caught:
        model.predict(X)
    said = str(caught.value)
    assert "The model Sequential could not take float32 [4, 2]" in said
    assert "its first layer, '0' (Linear), takes 3 features of float32" in said
    assert "Let preprocess return what the model was trained on" in said
    assert isinstance(caught.value.__cause__, RuntimeError)


def test_a_preprocess_of_the_wrong_dtype_is_named() -> None:
    model = binary(preprocess=lambda frame: np.zeros((len(frame), 3)))
    with pytest.raises(ModelError, match=r"could not take float64 \[4, 3\].*of float32") as caught:
        model.predict(X)
    assert isinstance(caught.value.__cause__, RuntimeError)


def test_a_failing_preprocess_is_named() -> None:
    def broken(frame):
        return frame["agee"]

    with pytest.raises(ModelError, match=r"preprocess .*broken failed on DataFrame \[2, 1\].*agee"):
        binary(preprocess=broken).predict(pd.DataFrame({"age": [1, 2]}))


def test_errors_meant_for_the_user_are_passed_on() -> None:
    def strict(frame):
        raise DataError("The column age is missing.")

    with pytest.raises(DataError):
        binary(preprocess=strict).predict(X)
    with pytest.raises(DataError):
        wrap(strict, task="regression").predict(X)


def test_words_without_a_preprocess_are_named() -> None:
    with pytest.raises(ModelError, match=r"1 of 2 feature columns are not numeric: 'work' \("):
        binary().predict(pd.DataFrame({"age": [1.0], "work": ["Private"]}))


def test_outputs_that_contradict_the_heads_are_named() -> None:
    with pytest.raises(ModelError, match=r"float32 \[4, 7\] for 4 units; a binary head"):
        binary(nn.Linear(3, 7)).predict(X)


def test_a_module_that_changes_itself_is_reported() -> None:
    module = Drifting().train()
    model = wrap(module, task="regression")
    with pytest.raises(ModelChangedError) as caught, model.opened():
        model.predict(X)
    assert "seen differ from before" in str(caught.value)
    assert "The model Drifting (parameters:" in str(caught.value)
    assert module.training


def test_an_error_inside_is_not_hidden_by_a_change() -> None:
    module = Drifting().train()
    model = wrap(module, task="regression")
    with pytest.raises(KeyError), model.opened():
        raise KeyError(float(model.predict(X)[""][0]))
    assert module.training
    with pytest.raises(ModelChangedError), model.opened():
        model.predict(X)


def test_random_numbers_of_the_audit_leave_no_trace() -> None:
    model = binary()
    states = torch.get_rng_state(), random.getstate()
    with model.opened():
        torch.rand(5), random.random()
    assert torch.equal(torch.get_rng_state(), states[0])
    assert random.getstate() == states[1]


class NoReads(TorchDispatchMode):
    """Fails on whatever makes the host wait for the device."""

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        assert "_local_scalar_dense" not in str(function), "a value was read"
        assert "nonzero" not in str(function), "a shape depends on values"
        copied = str(function) == "aten._to_copy.default" and (kwargs or {}).get("device")
        assert not copied, "a tensor was moved"
        return function(*args, **(kwargs or {}))


def test_predicting_reads_nothing_from_the_device() -> None:
    model = binary()
    with model.opened(), NoReads():
        model.predict(X)
    with pytest.raises(AssertionError, match="a value was read"), NoReads():
        X.sum().item()


def test_gradients_reach_the_inputs() -> None:
    model = binary()
    assert model.capabilities.differentiable
    with model.opened():
        x = X.clone().requires_grad_()
        model.forward(x)[""].sum().backward()
    assert x.grad.abs().sum() > 0
    assert all(parameter.grad is None for parameter in model.module.parameters())


def test_the_digest_is_that_of_the_parameters() -> None:
    module = income()
    model = binary(module)
    before = model.digest()
    assert before.startswith("parameters:")
    with torch.no_grad():
        module[0].bias[0] += 1e-7
    assert model.digest() != before


def test_a_description_is_plain_data() -> None:
    def scale(x):
        return x

    decision = {"favourable": "1", "threshold": 0.3}
    plain = binary(name="income", decision=decision, preprocess=scale).describe()
    assert json.loads(json.dumps(plain)) == plain
    assert plain["name"] == "income"
    assert plain["kind"] == "module"
    assert plain["class"] == "torch.nn.modules.container.Sequential"
    assert plain["parameters"] == 21
    assert plain["dtypes"] == ["float32"]
    assert plain["heads"][0]["decision"]["threshold"] == 0.3
    assert plain["preprocess"]["name"].endswith("scale")
    assert plain["preprocess"]["digest"].startswith("source:")
    assert plain["capabilities"]["copyable"] is True


class Scorer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 1)

    def forward(self, x):
        raise NotImplementedError

    def score(self, x):
        assert not self.training
        return self.linear(x).sigmoid()


def test_a_method_of_a_module_is_watched_like_the_module() -> None:
    module = Scorer().train()
    model = wrap(module.score, task="binary", outputs="probabilities")
    with model.opened():
        assert model.predict(X)[""].shape == (4,)
    assert module.training
    assert model.digest() == wrap(module, task="regression").digest()
    assert not model.capabilities.differentiable
    assert "A method of Scorer" in model.capabilities.reasons["differentiable"]


def halves(frame):
    return np.full(len(frame), 0.5)


class Fitted:
    def __call__(self, frame):
        return frame["age"].to_numpy() / 100


def test_a_callable_gets_the_frame_itself() -> None:
    frame = pd.DataFrame({"age": [20, 60], "work": ["a", "b"]})
    assert wrap(halves, task="binary").predict(frame)[""].tolist() == [0.5, 0.5]
    assert wrap(Fitted(), task="binary").predict(frame)[""].tolist() == [0.2, 0.6]


def test_a_callable_promises_little() -> None:
    model = wrap(halves, task="binary", outputs="probabilities")
    assert model.capabilities.present
    assert not model.capabilities.differentiable
    assert not model.capabilities.copyable
    assert model.digest().startswith("source:")
    assert model.digest() == wrap(functools.partial(halves), task="binary").digest()
    assert model.digest() != wrap(Fitted(), task="binary").digest()
    assert model.module is None
    assert "not the values and code" in model.describe()["digest_covers"]


def test_a_callable_without_source_says_so() -> None:
    model = wrap(len, task="regression")
    assert model.digest() == (
        "undetermined:the source of builtin_function_or_method len cannot be read"
    )


def test_a_failing_callable_is_named() -> None:
    with pytest.raises(ModelError, match=r"The model Fitted failed on DataFrame \(KeyError: 'age'"):
        wrap(Fitted(), task="binary").predict(pd.DataFrame({"x": [1]}))


def test_a_custom_task_hands_its_output_on() -> None:
    class Detector(nn.Module):
        def forward(self, images):
            return [{"boxes": torch.zeros(i + 1, 4)} for i in range(len(images))]

    model = wrap(Detector(), task="custom", unit_metrics=lambda output, target: torch.zeros(3))
    images = [torch.zeros(3, 8, 8), torch.zeros(3, 9, 9), torch.zeros(3, 5, 5)]
    assert [len(one["boxes"]) for one in model.predict(images)[""]] == [1, 2, 3]


@pytest.mark.parametrize(
    ("model", "options", "said"),
    [
        ("model.pt", {"task": "binary"}, "wrap was given a str"),
        (income(), {}, "neither task and heads"),
        (income(), {"task": "binary", "preprocess": "scale"}, "preprocess is 'scale'"),
        (income(), {"task": "binary", "device": "cuda:99"}, "not available here"),
    ],
)
def test_wrong_calls_are_refused(model, options, said) -> None:
    with pytest.raises(ConfigurationError, match=said):
        wrap(model, **options)


def test_a_wrapped_model_is_not_wrapped_again() -> None:
    with pytest.raises(ConfigurationError, match="wrap was given a WrappedModel"):
        wrap(binary(), task="binary")


def test_heads_may_be_given_as_they_are() -> None:
    head = Head("", Task.BINARY, Outputs.LOGITS, decision=Decision(threshold=0.4))
    assert wrap(income(), heads=[head]).heads == (head,)


def test_running_out_of_memory_has_its_own_mend() -> None:
    class Hungry(nn.Module):
        def forward(self, x):
            raise torch.cuda.OutOfMemoryError("CUDA out of memory.")

    with pytest.raises(ModelError, match="Give a smaller batch_size"):
        wrap(Hungry(), task="regression").predict(X)


def test_a_tensor_left_behind_has_its_own_mend() -> None:
    class Forgetful(nn.Module):
        def forward(self, x):
            raise RuntimeError("Expected all tensors to be on the same device, but found two")

    with pytest.raises(ModelError, match="as a parameter or buffer"):
        wrap(Forgetful(), task="regression").predict(X)


def test_a_model_of_several_classes_decides_by_argmax_unless_it_says_otherwise() -> None:
    model = wrap(
        lambda frame: frame, task="multiclass", outputs="logits", classes=list("abc"),
        decision={"favourable": "b"},
    )  # fmt: skip
    (head,) = model.heads
    assert head.decision is not None
    assert (head.decision.rule, head.decision.favourable) == ("argmax", "b")
