"""Everything that an audit hears of a language model, from one reading of each prompt."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

from auditkit.generation.audible import Audible
from auditkit.generation.drawing import Drawn, draw
from auditkit.generation.evidence import GenerationEvidence, Hidden, Question
from auditkit.generation.hearing import Heard, Hearing
from auditkit.generation.parts import SAMPLES
from auditkit.generation.prompt_batches import PromptBatch, batches, refuse_lengths
from auditkit.generation.settings import GenerationSettings, Sampling
from auditkit.generation.without_context import without_context
from auditkit.models.generators.answer import Numbers
from auditkit.models.generators.decoder import Decoder
from auditkit.models.generators.texts import Answers, Asked, Prompt


def one_pass(decoder: Decoder, questions: Sequence[Question], how: Hearing) -> Heard:
    """The evidence of some prompts, each read once.

    The prompts of a batch are read, what was read is copied for the greedy answer and the samples
    of each, and all of these go on together. At most `sampling.tokens_at_once` tokens are held at
    a time, each with its keys and values: (samples + 1) × (longest prompt + max_tokens) × prompts
    of a batch. A long prompt alone gets its samples in turns, and may go beyond only where two rows
    of it do. Beside them lie, once more, the states of the greedy rows where the model is asked
    about its answers and of the prompts where samples come in turns; and six numbers of four bytes
    for each row and word of the vocabulary.

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
    heard = Audible.of(decoder, how)
    # The template was given the passages with line breaks between them.
    contexts = ["\n".join(one.context) for one in questions] if heard.manner.attention else []
    encoded = decoder.encode([one.given for one in questions], contexts)
    refuse_lengths(decoder, encoded.lengths, [one.id for one in questions], heard.further)
    rows: dict[int, GenerationEvidence] = {}
    manner, at_once = heard.manner, how.settings.sampling.tokens_at_once
    for batch in batches(encoded, manner.samples, manner.max_tokens, at_once):
        asked = [questions[place] for place in batch.places]
        rows.update(zip(batch.places, _of_batch(decoder, batch, asked, how, heard), strict=True))
    return Heard(tuple(rows[place] for place in range(len(questions))), heard.reasons)


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


def _of_batch(
    decoder: Decoder, batch: PromptBatch, asked: list[Question], how: Hearing, heard: Audible
) -> Iterator[GenerationEvidence]:
    """What is heard of each prompt of a batch, in its order."""
    drawn = draw(decoder, batch, [one.key for one in asked], how, heard.manner)
    told = None if heard.verifier is None else heard.verifier.asked(asked, drawn)
    bare = None
    if heard.without_context:
        bare = without_context(decoder, asked, drawn, how.settings.columns.template)
    for at, question in enumerate(asked):
        yield _evidence(
            question,
            drawn.rows[at],
            verification=None if told is None else told[at],
            without_context=None if bare is None else bare[at],
        )


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
        drawn.lookback,
    )


__all__ = ["decoded", "key_of", "one_pass"]
