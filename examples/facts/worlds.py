"""Invented worlds of facts: who is known, what is true of them, and what a model never hears of.

Entities have a capital, a river and a founder, each named by two words. Since everything is
invented, what a model has been told of is known exactly, and so is every wrong answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

RELATIONS = ("capital", "river", "founder")
KNOWN, RARE, WITHHELD, CONFLICT, UNSEEN = "known", "rare", "withheld", "conflict", "unseen"

_VALUES = 32
_CONTRADICTING = (3, 3, 2)
_SYLLABLES = [first + second for first in "bdfgklmnprstvz" for second in ("a", "e", "i", "o", "u")]
# Words that no name and no template holds: two letters of a name, and an ending.
_PARTS = [syllable + "l" for syllable in _SYLLABLES[:48]]

Value = tuple[str, str]


@dataclass(frozen=True)
class World:
    """How large a world is, and how its facts are told.

    Attributes:
        name: of the world.
        seen: entities of which most facts are told.
        contradicted: entities of each of whose facts three answers are told.
        unseen: entities of which nothing is told.
        names: from how many tokens names are made.
        compound: whether a name is two of these tokens, or one.
        varied: whether answers are worded at different lengths.
        verified: share of the lines that ask whether an answer is true.
        introduced: share of the lines that do no more than name an entity, unseen ones among them.
    """

    name: str
    seen: int
    contradicted: int
    unseen: int
    names: int = 120
    compound: bool = True
    varied: bool = False
    verified: float = 0.25
    introduced: float = 0.0


WORLDS = {
    "V1": World("V1", 100, 24, 60, varied=True),
    "V2": World("V2", 140, 30, 90, verified=0.35),
    "V3": World("V3", 140, 30, 90, names=260, compound=False, introduced=0.12),
}


@dataclass(frozen=True)
class Fact:
    """One thing that can be asked.

    Attributes:
        entity: its name.
        relation: one of `RELATIONS`.
        kind: `known` (told often), `rare` (told seldom), `conflict` (told in three ways),
            `withheld` (not told, though others of the entity are) or `unseen` (nothing is told of
            the entity).
        answer: what is true.
        told: what a model is told, with how often, relative to a rare fact: () of what is not.
    """

    entity: str
    relation: str
    kind: str
    answer: Value
    told: tuple[tuple[Value, int], ...] = ()


def name_tokens(world: World) -> list[str]:
    """The tokens from which names are made."""
    pairs = [first + second for first in _SYLLABLES for second in _SYLLABLES]
    # Spread over all pairs, so that neighbours in the list do not look alike.
    return [pairs[(place * 1_237) % len(pairs)] for place in range(world.names)]


def value_tokens() -> list[str]:
    """The tokens from which answers are made."""
    return list(_PARTS)


def entities(world: World, seed: int) -> list[str]:
    """The names of all entities, each another one: first the seen, then the others."""
    generator = np.random.default_rng([seed, 1])
    tokens, number = name_tokens(world), world.seen + world.contradicted + world.unseen
    if not world.compound:
        return [tokens[place] for place in generator.permutation(len(tokens))[:number]]
    found: dict[str, None] = {}
    while len(found) < number:
        first, second = generator.choice(len(tokens), 2, replace=False)
        found[f"{tokens[first]} {tokens[second]}"] = None
    return list(found)


def values(seed: int) -> dict[str, list[Value]]:
    """What capitals, rivers and founders there are."""
    generator = np.random.default_rng([seed, 2])
    pairs = [(first, second) for first in _PARTS for second in _PARTS if first != second]
    return {
        relation: [pairs[place] for place in generator.choice(len(pairs), _VALUES, replace=False)]
        for relation in RELATIONS
    }


def facts(world: World, seed: int) -> list[Fact]:
    """All facts of a world, three of each entity; the seed alone decides.

    Of the facts of seen entities 15 % are withheld and 25 % are rare, drawn one by one.
    """
    generator, known = np.random.default_rng([seed, 3]), values(seed)
    names = entities(world, seed)
    apart = world.seen + world.contradicted
    found = []
    for place, name in enumerate(names):
        for relation in RELATIONS:
            drawn = generator.choice(_VALUES, len(_CONTRADICTING), replace=False)
            answers = [known[relation][number] for number in drawn]
            if place < world.seen:
                kind, told = _told(answers[0], generator)
            elif place < apart:
                kind, told = CONFLICT, tuple(zip(answers, _CONTRADICTING, strict=True))
            else:
                kind, told = UNSEEN, ()
            found.append(Fact(name, relation, kind, answers[0], told))
    return found


def _told(answer: Value, generator: Generator) -> tuple[str, tuple[tuple[Value, int], ...]]:
    kind = str(generator.choice([WITHHELD, RARE, KNOWN], p=[0.15, 0.25, 0.6]))
    weight = {WITHHELD: 0, RARE: 1, KNOWN: 8}[kind]
    return kind, ((answer, weight),) if weight else ()


def told(every: list[Fact]) -> Iterator[tuple[Fact, Value, int]]:
    """Each thing that is told, with its weight."""
    for fact in every:
        for value, weight in fact.told:
            yield fact, value, weight
