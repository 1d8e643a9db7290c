"""Salted names of rows: a keyed hash, the same in every process, of no use without the key."""

from __future__ import annotations

import hashlib

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditkit.evidence.hashing import hashes
from auditkit.evidence.identities import identities, mark

SALT, OTHER = bytes(range(32)), bytes(range(1, 33))


@given(st.lists(st.text(max_size=8), max_size=20), st.sampled_from(["row", "cluster"]))
def test_it_is_blake2b_with_the_salt_as_key(ids: list[str], kind: str) -> None:
    found = identities(np.array(ids, dtype=object), SALT, kind)
    assert found.dtype == np.uint64
    for one, text in zip(found.tolist(), ids, strict=True):
        content = text.encode("utf-8", "surrogatepass")
        expected = hashlib.blake2b(content, digest_size=8, key=SALT, person=kind.encode())
        assert one.to_bytes(8, "little") == expected.digest()


def test_numbers_and_their_text_are_one_id_and_other_ids_are_not() -> None:
    numbers = np.arange(5000)
    found = identities(numbers, SALT, "row")
    text = pd.Series(numbers).astype(str).to_numpy()
    np.testing.assert_array_equal(found, identities(text, SALT, "row"))
    assert len(np.unique(found)) == 5000
    for others in (
        identities(numbers, OTHER, "row"),
        identities(numbers, SALT, "cluster"),
        hashes(numbers),
    ):
        assert not set(others.tolist()) & set(found.tolist())


def test_a_short_salt_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 32 bytes, found 3"):
        identities(np.array([1]), b"abc", "row")


def test_a_mark_tells_salts_apart_and_holds_none_of_them() -> None:
    assert mark(SALT) == mark(bytes(SALT)) != mark(OTHER)
    assert bytes.fromhex(mark(SALT)) not in SALT
