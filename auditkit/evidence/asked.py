"""What a generative model says of texts that are no rows of the data: canaries, pairs, prefixes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from auditkit.errors import ModelError
from auditkit.evidence.collected import Evidence
from auditkit.evidence.generation_needs import AskedNeed, CompletionNeed, LikelihoodNeed
from auditkit.evidence.plan import Plan
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


Said = Likelihoods | Completions


@dataclass(frozen=True)
class NotAsked:
    """Why there is nothing; a full sentence."""

    reason: str


def with_asked(
    evidence: Evidence, plan: Plan, model: WrappedGenerator, *, quiet: bool = False
) -> Evidence:
    """The evidence with what the model says of the texts that the plan names, with a progress bar.

    Args:
        evidence: of all splits.
        plan: whose texts are asked about.
        model: opened.
        quiet: no progress bar.
    """
    needs: tuple[AskedNeed, ...] = (*plan.likelihoods, *plan.completions)
    if not needs:
        return evidence
    found: dict[AskedNeed, Said | NotAsked] = {}
    with step_bar("texts asked about", quiet=quiet) as step:
        for done, need in enumerate(needs, start=1):
            try:
                found[need] = _said(need, model)
            except ModelError as error:
                found[need] = NotAsked(str(error))
            step(done, len(needs), f"{len(need.prompts):,} texts")
    return replace(evidence, asked=found)


def _said(need: AskedNeed, model: WrappedGenerator) -> Said | NotAsked:
    if isinstance(need, LikelihoodNeed):
        return NotAsked(UNASKABLE) if model.decoder is None else _likelihoods(need, model)
    return _completions(need, model)


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
