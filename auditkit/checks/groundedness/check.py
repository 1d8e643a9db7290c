"""Is each sentence of an answer supported by the context that the model was given?

Detectors give every sentence a support. How far they can be believed is tried on planted claims,
whose support is known by construction; what they flag among the model's own sentences is shown, and
never judged, since real unsupported sentences are of other kinds than planted ones. Only what
people found can say how many there are.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from auditkit.checks.answer_rows import AnswerRows, answer_rows
from auditkit.checks.check import EVALUATION, Check, Findings
from auditkit.checks.groundedness.figures import least_supported, of_groups, separations
from auditkit.checks.groundedness.metrics import METRICS
from auditkit.checks.groundedness.numbers import (
    flagged_share,
    nothing,
    of_labels,
    of_planted,
    refuse_few,
    unsupported_share,
)
from auditkit.checks.groundedness.reliance import reliance, reliant
from auditkit.checks.groundedness.sentence_rows import (
    Labelled,
    answer_sentences,
    labelled_sentences,
)
from auditkit.checks.groundedness.slices import Sliceable
from auditkit.checks.groundedness.supports import Supports
from auditkit.checks.groups import groups_need
from auditkit.evidence.collected import Evidence
from auditkit.evidence.generation_needs import GenerationNeed, GroundingNeed
from auditkit.evidence.needs import SplitNeed
from auditkit.evidence.row_estimates import bounded_mean_of
from auditkit.evidence.subject import Kind, Subject
from auditkit.generation.correctness.retrieval import recall_at, retrieved
from auditkit.generation.generations import Generations
from auditkit.generation.grounding.detectors import DETECTORS
from auditkit.generation.grounding.planting import Planted
from auditkit.generation.parts import LOOKBACK, WITHOUT_CONTEXT
from auditkit.generation.settings import GenerationSettings
from auditkit.measurement import Estimate, Figure, Measurement

NO_CONTEXT = (
    "The data give no context that answers must rest on; declare generation.columns.context for it."
)
NEED = GroundingNeed()
_PARTS = frozenset({WITHOUT_CONTEXT, LOOKBACK})
_DEPTHS = (1, 3, 5, 10)
_NUMBERS = ("context_reliance", "flagged_share", "unsupported_share")


def _unmet(subject: Subject) -> str:
    settings = subject.generation
    return NO_CONTEXT if settings is None or not settings.columns.context else ""


def _needs(subject: Subject) -> Iterator[SplitNeed]:
    yield SplitNeed(EVALUATION, GenerationNeed(_PARTS))
    yield SplitNeed(EVALUATION, NEED)
    for attributes in subject.slicings:
        yield SplitNeed(EVALUATION, groups_need(attributes))


def _measure(subject: Subject, evidence: Evidence) -> Findings:
    rows = answer_rows(subject, evidence, EVALUATION)
    split = evidence[EVALUATION]
    if isinstance(rows, str):
        return Findings(tuple(nothing(_NUMBERS, rows, sampled=split.sampled)))
    assert subject.generation is not None  # see answer_rows
    made = split.planted.get(NEED, "No claims were planted.")
    names = [declared.name for declared in subject.columns.groups]
    supports = Supports(
        subject.generation.grounding,
        made if isinstance(made, Planted) else Planted(),
        answer_sentences(rows.generations, names),
    )
    labelled = labelled_sentences(rows.generations, supports.answers)
    found: list[Measurement] = []
    if isinstance(made, str):
        found += nothing(("detection_auroc", "missed_share"), made, sampled=rows.sampled)
    else:
        found += of_planted(supports, _unheard(rows.generations))
    found += of_labels(supports, labelled)
    figures: list[Figure] = list(separations(supports))
    numbers = [
        *_sliceable(rows, supports, labelled),
        *_recalls(rows, subject.generation),
    ]
    for number in numbers:
        found.append(number.of_all())
        for attributes in subject.slicings if len(number.rows) else ():
            groups, within = number.of_groups(subject, split, attributes)
            found += within
            figures += of_groups(groups, within)
    figures += least_supported(supports, rows.generations, subject.aims.review)
    detector = supports.chosen()
    flagged = f"Sentences are flagged by {detector.title} ({detector.kind})."
    notes = (flagged,) if len(supports.answers) else ()
    return Findings(tuple(found), tuple(figures), notes)


def _sliceable(rows: AnswerRows, supports: Supports, labelled: Labelled) -> Iterator[Sliceable]:
    """The numbers that are had of all rows and of groups."""
    answers = reliant(rows)
    yield Sliceable("context_reliance", answers.rows, "answer", partial(reliance, answers))
    yield Sliceable(
        "flagged_share",
        supports.answers,
        "sentence",
        partial(flagged_share, supports),
        judged=False,
    )
    yield Sliceable(
        "unsupported_share",
        labelled.rows,
        "labelled sentence",
        partial(unsupported_share, labelled),
        labelled.reason,
    )


def _recalls(rows: AnswerRows, settings: GenerationSettings) -> Iterator[Sliceable]:
    """Recall at some numbers of passages, as far as contexts have so many."""
    if not settings.columns.right_passages:
        return
    known = rows.part(retrieved(rows.generations))
    most = max((len(one.question.context) for one in known.generations.rows), default=0)
    for k in sorted({*(k for k in _DEPTHS if k < most), most} - {0}):
        values = recall_at(known.generations, k)
        yield Sliceable(
            "retrieval_recall", known, "question", partial(_recall, values, known), label=f"k={k}"
        )


def _recall(values: np.ndarray, rows: AnswerRows, members: np.ndarray) -> Estimate:
    refuse_few(int(members.sum()), "questions with right passages")
    return bounded_mean_of(values[members], rows.part(members), 0, 1)


def _unheard(generations: Generations) -> dict[str, str]:
    """Detector → why the model could not be heard as it needs."""
    return {
        one.kind: generations.reasons[part]
        for one in DETECTORS
        for part in one.parts
        if part in generations.reasons
    }


CHECK = Check(
    name="groundedness",
    question="Is each sentence of an answer supported by the context that the model was given?",
    metrics=METRICS,
    unmet=_unmet,
    needs=_needs,
    measure=_measure,
    not_tested=(
        "Planted claims are sentences of other rows: a detector that tells these apart may miss "
        "claims that a model makes up itself, which fit the question and the context better. Only "
        "labels of people show that.",
        "Whether the context itself is true was not looked at, nor whether it answers the "
        "question.",
        "Each passage was looked at by itself: a sentence that follows from two passages together "
        "counts as unsupported by words and encoders.",
        "Every row counts alike, whatever weight is declared.",
    ),
    about=frozenset({Kind.GENERATOR}),
)
