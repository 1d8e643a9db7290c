"""How often are generated answers wrong, and can the model's uncertainty be trusted to tell?

Everything is read from one generation of answers and samples. Half of the prompts fit and choose:
calibrated risks, and the threshold below which answers are given. The other half says what that is
worth. No cluster is in both.
"""

from __future__ import annotations

from collections.abc import Iterator

from auditkit.checks.check import EVALUATION, Check, Findings
from auditkit.checks.estimation import absent
from auditkit.checks.groups import groups_need
from auditkit.checks.hallucination import answers, figures, given, risk, slices
from auditkit.checks.hallucination.gate import Gate, decided_by
from auditkit.checks.hallucination.judged import AnswerGroups, Judged, judged
from auditkit.checks.hallucination.keys import NOT_JUDGED, key_of
from auditkit.checks.hallucination.metrics import METRICS
from auditkit.checks.hallucination.worst import worst_answers
from auditkit.evidence.basis import Sample
from auditkit.evidence.collected import Evidence
from auditkit.evidence.generation_needs import GenerationNeed
from auditkit.evidence.needs import SplitNeed
from auditkit.evidence.subject import Kind, Subject
from auditkit.generation.parts import (
    HIDDEN,
    LOOKBACK,
    SAMPLES,
    VERIFICATION,
    WITHOUT_CONTEXT,
)
from auditkit.measurement import Figure, Measurement, Status

_WHOLE = ("judged", "error_rate", "refusal_rate", "disagreement", "confidently_wrong")
"""What is said of where nothing was generated."""


def _unmet(subject: Subject) -> str:
    return "" if subject.kind is Kind.GENERATOR else "The model predicts, and generates no answers."


def _needs(subject: Subject) -> Iterator[SplitNeed]:
    assert subject.generation is not None  # by `_unmet`
    parts = {SAMPLES, HIDDEN}
    if subject.generation.verification.template:
        parts.add(VERIFICATION)
    if subject.generation.columns.context:
        parts |= {WITHOUT_CONTEXT, LOOKBACK}
    yield SplitNeed(EVALUATION, GenerationNeed(frozenset(parts)))
    for attributes in subject.slicings:
        yield SplitNeed(EVALUATION, groups_need(attributes))


def _measure(subject: Subject, evidence: Evidence) -> Findings:
    found = judged(subject, evidence)
    if isinstance(found, str):
        nothing = Sample(0, sampled=evidence[EVALUATION].sampled)
        keys = [key_of(name) for name in (*_WHOLE, *given.OF_ALL)]
        return Findings(tuple(absent(key, Status.NOT_APPLICABLE, found, nothing) for key in keys))
    gate = Gate.of(found, subject.aims) if found.rows.answered.any() else NOT_JUDGED
    return Findings.together(
        [_of_all(subject, found, gate), _of_groups(subject, evidence, found, gate)]
    )


def _of_all(subject: Subject, found: Judged, gate: Gate | str) -> Findings:
    decides, seed = decided_by(found)[0], subject.seed
    of_scores = tuple(risk.of_scores(found, decides, seed))
    of_gate = tuple(
        given.nothing(gate, found.rows) if isinstance(gate, str) else given.of_all(gate)
    )
    pictures: list[Figure | None] = []
    if not isinstance(gate, str):
        told = {one.key.metric: one for one in of_gate}
        pictures.append(figures.curve_figure(found, gate, told))
    pictures += [
        figures.scores_figure(found, of_scores),
        figures.reliability_figure(found, decides, seed),
        worst_answers(found, subject.aims.review),
    ]
    broken = "" if isinstance(gate, str) else gate.breach
    return Findings(
        (*answers.of_all(found), *of_scores, *of_gate),
        tuple(one for one in pictures if one is not None),
        (f"The threshold to abstain by: {broken}",) if broken else (),
    )


def _of_groups(subject: Subject, evidence: Evidence, found: Judged, gate: Gate | str) -> Findings:
    split = evidence[EVALUATION]
    answered = found.rows.part(found.rows.answered)
    measurements: list[Measurement] = []
    pictures: list[Figure] = []
    for attributes in subject.slicings:
        everybody = AnswerGroups(found.rows, subject, split, attributes, "prompt")
        of_answers = AnswerGroups(answered, subject, split, attributes, "judged answer")
        measurements += answers.of_groups(found, everybody, of_answers)
        if isinstance(gate, str):
            continue
        held_out = AnswerGroups(gate.held_out, subject, split, attributes, "judged prompt")
        within = tuple(given.of_groups(gate, held_out))
        measurements += within
        if len(attributes) == 1:
            pictures += slices.group_figures(gate, held_out.groups.title, within)
    ranking = slices.ranking_figure(measurements, len(answered))
    note = slices.not_to_be_asked(measurements, subject.aims.error)
    return Findings(
        tuple(measurements),
        (*((ranking,) if ranking else ()), *pictures),
        (note,) if note else (),
    )


CHECK = Check(
    name="hallucination",
    question="How often are generated answers wrong, and can the model's uncertainty be trusted?",
    metrics=METRICS,
    unmet=_unmet,
    needs=_needs,
    measure=_measure,
    about=frozenset({Kind.GENERATOR}),
    not_tested=(
        "The answers to other questions than these were not tested. What is shown on facts that "
        "were made up for a test is no evidence about an assistant that people ask real questions.",
        "An answer counts as right where it matches a reference by the rule that is configured; "
        "whether the references are right was not tested.",
        "The threshold keeps its promise for prompts like these, all together: not for every "
        "group, and not for questions of another kind or a later time.",
        "Where a cluster is declared, what is promised is for one answer drawn from each; all rows "
        "together may err more often, where those of large clusters do.",
        "Where the model has learnt several answers as true, its uncertainty cannot tell which one "
        "is.",
        "Of many scores one looks best by chance; which score is best was not tested.",
        "Every row counts alike, whatever weight is declared.",
    ),
)
