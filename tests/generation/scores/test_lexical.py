"""How far the words of samples differ: the F1 of all pairs, and where there are no words."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditkit.generation.evidence import GenerationEvidence
from auditkit.generation.generations import Generations
from auditkit.generation.normal_form import words
from auditkit.generation.scores.lexical import lexical_dissimilarity
from tests.generation.made import answer, material, question


def difference(*texts: str) -> float:
    row = GenerationEvidence(question(0), answer("a"), tuple(answer(one) for one in texts))
    return float(lexical_dissimilarity(material(Generations.of([row])))[0])


def f1(one: str, other: str) -> float:
    first, second = list(words(one)) or [""], list(words(other)) or [""]
    shared = sum(min(first.count(word), second.count(word)) for word in set(first))
    return 2 * shared / (len(first) + len(second))


@given(st.lists(st.text("ab cd.", max_size=9), min_size=2, max_size=6))
def test_it_is_the_mean_over_all_pairs(texts: list[str]) -> None:
    expected = np.mean([f1(one, other) for one, other in combinations(texts, 2)])
    assert difference(*texts) == pytest.approx(1 - expected)


def test_case_marks_and_articles_are_no_difference() -> None:
    assert difference("The Seine.", "the seine", "Seine") == 0
    assert difference("", "?", "...") == 0
    assert difference("", "Seine") == 1
    assert difference("7", "8") == 1
