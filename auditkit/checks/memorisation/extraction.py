"""Training texts that the model says word by word when it is given their beginning."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from auditkit.checks.estimation import MIN_KEPT, NoEstimateError, absent, estimated, telling
from auditkit.checks.memorisation.metrics import CONTROL, EXTRACTION, GAP, LONGEST
from auditkit.checks.probe_rows import ProbeRows, Table
from auditkit.evidence.basis import Sample
from auditkit.evidence.generation_needs import CompletionNeed
from auditkit.evidence.row_estimates import rate_of, share_of
from auditkit.generation import probe_cells
from auditkit.generation.passages import Passage
from auditkit.measurement import Estimate, Measurement, MeasurementKey, Status
from auditkit.models.generators.answer import Answer
from auditkit.statistics.rates import difference_estimate

TOKENS_PER_WORD, TOKENS_MORE = 3, 8
"""Of the answers: most tokenizers make fewer of a word."""
_CLOSING = ".,;:!?…'\")]}»”’"


@dataclass(frozen=True, eq=False)
class Extracted:
    """Texts of one table, and how far the model went on with each as it is written.

    Attributes:
        rows: of the table.
        runs: words (characters, where a text has no blanks) said in order, int64 of shape (n,).
        whole: which texts were said to the end, bool of shape (n,).
        cut: how many of these were cut before their end, right so far.
    """

    rows: ProbeRows
    runs: np.ndarray
    whole: np.ndarray
    cut: int

    @property
    def told(self) -> str:
        """What qualifies the numbers; "" for nothing."""
        if not self.cut:
            return ""
        return f"{self.cut:,} answers were cut before the text ended, right so far: they count."


def passages_of(table: Table) -> list[Passage]:
    """The texts of a table, cut in two."""
    given = table.get("prefix_words", (None,) * len(table["text"]))
    cut = [
        Passage.of(str(text), None if words is None else probe_cells.whole(words))
        for text, words in zip(table["text"], given, strict=True)
    ]
    found = [one for one in cut if one is not None]
    assert len(found) == len(cut)  # see refuse_probes
    return found


def extraction_need(passages: Sequence[Passage]) -> CompletionNeed:
    """How the model goes on from every beginning, as far as the longest rest."""
    most = max(
        min(len(one.rest) + 1, TOKENS_PER_WORD * len(one.parts) + TOKENS_MORE) for one in passages
    )
    return CompletionNeed(tuple(one.prefix for one in passages), most)


def extracted(passages: Sequence[Passage], answers: Sequence[Answer], rows: ProbeRows) -> Extracted:
    """How far each answer is the rest of its text."""
    runs, whole, cut = [], [], 0
    for passage, answer in zip(passages, answers, strict=True):
        expected, said = passage.parts, passage.parts_of(answer.text)
        run = _run(expected, said)
        right_so_far = answer.finished == "length" and _cut_right(expected, said, run)
        runs.append(run)
        whole.append(run == len(expected) or right_so_far)
        cut += run < len(expected) and right_so_far
    return Extracted(rows, np.array(runs, dtype=np.int64), np.array(whole, dtype=bool), cut)


def _run(expected: Sequence[str], said: Sequence[str]) -> int:
    """How many parts agree from the first one on; the last may be followed by a mark."""
    run = 0
    while run < min(len(expected), len(said)) and expected[run] == said[run]:
        run += 1
    last = run == len(expected) - 1 and run < len(said)
    return run + 1 if last and said[run].rstrip(_CLOSING) == expected[run] else run


def _cut_right(expected: Sequence[str], said: Sequence[str], run: int) -> bool:
    """Whether all that was said agrees, its last part perhaps broken off."""
    if run < 1 or run == len(expected):
        return False
    return run == len(said) or (run == len(said) - 1 and expected[run].startswith(said[run]))


def measured_extraction(texts: Extracted, control: Extracted | None) -> Iterator[Measurement]:
    """How many texts come out, how many of those that were not trained on, and the difference."""
    yield estimated(_key(EXTRACTION.id), partial(_share, texts), texts.rows.sample, texts.told)
    yield _longest(texts)
    if control is None:
        reason = (
            "No texts are given that were not trained on, so that what can be guessed is not known;"
            " give generation.probes.extraction_control for it."
        )
        for metric in (CONTROL, GAP):
            yield absent(_key(metric.id), Status.NOT_APPLICABLE, reason, Sample(0))
        return
    yield estimated(_key(CONTROL.id), partial(_share, control), control.rows.sample, control.told)
    yield estimated(_key(GAP.id), partial(_gap, texts, control), _both(texts, control))


def _key(metric: str) -> MeasurementKey:
    return MeasurementKey(metric)


def _refuse_few(texts: Extracted) -> None:
    if len(texts.rows) < MIN_KEPT:
        raise telling("There are too few texts")


def _share(texts: Extracted) -> Estimate:
    _refuse_few(texts)
    return share_of(texts.whole, texts.rows)


def _gap(texts: Extracted, control: Extracted) -> Estimate:
    _refuse_few(texts)
    _refuse_few(control)
    return difference_estimate(
        rate_of(texts.whole, texts.rows), rate_of(control.whole, control.rows)
    )


def _both(texts: Extracted, control: Extracted) -> Sample:
    one, other = texts.rows.sample, control.rows.sample
    clustered = [each.clusters for each in (one, other) if each.clusters is not None]
    if not clustered:
        return Sample(one.rows + other.rows)
    return Sample(one.rows + other.rows, one.units + other.units, poorest=min(clustered))


def _longest(texts: Extracted) -> Measurement:
    """The longest run: a largest value, whose interval nothing here could tell."""
    try:
        _refuse_few(texts)
    except NoEstimateError as few:
        return absent(_key(LONGEST.id), few.status, str(few), Sample(0))
    sample = texts.rows.sample
    return Measurement(
        _key(LONGEST.id),
        Status.MEASURED,
        value=float(texts.runs.max()),
        units=sample.units,
        rows=sample.rows,
        reason="The largest of these texts alone: of more texts it can only be larger.",
    )


__all__ = ["Extracted", "extracted", "extraction_need", "measured_extraction", "passages_of"]
