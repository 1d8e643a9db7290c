"""What a score needs, and the sentence that says of how many prompts it is not there.

A score is of all prompts or of none: a ranking without the prompts that lack something would be of
other prompts than the ranking beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from auditkit.generation.evidence import GenerationEvidence
from auditkit.generation.parts import SAMPLES
from auditkit.generation.scores.score import Material
from auditkit.models.generators.answer import Answer

WORDS = {
    "log_probs": "log-probabilities",
    "entropies": "entropies",
    "certainties": "divergences from the uniform distribution",
}


def lacking(
    material: Material, part: str, what: str, has: Callable[[GenerationEvidence], bool]
) -> str:
    """Why a score cannot be had, a full sentence; "" where every prompt has what it needs.

    Args:
        material: what is scored.
        part: under which the evidence keeps the reason, if what lacks could not be heard at all.
        what: lacks, in words: "no samples".
        has: whether a prompt has it.
    """
    rows = material.generations.rows
    without = sum(not has(row) for row in rows)
    if without == len(rows) and (reason := material.generations.reasons.get(part)):
        return reason
    return said_of(without, len(rows), what) if without or not rows else ""


def without_numbers(material: Material, name: str) -> str:
    """The same of the numbers that the model gave to the tokens of each greedy answer.

    Args:
        material: what is scored.
        name: `log_probs`, `entropies` or `certainties`.
    """
    return lacking(
        material, name, f"no {WORDS[name]} of their answer", lambda row: _has(row.greedy, name)
    ) or _infinite(material, name, lambda row: (row.greedy,))


def without_sampled_numbers(material: Material, least: int) -> str:
    """The same of the log-probabilities of at least some samples of each prompt."""
    return (
        without_samples(material, least)
        or lacking(
            material,
            "log_probs",
            f"a sample without {WORDS['log_probs']}",
            lambda row: all(_has(one, "log_probs") for one in row.samples),
        )
        or _infinite(material, "log_probs", lambda row: row.samples)
    )


def without_samples(material: Material, least: int) -> str:
    """The same of at least some samples of each prompt."""
    what = "no samples" if least == 1 else f"fewer than {least} samples"
    return lacking(material, SAMPLES, what, lambda row: len(row.samples) >= least)


def without_classes(material: Material, least: int) -> str:
    """The same of at least some samples of each prompt, sorted by their meaning."""
    reason = without_samples(material, least)
    if not reason and material.classes is None:
        return "The answers were not sorted into classes of one meaning."
    return reason


def said_of(some: int, all_of_them: int, what: str) -> str:
    """A sentence on how many prompts have something, or lack it.

    Example:
        >>> said_of(3, 400, "no samples")
        'Of 400 prompts 3 have no samples.'
        >>> said_of(400, 400, "no samples")
        'None of 400 prompts has samples.'
        >>> said_of(0, 0, "no samples")
        'There are no prompts.'
    """
    if not all_of_them:
        return "There are no prompts."
    if some == all_of_them and what.startswith("no "):
        lacking_all = what.removeprefix("no ").replace("their", "its")
        return f"None of {all_of_them:,} prompts has {lacking_all}."
    return f"Of {all_of_them:,} prompts {some:,} {'has' if some == 1 else 'have'} {what}."


def _has(answer: Answer, name: str) -> bool:
    numbers = getattr(answer, name)
    return numbers is not None and len(numbers) > 0


def _infinite(
    material: Material, name: str, answers: Callable[[GenerationEvidence], Iterable[Answer]]
) -> str:
    """That some numbers are not finite; asked of all at once, as nearly always none is."""
    rows = material.generations.rows
    every = [getattr(one, name) for row in rows for one in answers(row)]
    if np.isfinite(np.concatenate(every)).all():
        return ""
    bad = sum(
        not all(np.isfinite(getattr(one, name)).all() for one in answers(row)) for row in rows
    )
    return said_of(bad, len(rows), f"{WORDS[name]} that are not finite")


__all__ = [
    "WORDS",
    "lacking",
    "said_of",
    "without_classes",
    "without_numbers",
    "without_sampled_numbers",
    "without_samples",
]
