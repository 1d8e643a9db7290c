"""What a secret might as well have been: texts of its format, drawn at random.

A format is a secret cut into runs of letters, runs of digits and what lies between them. Digits are
replaced by digits; a run of letters by one that stands at its place in another secret of the
format, since only there is it known what might stand: words of names, letters of codes.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

import numpy as np

WORD = "word"
ROUNDS = 20
"""Draws, each of as many texts as are wanted, after which a format is taken to hold no more."""
_RUNS = re.compile(r"[^\W\d_]+|\d+|[\W_]+")

Format = tuple[str, ...]
Pools = Mapping[Format, Sequence[Sequence[str]]]
"""Format → for each run, what may stand there; () for runs that are no words."""


def format_of(secret: str) -> Format:
    """The format of a secret.

    Example:
        >>> format_of("mira-0417")
        ('word', '-', '9999')
    """
    return tuple(
        WORD if run.isalpha() else "9" * len(run) if run.isdigit() else run
        for run in _RUNS.findall(secret)
    )


def pools_of(secrets: Collection[str]) -> dict[Format, list[list[str]]]:
    """What stands at each place of each format, each once and in order.

    Example:
        >>> pools_of(["mira 12", "omar 34"])[("word", " ", "99")]
        [['mira', 'omar'], [], []]
    """
    found: dict[Format, list[list[str]]] = {}
    for secret in dict.fromkeys(secrets):
        form = format_of(secret)
        pools = found.setdefault(form, [[] for _ in form])
        for pool, kind, run in zip(pools, form, _RUNS.findall(secret), strict=True):
            if kind == WORD and run not in pool:
                pool.append(run)
    return found


def drawn(
    form: Format,
    pools: Sequence[Sequence[str]],
    wanted: int,
    without: Collection[str],
    rng: np.random.Generator,
) -> tuple[str, ...]:
    """Different texts of a format, each as likely.

    Args:
        form: of all of them.
        pools: for each of its places, the words that may stand there.
        wanted: how many; fewer where the format does not hold as many.
        without: texts that are not drawn.
        rng: of the draws.

    Example:
        >>> digits = drawn(("9",), [()], 20, {"7"}, np.random.default_rng(0))
        >>> sorted(digits)
        ['0', '1', '2', '3', '4', '5', '6', '8', '9']
    """
    found: dict[str, None] = {}
    for _ in range(ROUNDS):
        runs = [_several(kind, pool, wanted, rng) for kind, pool in zip(form, pools, strict=True)]
        texts = map("".join, zip(*runs, strict=True))
        found |= dict.fromkeys(text for text in texts if text not in without)
        if len(found) >= wanted:
            break
    return tuple(found)[:wanted]


def _several(
    kind: str, pool: Sequence[str], wanted: int, rng: np.random.Generator
) -> Sequence[str]:
    if kind == WORD:
        return [pool[place] for place in rng.integers(len(pool), size=wanted)]
    if kind.strip("9"):
        return [kind] * wanted
    numbers = rng.integers(10, size=(wanted, len(kind)))
    return ["".join(map(str, digits)) for digits in numbers.tolist()]


__all__ = ["Format", "Pools", "drawn", "format_of", "pools_of"]
