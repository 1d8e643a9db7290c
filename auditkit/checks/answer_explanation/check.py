"""On which words of prompt and context do answers rest, and does that stand a test?

A highlight that says nothing looks as convincing as one that does. So each is tested: without the
words that are said to matter most, the answer must become less likely than without as many others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from auditkit.checks.answer_explanation.figures import highlighted
from auditkit.checks.answer_rows import AnswerRows, answer_rows
from auditkit.checks.check import EVALUATION, Check, Findings
from auditkit.checks.estimation import MIN_KEPT, absent, estimated, telling, undefined
from auditkit.evidence.basis import Sample
from auditkit.evidence.collected import Evidence
from auditkit.evidence.generation_needs import GenerationNeed, HighlightNeed
from auditkit.evidence.needs import SplitNeed
from auditkit.evidence.row_estimates import mean_of, share_of
from auditkit.evidence.subject import Kind, Subject
from auditkit.generation.highlight import Highlight
from auditkit.measurement import Direction, Estimate, Measurement, MeasurementKey, Metric, Status

NEED = HighlightNeed(count=100)
_SOURCE = "Samek et al. 2017 (region perturbation); DeYoung et al. 2020 (comprehensiveness)"

METRICS = (
    Metric(
        id="answer_explanation.held",
        title="Highlights that stood their test",
        definition="Share of the explained answers whose log-probability falls further without the "
        "fifth of the tokens given that is said to matter most than without as many random ones, "
        "the mean of eight draws; .5 says nothing.",
        unit="share",
        direction=Direction.HIGHER,
        low=0,
        high=1,
        source=_SOURCE,
    ),
    Metric(
        id="answer_explanation.gain",
        title="What the highlighted words carry",
        definition="By how much further the log-probability of an answer falls without the fifth "
        "of the tokens given that is said to matter most than without as many random ones, the "
        "mean over the explained answers.",
        unit="nats",
        direction=Direction.HIGHER,
        source=_SOURCE,
    ),
)


def _unmet(subject: Subject) -> str:
    if subject.generation is not None and subject.generation.columns.spoken:
        return "What is spoken has no words that could be taken away."
    return "" if subject.differentiable else subject.reasons.get("differentiable", _UNSEEN)


_UNSEEN = "Only the answers of this model are known, not what they rest on."


def _needs(subject: Subject) -> Iterator[SplitNeed]:
    del subject  # every generator that is here can be asked
    yield SplitNeed(EVALUATION, GenerationNeed())
    yield SplitNeed(EVALUATION, NEED)


def _measure(subject: Subject, evidence: Evidence) -> Findings:
    found = evidence[EVALUATION].highlights[NEED]
    rows = answer_rows(subject, evidence, EVALUATION)
    if isinstance(found, str) or isinstance(rows, str):
        return Findings(tuple(_nothing(found if isinstance(found, str) else str(rows))))
    tested = [one for one in found if one.tested]
    explained = rows.part(np.array([one.row for one in tested], dtype=np.int64))
    figures = highlighted(found, rows, subject.aims.review)
    return Findings(tuple(_numbers(tested, explained, len(found))), figures)


def _numbers(tested: list[Highlight], explained: AnswerRows, of: int) -> Iterator[Measurement]:
    held = np.array([one.held for one in tested], dtype=bool)
    gain = np.array([one.drop - one.random_drop for one in tested])
    chosen = "Up to half of them are the wrong answers that the model was surest of."
    short = of - len(tested)
    left = f" {short:,} prompts were too short to be tested." if short else ""
    sample, reason = explained.sample, f"{chosen}{left}"
    for name, number, values in (("held", share_of, held), ("gain", mean_of, gain)):
        made = partial(_enough, number, values, explained)
        yield estimated(_key(name), made, sample, reason)


def _enough(
    number: Callable[[np.ndarray, AnswerRows], Estimate], values: np.ndarray, rows: AnswerRows
) -> Estimate:
    """A number about five answers at least.

    Raises:
        NoEstimateError: there are fewer, or none.
    """
    if not len(rows):
        raise undefined("No prompt was long enough to be tested by taking words away.")
    if len(rows) < MIN_KEPT:
        raise telling("There are too few answers whose highlights could be tested")
    return number(values, rows)


def _key(name: str) -> MeasurementKey:
    return MeasurementKey(f"answer_explanation.{name}", split=EVALUATION)


def _nothing(reason: str) -> Iterator[Measurement]:
    for name in ("held", "gain"):
        yield absent(_key(name), Status.NOT_APPLICABLE, reason, Sample(0))


CHECK = Check(
    name="answer_explanation",
    question="On which words of prompt and context do answers rest, and does that stand a test?",
    metrics=METRICS,
    unmet=_unmet,
    needs=_needs,
    measure=_measure,
    not_tested=(
        "A highlight says on which words the probability of an answer hangs, not whether the "
        "answer is true.",
        "Some answers were explained, wrong ones first: the share of highlights that stood their "
        "test is of these, and of no others.",
        "Every row counts alike, whatever weight is declared.",
        "Words are taken away one set at a time, by the mean embedding of the vocabulary, which no "
        "text of the model's training looked like.",
    ),
    about=frozenset({Kind.GENERATOR}),
)
