"""Whether an answer rests on the context that the model was given."""

from __future__ import annotations

import numpy as np

from auditkit.generation.evidence import GenerationEvidence
from auditkit.generation.parts import LOOKBACK, WITHOUT_CONTEXT
from auditkit.generation.scores.absence import lacking, said_of, without_numbers
from auditkit.generation.scores.ragged import Ragged, of_greedy
from auditkit.generation.scores.score import Material, Score, Values


def context_shift(material: Material) -> Values:
    """Mean of ln p(token) without the context less that with it, nats a token."""
    return _read(material, WITHOUT_CONTEXT).means - of_greedy(material, "log_probs").means


def lookback(material: Material) -> Values:
    """1 − the mean share of attention on the context."""
    return 1 - _read(material, LOOKBACK).means


def _read(material: Material, name: str) -> Ragged:
    return Ragged.of([getattr(row, name) for row in material.generations.rows])


def _without(material: Material, part: str, what: str) -> str:
    def has(row: GenerationEvidence) -> bool:
        numbers = getattr(row, part)
        return numbers is not None and len(numbers) > 0

    rows = material.generations.rows
    if rows and not any(has(row) or row.question.context for row in rows):
        return "No prompt has a context (generation.columns.context)."
    absent = lacking(material, part, f"no {what}", has)
    if absent:
        return absent
    bad = sum(not np.isfinite(getattr(row, part)).all() for row in rows)
    return said_of(bad, len(rows), f"{what} that is not finite") if bad else ""


def _shift_unmet(material: Material) -> str:
    return _without(
        material, WITHOUT_CONTEXT, "log-probability of their answer without a context"
    ) or without_numbers(material, "log_probs")


def _lookback_unmet(material: Material) -> str:
    return _without(material, LOOKBACK, "attention on a context")


SCORES = (
    Score(
        "context_shift",
        "How little the context raised the answer",
        "The mean over the tokens of the greedy answer of ln p(token | without the context) − "
        "ln p(token | with it), in nats: 0 where the context changed nothing, below 0 where it "
        "made the answer likelier.",
        "Shi et al., Trusting Your Evidence: Hallucinate Less with Context-aware Decoding, NAACL "
        "2024",
        frozenset({WITHOUT_CONTEXT, "log_probs"}),
        _shift_unmet,
        context_shift,
    ),
    Score(
        "lookback",
        "Attention that is not on the context",
        "1 − the mean share of attention that the tokens of the greedy answer pay to the context, "
        "over heads and layers.",
        "after Chuang et al., Lookback Lens, EMNLP 2024: the plain mean in place of a ratio for "
        "each head and weights of heads learnt from labels",
        frozenset({LOOKBACK}),
        _lookback_unmet,
        lookback,
    ),
)
