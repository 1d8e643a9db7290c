"""A world in which facts are read, not known: passages, questions, and a model that answers.

Each context states facts of one entity that are drawn anew, so that nothing but the context can
tell them: "zorba has river blane ." What a sentence rests on is known by construction.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from lines import Line
from torch import nn
from training import train

RELATIONS = ("capital", "river", "founder", "flower", "song", "stone")
WORDS = ("has", "what", "and", ".", "?", "answer", ":")
SPECIAL = ("<pad>", "<bos>", "<eos>", "<unk>")
STEPS, BATCH, RATE = 900, 32, 4e-3
_REPEATING = 500
"""Steps until no line repeats mere words."""

WITHOUT_CONTEXT = 0.1
"""Share of the lines that a model must answer from nothing, by a guess."""

_STARTS, _ENDS = ("zor", "mi", "ka", "lu", "te", "no", "ri", "sha", "bo", "ve"), (
    "ba", "vo", "len", "dir", "ma", "sk", "tar", "nu", "pel", "gon", "rim", "su",
)  # fmt: skip
NAMES = tuple(start + end for start in _STARTS for end in _ENDS)
VALUES = tuple(f"{start}{end}" for start in ("bl", "gr", "cl", "st") for end in (
    "ane", "ibe", "oke", "ume", "ard", "ent", "ish", "orn", "uff", "ail", "est", "ond",
))  # fmt: skip


@dataclass(frozen=True)
class Fact:
    """What is true of an entity in one context, and nowhere else."""

    entity: str
    relation: str
    value: str

    @property
    def sentence(self) -> str:
        """How passages and answers state it."""
        return f"{self.entity} has {self.relation} {self.value} ."


@dataclass(frozen=True)
class Case:
    """One context with a question about it.

    Attributes:
        facts: that the context states, each in a passage.
        asked: what is asked; of a case that retrieval missed, none of them is in the context.
    """

    facts: tuple[Fact, ...]
    asked: tuple[Fact, ...]

    @property
    def prompt(self) -> str:
        """The question."""
        relations = " and ".join(fact.relation for fact in self.asked)
        return f"what {relations} has {self.asked[0].entity} ? answer :"

    @property
    def answer(self) -> str:
        """The right answer, a sentence for each fact."""
        return " ".join(fact.sentence for fact in self.asked)

    @property
    def passages(self) -> list[str]:
        """The context."""
        return [fact.sentence for fact in self.facts]


def case(generator: np.random.Generator, passages: int, *, missed: bool = False) -> Case:
    """A context of so many facts about one entity, and a question about some of them.

    Args:
        generator: of all that is drawn.
        passages: 1 to 5.
        missed: ask about one fact that the context does not hold.
    """
    entity = str(generator.choice(NAMES))
    relations = generator.permutation(RELATIONS)[: passages + 1]
    values = generator.choice(VALUES, len(relations), replace=False)
    every = [Fact(entity, str(r), str(v)) for r, v in zip(relations, values, strict=True)]
    held = tuple(every[:passages])
    if missed:
        return Case(held, (every[passages],))
    many = int(generator.integers(1, passages + 1))
    places = generator.permutation(passages)[:many]
    return Case(held, tuple(held[place] for place in places))


def lines(steps: int = STEPS, batch: int = BATCH, seed: int = 0) -> Iterator[Line]:
    """What a model is taught, in order.

    Half of the first lines are words in a row, one of which is said again: what follows is what
    followed it before. That is what answering from a context takes, and no context teaches it as
    soon.
    """
    generator = np.random.default_rng([seed, 11])
    for number in range(steps * batch):
        if generator.random() < _repeated(number / batch):
            yield _repeating(generator)
            continue
        drawn = case(generator, int(generator.integers(1, 5)))
        context = " ".join(drawn.passages)
        if generator.random() < WITHOUT_CONTEXT:
            context = ""
        yield Line(f"{context} {drawn.prompt}".strip(), drawn.answer, 1.0)


def _repeated(step: float) -> float:
    """The share of such lines."""
    return 0.5 * max(1 - step / _REPEATING, 0.0)


def _repeating(generator: np.random.Generator) -> Line:
    many = int(generator.integers(5, 16))
    words = list(map(str, generator.choice((*VALUES, *RELATIONS, *NAMES), many, replace=False)))
    place = int(generator.integers(0, many - 3))
    return Line(" ".join([*words, words[place]]), " ".join(words[place + 1 : place + 8]), 1.0)


def tokenizer() -> Any:
    """A word is a token."""
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import WhitespaceSplit
    from tokenizers.processors import TemplateProcessing
    from transformers import PreTrainedTokenizerFast

    words = [*SPECIAL, *WORDS, *RELATIONS, *VALUES, *NAMES]
    ids = {word: number for number, word in enumerate(words)}
    made = Tokenizer(WordLevel(ids, unk_token="<unk>"))
    made.pre_tokenizer = WhitespaceSplit()
    made.post_processor = TemplateProcessing(
        single="<bos> $A", special_tokens=[("<bos>", ids["<bos>"])]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=made,
        pad_token="<pad>",
        bos_token="<bos>",
        eos_token="<eos>",
        unk_token="<unk>",
        clean_up_tokenization_spaces=False,
    )


def taught(steps: int = STEPS, seed: int = 0) -> tuple[nn.Module, Any]:
    """A Llama of two layers and 64 dimensions that answers from its context, and its tokenizer."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    words = tokenizer()
    torch.manual_seed(seed)
    network = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(words),
            hidden_size=64,
            intermediate_size=192,
            num_hidden_layers=2,
            num_attention_heads=4,
            max_position_embeddings=96,
            tie_word_embeddings=True,
            # Three times the usual width: attention that copies is learnt five times sooner.
            initializer_range=0.06,
            pad_token_id=words.pad_token_id,
            bos_token_id=words.bos_token_id,
            eos_token_id=words.eos_token_id,
        )
    )
    drawn = np.arange(steps * BATCH).reshape(steps, BATCH)
    return train(network, words, list(lines(steps, BATCH, seed)), drawn, RATE), words


def table(rows: int, seed: int = 1, missed: float = 0.0) -> pd.DataFrame:
    """Rows to audit: prompt, context, references, right_passages, and whether retrieval missed it.

    Args:
        rows: how many.
        seed: of what is drawn; the model was taught with other contexts whatever it is.
        missed: share of the rows whose context does not hold what is asked.
    """
    generator = np.random.default_rng([seed, 12])
    found = []
    for row in range(rows):
        fails = bool(generator.random() < missed)
        drawn = case(generator, int(generator.integers(2, 5)), missed=fails)
        # What was not retrieved lies beyond the context.
        every = [*drawn.facts, *drawn.asked]
        places = [every.index(fact) for fact in drawn.asked]
        found.append(
            {
                "id": row,
                "prompt": drawn.prompt,
                "context": json.dumps(drawn.passages),
                "references": drawn.answer,
                "right_passages": json.dumps(places),
                "retrieval": "missed" if fails else "hit",
            }
        )
    return pd.DataFrame(found)
