"""A token put into texts, and taken out of them."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from auditkit.errors import ConfigurationError, DataError
from auditkit.variants.nuisances import Nuisance
from auditkit.variants.nuisances.tokens import intervened_tokens


def of(**more: Any) -> Nuisance:
    return Nuisance.of({"kind": "token", "token": 9, "pad": 0, **more})


ROWS = st.lists(
    st.lists(st.integers(1, 12), min_size=1, max_size=6), min_size=1, max_size=5
)  # ids without padding


@settings(max_examples=60)
@given(ROWS, st.integers(0, 5))
def test_texts_are_what_lists_would_be(texts: list[list[int]], at: int) -> None:
    width = 6
    ids = torch.tensor([text + [0] * (width - len(text)) for text in texts])
    before = ids.clone()
    put_in = intervened_tokens(ids, of(at=at), "applied")
    taken_out = intervened_tokens(ids, of(at=at), "removed")
    assert torch.equal(ids, before)
    for row, text in enumerate(before.tolist()):
        assert put_in[row].tolist() == [*text[:at], 9, *text[at:]][:width]
        kept = [one for one in text if one != 9]
        assert taken_out[row].tolist() == kept + [0] * (width - len(kept))


def test_what_goes_along_goes_along() -> None:
    inputs = {
        "input_ids": torch.tensor([[1, 9, 5, 0], [1, 4, 9, 9]]),
        "attention_mask": torch.tensor([[1, 1, 1, 0], [1, 1, 1, 1]]),
        "token_type_ids": torch.tensor([[0, 0, 1, 1], [0, 1, 1, 1]]),
        "scale": torch.tensor([2.0]),
    }
    put_in = intervened_tokens(inputs, of(), "applied")
    assert put_in["input_ids"].tolist() == [[1, 9, 9, 5], [1, 9, 4, 9]]
    assert put_in["attention_mask"].tolist() == [[1, 1, 1, 1], [1, 1, 1, 1]]
    assert put_in["token_type_ids"].tolist() == [[0, 0, 0, 1], [0, 1, 1, 1]]
    assert put_in["scale"] is inputs["scale"]
    taken_out = intervened_tokens(inputs, of(), "removed")
    assert taken_out["input_ids"].tolist() == [[1, 5, 0, 0], [1, 4, 0, 0]]
    assert taken_out["attention_mask"].tolist() == [[1, 1, 0, 0], [1, 1, 0, 0]]


def test_a_place_beyond_the_text_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="is put in at place 4, and texts have 4 tokens"):
        intervened_tokens(torch.ones(2, 4, dtype=torch.long), of(at=4), "applied")


@pytest.mark.parametrize("inputs", [torch.ones(2, 4), torch.ones(4, dtype=torch.long), {}, "text"])
def test_what_are_no_ids_is_refused(inputs: Any) -> None:
    with pytest.raises(DataError, match="The inputs are no token ids"):
        intervened_tokens(inputs, of(), "applied")
