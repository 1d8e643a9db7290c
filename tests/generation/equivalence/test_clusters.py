"""Answers are sorted by a judge of pairs that is never asked in vain."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from auditkit.generation.equivalence.clusters import Pair, Verdict, sorted_answers


class Fake:
    """A judge that writes down what it was asked."""

    words = "a fake"

    def __init__(self, same: Callable[[str, str], bool]) -> None:
        self.same = same
        self.asked: list[Pair] = []
        self.calls = 0

    def judge(self, pairs: Sequence[Pair]) -> list[Verdict]:
        self.calls += 1
        self.asked += pairs
        return [Verdict(self.same(one.first, one.second), len(one.first) > 8) for one in pairs]


def by_initial(one: str, other: str) -> bool:
    return one[:1] == other[:1]


def near(one: str, other: str) -> bool:
    return abs(int(one) - int(other)) <= 1


def partition(texts: Sequence[str], classes: np.ndarray) -> set[frozenset[str]]:
    return {
        frozenset(text for text, other in zip(texts, classes, strict=True) if other == one)
        for one in set(classes.tolist())
    }


def test_a_perfect_judge_gives_its_own_classes() -> None:
    rng = np.random.default_rng(1)
    asked = [
        (f"q{place}", ["".join(rng.choice(list("abc"), 2)) for _ in range(11)])
        for place in range(20)
    ]
    for (_, texts), found in zip(asked, sorted_answers(asked, Fake(by_initial)), strict=True):
        numbers = {
            initial: place for place, initial in enumerate(dict.fromkeys(t[0] for t in texts))
        }
        assert found.classes.tolist() == [numbers[text[0]] for text in texts]


def test_no_pair_is_judged_twice_and_none_with_itself() -> None:
    judge = Fake(by_initial)
    asked = [("q", ["a1", "b1", "a1", "a2 ", " a2", "b2"]), ("q", ["a2", "a1", "b1"]),
             ("other", ["a1", "a2"])]  # fmt: skip
    sorted_answers(asked, judge)
    assert len(judge.asked) == len(set(judge.asked))
    assert all(one.first < one.second for one in judge.asked)
    assert Pair.of("q", "a2", "a1") in judge.asked
    assert Pair.of("other", "a1", "a2") in judge.asked


def test_prompts_go_in_step() -> None:
    judge = Fake(by_initial)
    sorted_answers([(f"q{place}", ["a", "b", "c"]) for place in range(50)], judge)
    assert judge.calls == 2  # a against b and c, b against c; nothing is left for c
    assert len(judge.asked) == 150


def test_agreement_costs_one_round_of_pairs() -> None:
    judge = Fake(lambda one, other: True)
    found = sorted_answers([("q", [f"a{place}" for place in range(11)])], judge)
    assert len(judge.asked) == 10
    assert found[0].counts == {"pairs": 10, "truncated": 0}


def test_the_order_of_drawing_is_of_no_matter() -> None:
    texts = ["3", "3", "4", "5", "6", "2"]
    found = {
        frozenset(partition(drawn, sorted_answers([("q", drawn)], Fake(near))[0].classes))
        for drawn in itertools.islice(itertools.permutations(texts), 0, 720, 7)
    }
    assert len(found) == 1


def test_meanings_that_drift_do_not_become_one() -> None:
    texts = [str(place) for place in range(1, 10)]
    found = sorted_answers([("q", texts)], Fake(near))[0]
    assert len(set(found.classes.tolist())) > 3


def test_cut_pairs_are_counted_where_they_were_compared() -> None:
    found = sorted_answers([("q", ["x" * 9, "y"]), ("r", ["x", "y"])], Fake(by_initial))
    assert [one.counts for one in found] == [
        {"pairs": 1, "truncated": 1}, {"pairs": 1, "truncated": 0},
    ]  # fmt: skip


@pytest.mark.parametrize("texts", [[], ["a"], ["a", "a"], ["", " "]])
def test_nothing_to_compare(texts: list[str]) -> None:
    judge = Fake(by_initial)
    found = sorted_answers([("q", texts)], judge)[0]
    assert found.classes.tolist() == [0] * len(texts)
    assert judge.calls == 0
