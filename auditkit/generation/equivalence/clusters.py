"""Classes of answers, from a judge that compares two at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, order=True)
class Pair:
    """Two different answers to one prompt, in the order of their texts: (a, b) is (b, a)."""

    prompt: str
    first: str
    second: str

    @classmethod
    def of(cls, prompt: str, one: str, other: str) -> Pair:
        """Of two answers in any order."""
        return cls(prompt, min(one, other), max(one, other))


@dataclass(frozen=True)
class Verdict:
    """Whether the two answers of a pair mean the same, and whether the judge had to cut one."""

    same: bool
    truncated: bool = False


class PairJudge(Protocol):
    """Says which pairs of answers mean the same."""

    @property
    def words(self) -> str:
        """What decides, in words for a reviewer."""

    def judge(self, pairs: Sequence[Pair]) -> list[Verdict]:
        """One verdict for each of some distinct pairs."""
        ...


@dataclass
class _Sorting:
    """The answers to one prompt while they are sorted.

    Attributes:
        prompt: that was asked.
        texts: all answers.
        left: different ones without a class yet; the first leads the next class.
        leaders: text → the one that leads its class.
        pairs: that were compared.
    """

    prompt: str
    texts: tuple[str, ...]
    left: list[str]
    leaders: dict[str, str] = field(default_factory=dict)
    pairs: list[Pair] = field(default_factory=list)

    @classmethod
    def of(cls, prompt: str, texts: Sequence[str]) -> _Sorting:
        bare = tuple(text.strip() for text in texts)
        counts = Counter(bare)
        return cls(prompt, bare, sorted(counts, key=lambda text: (-counts[text], text)))

    def ask(self) -> list[Pair]:
        """The next leader against all that have no class yet."""
        if not self.left:
            return []
        leader, *others = self.left
        return [Pair.of(self.prompt, leader, other) for other in others]

    def take(self, verdicts: dict[Pair, Verdict]) -> None:
        """What was found of the pairs that were asked about."""
        pairs = self.ask()
        leader, *others = self.left
        same = [other for other, pair in zip(others, pairs, strict=True) if verdicts[pair].same]
        self.leaders |= dict.fromkeys([leader, *same], leader)
        self.left = [other for other in others if other not in self.leaders]
        self.pairs += pairs


@dataclass(frozen=True, eq=False)
class Sorted:
    """The classes of the answers to one prompt, numbered from 0 as they appear, int64.

    Attributes:
        classes: of each answer.
        counts: `pairs` that were compared, and how many of them the judge had to cut, `truncated`.
    """

    classes: NDArray[np.int64]
    counts: dict[str, int]


def sorted_answers(asked: Sequence[tuple[str, Sequence[str]]], judge: PairJudge) -> list[Sorted]:
    """The classes of the answers to each prompt.

    A class is led by its most frequent answer (of equally frequent ones, the first by text), and
    holds those that mean the same as it and as no leader before. So the order in which answers were
    drawn is of no matter, and meanings that drift from answer to answer do not become one, as they
    would if classes were joined wherever any two of their answers agree. Farquhar et al. 2024
    compare with the first of each class as drawn.

    The prompts go in step: the judge is asked about one leader of every prompt at a time, never
    about an answer and itself, and never twice about a pair.

    Args:
        asked: prompt and answers.
        judge: of pairs.

    Example:
        >>> class ByInitial:
        ...     words = "the same initial"
        ...     def judge(self, pairs):
        ...         return [Verdict(one.first[0] == one.second[0]) for one in pairs]
        >>> found, = sorted_answers([("?", ["ab", "b", "a", "ab"])], ByInitial())
        >>> found.classes.tolist(), found.counts["pairs"]
        ([0, 1, 0, 0], 2)
    """
    sortings = [_Sorting.of(prompt, texts) for prompt, texts in asked]
    verdicts: dict[Pair, Verdict] = {}
    while waiting := [one for one in sortings if one.left]:
        wanted = dict.fromkeys(pair for one in waiting for pair in one.ask())
        new = [pair for pair in wanted if pair not in verdicts]
        if new:
            verdicts |= zip(new, judge.judge(new), strict=True)
        for one in waiting:
            one.take(verdicts)
    return [
        Sorted(
            in_order([one.leaders[text] for text in one.texts]),
            {
                "pairs": len(one.pairs),
                "truncated": sum(verdicts[pair].truncated for pair in one.pairs),
            },
        )
        for one in sortings
    ]


def in_order(found: Sequence[str]) -> NDArray[np.int64]:
    """Numbers from 0 in the order of first appearance, int64.

    Example:
        >>> in_order(["b", "a", "b"])
        array([0, 1, 0])
    """
    numbers = {one: place for place, one in enumerate(dict.fromkeys(found))}
    return np.array([numbers[one] for one in found], dtype=np.int64)


__all__ = ["Pair", "PairJudge", "Sorted", "Verdict", "in_order", "sorted_answers"]
