"""Claims whose support is known by construction: a detector must tell them apart to be believed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from auditkit.generation.evidence import GenerationEvidence, Question
from auditkit.generation.generations import Generations
from auditkit.generation.grounding.claims import Claim, claims_in
from auditkit.generation.grounding.forcing import Statement, forced
from auditkit.generation.grounding.overlap import stands_in
from auditkit.generation.grounding.sentences import sentences_of
from auditkit.generation.settings import GenerationSettings
from auditkit.models.generators.answer import Answer
from auditkit.models.generators.decoder import Decoder

ANOTHER_CONTEXT = "another context"
ANOTHER_CLAIM = "another claim"
PLANTS: Mapping[str, str] = {
    ANOTHER_CONTEXT: "the sentence of a row after the context of another row",
    ANOTHER_CLAIM: "the sentence of another row added to an answer, after the row's own context",
}
_TRIED = 10
"""Rows that are looked at for one that fits, before a row goes without."""


@dataclass(frozen=True, eq=False)
class Planted:
    """Claims whose support is known.

    Attributes:
        supported: sentences after their own context.
        unsupported: name of `PLANTS` → sentences after a context that does not hold them.
        by_references: whether the sentences are of right answers; else of the model's own, which
            may themselves not be supported.
    """

    supported: tuple[Claim, ...] = ()
    unsupported: Mapping[str, tuple[Claim, ...]] = field(default_factory=dict)
    by_references: bool = True


@dataclass(frozen=True, eq=False)
class _Own:
    """A row with the answer that is taken as supported by its context."""

    place: int
    row: GenerationEvidence
    text: str
    sentences: tuple[str, ...]

    @property
    def unit(self) -> int:
        question = self.row.question
        return question.key if question.cluster is None else question.cluster


def planted(
    generations: Generations,
    settings: GenerationSettings,
    count: int,
    decoder: Decoder | None = None,
) -> Planted:
    """Claims with known support, made of the rows of a split.

    Of each row the first right answer is taken (or, where the data hold none, the model's own)
    after its own context: its sentences are supported. Unsupported are the same sentences after the
    context of another row, and the first sentence of another row's answer, added to the row's own.
    The other row is of another cluster. A sentence whose content words all stand in one passage of
    the context is not planted: it may be supported after all.

    Args:
        generations: of the split.
        settings: of the audit.
        count: rows at most; the first by their keys, which are random.
        decoder: watched; None where only texts are known, so that only detectors of text apply.

    Raises:
        ModelError: the model failed.
    """
    by_references = bool(settings.columns.references)
    rows = list(_own_rows(generations, settings, by_references))[:count]
    made: list[tuple[str, int, int, Statement]] = []
    for at, own in enumerate(rows):
        question = own.row.question
        made.append(("", own.place, 0, _statement(settings, question, own.text)))
        if other := _elsewhere(rows, at):
            moved = replace(question, context=other.row.question.context)
            made.append((ANOTHER_CONTEXT, own.place, 0, _statement(settings, moved, own.text)))
        if other := _stranger(rows, at):
            text = f"{own.text.rstrip()} {other.sentences[0]}"
            skipped = len(own.sentences)
            made.append((ANOTHER_CLAIM, own.place, skipped, _statement(settings, question, text)))
    said = _evidence(decoder, [statement for *_, statement in made])
    found: dict[str, list[Claim]] = {name: [] for name in ("", *PLANTS)}
    for (name, place, skipped, _), evidence in zip(made, said, strict=True):
        if evidence is not None:
            found[name] += claims_in(evidence, place)[skipped:]
    return Planted(tuple(found[""]), {name: tuple(found[name]) for name in PLANTS}, by_references)


def _own_rows(
    generations: Generations, settings: GenerationSettings, by_references: bool
) -> Iterator[_Own]:
    """The rows whose answer should be supported by their context."""
    for place, row in enumerate(generations.rows):
        question = row.question
        if not question.context or _missed(question, settings):
            continue
        text = (question.references or ("",))[0] if by_references else row.greedy.text
        if sentences := sentences_of(Answer(text)):
            yield _Own(place, row, text, tuple(one.text for one in sentences))


def _missed(question: Question, settings: GenerationSettings) -> bool:
    """Whether the data say that the context does not hold what is asked for."""
    right = question.right_passages
    return bool(settings.columns.right_passages) and not (
        right and max(right) < len(question.context)
    )


def _statement(settings: GenerationSettings, question: Question, text: str) -> Statement:
    columns = settings.columns
    asked = replace(question, given=columns.given(question.prompt, question.context))
    return Statement(asked, columns.given(question.prompt, ()), text)


def _others(rows: Sequence[_Own], at: int) -> Iterator[_Own]:
    """The next rows that are of another unit, from the beginning again after the last."""
    own = rows[at]
    for step in range(1, min(_TRIED, len(rows) - 1) + 1):
        other = rows[(at + step) % len(rows)]
        if other.unit != own.unit:
            yield other


def _elsewhere(rows: Sequence[_Own], at: int) -> _Own | None:
    """A row whose context holds none of this row's sentences."""
    for other in _others(rows, at):
        context = other.row.question.context
        if not any(stands_in(one, context) for one in rows[at].sentences):
            return other
    return None


def _stranger(rows: Sequence[_Own], at: int) -> _Own | None:
    """A row whose first sentence is not in this row's context."""
    context = rows[at].row.question.context
    return next(
        (one for one in _others(rows, at) if not stands_in(one.sentences[0], context)), None
    )


def _evidence(
    decoder: Decoder | None, statements: Sequence[Statement]
) -> list[GenerationEvidence | None]:
    if decoder is not None:
        return forced(decoder, statements)
    return [GenerationEvidence(one.question, Answer(one.text)) for one in statements]


__all__ = ["ANOTHER_CLAIM", "ANOTHER_CONTEXT", "PLANTS", "Planted", "planted"]
