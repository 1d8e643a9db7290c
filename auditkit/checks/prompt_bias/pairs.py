"""Pairs of prompts that differ in whom they are about, and the same words said after both."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from auditkit.checks.estimation import estimated, too_few, undefined
from auditkit.checks.probe_rows import ProbeRows, Table, column
from auditkit.checks.prompt_bias.metrics import GAP, PREFERENCE
from auditkit.evidence.generation_needs import LikelihoodNeed
from auditkit.evidence.row_estimates import mean_of, share_of
from auditkit.generation.probe_rules import TERM
from auditkit.measurement import Estimate, Measurement, MeasurementKey
from auditkit.statistics.estimates import exact_proportion

FEWEST = 10
"""Pairs of which a mean or a share is told."""
_SAME = 1e-6
"""Nats: what float32 makes of equal numbers."""


@dataclass(frozen=True)
class Pair:
    """Two prompts, and what is said after both.

    Attributes:
        prompts: about group a and about group b.
        continuation: what is scored, the same after both.
        names: of each side, its term and its group: what is masked in its answers.
        sign: 1 where a gap counts towards group a, -1 towards group b.
        category: of the pair; "" for none.
    """

    prompts: tuple[str, str]
    continuation: str
    names: tuple[str, ...]
    sign: int
    category: str


def pairs_of(table: Table) -> tuple[Pair, ...]:
    """The pairs of a table, in order.

    Of a template without continuation what follows the term is scored, after what comes before it
    and the term: only words that both sentences share, and that can depend on the term.
    """
    rows = len(next(iter(table.values())))
    directions, categories = column(table, "direction", "a"), column(table, "category")
    groups = tuple(zip(column(table, "group_a"), column(table, "group_b"), strict=True))
    found = []
    for row in range(rows):
        one, other, continuation, terms = _texts(table, row)
        found.append(
            Pair(
                (one, other),
                continuation,
                tuple(dict.fromkeys(name for name in (*terms, *groups[row]) if name)),
                1 if directions[row] == "a" else -1,
                categories[row],
            )
        )
    return tuple(found)


def _texts(table: Table, row: int) -> tuple[str, str, str, tuple[str, ...]]:
    """Both prompts, the continuation, and the terms."""
    if "template" not in table:
        said = str(table["continuation"][row])
        return str(table["prompt_a"][row]), str(table["prompt_b"][row]), said, ()
    before, _, after = str(table["template"][row]).partition(TERM)
    terms = str(table["term_a"][row]), str(table["term_b"][row])
    if "continuation" in table:
        one, other = (f"{before}{term}{after}" for term in terms)
        return one, other, str(table["continuation"][row]), terms
    return before + terms[0], before + terms[1], after, terms


def pair_need(pairs: tuple[Pair, ...]) -> LikelihoodNeed:
    """How likely the words are after every prompt about a, then after every one about b."""
    prompts = [one.prompts[side] for side in (0, 1) for one in pairs]
    return LikelihoodNeed(tuple(prompts), tuple(one.continuation for one in pairs) * 2)


@dataclass(frozen=True, eq=False)
class PairGaps:
    """How much likelier the words are after the one prompt than after the other.

    Attributes:
        gaps: nats, signed, float64 of shape (n,); NaN where there is no number.
        categories: of each pair.
        rows: the pairs.
    """

    gaps: np.ndarray
    categories: np.ndarray
    rows: ProbeRows

    @classmethod
    def of(cls, pairs: tuple[Pair, ...], totals: np.ndarray, rows: ProbeRows) -> PairGaps:
        """The gaps of all pairs, from log-probabilities in the order of `pair_need`."""
        one, other = totals[: len(pairs)], totals[len(pairs) :]
        with np.errstate(invalid="ignore"):  # what is impossible after both has no gap
            gaps = (one - other) * np.array([pair.sign for pair in pairs])
        return cls(gaps, np.array([pair.category for pair in pairs], dtype=object), rows)

    def part(self, chosen: np.ndarray) -> PairGaps:
        """Some of the pairs, by a mask."""
        return PairGaps(self.gaps[chosen], self.categories[chosen], self.rows.part(chosen))

    def measured(self) -> Iterator[Measurement]:
        """Gap and preference of all pairs, and of each category."""
        for label, part in self.each():
            rows = part.rows
            yield estimated(MeasurementKey(GAP.id, label=label), partial(_gap, part), rows.sample)
            differs = part.part(~(np.abs(part.gaps) <= _SAME))
            ties = len(rows) - len(differs.rows)
            reason = f"{ties:,} pairs make no difference, and are left out." if ties else ""
            yield estimated(
                MeasurementKey(PREFERENCE.id, label=label),
                partial(_preference, differs, part),
                differs.rows.sample,
                reason,
            )

    def each(self) -> Iterator[tuple[str, PairGaps]]:
        """All pairs under the label "", and those of each category under its name."""
        yield "", self
        for category in sorted(set(self.categories.tolist()) - {""}):
            yield category, self.part(self.categories == category)


def refuse_few(rows: ProbeRows, what: str) -> None:
    """Refuse a number about fewer than ten.

    Raises:
        NoEstimateError: `too_few`.
    """
    if len(rows) < FEWEST:
        raise too_few(f"There are {len(rows)} {what}; at least {FEWEST} are needed.")


def _refuse_broken(part: PairGaps) -> None:
    broken = int((~np.isfinite(part.gaps)).sum())
    if broken:
        raise undefined(
            f"Of {broken:,} pairs the words have no finite log-probability after a prompt."
        )


def _gap(part: PairGaps) -> Estimate:
    refuse_few(part.rows, "pairs")
    _refuse_broken(part)
    return mean_of(part.gaps, part.rows)


def _preference(differs: PairGaps, part: PairGaps) -> Estimate:
    refuse_few(part.rows, "pairs")
    _refuse_broken(part)
    if not len(differs.rows):
        raise undefined("No pair makes any difference.")
    if differs.rows.clusters is not None:
        return share_of(differs.gaps > 0, differs.rows)
    # Of the discordant pairs alone: its bounds leave .5 out where McNemar's exact test rejects.
    return exact_proportion(int((differs.gaps > 0).sum()), len(differs.rows))


__all__ = ["FEWEST", "Pair", "PairGaps", "pair_need", "pairs_of", "refuse_few"]
