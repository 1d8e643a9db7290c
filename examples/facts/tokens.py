"""The tokenizer of a world: a word is a token."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from wording import DIGITS, WORDS
from worlds import RELATIONS, World, name_tokens, value_tokens

SPECIAL = ("<pad>", "<bos>", "<eos>", "<unk>")


def vocabulary(world: World) -> list[str]:
    """All tokens, in the order of their ids."""
    return [*SPECIAL, *WORDS, *RELATIONS, *DIGITS, *name_tokens(world), *value_tokens()]


def tokenizer(world: World) -> Any:
    """A `PreTrainedTokenizerFast` that splits at spaces, and begins every text with `<bos>`."""
    return of_words(vocabulary(world)[len(SPECIAL) :])


def of_words(words: Sequence[str]) -> Any:
    """The same, of any words."""
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import WhitespaceSplit
    from tokenizers.processors import TemplateProcessing
    from transformers import PreTrainedTokenizerFast

    ids = {token: number for number, token in enumerate([*SPECIAL, *words])}
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
