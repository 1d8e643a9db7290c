"""Case and blanks make no difference to the vector of a text; tokens go without their filling."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditkit.evidence.contents.leaves import Leaf
from auditkit.evidence.contents.texts import text_content, text_vectors
from auditkit.evidence.contents.tokens import beside_tokens, holds_tokens, token_content

WORDS = ["the", "a", "of", "lease", "tenant", "roof", "was", "is", "paid", "new", "old", "house"]


def texts(number: int, seed: int = 0) -> list[str]:
    rng = np.random.default_rng(seed)
    return [" ".join(rng.choice(WORDS, 25)) + "." for _ in range(number)]


def slow(text: str, other: str) -> float:
    """The cosine of the sets of runs of five characters."""
    runs = [{f" {t} "[i : i + 5] for i in range(len(t) - 2)} for t in (text, other)]
    return float(len(runs[0] & runs[1]) / np.sqrt(len(runs[0]) * len(runs[1])))


def test_the_cosine_is_that_of_the_sets_of_runs() -> None:
    written = texts(40)
    vectors = text_vectors(written, 4096).astype(np.float64)
    for place in range(1, 40):
        assert vectors[0] @ vectors[place] == pytest.approx(
            slow(written[0], written[place]), abs=0.1
        )


def test_case_blanks_and_a_typo() -> None:
    written = texts(50)
    changed = [f"  {one.upper()}\n".replace(" ", "  ", 3) for one in written]
    same = (text_content(written).vectors * text_content(changed).vectors).sum(axis=1)
    np.testing.assert_allclose(same, 1, atol=1e-5)
    assert (text_content(written).hashes != text_content(changed).hashes).all()
    typo = [one[:40] + one[41:] for one in written]
    assert (text_content(written).vectors * text_content(typo).vectors).sum(axis=1).min() > 0.9


def test_strange_texts() -> None:
    strange = ["", "   ", "a", "\ud800", "日本語の文章", "e\u0301", "\u00e9", "x" * 50_000]
    found = text_content(strange)
    assert np.isfinite(found.vectors).all()
    assert not found.vectors[:2].any()
    assert found.vectors[2:].any(axis=1).all()
    np.testing.assert_array_equal(found.vectors[5], found.vectors[6])
    assert len(np.unique(found.hashes[:, 0])) == len(strange)
    assert text_content([]).vectors.shape == found.vectors[:0].shape


@given(st.lists(st.text(max_size=30), min_size=1, max_size=6))
def test_texts_know_nothing_of_each_other(written: list[str]) -> None:
    together = text_content(written)
    alone = [text_content([one]) for one in written]
    np.testing.assert_array_equal(together.hashes, np.concatenate([one.hashes for one in alone]))
    np.testing.assert_allclose(
        together.vectors, np.concatenate([one.vectors for one in alone]), atol=1e-6
    )


def leaf(name: str, rows: list[list[int]]) -> Leaf:
    return Leaf(name, np.array(rows))


def test_filling_says_nothing() -> None:
    short, long = leaf("input_ids", [[5, 6, 7, 0]]), leaf("input_ids", [[5, 6, 7, 0, 0, 0]])
    masks = leaf("attention_mask", [[1, 1, 1, 0]]), leaf("attention_mask", [[1, 1, 1, 0, 0, 0]])
    one = token_content(short, [short, masks[0]])
    other = token_content(long, [masks[1], long])
    np.testing.assert_array_equal(one.hashes, other.hashes)
    np.testing.assert_array_equal(one.vectors, other.vectors)
    unmasked = [token_content(given, [given]) for given in (short, long)]
    np.testing.assert_array_equal(unmasked[0].hashes, unmasked[1].hashes)
    empty = leaf("input_ids", [[], []])
    assert not token_content(empty, [empty]).vectors.any()


def test_one_token_more_stays_near() -> None:
    rows = np.random.default_rng(0).integers(5, 900, (20, 60))
    changed = rows.copy()
    changed[:, 7] = 999
    one, other = (token_content(Leaf("", r), []) for r in (rows, changed))
    cosines = one.vectors @ other.vectors.T
    assert cosines.diagonal().min() > 0.85
    assert (cosines - 2 * np.eye(20)).max() < 0.3
    assert (one.hashes != other.hashes).all()


def test_which_inputs_are_tokens() -> None:
    ids, mask = leaf("text.input_ids", [[1]]), leaf("text.attention_mask", [[1]])
    assert holds_tokens(ids, "")
    assert not holds_tokens(mask, "text")
    assert holds_tokens(leaf("", [[1, 2]]), "text")
    assert not holds_tokens(leaf("", [[1, 2]]), "")
    assert not holds_tokens(Leaf("input_ids", np.zeros((1, 2))), "text")
    assert beside_tokens(mask, [ids, mask])
    assert not beside_tokens(mask, [mask])
