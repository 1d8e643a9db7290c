"""What a forward returned, one tensor per head; probabilities; contradictions per row."""

from __future__ import annotations

from collections import OrderedDict, UserDict, namedtuple
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
import scipy.special
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from auditkit.errors import ModelError
from auditkit.models.head import Head, Outputs, Task
from auditkit.models.outputs import normalise, probabilities, resemble_probabilities, violations

BINARY = Head("", Task.BINARY, Outputs.LOGITS)
THREE = Head("", Task.MULTICLASS, Outputs.LOGITS, ("a", "b", "c"))
LABELS = Head("", Task.MULTILABEL, Outputs.LOGITS, ("a", "b", "c"))
NUMBER = Head("", Task.REGRESSION)
CUSTOM = Head("", Task.CUSTOM, unit_metrics=lambda output, target: output)


@dataclass
class FieldsOnly:
    """Like an output of a model that is a plain dataclass."""

    logits: torch.Tensor
    hidden_states: tuple | None = None


class ModelOutput(OrderedDict):
    """Like an output of transformers: a dict whose keys are attributes too."""

    def __getattr__(self, name):
        return self[name]


LOGITS = torch.arange(12.0).reshape(4, 3)


@pytest.mark.parametrize(
    "returned",
    [
        LOGITS,
        LOGITS.numpy(),
        pd.DataFrame(LOGITS.numpy()),
        (LOGITS,),
        [LOGITS, torch.zeros(4, 7)],
        {"logits": LOGITS, "loss": torch.tensor(0.3)},
        {"anything": LOGITS},
        {"anything": LOGITS, "name": "not a tensor"},
        UserDict(logits=LOGITS, hidden=torch.zeros(1)),
        ModelOutput(loss=torch.tensor(0.3), logits=LOGITS),
        FieldsOnly(LOGITS),
        FieldsOnly(LOGITS, (torch.zeros(4, 8),)),
        namedtuple("Out", "loss logits")(torch.tensor(0.3), LOGITS),
    ],
    ids=lambda value: type(value).__name__,
)
def test_one_head_is_found_in_what_models_return(returned) -> None:
    found = normalise(returned, (THREE,), 4)
    assert list(found) == [""]
    assert torch.equal(found[""].double(), LOGITS.double())


def test_a_named_head_reads_its_own_key() -> None:
    head = Head("age", Task.REGRESSION)
    returned = {"logits": torch.zeros(2), "age": torch.ones(2, 1), "other": torch.zeros(2)}
    assert normalise(returned, (head,), 2)["age"].tolist() == [1, 1]


def test_probabilities_are_not_taken_from_logits() -> None:
    head = Head("", Task.MULTICLASS, Outputs.PROBABILITIES, ("a", "b", "c"))
    returned = {"logits": LOGITS, "probabilities": LOGITS.softmax(1), "loss": torch.zeros(())}
    assert torch.equal(normalise(returned, (head,), 4)[""], LOGITS.softmax(1))
    del returned["probabilities"]
    with pytest.raises(ModelError, match="none of its parts is called 'probabilities'"):
        normalise(returned, (head,), 4)


def test_several_heads_by_name_or_in_their_order() -> None:
    heads = (Head("age", Task.REGRESSION), Head("sex", Task.BINARY))
    age, sex = torch.ones(3), torch.zeros(3, 2)
    for returned in (
        {"sex": sex, "age": age, "more": 1},
        (age, sex),
        [age, sex],
        namedtuple("Out", "sex age")(sex, age),
    ):
        found = normalise(returned, heads, 3)
        assert found["age"] is age or torch.equal(found["age"], age)
        assert found["sex"].shape == (3, 2)


@pytest.mark.parametrize(
    "returned", [torch.zeros(3), (torch.zeros(3),), {"age": torch.zeros(3)}, None]
)
def test_missing_heads_are_named(returned) -> None:
    heads = (Head("age", Task.REGRESSION), Head("sex", Task.BINARY))
    with pytest.raises(ModelError, match="expected the heads 'age', 'sex'"):
        normalise(returned, heads, 3)


@pytest.mark.parametrize(
    ("head", "shape", "arranged"),
    [
        (BINARY, (5,), (5,)),
        (BINARY, (5, 1), (5,)),
        (BINARY, (5, 2), (5, 2)),
        (BINARY, (2, 2), (2, 2)),
        (BINARY, (1, 1), (1,)),
        (THREE, (5, 3), (5, 3)),
        (LABELS, (5, 3), (5, 3)),
        (Head("", Task.MULTILABEL, classes=("a",)), (5,), (5, 1)),
        (NUMBER, (5,), (5,)),
        (NUMBER, (5, 1), (5,)),
        (Head("", Task.REGRESSION, classes=("x", "y")), (5, 2), (5, 2)),
        (BINARY, (0, 1), (0,)),
    ],
)
def test_accepted_shapes(head, shape, arranged) -> None:
    assert normalise(torch.zeros(shape), (head,), shape[0])[""].shape == arranged


@pytest.mark.parametrize(
    ("head", "shape", "units", "said"),
    [
        (BINARY, (5, 3), 5, r"\[5, 3\] for 5 units; a binary head with 2 classes expects \[5\] or"),
        (BINARY, (5,), 4, r"float32 \[5\] for 4 units"),
        (THREE, (5, 4), 5, r"a multiclass head with 3 classes expects \[5, 3\]"),
        (THREE, (5, 3, 8, 8), 5, "audited with the task 'custom'"),
        (THREE, (), 5, "expects"),
        (LABELS, (5,), 5, r"expects \[5, 3\]"),
        (NUMBER, (5, 2), 5, r"expects \[5\] or \[5, 1\]"),
    ],
)
def test_other_shapes_are_named_with_what_was_expected(head, shape, units, said) -> None:
    with pytest.raises(ModelError, match=said):
        normalise(torch.zeros(shape), (head,), units)


def test_labels_instead_of_scores_are_refused() -> None:
    with pytest.raises(ModelError, match="array of object"):
        normalise(np.array(["yes", "no"], dtype=object), (BINARY,), 2)
    with pytest.raises(ModelError, match="complex64"):
        normalise(torch.zeros(2, dtype=torch.complex64), (BINARY,), 2)
    with pytest.raises(ModelError, match="is str"):
        normalise(["yes", "no"], (BINARY,), 2)


def test_decisions_as_whole_numbers_become_numbers() -> None:
    found = normalise(np.array([0, 1, 1]), (BINARY,), 3)[""]
    assert found.dtype is torch.float32
    assert found.tolist() == [0, 1, 1]


def test_a_custom_output_is_passed_on_untouched() -> None:
    boxes = [{"boxes": torch.zeros(2, 4)}, {"boxes": torch.zeros(0, 4)}]
    assert normalise(boxes, (CUSTOM,), 2)[""] is boxes


@given(hnp.arrays(np.float64, (6, 3), elements=st.floats(-30, 30)))
def test_probabilities_of_logits_are_scipys(logits) -> None:
    raw = torch.from_numpy(logits)
    sigmoid = scipy.special.expit(logits)
    softmax = scipy.special.softmax(logits, axis=1)
    np.testing.assert_allclose(probabilities(raw, THREE), softmax, atol=1e-12)
    np.testing.assert_allclose(probabilities(raw, LABELS), sigmoid, atol=1e-12)
    np.testing.assert_allclose(probabilities(raw[:, 0], BINARY), sigmoid[:, 0], atol=1e-12)
    two = scipy.special.softmax(logits[:, :2], axis=1)[:, 1]
    np.testing.assert_allclose(probabilities(raw[:, :2], BINARY), two, atol=1e-12)


def test_the_positive_class_is_the_second() -> None:
    head = Head("", Task.BINARY, Outputs.PROBABILITIES, ("no", "yes"))
    raw = torch.tensor([[0.8, 0.2], [0.1, 0.9]])
    assert probabilities(raw, head).tolist() == pytest.approx([0.2, 0.9])


def test_half_precision_is_converted_and_rounding_errors_are_clamped() -> None:
    head = Head("", Task.BINARY, Outputs.PROBABILITIES)
    assert probabilities(torch.tensor([0.5], dtype=torch.bfloat16), head).dtype is torch.float32
    assert probabilities(torch.tensor([1.0000002, -1e-8]), head).tolist() == [1, 0]


def test_raw_scores_are_handed_on_where_there_are_no_probabilities() -> None:
    values = Head("", Task.BINARY, Outputs.VALUES)
    assert probabilities(torch.tensor([7.0, -2.0]), values).tolist() == [7, -2]
    undeclared = Head("", Task.MULTICLASS, classes=("a", "b", "c"))
    assert torch.equal(probabilities(LOGITS, undeclared), LOGITS)


def test_rows_that_are_not_finite() -> None:
    raw = torch.tensor([[0.0, 1.0, 2.0], [float("nan"), 0, 0], [0, float("inf"), 0]])
    masks = violations(raw, THREE)
    assert {key: mask.tolist() for key, mask in masks.items()} == {
        "not finite": [False, True, True]
    }


def test_rows_that_are_no_probabilities() -> None:
    head = Head("", Task.MULTICLASS, Outputs.PROBABILITIES, ("a", "b", "c"))
    raw = torch.tensor(
        [
            [0.2, 0.3, 0.5],
            [0.2, 0.3, 0.6],
            [-0.5, 0.5, 1.0],
            [0.3335, 0.3335, 0.3335],
            [float("nan"), 0.5, 0.5],
        ]
    )
    assert {key: mask.tolist() for key, mask in violations(raw, head).items()} == {
        "not finite": [False, False, False, False, True],
        "outside [0, 1]": [False, False, True, False, False],
        "not summing to 1 (within 0.001)": [False, True, False, False, False],
    }


def test_half_precision_may_deviate_more() -> None:
    head = Head("", Task.MULTICLASS, Outputs.PROBABILITIES, ("a", "b", "c"))
    raw = torch.tensor([[0.2, 0.3, 0.515], [0.2, 0.3, 0.55]], dtype=torch.bfloat16)
    assert violations(raw, head)["not summing to 1 (within 0.02)"].tolist() == [False, True]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16, torch.float16])
def test_real_softmaxes_and_sigmoids_contradict_nothing(dtype) -> None:
    logits = 20 * torch.randn(2000, 3, dtype=torch.float32).to(dtype)
    soft = Head("", Task.MULTICLASS, Outputs.PROBABILITIES, ("a", "b", "c"))
    each = Head("", Task.MULTILABEL, Outputs.PROBABILITIES, ("a", "b", "c"))
    for head, raw in ((soft, logits.softmax(1)), (each, logits.sigmoid())):
        assert not any(mask.any() for mask in violations(raw, head).values())


def test_declared_logits_that_are_probabilities_are_noticed() -> None:
    assert resemble_probabilities(LOGITS.softmax(1), THREE).all()
    assert not resemble_probabilities(torch.randn(50, 3), THREE).any()
    assert resemble_probabilities(LOGITS[:, 0], BINARY) is None
    assert resemble_probabilities(LOGITS, LABELS) is None


def test_a_custom_output_that_is_no_tensor_contradicts_nothing() -> None:
    assert violations([{"boxes": 1}], CUSTOM) == {}  # type: ignore[arg-type]
