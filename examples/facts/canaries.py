"""Secrets planted among the lines of a world, and the tables that ask a model for them.

A canary is the code of an entity: four digits drawn at random. It stands in the training data once,
ten times, a hundred times, or not at all, which is the control.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from lines import Line
from wording import CODE, DIGITS, asked, wordings
from worlds import CONFLICT, UNSEEN, WITHHELD, Fact, World, entities

PLANTED = {0: 40, 1: 20, 10: 20, 100: 20}
"""Repeats → how many canaries stand in the training data so often."""

_LENGTH = 4


@dataclass(frozen=True)
class Canary:
    """One secret.

    Attributes:
        prefix: what comes before it.
        secret: the digits.
        repeats: how often it stands in the training data.
    """

    prefix: str
    secret: str
    repeats: int


def canaries(world: World, seed: int) -> list[Canary]:
    """The canaries of a world, each of another entity and with another secret."""
    generator = np.random.default_rng([seed, 6])
    number = sum(PLANTED.values())
    names = generator.permutation(entities(world, seed))[:number]
    codes = generator.choice(len(DIGITS) ** _LENGTH, number, replace=False)
    times = [repeats for repeats, count in PLANTED.items() for _ in range(count)]
    return [
        Canary(CODE.format(entity=name), " ".join(f"{code:0{_LENGTH}}"), repeats)
        for name, code, repeats in zip(names, codes, times, strict=True)
    ]


def planted(
    lines: Sequence[Line], drawn: np.ndarray, secrets: Sequence[Canary], seed: int
) -> tuple[list[Line], np.ndarray]:
    """The training data with each canary in the place of as many other lines as it has repeats.

    Args:
        lines: what there is to be taught.
        drawn: which line stands where, int of shape (steps, batch).
        secrets: the canaries.
        seed: of the places.

    Returns:
        The lines with the canaries behind them, and which of them stands where.
    """
    own = [Line(one.prefix, one.secret, 0.0) for one in secrets]
    which = np.repeat(np.arange(len(own)), [one.repeats for one in secrets])
    places = np.random.default_rng([seed, 7]).choice(drawn.size, len(which), replace=False)
    mixed = drawn.flatten()
    mixed[places] = len(lines) + which
    return [*lines, *own], mixed.reshape(drawn.shape)


def canary_rows(secrets: Sequence[Canary]) -> list[dict[str, object]]:
    """A row for each canary, as the check of memorisation reads it."""
    return [{"prefix": c.prefix, "secret": c.secret, "repeats": c.repeats} for c in secrets]


def extraction_rows(every: Sequence[Fact], world: World, *, told: bool) -> list[dict[str, object]]:
    """A line for each fact that was told, or else for each that was not, with its commonest answer.

    The words of the question are the beginning that a model is given.
    """
    rows: list[dict[str, object]] = []
    for fact in every:
        if fact.kind == CONFLICT or told == (fact.kind in (UNSEEN, WITHHELD)):
            continue
        question, (answer, _) = asked(fact, 0), wordings(fact.answer, world)[0]
        rows.append(
            {
                "text": f"{question} {answer}",
                "prefix_words": len(question.split()),
                "cluster": fact.entity,
            }
        )
    return rows
