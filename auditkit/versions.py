"""Two versions of a model on the same rows, as data: what a report shows of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from auditkit.measurement import Figure, Measurement, to_plain

WHOLE, GROUP, CLASS = "all", "group", "class"
EXIT_CODES = {"better": 0, "within the margin": 0, "worse": 1, "inconclusive": 3}
"""Word → what `auditkit compare` returns."""


@dataclass(frozen=True)
class ComparedVersion:
    """One of the two.

    Attributes:
        name: what the user calls it.
        where: the configuration or record that it comes from.
        model: digest of the model.
        data: digest of its evaluation data.
        rows: how many rows of it could be paired.
    """

    name: str
    where: str
    model: str
    data: str
    rows: int


@dataclass(frozen=True)
class ComparedPart:
    """The rows of one part of the data.

    Attributes:
        title: `all rows`, `group=b`, `class 1` …
        kind: `all`, `group` or `class`.
        gain: how much better B is than A.
        word: `better`, `worse`, `within the margin` or `inconclusive`, of B.
        margin: the difference that does not matter.
        gained: share of the rows that B alone is right about; None where no class is predicted.
        lost: share that A alone is right about; None likewise.
        wins, losses: how many rows these are; None likewise, and where that is not told.
    """

    title: str
    kind: str
    gain: Measurement
    word: str
    margin: float
    gained: Measurement | None = None
    lost: Measurement | None = None
    wins: int | None = None
    losses: int | None = None


@dataclass(frozen=True)
class ComparedHead:
    """One output of both versions.

    Attributes:
        title: head and label; "" for the only one.
        measure: what is compared, `Accuracy` …
        definition: of the gain, a metric as plain data.
        answer: the sentences in which the comparison is told.
        whole: all rows.
        parts: groups and classes.
        others: the other measures of all rows, by what they are called, with their definitions.
        figures: the gains and the differing rows as pictures.
    """

    title: str
    measure: str
    definition: Mapping[str, Any]
    answer: tuple[str, ...]
    whole: ComparedPart
    parts: tuple[ComparedPart, ...]
    others: tuple[tuple[Mapping[str, Any], ComparedPart], ...]
    figures: tuple[Figure, ...]


@dataclass(frozen=True)
class VersionComparison:
    """A model and the version before it.

    Attributes:
        before: A.
        after: B, which is judged.
        heads: the outputs that both have.
        word: of all outputs together: `worse` if B is so in any, else `inconclusive` if any is.
        answer: one sentence.
        notes: what a reader must know beside.
        created: UTC time, ISO 8601.
        version: auditkit's.
    """

    before: ComparedVersion
    after: ComparedVersion
    heads: tuple[ComparedHead, ...]
    word: str
    answer: str
    notes: tuple[str, ...]
    created: str
    version: str

    @property
    def exit_code(self) -> int:
        """What the command line returns: 0 better or within the margin, 1 worse, 3 inconclusive."""
        return EXIT_CODES[self.word]


def comparison_to_plain(comparison: VersionComparison) -> dict[str, Any]:
    """A comparison as JSON-able data."""
    return {
        "answer": comparison.answer,
        "word": comparison.word,
        "before": dict(vars(comparison.before)),
        "after": dict(vars(comparison.after)),
        "heads": [_head(head) for head in comparison.heads],
        "notes": list(comparison.notes),
        "created": comparison.created,
        "version": comparison.version,
    }


def _head(head: ComparedHead) -> dict[str, Any]:
    return {
        "title": head.title,
        "measure": head.measure,
        "definition": dict(head.definition),
        "answer": list(head.answer),
        "whole": _part(head.whole),
        "parts": [_part(part) for part in head.parts],
        "others": [
            {"definition": dict(definition), **_part(part)} for definition, part in head.others
        ],
    }


def _part(part: ComparedPart) -> dict[str, Any]:
    return {
        "title": part.title,
        "kind": part.kind,
        "word": part.word,
        "margin": part.margin,
        "gain": to_plain(part.gain),
        "gained": None if part.gained is None else to_plain(part.gained),
        "lost": None if part.lost is None else to_plain(part.lost),
        "wins": part.wins,
        "losses": part.losses,
    }
