"""Labels of every kind become codes of the declared classes, or are refused in words."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from auditkit.data import Batch
from auditkit.errors import DataError
from auditkit.evidence.targets import encode, targets_of
from auditkit.models.head import Head, Task

BINARY = Head("", Task.BINARY, classes=("no", "yes"))
COLOURS = Head("", Task.MULTICLASS, classes=("red", "green", "blue"))
TAGS = Head("", Task.MULTILABEL, classes=("cat", "dog"))
PRICE = Head("", Task.REGRESSION)
PLACE = Head("", Task.REGRESSION, classes=("x", "y"))


def batch(n: int, targets: object = None) -> Batch:
    return Batch(None, targets, np.arange(100, 100 + n), {}, None)


def encoded(targets: object, head: Head) -> list:
    return encode(targets, head, batch(len(targets))).tolist()


def refusal(targets: object, head: Head, n: int | None = None) -> str:
    with pytest.raises(DataError) as caught:
        encode(targets, head, batch(len(targets) if n is None else n))
    return str(caught.value)


@pytest.mark.parametrize(
    ("labels", "head", "expected"),
    [
        (np.array(["yes", "no"]), BINARY, [1, 0]),
        (np.array(["yes", "no"], dtype=object), BINARY, [1, 0]),
        (np.array([1, 0]), BINARY, [1, 0]),
        (np.array([True, False]), BINARY, [1, 0]),
        (np.array([1.0, 0.0]), BINARY, [1, 0]),
        (np.array([1, 0], dtype=object), BINARY, [1, 0]),
        (torch.tensor([1, 0]), BINARY, [1, 0]),
        (torch.tensor([[1], [0]]), BINARY, [1, 0]),
        (torch.tensor([2.0, 0.0]), COLOURS, [2, 0]),
        (np.array(["blue", "red"]), COLOURS, [2, 0]),
    ],
)
def test_names_and_indices(labels: object, head: Head, expected: list[int]) -> None:
    assert encoded(labels, head) == expected


@pytest.mark.parametrize(
    ("classes", "labels", "expected"),
    [
        (("0", "1"), np.array([0, 1]), [0, 1]),
        (("1", "0"), np.array([0, 1]), [1, 0]),
        (("-1", "1"), np.array([-1, 1]), [0, 1]),
        (("3", "7"), np.array([7.0, 3.0]), [1, 0]),
        (("3", "7"), np.array(["7", "3"]), [1, 0]),
        (("1.0", "0.0"), np.array([0.0, 1.0]), [1, 0]),
        (("True", "False"), np.array([True, False]), [0, 1]),
        (("false", "true"), np.array([1, 0]), [1, 0]),
        (("0.5", "1.5"), torch.tensor([1.5, 0.5]), [1, 0]),
    ],
)
def test_classes_named_by_numbers_are_matched_by_value(
    classes: tuple[str, str], labels: object, expected: list[int]
) -> None:
    assert encoded(labels, Head("", Task.BINARY, classes=classes)) == expected


def test_multilabel_and_numbers() -> None:
    assert encoded(np.array([[1, 0], [True, True]]), TAGS) == [[1, 0], [1, 1]]
    assert encoded(torch.tensor([1.5, 2.0]), PRICE) == [1.5, 2.0]
    assert encoded(torch.tensor([[1.5], [2.0]]), PRICE) == [1.5, 2.0]
    assert encoded(np.array([[1, 2], [3, 4]]), PLACE) == [[1.0, 2.0], [3.0, 4.0]]
    assert encode(np.array([1, 2]), PRICE, batch(2)).dtype == torch.float64
    single = Head("", Task.MULTILABEL, classes=("cat",))
    assert encoded(np.array([1, 0]), single) == [[1], [0]]


def test_custom_targets_are_passed_on() -> None:
    head = Head("", Task.CUSTOM, unit_metrics=lambda output, target: output)
    boxes = [{"boxes": torch.zeros(1, 4)}, {"boxes": torch.zeros(3, 4)}]
    assert encode(boxes, head, batch(2)) is boxes
    assert encode({"mask": torch.ones(2)}, head, batch(2)).keys() == {"mask"}
    assert torch.equal(encode(np.array([1, 2]), head, batch(2)), torch.tensor([1, 2]))
    words = np.array(["a", "b"], dtype=object)
    assert encode(words, head, batch(2)) is words


def test_an_unknown_class_is_named() -> None:
    assert refusal(np.array(["yes", "maybe", "no", "perhaps"]), BINARY) == (
        "2 targets of the model in this batch are 'maybe', 'perhaps', where the model knows 'no', "
        "'yes' (first rows: 101, 103). "
        "Mend or leave out these rows, or declare the classes as the data name them."
    )


@pytest.mark.parametrize(
    ("labels", "found"),
    [
        (np.array([0, 3]), "1 target of the model in this batch is 3,"),
        (np.array([-1, 0]), "1 target of the model in this batch is -1,"),
        (np.array([0.0, 0.5]), "1 target of the model in this batch is 0.5,"),
        (np.array([0.0, np.nan]), "1 target of the model in this batch is a missing value,"),
        (np.array(["yes", None], dtype=object), "is a missing value,"),
        (torch.tensor([0, 2]), "1 target of the model in this batch is 2,"),
        (np.array([" yes", "no"]), "is ' yes', where the model knows 'no', 'yes' (row: 100)"),
    ],
)
def test_other_labels_are_refused(labels: object, found: str) -> None:
    assert found in refusal(labels, BINARY)


def test_wrong_shapes_are_refused() -> None:
    assert "has the shape (2, 3); expected one class a unit. Give class names or indices" in (
        refusal(np.zeros((2, 3), int), COLOURS)
    )
    assert "has the shape (2, 3); expected (n, 2), one column of 0 and 1" in (
        refusal(np.zeros((2, 3), int), TAGS)
    )
    assert "has the shape (2, 3); expected (n,)." in refusal(np.zeros((2, 3)), PRICE)
    assert "has the shape (2,); expected (n, 2)." in refusal(np.zeros(2), PLACE)
    assert "has the shape (2, 3); expected (n, 2)." in refusal(torch.zeros(2, 3), PLACE)
    assert "has the shape (3,); expected one for each of 2 units" in (
        refusal(np.zeros(3), PRICE, n=2)
    )
    assert "has the shape (); expected one for each of 2 units" in (
        refusal(np.array(1.0), PRICE, n=2)
    )


def test_what_is_no_number_is_refused() -> None:
    assert "1 target of the model in this batch is missing or infinite (row: 101)" in (
        refusal(torch.tensor([1.0, torch.nan]), PRICE)
    )
    assert "is missing or infinite" in refusal(np.array([[1, 2], [np.inf, 0]]), PLACE)
    assert "holds text such as 'ten'; a regression head needs numbers" in (
        refusal(np.array(["ten", "2"], dtype=object), PRICE)
    )
    assert "2 targets of the model in this batch are neither 0 nor 1" in (
        refusal(np.array([[2, 0], [0.5, 1]]), TAGS)
    )


def test_a_target_for_each_head() -> None:
    heads = [Head("risk", Task.BINARY), Head("price", Task.REGRESSION)]
    given = {"risk": np.array([0, 1]), "price": np.array([1.0, 2.0])}
    found = targets_of(batch(2, given), heads)
    assert found["risk"].tolist() == [0, 1]
    assert found["price"].tolist() == [1.0, 2.0]
    with pytest.raises(DataError, match=r"no target for the head 'price'; there are targets for "):
        targets_of(batch(2, {"risk": np.array([0, 1])}), heads)
    with pytest.raises(DataError, match=r"one target, and the model has 2 heads: 'risk', 'price'"):
        targets_of(batch(2, np.array([0, 1])), heads)
    assert targets_of(batch(2, None), heads) == {"risk": None, "price": None}


def test_only_labelled_rows_are_looked_up() -> None:
    given = replace(
        batch(3, np.array(["yes", None, "no"], dtype=object)),
        labelled=np.array([True, False, True]),
    )
    assert targets_of(given, [BINARY])[""].tolist() == [1, 0, 0]
    wrong = replace(given, targets=np.array(["yes", None, "maybe"], dtype=object))
    with pytest.raises(DataError, match=r"1 target .* is 'maybe'.*row: 102"):
        targets_of(wrong, [BINARY])
    tags = replace(given, targets=np.array([[1.0, 0], [np.nan, 1], [0, 1]]))
    assert targets_of(tags, [TAGS])[""].tolist() == [[1, 0], [0, 0], [0, 1]]
    none = replace(tags, labelled=np.zeros(3, dtype=bool))
    assert targets_of(none, [TAGS])[""].shape == (3, 2)


def test_a_single_head_takes_the_only_target() -> None:
    found = targets_of(batch(2, {"income": np.array([0, 1])}), [Head("", Task.BINARY)])
    assert found[""].tolist() == [0, 1]
    custom = Head("", Task.CUSTOM, unit_metrics=lambda output, target: output)
    both = {"mask": torch.zeros(2), "boxes": torch.zeros(2)}
    assert targets_of(batch(2, both), [custom])[""] is both


def test_text_of_a_frame_is_understood() -> None:
    labels = pd.Series(["yes", "no"], dtype="string").to_numpy()
    assert encoded(labels, BINARY) == [1, 0]
