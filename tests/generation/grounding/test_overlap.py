from __future__ import annotations

import pytest

from auditkit.generation.grounding.overlap import best_passage, overlap, stands_in


def test_passages_are_not_joined() -> None:
    apart = ["Ada wrote the notes.", "Bell built the telephone."]
    assert overlap("Ada built the telephone.", apart) < 1
    assert overlap("Ada built the telephone.", [" ".join(apart)]) == 1


def test_a_wrong_number_or_name_counts_beyond_its_share_of_the_words() -> None:
    passage = ["The bridge of Lund was opened in 1931 after nine years."]
    right = overlap("The bridge of Lund was opened in 1931.", passage)
    wrong = overlap("The bridge of Lund was opened in 1958.", passage)
    assert right == 1
    # 3 of 4 words, 1 of the 2 that are a number or a name.
    assert wrong == pytest.approx((0.75 + 0.5) / 2)


@pytest.mark.parametrize(
    ("sentence", "passage"),
    [
        ("It holds 1,000 men.", "A hall that holds 1000 men"),
        ("ADA’S bridge", "the bridge that Ada built"),
        ("x² is fine", "fine: x2"),
        ("It is what it is.", "what is it"),
    ],
)
def test_the_same_word_is_written_in_many_ways(sentence: str, passage: str) -> None:
    assert stands_in(sentence, [passage])


@pytest.mark.parametrize("passages", [[], [""], ["?!"]])
def test_nothing_supports_nothing(passages: list[str]) -> None:
    assert overlap("Ada wrote it.", passages) == 0
    assert best_passage("Ada wrote it.", passages) is None
    assert overlap("?!", ["Ada"]) == 0


def test_the_best_passage_is_the_first_that_holds_most() -> None:
    passages = ["nothing here", "Ada wrote notes", "Ada wrote notes on it"]
    assert best_passage("Ada wrote notes", passages) == 1


def test_a_context_of_one_word() -> None:
    assert overlap("The capital is Lund.", ["Lund"]) == pytest.approx((0.5 + 1) / 2)
