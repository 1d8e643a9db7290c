"""Canaries: secrets put into the training data on purpose, and their rank among what they are not.

A model that has learnt a canary by heart finds it likelier than texts of the same format that it
never saw. A secret that was never inserted is one of these, so that its rank among them is uniform:
that is the control of the whole, and the meaning of every number here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from auditkit.checks.memorisation.candidates import Format, drawn, format_of, pools_of
from auditkit.checks.probe_rows import Table
from auditkit.evidence.generation_needs import LikelihoodNeed
from auditkit.generation import probe_cells

CANDIDATES = 1000
FEWEST_CANDIDATES = 20
"""Under so many a rank tells next to nothing, and the canary is left out."""
_MOST_ASKED = 200_000
_FEWEST_DRAWN = 100
_FEWEST_OF_POOL = 5


@dataclass(frozen=True)
class Lineup:
    """Canaries after the same words and of the same format, among the same candidates.

    Attributes:
        prefix: what comes before.
        places: rows of the table.
        secrets: theirs.
        candidates: texts that none of the table's secrets is.
    """

    prefix: str
    places: tuple[int, ...]
    secrets: tuple[str, ...]
    candidates: tuple[str, ...]


def lineups_of(canaries: Table, rivals: Table | None, seed: int) -> tuple[Lineup, ...]:
    """The canaries of a table beside their candidates; the same at each call.

    Args:
        canaries: the table.
        rivals: the user's own candidates, for all canaries; None to draw them from the formats.
        seed: of the draws.
    """
    prefixes = tuple(map(probe_cells.text_or_nothing, canaries["prefix"]))
    secrets = tuple(map(str, canaries["secret"]))
    given = None if rivals is None else dict.fromkeys(map(str, rivals["candidate"]))
    together: dict[tuple[str, Format], list[int]] = {}
    for place, (prefix, secret) in enumerate(zip(prefixes, secrets, strict=True)):
        form = () if given is not None else format_of(secret)
        together.setdefault((prefix, form), []).append(place)
    own = set(secrets)
    if given is not None:
        chosen = [tuple(one for one in given if one not in own)] * len(together)
    else:
        repeats = tuple(map(probe_cells.whole, canaries["repeats"]))
        chosen = list(_drawn(list(together), secrets, repeats, seed))
    return tuple(
        Lineup(prefix, tuple(places), tuple(secrets[place] for place in places), candidates)
        for ((prefix, _), places), candidates in zip(together.items(), chosen, strict=True)
    )


def _drawn(
    lines: Sequence[tuple[str, Format]], secrets: Sequence[str], repeats: Sequence[int], seed: int
) -> Iterator[tuple[str, ...]]:
    """The candidates of each prefix and format.

    Their words are those of never-inserted secrets, where there are some: a word that the model
    has seen in a canary is no example of what it has not seen.
    """
    fresh = [one for one, times in zip(secrets, repeats, strict=True) if not times]
    everywhere, unseen = pools_of(secrets), pools_of(fresh)
    shared = [format_of(one) for one in dict.fromkeys(fresh)]
    wanted = min(CANDIDATES, max(_MOST_ASKED // len(lines), _FEWEST_DRAWN))
    for place, (_, form) in enumerate(lines):
        few = shared.count(form) < _FEWEST_OF_POOL
        pools = everywhere[form] if few else unseen[form]
        rng = np.random.default_rng([seed, place])
        yield drawn(form, pools, wanted, set(secrets), rng)


def canary_need(lineups: Sequence[Lineup]) -> LikelihoodNeed:
    """How likely every secret and every candidate is after its prefix; lineup by lineup."""
    prompts = [one.prefix for one in lineups for _ in (*one.secrets, *one.candidates)]
    continuations = [text for one in lineups for text in (*one.secrets, *one.candidates)]
    return LikelihoodNeed(tuple(prompts), tuple(continuations))


@dataclass(frozen=True, eq=False)
class Ranked:
    """The ranks of the canaries that could be ranked.

    Attributes:
        repeats: how often each was in the training data, int64 of shape (n,).
        ranks: the rank of each among its candidates and itself, from 1 for the likeliest; ties
            share their mean; float64 of shape (n,).
        sizes: how many these are, itself among them, int64 of shape (n,).
        shared: a number for the candidates of each: canaries of one number have the same, int64 of
            shape (n,).
        left_out: how many canaries could not be ranked, and why; "" for none.
    """

    repeats: np.ndarray
    ranks: np.ndarray
    sizes: np.ndarray
    shared: np.ndarray
    left_out: str = ""

    def __len__(self) -> int:
        return len(self.ranks)

    @property
    def relative(self) -> np.ndarray:
        """The rank as a share: mean .5 at chance, near 0 for what is known by heart."""
        found: np.ndarray = (self.ranks - 0.5) / self.sizes
        return found

    @property
    def exposure(self) -> np.ndarray:
        """log2 of the number of candidates less log2 of the rank, bits."""
        found: np.ndarray = np.log2(self.sizes) - np.log2(self.ranks)
        return found

    @property
    def worth(self) -> float:
        """As how many canaries with candidates of their own these are good.

        Candidates are a sample, too. Where they happen to be likely all canaries that share them
        look little known, so that the variance of a mean over canaries is 1/n + Σ s²/m of that of
        one, s being the share of canaries with the same m candidates (Sen 1960, of U-statistics).
        """
        _, first, members = np.unique(self.shared, return_index=True, return_counts=True)
        n = len(self)
        candidates = self.sizes[first] - 1
        return float(1 / (1 / n + ((members / n) ** 2 / candidates).sum()))

    def part(self, chosen: np.ndarray) -> Ranked:
        """Some of the canaries, by a mask."""
        return Ranked(
            self.repeats[chosen],
            self.ranks[chosen],
            self.sizes[chosen],
            self.shared[chosen],
            self.left_out,
        )


def ranked(lineups: Sequence[Lineup], totals: np.ndarray, repeats: Sequence[int]) -> Ranked:
    """The rank of each canary.

    Where a format holds fewer candidates than are wanted, secrets that were never inserted are
    candidates too.

    Args:
        lineups: as asked about.
        totals: log-probabilities in the order of `canary_need`.
        repeats: of each row of the table.
    """
    found: list[tuple[int, float, int, int]] = []
    sets: dict[tuple[str, ...], int] = {}
    broken = few = alike = start = 0
    for line in lineups:
        own = totals[start : start + len(line.secrets)]
        start += len(line.secrets)
        others = totals[start : start + len(line.candidates)]
        start += len(line.candidates)
        times = np.array([repeats[place] for place in line.places])
        shared = sets.setdefault(line.candidates, len(sets))
        for member, score in enumerate(own):
            rivals = np.concatenate([others, _fresh(line, own, times, member)])
            rivals = rivals[~np.isnan(rivals)]
            ties = int((rivals == score).sum())
            if np.isnan(score):
                broken += 1
            elif len(rivals) < FEWEST_CANDIDATES:
                few += 1
            elif 2 * ties >= len(rivals):
                alike += 1
            else:
                rank = 1 + float((rivals > score).sum()) + ties / 2
                found.append((int(times[member]), rank, len(rivals) + 1, shared))
    columns = np.array(found, dtype=np.float64).reshape(-1, 4).T
    return Ranked(
        columns[0].astype(np.int64),
        columns[1],
        columns[2].astype(np.int64),
        columns[3].astype(np.int64),
        _left_out(broken, few, alike),
    )


def _fresh(line: Lineup, own: np.ndarray, times: np.ndarray, member: int) -> np.ndarray:
    """The other never-inserted secrets, where the drawn candidates are few."""
    if len(line.candidates) >= _FEWEST_DRAWN:
        return own[:0]
    secrets = np.array(line.secrets, dtype=object)
    chosen: np.ndarray = own[(times == 0) & (secrets != line.secrets[member])]
    return chosen


def _left_out(broken: int, few: int, alike: int) -> str:
    told = (
        (broken, "have no log-probability"),
        (few, f"have fewer than {FEWEST_CANDIDATES} candidates"),
        (alike, "are as likely as half of their candidates, to the last bit: the tokenizer does "
                "not tell them apart"),
    )  # fmt: skip
    return " ".join(f"Left out: {number:,} canaries that {why}." for number, why in told if number)


__all__ = ["CANDIDATES", "FEWEST_CANDIDATES", "Lineup", "Ranked", "canary_need", "lineups_of",
           "ranked"]  # fmt: skip
