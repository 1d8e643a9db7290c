"""Which answers are explained, and on what they rest."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from auditkit.evidence.collected import SplitEvidence
from auditkit.evidence.plan import SplitPlan
from auditkit.evidence.progress import step_bar
from auditkit.generation.correctness.judging import outcomes_of
from auditkit.generation.correctness.outcome import Outcome
from auditkit.generation.generations import Generations
from auditkit.generation.settings import GenerationSettings
from auditkit.models.generators.wrapped import WrappedGenerator

UNSEEN = "Only the answers of this model are known, so that nothing says what they rest on."


def with_highlights(
    split: SplitEvidence,
    plan: SplitPlan,
    model: WrappedGenerator,
    settings: GenerationSettings,
    *,
    quiet: bool = False,
) -> SplitEvidence:
    """The evidence with what some answers rest on, with a progress bar.

    Args:
        split: with its generations.
        plan: whose highlights are made.
        model: opened.
        settings: which say what is right.
        quiet: no progress bar.
    """
    if not plan.highlights or split.generations is None:
        return split
    if model.decoder is None:
        return replace(split, highlights=dict.fromkeys(plan.highlights, UNSEEN))
    # Heavy: Captum brings matplotlib.
    from auditkit.generation.explaining import explained_answers

    found = {}
    wrong = outcomes_of(split.generations, settings) == Outcome.WRONG
    with step_bar("answers explained", quiet=quiet) as step:
        for need in plan.highlights:
            rows = chosen_rows(split.generations, wrong, need.count)
            found[need] = explained_answers(
                model.decoder, split.generations, rows, need.method, step
            )
    return replace(split, highlights=found)


def chosen_rows(generations: Generations, wrong: np.ndarray, count: int) -> np.ndarray:
    """Positions of the answers that are explained, int64.

    Half of them are the wrong answers with the lowest mean negative log-likelihood of a token; the
    others are the first of all by their keys, which are random.

    Args:
        generations: n prompts with their answers.
        wrong: which answers are wrong, bool of shape (n,).
        count: how many at most.
    """
    doubt = np.array([_doubt(row.greedy.log_probs) for row in generations.rows])
    sure = [place for place in np.argsort(doubt, kind="stable").tolist() if wrong[place]]
    chosen = dict.fromkeys([*sure[: count // 2], *range(len(generations))])
    return np.array(list(chosen)[:count], dtype=np.int64)


def _doubt(log_probs: np.ndarray | None) -> float:
    return np.inf if log_probs is None or not len(log_probs) else -float(log_probs.mean())


__all__ = ["UNSEEN", "chosen_rows", "with_highlights"]
