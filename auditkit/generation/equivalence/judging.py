"""Which of the answers to one prompt mean the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from weakref import WeakKeyDictionary

from auditkit.errors import ConfigurationError
from auditkit.generation.equivalence.classes import Classes
from auditkit.generation.equivalence.clusters import PairJudge, Sorted, in_order, sorted_answers
from auditkit.generation.equivalence.entailment import entailment_judge
from auditkit.generation.equivalence.forms import FORMS, Form, form_of
from auditkit.generation.equivalence.nearness import (
    LEAST_COSINE,
    LEAST_F1,
    EmbeddingJudge,
    OverlapJudge,
)
from auditkit.generation.evidence import GenerationEvidence
from auditkit.generation.generations import Generations
from auditkit.generation.settings import GenerationSettings, Matching

JUDGES: dict[str, Callable[[Matching], PairJudge]] = {
    "token_f1": lambda one: OverlapJudge(LEAST_F1 if one.least is None else one.least),
    "embedding": lambda one: EmbeddingJudge(
        one.folder, LEAST_COSINE if one.least is None else one.least
    ),
    "nli": lambda one: entailment_judge(one.folder),
}
"""Name → who compares two answers, from the settings."""

KINDS = (*FORMS, *JUDGES)

_SORTED: WeakKeyDictionary[GenerationEvidence, dict[Matching, Sorted]] = WeakKeyDictionary()
"""Several checks ask of the same rows, and a judge may be slow."""


def classes_of(generations: Generations, settings: GenerationSettings) -> Classes | None:
    """The classes of meaning among the answers to each prompt, by `settings.equivalence`.

    Forms (`exact`, `normalised`, `canonical`) make classes of answers that have one form; judges
    (`token_f1`, `embedding`, `nli`) compare two at a time, see `sorted_answers`.

    Returns:
        None where nothing was sampled: a single answer has no second to agree with. Of one prompt
        without samples among others there is one class, that of its greedy answer. `counts` of a
        judge are `pairs` and `truncated`, summed over the prompts.

    Raises:
        ConfigurationError: an unknown kind, the user's function failed or gave no text, or an
            encoder cannot be read.
    """
    if not any(row.samples for row in generations.rows):
        return None
    matching = settings.equivalence
    by_form, judge, words = _by(matching)
    new = [row for row in generations.rows if matching not in _SORTED.setdefault(row, {})]
    asked = [(row.question.prompt, _texts(row)) for row in new]
    if by_form is not None:
        found = [Sorted(in_order([by_form(text) for text in texts]), {}) for _, texts in asked]
    else:
        assert judge is not None  # either the one or the other
        found = sorted_answers(asked, judge)
    for row, one in zip(new, found, strict=True):
        _SORTED[row][matching] = one
    every = [_SORTED[row][matching] for row in generations.rows]
    counts: Counter[str] = Counter()
    for one in every:
        counts.update(one.counts)
    return Classes(tuple(one.classes for one in every), words, dict(counts))


def _texts(row: GenerationEvidence) -> Sequence[str]:
    return [one.text for one in (row.greedy, *row.samples)]


def _by(matching: Matching) -> tuple[Form | None, PairJudge | None, str]:
    """The form or the judge, and what decides in words."""
    if matching.kind in FORMS:
        form, words = form_of(matching)
        return form, None, words
    if matching.kind in JUDGES:
        judge = JUDGES[matching.kind](matching)
        return None, judge, judge.words
    raise ConfigurationError(
        f"generation.equivalence.kind is {matching.kind!r}; there are {', '.join(KINDS)}.",
        mend="Name one of them.",
    )


__all__ = ["JUDGES", "KINDS", "classes_of"]
