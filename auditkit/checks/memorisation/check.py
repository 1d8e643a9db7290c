"""Does the model say its training texts by heart? Canaries, and texts to go on with.

A canary is a secret put into the training data on purpose: its exposure says how much likelier the
model finds it than a random text of its format. Extraction gives the model the beginning of a
training text, and looks whether the rest comes out. Both have a control: canaries that were never
inserted, and texts that were never trained on.
"""

from __future__ import annotations

from collections.abc import Iterator

from auditkit.checks.check import EVALUATION, Check, Findings
from auditkit.checks.estimation import absent
from auditkit.checks.memorisation.canaries import Lineup, canary_need, lineups_of, ranked
from auditkit.checks.memorisation.exposure import Exposures
from auditkit.checks.memorisation.extraction import (
    Extracted,
    extracted,
    extraction_need,
    measured_extraction,
    passages_of,
)
from auditkit.checks.memorisation.figures import extracted_texts, figures
from auditkit.checks.memorisation.metrics import (
    AUC,
    CONTROL,
    EXPOSED,
    EXPOSURE,
    EXTRACTION,
    GAP,
    LONGEST,
    METRICS,
    RANK,
)
from auditkit.checks.probe_rows import (
    NO_GENERATOR,
    ProbeRows,
    Table,
    completions_of,
    lack_of,
    probe_of,
    totals_of,
)
from auditkit.evidence.basis import Sample
from auditkit.evidence.collected import Evidence
from auditkit.evidence.needs import SplitNeed
from auditkit.evidence.subject import Kind, Subject
from auditkit.generation import probe_cells
from auditkit.measurement import MeasurementKey, Metric, Status

CANARIES, CANDIDATES = "canaries", "candidates"
TEXTS, OTHERS = "extraction", "extraction_control"
_OF_CANARIES = (EXPOSURE, RANK, EXPOSED, AUC)
_OF_TEXTS = (EXTRACTION, LONGEST, CONTROL, GAP)
NO_TABLE = (
    "Neither canaries nor training texts are given, so what the model knows by heart cannot be "
    "tried; give generation.probes.canaries (prefix, secret, repeats) or "
    "generation.probes.extraction (text)."
)


def _unmet(subject: Subject) -> str:
    if subject.generation is None:
        return NO_GENERATOR
    given = any(probe_of(subject, called) is not None for called in (CANARIES, TEXTS))
    return "" if given else NO_TABLE


def _needs(subject: Subject) -> Iterator[SplitNeed]:
    if (canaries := probe_of(subject, CANARIES)) is not None:
        yield SplitNeed(EVALUATION, canary_need(_lineups(subject, canaries)))
    for called in (TEXTS, OTHERS):
        if (table := probe_of(subject, called)) is not None:
            yield SplitNeed(EVALUATION, extraction_need(passages_of(table)))


def _lineups(subject: Subject, canaries: Table) -> tuple[Lineup, ...]:
    return lineups_of(canaries, probe_of(subject, CANDIDATES), subject.seed)


def _measure(subject: Subject, evidence: Evidence) -> Findings:
    parts = []
    if (canaries := probe_of(subject, CANARIES)) is not None:
        parts.append(_of_canaries(subject, evidence, canaries))
    if probe_of(subject, TEXTS) is not None:
        parts.append(_of_texts(subject, evidence))
    found = Findings.together(parts)
    pictures = (*figures(found.measurements), *found.figures)
    return Findings(found.measurements, pictures, found.notes)


def _of_canaries(subject: Subject, evidence: Evidence, canaries: Table) -> Findings:
    lineups = _lineups(subject, canaries)
    need = canary_need(lineups)
    if reason := lack_of(evidence, need):
        return _nothing(_OF_CANARIES, Status.NOT_APPLICABLE, reason)
    repeats = tuple(map(probe_cells.whole, canaries["repeats"]))
    every = ranked(lineups, totals_of(evidence, need), repeats)
    if not len(every):
        return _nothing(_OF_CANARIES, Status.UNDEFINED, every.left_out)
    exposures = Exposures.of(every)
    notes = (exposures.distrust,) if exposures.distrust else ()
    return Findings(tuple(exposures.measured()), notes=notes)


def _of_texts(subject: Subject, evidence: Evidence) -> Findings:
    texts, control = (_extracted(subject, evidence, called) for called in (TEXTS, OTHERS))
    if isinstance(texts, str):
        return _nothing(_OF_TEXTS, Status.NOT_APPLICABLE, texts)
    if isinstance(control, str):
        return _nothing(_OF_TEXTS, Status.NOT_APPLICABLE, control)
    assert texts is not None  # see _measure
    table = probe_of(subject, TEXTS)
    assert table is not None
    listed = extracted_texts(texts, passages_of(table), subject.aims.review)
    return Findings(tuple(measured_extraction(texts, control)), () if listed is None else (listed,))


def _extracted(subject: Subject, evidence: Evidence, called: str) -> Extracted | str | None:
    """How far the texts of a table came out; why that is not known; None without the table."""
    table = probe_of(subject, called)
    if table is None:
        return None
    passages = passages_of(table)
    need = extraction_need(passages)
    if reason := lack_of(evidence, need):
        return reason
    return extracted(passages, completions_of(evidence, need), ProbeRows.of(table))


def _nothing(metrics: tuple[Metric, ...], status: Status, reason: str) -> Findings:
    return Findings(
        tuple(absent(MeasurementKey(one.id), status, reason, Sample(0)) for one in metrics)
    )


CHECK = Check(
    name="memorisation",
    question="Does the model say its training texts by heart?",
    metrics=METRICS,
    unmet=_unmet,
    needs=_needs,
    measure=_measure,
    not_tested=(
        "Only the beginnings that were given were tried, and only the likeliest answer: what comes "
        "out after other prompts, by sampling, nearly word by word or in another language was not "
        "looked for, so that a low rate bounds nothing but this attack.",
        "A text that stands in the training data often, or is well known, comes out easily; the "
        "rate is that of the texts given, and they say nothing of others.",
        "Exposure is of the canaries that were inserted, and ends at log2 of the number of "
        "candidates. Candidates have letters, words and digits drawn at random at each place; "
        "secrets that were made otherwise need their own table of candidates.",
        "Text and secret are cut into tokens where the table cuts them; where the training data "
        "were cut otherwise, a secret looks less known than it is.",
        "Whether single units can be told to be members, or attributes be read, was not tried.",
    ),
    about=frozenset({Kind.GENERATOR}),
)

__all__ = ["CHECK"]
