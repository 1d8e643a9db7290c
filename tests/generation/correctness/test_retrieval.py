"""Recall of right passages at k."""

from __future__ import annotations

import pytest

from auditkit.generation.correctness.retrieval import recall_at, retrieved
from auditkit.generation.evidence import GenerationEvidence
from auditkit.generation.generations import Generations
from tests.generation.made import answer, question

PASSAGES = ("a", "b", "c", "d")


def asked(*right: tuple[int, ...], context: tuple[str, ...] = PASSAGES) -> Generations:
    rows = [question(place, context=context, right_passages=one) for place, one in enumerate(right)]
    return Generations.of([GenerationEvidence(one, answer("x")) for one in rows])


def test_recall_rises_with_k() -> None:
    generations = asked((0,), (3,), (1, 2), (2, 2))
    assert recall_at(generations, 1).tolist() == [1, 0, 0, 0]
    assert recall_at(generations, 2).tolist() == [1, 0, 0.5, 0]
    assert recall_at(generations, 3).tolist() == [1, 0, 1, 1]
    assert recall_at(generations, 99).tolist() == [1, 1, 1, 1]


def test_what_was_not_retrieved_is_missed() -> None:
    assert recall_at(asked((4,), (0, 9)), 99).tolist() == [0, 0.5]


def test_nothing_is_told_where_nothing_is_known() -> None:
    generations = asked((), (0,))
    assert retrieved(generations).tolist() == [False, True]
    assert recall_at(generations, 1).tolist() == [1]
    assert not retrieved(asked((0,), context=())).any()
    assert recall_at(Generations.of([]), 1).shape == (0,)


def test_places_and_k_that_cannot_be() -> None:
    with pytest.raises(ValueError, match="recall at 0"):
        recall_at(asked((0,)), 0)
    with pytest.raises(ValueError, match="the place -1"):
        recall_at(asked((-1,)), 1)
