"""What a generative model says of what is no row of the data: canaries, pairs, silence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from auditkit.errors import DataError, ModelError
from auditkit.evidence.collected import Evidence
from auditkit.evidence.generation_needs import (
    AskedNeed,
    CompletionNeed,
    LikelihoodNeed,
    PlantedSoundNeed,
)
from auditkit.evidence.plan import Plan
from auditkit.evidence.planted_sounds import PlantedAnswers, planted_answers
from auditkit.evidence.progress import step_bar
from auditkit.models.generators.answer import Answer, Numbers
from auditkit.models.generators.texts import Asked, Prompt
from auditkit.models.generators.wrapped import WrappedGenerator

_AT_ONCE = 64
UNASKABLE = (
    "The model itself is not here, or gives no log-probabilities of given texts: only its answers "
    "are known."
)


@dataclass(frozen=True, eq=False)
class Likelihoods:
    """Of each continuation, the log-probability of each of its tokens, nats."""

    log_probs: tuple[Numbers, ...]


@dataclass(frozen=True, eq=False)
class Completions:
    """How the model went on from each prompt."""

    answers: tuple[Answer, ...]


Said = Likelihoods | Completions | PlantedAnswers


@dataclass(frozen=True)
class NotAsked:
    """Why there is nothing; a full sentence."""

    reason: str


def with_asked(
    evidence: Evidence, plan: Plan, model: WrappedGenerator, *, quiet: bool = False
) -> Evidence:
    """The evidence with what the model says of texts and sounds of the plan, with a progress bar.

    What it cannot be asked has a reason, and costs no more than itself: the answers to all rows are
    there already.

    Args:
        evidence: of all splits.
        plan: whose texts are asked about.
        model: opened.
        quiet: no progress bar.
    """
    needs: tuple[AskedNeed, ...] = (*plan.likelihoods, *plan.completions, *plan.sounds)
    if not needs:
        return evidence
    found: dict[AskedNeed, Said | NotAsked] = {}
    with step_bar("texts asked about", quiet=quiet) as step:
        for done, need in enumerate(needs, start=1):
            try:
                found[need] = _said(need, model, evidence)
            except (ModelError, DataError) as error:  # a text of the user's may be too long
                found[need] = NotAsked(str(error))
            step(done, len(needs), _called(need))
    return replace(evidence, asked=found)


def _called(need: AskedNeed) -> str:
    if isinstance(need, PlantedSoundNeed):
        return f"{need.silences + need.noises:,} sounds"
    return f"{len(need.prompts):,} texts"


def _said(need: AskedNeed, model: WrappedGenerator, evidence: Evidence) -> Said | NotAsked:
    if isinstance(need, PlantedSoundNeed):
        heard = planted_answers(need, evidence, model)
        return NotAsked(heard) if isinstance(heard, str) else heard
    if isinstance(need, LikelihoodNeed):
        return NotAsked(UNASKABLE) if model.decoder is None else _likelihoods(need, model)
    return _completions(need, model) if model.capabilities.present else NotAsked(UNASKABLE)


def _likelihoods(need: LikelihoodNeed, model: WrappedGenerator) -> Likelihoods:
    assert model.decoder is not None  # see _said
    # In the order of their length, so that little is padded.
    order = sorted(
        range(len(need.prompts)), key=lambda i: len(need.prompts[i]) + len(need.continuations[i])
    )
    found: dict[int, Numbers] = {}
    for start in range(0, len(order), _AT_ONCE):
        places = order[start : start + _AT_ONCE]
        scored = model.decoder.score(
            [need.prompts[i] for i in places], [need.continuations[i] for i in places]
        )
        found |= {i: one.numpy() for i, one in zip(places, scored, strict=True)}
    return Likelihoods(tuple(found[i] for i in range(len(order))))


def _completions(need: CompletionNeed, model: WrappedGenerator) -> Completions:
    from auditkit.generation.answering import answered

    asked = Asked(samples=0, max_tokens=need.max_tokens)
    prompts: Sequence[Prompt] = [Prompt(str(i), text) for i, text in enumerate(need.prompts)]
    return Completions(tuple(one.greedy for one in answered(model, prompts, asked)))


__all__ = ["UNASKABLE", "Completions", "Likelihoods", "NotAsked", "Said", "with_asked"]
