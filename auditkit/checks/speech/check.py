"""Does the recogniser write down what was said, for all speakers alike, and nothing of silence?"""

from __future__ import annotations

from collections.abc import Iterator

from auditkit.checks.check import EVALUATION, Check, Findings
from auditkit.checks.estimation import absent
from auditkit.checks.groups import groups_need
from auditkit.checks.kept_groups import KeptGroups
from auditkit.checks.speech.figures import rate_figure
from auditkit.checks.speech.metrics import METRICS, NOISE, SILENCE
from auditkit.checks.speech.numbers import of_all, of_groups
from auditkit.checks.speech.planted import of_planted
from auditkit.checks.speech.rows import SpokenRows, spoken_rows
from auditkit.evidence.basis import Sample
from auditkit.evidence.collected import Evidence
from auditkit.evidence.generation_needs import GenerationNeed, PlantedSoundNeed
from auditkit.evidence.needs import SplitNeed
from auditkit.evidence.subject import Kind, Subject
from auditkit.measurement import Figure, Measurement, MeasurementKey, Status


def _unmet(subject: Subject) -> str:
    settings = subject.generation
    if settings is None or not settings.columns.spoken:
        return "The model is no speech recogniser: its prompts are texts."
    return ""


def planted_need(subject: Subject) -> PlantedSoundNeed:
    """The silence and noise that a recogniser is to hear."""
    assert subject.generation is not None  # see `_unmet`
    return PlantedSoundNeed(EVALUATION, max_tokens=subject.generation.sampling.max_tokens)


def _needs(subject: Subject) -> Iterator[SplitNeed]:
    yield SplitNeed(EVALUATION, GenerationNeed())
    yield SplitNeed(EVALUATION, planted_need(subject))
    for attributes in subject.slicings:
        yield SplitNeed(EVALUATION, groups_need(attributes))


def _measure(subject: Subject, evidence: Evidence) -> Findings:
    rows = spoken_rows(subject, evidence[EVALUATION])
    planted = tuple(of_planted(planted_need(subject), evidence))
    if isinstance(rows, str):
        return Findings((*_nothing(rows, evidence), *planted))
    found: list[Measurement] = [*of_all(rows), *planted]
    figures: list[Figure] = []
    known = rows.part(rows.referenced)
    for attributes in subject.slicings if len(known) else ():
        groups = KeptGroups(known, subject, evidence[EVALUATION], attributes, "transcript")
        of_these = list(of_groups(groups))
        found += of_these
        figures += [rate_figure(groups.groups, of_these)] if of_these else []
    return Findings(tuple(found), tuple(figures), tuple(_notes(rows)))


def _nothing(reason: str, evidence: Evidence) -> Iterator[Measurement]:
    sample = Sample(0, sampled=evidence[EVALUATION].sampled)
    for metric in METRICS:
        if metric not in (SILENCE, NOISE):
            key = MeasurementKey(metric.id, split=EVALUATION)
            yield absent(key, Status.NOT_APPLICABLE, reason, sample)


def _notes(rows: SpokenRows) -> Iterator[str]:
    if unknown := len(rows) - int(rows.referenced.sum()):
        yield (
            f"Of {unknown:,} of {len(rows):,} sounds it is not known what was said; they count in "
            "no rate of errors."
        )
    if rows.clusters is None:
        yield (
            "No speaker is declared as the cluster, so that every sound counts as a speaker of its "
            "own: with several sounds of one speaker the intervals are too narrow."
        )


CHECK = Check(
    name="speech",
    question="Does it write down what was said, for all speakers alike, and nothing of silence?",
    metrics=METRICS,
    unmet=_unmet,
    needs=_needs,
    measure=_measure,
    not_tested=(
        "Whether an error changes the meaning was not tested: a lost 'not' counts as one word.",
        "Words are parted at spaces: of a script without them a transcript is one word, and its "
        "error rate says little.",
        "Music, speech in the background and sounds far away were not planted, nor noise of other "
        "colours and loudness than are named.",
        "Every row counts alike, whatever weight is declared.",
    ),
    about=frozenset({Kind.GENERATOR}),
)

__all__ = ["CHECK", "planted_need"]
