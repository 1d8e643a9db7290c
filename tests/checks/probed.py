"""What a check makes of a further table, with a model that is nothing but two functions."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from auditkit.checks import Check, Findings
from auditkit.data.columns import Columns
from auditkit.evidence import Evidence, Subject, make_plan
from auditkit.evidence.aims import Aims
from auditkit.evidence.asked import UNASKABLE, Completions, Likelihoods, NotAsked
from auditkit.generation.probes import refuse_probes
from auditkit.generation.settings import GenerationSettings
from auditkit.models.generators.answer import Answer

Likely = Callable[[str, str], float | None]
Said = Callable[[str], str | Answer]


def subject_of(probes: Mapping[str, Mapping[str, Sequence[Any]]], **known: Any) -> Subject:
    """A generative model asked about tables, which must be sound."""
    tables = {name: {key: tuple(cells) for key, cells in table.items()}
              for name, table in probes.items()}  # fmt: skip
    refuse_probes(tables)
    return Subject(
        (), ("evaluation",), Columns(label=None), generation=GenerationSettings(probes=tables),
        **known,
    )  # fmt: skip


def probed(
    check: Check,
    probes: Mapping[str, Mapping[str, Sequence[Any]]],
    likely: Likely | None = None,
    said: Said | None = None,
    *,
    review: int = 0,
) -> Findings:
    """The findings about a model.

    Args:
        check: which.
        probes: the tables.
        likely: (prompt, continuation) → log-probability; None of a model that gives none.
        said: prompt → answer; None of a model that answers nothing.
        review: how many rows may be listed.
    """
    subject = subject_of(probes, aims=Aims(review=review))
    assert check.unmet(subject) == ""
    plan = make_plan(check.needs(subject), subject)
    asked: dict[Any, Any] = {}
    for need in plan.likelihoods:
        asked[need] = NotAsked(UNASKABLE)
        if likely is not None:
            texts = zip(need.prompts, need.continuations, strict=True)
            asked[need] = Likelihoods(tuple(_tokens(likely(*both)) for both in texts))
    for wanted in plan.completions:
        asked[wanted] = NotAsked("It says nothing.")
        if said is not None:
            asked[wanted] = Completions(tuple(_answer(said(text)) for text in wanted.prompts))
    return check.measure(subject, Evidence({}, asked=asked))


def _tokens(total: float | None) -> np.ndarray:
    """Two tokens, so that a sum is taken; of None no token at all."""
    return np.float32([] if total is None else [total / 2, total / 2])


def _answer(said: str | Answer) -> Answer:
    return said if isinstance(said, Answer) else Answer(said, finished="stop")


def noise(text: str, seed: int = 0) -> float:
    """A standard normal number of a text, the same in every process."""
    digest = hashlib.sha256(f"{seed} {text}".encode()).digest()
    return float(np.random.default_rng(int.from_bytes(digest[:8], "big")).normal())
