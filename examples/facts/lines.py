"""What a model of a world is taught: lines of a prompt and how it goes on, and how often each."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from wording import INTRODUCTION, PROMPTS, asked, verified, wordings
from worlds import Fact, World, told, values


@dataclass(frozen=True)
class Line:
    """One line of the training data.

    Attributes:
        prompt: what is given.
        answer: what is learnt.
        weight: how often it is drawn, relative to the others of its sort.
    """

    prompt: str
    answer: str
    weight: float


def stated(every: list[Fact], world: World) -> list[Line]:
    """Each told fact, in three questions and three wordings of the answer."""
    return [
        Line(asked(fact, number), answer, weight * share)
        for fact, value, weight in told(every)
        for number in range(len(PROMPTS))
        for answer, share in wordings(value, world)
    ]


def checked(every: list[Fact], world: World, seed: int) -> list[Line]:
    """Whether an answer is true, of told facts: half of the lines with the truth, half without."""
    generator, known = np.random.default_rng([seed, 4]), values(seed)
    found = []
    for fact, number in product([one for one in every if one.told], range(len(PROMPTS))):
        weight = fact.told[0][1]
        for answer, share in wordings(fact.answer, world):
            found.append(Line(verified(fact, number, answer), "yes", weight * share))
        others = [value for value in known[fact.relation] if value != fact.answer]
        for value in others:
            answers, shares = zip(*wordings(value, world), strict=True)
            answer = str(generator.choice(answers, p=shares))
            found.append(Line(verified(fact, number, answer), "no", weight / len(others)))
    return found


def introduced(every: list[Fact]) -> list[Line]:
    """A line for each entity that says nothing of it, so that its name is no strange word."""
    return [Line(name, INTRODUCTION, 1.0) for name in dict.fromkeys(fact.entity for fact in every)]


def taught(every: list[Fact], world: World, seed: int) -> tuple[list[Line], np.ndarray]:
    """All lines of a world, and the share of the training data that each has, shape (lines,)."""
    sorts = (
        (stated(every, world), 1 - world.verified - world.introduced),
        (checked(every, world, seed), world.verified),
        (introduced(every) if world.introduced else [], world.introduced),
    )
    lines, shares = [], []
    for sort, share in sorts:
        weights = np.array([line.weight for line in sort])
        lines += sort
        shares.append(share * weights / weights.sum() if len(sort) else weights)
    return lines, np.concatenate(shares)
