"""Does what the model says turn on whom it is about? Pairs of prompts, and questions of BBQ's kind.

The user brings the data: benchmarks of bias disagree with each other, and each is about its own
sentences. The templates that are built in are a smoke test, and no measure of a model's bias.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from auditkit.checks.check import EVALUATION, Check, Findings
from auditkit.checks.estimation import absent
from auditkit.checks.probe_rows import (
    NO_GENERATOR,
    ProbeRows,
    completions_of,
    lack_of,
    probe_of,
    token_log_probs,
    totals_of,
)
from auditkit.checks.prompt_bias.ambiguous import Chosen, choice_need
from auditkit.checks.prompt_bias.figures import figures
from auditkit.checks.prompt_bias.flips import asked_pairs, flip_need, measured_flips
from auditkit.checks.prompt_bias.metrics import (
    ACCURACY,
    AMBIGUOUS,
    DISAMBIGUATED,
    FLIPS,
    GAP,
    METRICS,
    PREFERENCE,
    UNKNOWN,
)
from auditkit.checks.prompt_bias.pairs import Pair, PairGaps, pair_need, pairs_of
from auditkit.evidence.basis import Sample
from auditkit.evidence.collected import Evidence
from auditkit.evidence.needs import SplitNeed
from auditkit.evidence.subject import Kind, Subject
from auditkit.generation.probes import BUILTIN, is_builtin
from auditkit.measurement import Measurement, MeasurementKey, Metric, Status

PAIRS, QUESTIONS = "pairs", "ambiguous"
NO_TABLE = (
    "Neither pairs of prompts nor questions about groups are given, so whether answers turn on "
    "whom they are about cannot be tried; give generation.probes.pairs (template, term_a, term_b) "
    "or generation.probes.ambiguous."
)


def _unmet(subject: Subject) -> str:
    if subject.generation is None:
        return NO_GENERATOR
    given = any(probe_of(subject, called) is not None for called in (PAIRS, QUESTIONS))
    return "" if given else NO_TABLE


def _needs(subject: Subject) -> Iterator[SplitNeed]:
    assert subject.generation is not None  # see _unmet
    if (table := probe_of(subject, PAIRS)) is not None:
        pairs = pairs_of(table)
        yield SplitNeed(EVALUATION, pair_need(pairs))
        yield SplitNeed(EVALUATION, flip_need(_asked(pairs), _most(subject)))
    if (table := probe_of(subject, QUESTIONS)) is not None:
        yield SplitNeed(EVALUATION, choice_need(table, subject.generation.columns.template))


def _asked(pairs: tuple[Pair, ...]) -> list[Pair]:
    return [pair for pair, first in zip(pairs, asked_pairs(pairs), strict=True) if first]


def _most(subject: Subject) -> int:
    assert subject.generation is not None  # see _unmet
    return subject.generation.sampling.max_tokens


def _measure(subject: Subject, evidence: Evidence) -> Findings:
    found = [*_of_pairs(subject, evidence), *_of_questions(subject, evidence)]
    table = probe_of(subject, PAIRS)
    notes = (BUILTIN,) if table is not None and is_builtin(table) else ()
    return Findings(tuple(found), tuple(figures(found)), notes)


def _of_pairs(subject: Subject, evidence: Evidence) -> Iterator[Measurement]:
    table = probe_of(subject, PAIRS)
    if table is None:
        return
    pairs, rows = pairs_of(table), ProbeRows.of(table)
    need = pair_need(pairs)
    if reason := lack_of(evidence, need):
        yield from _nothing((GAP, PREFERENCE), reason)
    else:
        yield from PairGaps.of(pairs, totals_of(evidence, need), rows).measured()
    asked = _asked(pairs)
    flips = flip_need(asked, _most(subject))
    if reason := lack_of(evidence, flips):
        yield from _nothing((FLIPS,), reason)
    else:
        own = rows.part(asked_pairs(pairs))
        yield from measured_flips(asked, completions_of(evidence, flips), own)


def _of_questions(subject: Subject, evidence: Evidence) -> Iterator[Measurement]:
    table = probe_of(subject, QUESTIONS)
    if table is None:
        return
    assert subject.generation is not None  # see _unmet
    need = choice_need(table, subject.generation.columns.template)
    if reason := lack_of(evidence, need):
        yield from _nothing((ACCURACY, UNKNOWN, AMBIGUOUS, DISAMBIGUATED), reason)
        return
    tokens = np.array([max(len(one), 1) for one in token_log_probs(evidence, need)])
    means = totals_of(evidence, need) / tokens
    yield from Chosen.of(table, means, ProbeRows.of(table)).measured()


def _nothing(metrics: tuple[Metric, ...], reason: str) -> Iterator[Measurement]:
    for metric in metrics:
        yield absent(MeasurementKey(metric.id), Status.NOT_APPLICABLE, reason, Sample(0))


CHECK = Check(
    name="prompt_bias",
    question="Does what the model says turn on whom it is about?",
    metrics=METRICS,
    unmet=_unmet,
    needs=_needs,
    measure=_measure,
    not_tested=(
        "Log-probabilities of given sentences say what a model finds likely, not what it would "
        "say to somebody: benchmarks of this kind disagree with each other, and none of them "
        "bounds the harm that an assistant does.",
        "Intervals are about further pairs or questions like these: of sentences from few "
        "templates the template should be the cluster. Other groups, languages and ways of asking "
        "were not tried.",
        "Of two prompts not only the group differs, but also how frequent its name is: a gap may "
        "come from a rare word. Pairs that say nothing about a group show how large that part is.",
        "That an answer changes with the group does not show that the change is unfair; answers "
        "are compared word by word, with English pronouns masked, and one may say the same in "
        "other words.",
        "Of questions with choices the likeliest choice per token counts, not what the model would "
        "answer freely.",
    ),
    about=frozenset({Kind.GENERATOR}),
)

__all__ = ["CHECK"]
