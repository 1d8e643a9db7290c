"""The edit distance against the definition, literally."""

from __future__ import annotations

from functools import cache

from hypothesis import given
from hypothesis import strategies as st

from auditkit.statistics.edit_distance import edit_distance


def literal(one: str, other: str) -> int:
    """As Levenshtein defines it, from the ends backwards."""

    @cache
    def distance(i: int, j: int) -> int:
        if i == 0 or j == 0:
            return i + j
        return min(
            distance(i - 1, j) + 1,
            distance(i, j - 1) + 1,
            distance(i - 1, j - 1) + (one[i - 1] != other[j - 1]),
        )

    return distance(len(one), len(other))


words = st.text("abc", max_size=9)


@given(words, words)
def test_it_is_what_the_definition_says(one: str, other: str) -> None:
    assert edit_distance(one, other) == literal(one, other)


@given(words, words, words)
def test_it_is_a_distance(one: str, two: str, three: str) -> None:
    assert edit_distance(one, two) == edit_distance(two, one)
    assert edit_distance(one, three) <= edit_distance(one, two) + edit_distance(two, three)
    assert (edit_distance(one, two) == 0) == (one == two)


def test_known_ones() -> None:
    assert edit_distance("kitten", "sitting") == 3
    assert edit_distance([], ["a", "b"]) == 2
    assert edit_distance(["a"], []) == 1
    assert edit_distance([], []) == 0
    assert edit_distance(range(1000), range(1, 1001)) == 2
