"""A world in which facts are read, not known: passages, questions, and what is right.

A passage says two words of an entity: "zorba blane gruff ." Both are drawn anew for every context,
so that nothing but the context can tell them, and what a sentence rests on is known by
construction.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

import pandas as pd
from lines import Line

NAMES = tuple(
    start + end for start in ("zor", "mi", "ka", "lu") for end in ("ba", "len", "dir", "sk")
)
VALUES = tuple(
    start + end
    for start in ("bl", "gr", "cl", "st")
    for end in ("ane", "ibe", "oke", "ume", "ard", "ish")
)
PASSAGES = (2, 3, 4)
MISSED = 0.2
"""Share of the questions that are about entities of which no passage was retrieved."""

GUESSED = 0.1
"""Share of the lines a model is taught in which it must guess since retrieval missed what is asked,
and of those in which it must guess since there is no context at all."""


@dataclass(frozen=True)
class Fact:
    """What is true of an entity in one context, and nowhere else."""

    entity: str
    value: tuple[str, str]

    @property
    def sentence(self) -> str:
        """How passages and answers state it."""
        return f"{self.entity} {' '.join(self.value)} ."


@dataclass(frozen=True)
class Case:
    """One context with a question about it.

    Attributes:
        facts: that the context states, each in a passage.
        asked: what is asked; where retrieval missed it, none of it is in the context.
    """

    facts: tuple[Fact, ...]
    asked: tuple[Fact, ...]

    @property
    def prompt(self) -> str:
        """The question."""
        return f"what of {' '.join(fact.entity for fact in self.asked)} ?"

    @property
    def answer(self) -> str:
        """The right answer, a sentence for each fact."""
        return " ".join(fact.sentence for fact in self.asked)

    @property
    def passages(self) -> list[str]:
        """The context."""
        return [fact.sentence for fact in self.facts]

    @property
    def right_passages(self) -> list[int]:
        """Where what is asked stands; what was not retrieved lies beyond the context."""
        every = [*self.facts, *self.asked]
        return [every.index(fact) for fact in self.asked]


def case(generator: Random, most: int, *, missed: bool = False) -> Case:
    """A context of two to four passages, and a question about some of the entities.

    No word stands in two passages of a context.

    Args:
        generator: of all that is drawn.
        most: entities that are asked about.
        missed: ask about entities that no passage names.
    """
    passages = generator.choice(PASSAGES)
    number = generator.randint(1, min(most, passages))
    names = generator.sample(NAMES, passages + number)
    words = generator.sample(VALUES, 2 * len(names))
    every = [
        Fact(*one) for one in zip(names, zip(words[::2], words[1::2], strict=True), strict=True)
    ]
    held = every[:passages]
    asked = every[passages:] if missed else generator.sample(held, number)
    return Case(tuple(held), tuple(asked))


def lines(count: int, seed: int) -> Iterator[Line]:
    """What a model is taught: questions about any number of the entities of a context."""
    generator = Random(f"lines {seed}")
    for _ in range(count):
        drawn = case(generator, max(PASSAGES), missed=generator.random() < GUESSED)
        context = drawn.passages if generator.random() >= GUESSED else []
        yield Line(" ".join([*context, drawn.prompt]), drawn.answer, 1.0)


def table(rows: int, seed: int = 1, missed: float = MISSED) -> pd.DataFrame:
    """Rows to audit: id, prompt, context, references, right_passages, and how retrieval went.

    One or two entities are asked about.

    Args:
        rows: how many.
        seed: of what is drawn; the model was taught with other contexts whatever it is.
        missed: share of the rows whose context does not hold what is asked.
    """
    generator = Random(f"table {seed}")
    found = []
    for row in range(rows):
        fails = generator.random() < missed
        drawn = case(generator, 2, missed=fails)
        found.append(
            {
                "id": row,
                "prompt": drawn.prompt,
                "context": json.dumps(drawn.passages),
                "references": drawn.answer,
                "right_passages": json.dumps(drawn.right_passages),
                "retrieval": "missed" if fails else "hit",
                "sentences": "two" if len(drawn.asked) > 1 else "one",
            }
        )
    return pd.DataFrame(found)


def supported(sentences: Sequence[str], passages: Sequence[str]) -> list[bool]:
    """Whether a passage says so, of each sentence.

    Example:
        >>> supported(["zorba blane gruff ."], ["milen grane clibe .", "zorba blane gruff ."])
        [True]
    """
    return [one in passages for one in sentences]
