"""How a comparison of two versions is told and drawn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from auditkit.checks.estimation import drawn_ends
from auditkit.checks.paired.gains import Gain
from auditkit.checks.paired.numbers import Names
from auditkit.checks.paired.standing import Standing, told
from auditkit.comparing.parts import definition
from auditkit.comparing.standings import ALPHA
from auditkit.evidence.paired_rows import PairedRows
from auditkit.measurement import Figure, Status
from auditkit.reports.formatting import Scale
from auditkit.versions import CLASS, WHOLE, ComparedHead, ComparedPart

NAMES = Names("version B", "version A")
B = "Version B"
_NAMED = 8


def answer_of(whole: ComparedPart, gain: Gain) -> str:
    """How the two stand to each other on all rows, with the number that says so."""
    found, scale = whole.gain, Scale(definition(gain))
    margin = f"{whole.margin:.2g} of {gain.of[:1].lower()}{gain.of[1:]}"
    sentence = told(Standing(whole.word), B, NAMES.second, margin)
    if found.status is not Status.MEASURED or found.interval is None or found.value is None:
        return f"{sentence} {found.reason}".strip()
    number = scale.value(found.value, found.interval)
    span = scale.span(found.interval, found.value)
    return (
        f"{sentence} {gain.title}: {number} (90 % interval {span}) on {found.rows:,} rows that "
        "both answered."
    )


def among(parts: Sequence[ComparedPart]) -> Iterator[str]:
    """In which groups and classes B is worse, and in which it is better."""
    for word in (Standing.WORSE, Standing.BETTER):
        named = [part.title for part in parts if part.word == word.value]
        if named:
            yield f"{B} is {word.value} in {_listed(named)}."


def answer_together(word: Standing, heads: Sequence[ComparedHead]) -> str:
    """The answer in a sentence or two, of all outputs together.

    Args:
        word: how the two stand to each other.
        heads: one or more.
    """
    if len(heads) == 1:
        (head,) = heads
        worse = [part.title for part in head.parts if part.word == Standing.WORSE.value]
        but = f" But it is worse in {_listed(worse)}." if worse and word != Standing.WORSE else ""
        return head.answer[0] + but
    named = [head.title for head in heads if head.whole.word == word.value]
    return (
        f"{told(word, B, NAMES.second, 'that of each output')} So it is in {len(named)} of "
        f"{len(heads)} outputs: {_listed(named)}."
    )


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def figures(
    pair: PairedRows, gain: Gain, whole: ComparedPart, parts: Sequence[ComparedPart]
) -> Iterator[Figure]:
    """The gains of all rows and of each part; and the rows that one version alone is right about.

    Args:
        pair: all rows of one output.
        gain: what leads.
        whole: all rows, compared.
        parts: groups and classes, compared.
    """
    of = f" ({pair.view.key})" if str(pair.view.key) else ""
    measured = [part for part in (whole, *parts) if part.gain.value is not None]
    if measured:
        yield Figure(
            "gains",
            f"What version B gains over version A{of}",
            "The same rows by both: to the right of zero version B is better. Bars are 90 % "
            "intervals, not adjusted for how many groups and classes there are; the words are, so "
            "that any of these is wrongly called better (or worse) with a probability of at most "
            f"{ALPHA:g}.",
            "comparison",
            {"rows": [_row(part, gain) for part in measured]},
        )
    counted = [part for part in (whole, *parts) if part.wins is not None]
    if counted:
        yield Figure(
            "discordance",
            f"Rows that one version alone is right about{of}",
            "Only the rows that the two differ about say which is better: if neither is, they are "
            "as often on one side as on the other.",
            "comparison",
            {
                "first": NAMES.first,
                "second": NAMES.second,
                "rows": [_flips(part) for part in counted],
            },
        )


def _row(part: ComparedPart, gain: Gain) -> dict[str, Any]:
    attribute = part.gain.key.slice.attributes
    by = {WHOLE: "", CLASS: " by class"}.get(part.kind, f" by {' × '.join(attribute)}")
    return {
        "panel": gain.title + by,
        "name": part.title,
        "unit": gain.unit,
        "value": part.gain.value,
        **drawn_ends(part.gain.interval),
        "n": part.gain.rows,
        "margin": part.margin,
        "word": part.word,
    }


def _flips(part: ComparedPart) -> dict[str, Any]:
    return {
        "name": part.title,
        "won": part.wins,
        "lost": part.losses,
        "n": part.gain.rows,
        "p": None,
    }


__all__ = ["NAMES", "among", "answer_of", "answer_together", "figures"]
