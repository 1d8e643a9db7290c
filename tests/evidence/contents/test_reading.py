"""The content of batches of every kind of source: hashes and vectors by unit."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from auditkit.data import dataset, text
from auditkit.data.batch import Batch
from auditkit.evidence.contents import DIMENSIONS, Content, content_of, reading
from auditkit.evidence.contents.reading import ANSWERS_ALONE, NOTHING

UNITS = 6
RNG = np.random.default_rng(0)


def batch(inputs: Any, units: int = UNITS, **more: Any) -> Batch:
    frame = inputs if isinstance(inputs, pd.DataFrame) else None
    return Batch(inputs, None, np.arange(units), {}, None, frame=frame, **more)


def of(inputs: Any, rows: Any = None, medium: str = "", **more: Any) -> Content:
    places = np.arange(UNITS) if rows is None else np.asarray(rows)
    return content_of(batch(inputs, **more), places, medium)


def same(one: Content, other: Content) -> bool:
    return np.array_equal(one.hashes, other.hashes) and np.allclose(
        one.vectors, other.vectors, atol=1e-5
    )


IMAGES = torch.from_numpy(RNG.random((UNITS, 3, 12, 12), dtype=np.float32))
SERIES = torch.from_numpy(RNG.standard_normal((UNITS, 20, 2)).astype(np.float32))
IDS = torch.from_numpy(RNG.integers(1, 50, (UNITS, 9)))
NESTS = {
    "tensor": RNG.standard_normal((UNITS, 5)),
    "wide": torch.from_numpy(RNG.standard_normal((UNITS, 700))),
    "numbers": torch.arange(UNITS),
    "images": IMAGES,
    "doubles": IMAGES.double(),
    "bfloat16": IMAGES.bfloat16(),
    "series": SERIES,
    "tokens": {"input_ids": IDS, "attention_mask": torch.ones_like(IDS)},
    "several": (IMAGES, {"age": torch.arange(float(UNITS)), "scale": torch.ones(2)}),
    "texts": [f"text number {place}" for place in range(UNITS)],
    "images of several sizes": [torch.rand(3, 8 + place % 2, 9) for place in range(UNITS)],
    "dicts": [{"x": torch.tensor([place, 1.0]), "y": 2} for place in range(UNITS)],
    "complex": torch.randn(UNITS, 4, dtype=torch.complex64),
    "truths": torch.rand(UNITS, 30) < 0.5,
    "sparse": torch.eye(UNITS).to_sparse(),
}


@pytest.mark.parametrize("kind", NESTS)
@pytest.mark.parametrize("medium", ["", "image", "audio", "text", "series", "table"])
def test_units_know_nothing_of_each_other(kind: str, medium: str) -> None:
    whole = of(NESTS[kind], medium=medium)
    assert (len(whole), whole.lacking) == (UNITS, "")
    assert whole.vectors.shape[0] == UNITS
    assert 0 < whole.vectors.shape[1] <= DIMENSIONS
    assert np.isfinite(whole.vectors).all()
    assert len(np.unique(whole.hashes[:, 0])) == UNITS
    lengths = np.linalg.norm(whole.vectors, axis=1)
    assert (np.isclose(lengths, 1, atol=1e-5) | (lengths == 0)).all()
    part = of(NESTS[kind], rows=[4, 1], medium=medium)
    assert np.array_equal(part.hashes, whole.hashes[[4, 1]])
    np.testing.assert_allclose(part.vectors, whole.vectors[[4, 1]], atol=1e-5)


def test_units_are_looked_at_in_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = of(IMAGES)
    monkeypatch.setattr(reading, "_BYTES", 2 * IMAGES[0].numel() * 4)
    assert same(of(IMAGES), whole)


def test_the_same_numbers_in_another_type_or_container_are_the_same() -> None:
    assert same(of(IMAGES), of(IMAGES.double()))
    assert same(of(IMAGES), of(IMAGES.numpy()))
    assert same(of(list(IMAGES)), of(IMAGES))
    assert same(of({"a": SERIES, "b": IDS}), of(OrderedDict(b=IDS, a=SERIES)))
    whole = torch.randint(0, 9, (UNITS, 7))
    assert same(of(whole), of(whole.double()))
    holed = SERIES.clone()
    holed[0, 0, 0], holed[1, 0, 0] = float("nan"), -0.0
    plain = holed.clone()
    plain[1, 0, 0] = 0.0
    assert same(of(holed), of(plain))


def test_inputs_are_left_as_they_are() -> None:
    given = IMAGES.clone().requires_grad_()
    of(given)
    assert torch.equal(given, IMAGES)
    frame = pd.DataFrame({"a": [0.5] * UNITS, "b": ["x"] * UNITS})
    kept = frame.copy()
    of(frame)
    pd.testing.assert_frame_equal(frame, kept)


@pytest.mark.parametrize("inputs", [None, 5, {}, [], {"scale": torch.ones(2)}, [object()] * UNITS])
def test_inputs_of_which_nothing_is_known(inputs: Any) -> None:
    found = of(inputs)
    assert (len(found), found.vectors.shape[1], found.lacking) == (0, 0, NOTHING)


def test_answers_are_no_content() -> None:
    frame = pd.DataFrame({"score": RNG.random(UNITS), "age": np.arange(UNITS)})
    found = content_of(batch(frame), np.arange(UNITS), answers={"score"})
    assert same(found, of(frame[["age"]]))
    none = content_of(batch(frame), np.arange(UNITS), answers={"score", "age"})
    assert (len(none), none.lacking) == (0, ANSWERS_ALONE)


def test_no_units() -> None:
    assert len(of(IMAGES, rows=np.zeros(0, dtype=np.int64))) == 0


def letters(texts: list[str]) -> dict[str, list[list[int]]]:
    """A tokenizer that tells case and blanks."""
    return {"input_ids": [[ord(letter) for letter in one] for one in texts]}


def test_texts_go_by_what_was_written() -> None:
    table = {"said": ["One two three four", " ONE two three  four", b"Else, entirely"],
             "y": [0, 1, 1]}  # fmt: skip
    source = dataset(text(table, column="said", tokenizer=letters, length=30), label="y")
    (read,) = source["evaluation"].batches(source["evaluation"].fragments()[0], 8)
    assert list(read.texts if read.texts is not None else ()) == [
        "One two three four",
        " ONE two three  four",
        "Else, entirely",
    ]
    vectors = content_of(read, np.arange(3)).vectors
    assert vectors[0] @ vectors[1] > 0.999
    assert vectors[0] @ vectors[2] < 0.3
