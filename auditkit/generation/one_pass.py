"""Everything that an audit hears of a language model, from one reading of each prompt."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

from auditkit.errors import ConfigurationError
from auditkit.generation.answering import Heard, Hearing
from auditkit.generation.decoding import Manner
from auditkit.generation.drawing import Drawn, draw
from auditkit.generation.evidence import GenerationEvidence, Hidden, Question
from auditkit.generation.parts import HIDDEN, LOOKBACK, SAMPLES, VERIFICATION, WITHOUT_CONTEXT
from auditkit.generation.prompt_batches import batches, refuse_lengths
from auditkit.generation.settings import GenerationSettings, Sampling
from auditkit.generation.verifying import Verifier
from auditkit.generation.without_context import without_context
from auditkit.models.generators.answer import Numbers
from auditkit.models.generators.decoder import Decoder
from auditkit.models.generators.texts import Answers, Asked, Prompt


def one_pass(decoder: Decoder, questions: Sequence[Question], how: Hearing) -> Heard:
    """The evidence of some prompts, each read once.

    The prompts of a batch are read, what was read is copied for the greedy answer and the samples
    of each, and all of these go on together. At most `sampling.tokens_at_once` tokens are held at
    a time: (samples + 1) × (longest prompt + max_tokens) × prompts of a batch, with the keys and
    values of each; a long prompt alone gets its samples in turns. Beside them lie the states of
    the greedy rows once more where the model is asked about its answers or samples come in turns,
    and a few numbers for each row and word of the vocabulary.

    What is drawn for a prompt depends on the seed and its key alone, up to rounding: not on the
    other prompts, on the order, or on how many processes share the work.

    Args:
        decoder: watched.
        questions: what is asked.
        how: and what is to be heard.

    Raises:
        DataError: a prompt is empty or too long.
        ConfigurationError: a setting asks for what the model has not.
        ModelError: the model failed.
    """
    sampling, parts = how.settings.sampling, how.parts
    reasons = _unheard(decoder, how)
    hears = {part for part in parts if part not in reasons}
    verifier = None
    if VERIFICATION in hears:
        verifier = Verifier(decoder, how.settings.verification)
        if verifier.lacking:
            reasons[VERIFICATION], verifier = verifier.lacking, None
    contexts = [_context_of(one) for one in questions] if LOOKBACK in hears else []
    encoded = decoder.encode([one.given for one in questions], contexts)
    refuse_lengths(decoder, encoded.lengths, [one.id for one in questions], sampling.max_tokens)
    manner = Manner(
        sampling.samples if SAMPLES in hears else 0,
        sampling.max_tokens,
        sampling.temperature,
        layers_of(decoder, sampling) if HIDDEN in hears else (),
        attention=LOOKBACK in hears,
        parked=verifier is not None and verifier.continues,
    )
    rows: list[GenerationEvidence | None] = [None] * len(questions)
    for batch in batches(encoded, manner.samples, manner.max_tokens, sampling.tokens_at_once):
        asked = [questions[place] for place in batch.places]
        drawn = draw(decoder, batch, [one.key for one in asked], how, manner)
        told = None if verifier is None else verifier.asked(asked, drawn)
        bare = None
        if WITHOUT_CONTEXT in hears:
            bare = without_context(decoder, asked, drawn, how.settings.columns.template)
        for at, place in enumerate(batch.places):
            rows[place] = _evidence(
                asked[at],
                drawn.rows[at],
                verification=None if told is None else told[at],
                without_context=None if bare is None else bare[at],
            )
    return Heard(tuple(row for row in rows if row is not None), reasons)


def decoded(decoder: Decoder, prompts: Sequence[Prompt], asked: Asked) -> Iterator[Answers]:
    """Answers to prompts that are no rows of the data, in order, without anything else heard.

    Args:
        decoder: watched.
        prompts: what is asked; what is drawn depends on the seed and the prompt's id.
        asked: how.

    Raises:
        DataError: a prompt is empty or too long.
        ModelError: the model failed.
    """
    sampling = Sampling(asked.samples, asked.temperature, asked.max_tokens)
    parts = frozenset({SAMPLES}) if asked.samples else frozenset()
    how = Hearing(GenerationSettings(sampling=sampling), parts, asked.seed)
    questions = [
        Question(one.id, key_of(one.id), prompt=one.text, given=one.text) for one in prompts
    ]
    for row in one_pass(decoder, questions, how).rows:
        yield Answers(row.greedy, row.samples)


def key_of(id_: str) -> int:
    """What draws of a prompt are keyed by where it is no row of the data.

    >>> key_of("canary 1") == key_of("canary 1") != key_of("canary 2")
    True
    """
    return int.from_bytes(hashlib.blake2b(id_.encode(), digest_size=8).digest(), "big")


def layers_of(decoder: Decoder, sampling: Sampling) -> tuple[int, ...]:
    """The layers whose hidden states are kept, counted from 0, each once.

    Raises:
        ConfigurationError: the model has no such layer.
    """
    many = decoder.layers
    wanted = sampling.layers or ((many - 1) // 2, many - 1)
    for layer in wanted:
        if not -many <= layer < many:
            raise ConfigurationError(
                f"generation.sampling.layers names layer {layer}; the model has {many}.",
                mend=f"Name some of 0 to {many - 1}, or of -{many} to -1.",
            )
    return tuple(sorted({layer % many for layer in wanted}))


def _unheard(decoder: Decoder, how: Hearing) -> dict[str, str]:
    """What is asked for and cannot be heard of this model → why."""
    lacking = decoder.capabilities.reasons
    found = {HIDDEN: lacking.get("hidden", ""), LOOKBACK: lacking.get("attention", "")}
    if not how.settings.columns.context:
        found[LOOKBACK] = found[WITHOUT_CONTEXT] = "The data give no context."
    if not how.settings.verification.template:
        found[VERIFICATION] = (
            "No template says how the model is asked about its answers "
            "(generation.verification.template)."
        )
    if how.settings.sampling.samples < 1:
        found[SAMPLES] = "No samples are asked for (generation.sampling.samples)."
    return {part: why for part, why in found.items() if why and part in how.parts}


def _context_of(question: Question) -> str:
    """The context as the template was given it."""
    return "\n".join(question.context)


def _evidence(
    question: Question,
    drawn: Drawn,
    verification: float | None,
    without_context: Numbers | None,
) -> GenerationEvidence:
    hidden = {
        layer: Hidden(drawn.prompt[layer], states[0], states[1:])
        for layer, states in drawn.hidden.items()
    }
    return GenerationEvidence(
        question,
        drawn.greedy,
        drawn.samples,
        verification,
        hidden,
        without_context,
        drawn.lookback if question.context else None,
    )


__all__ = ["decoded", "key_of", "layers_of", "one_pass"]
