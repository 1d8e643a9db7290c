"""Texts to token ids and back, whatever kind of tokenizer there is."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import torch

from auditkit.errors import ModelError
from auditkit.models.generators.decoder import Encoded


class Codec:
    """A tokenizer: one of transformers, one of the `tokenizers` library, or any with encode/decode.

    Args:
        tokenizer: `encode(text)` gives ids, or an object with `ids`; `decode(ids)` a text.
        pad: id of the padding.
        ends: ids that end an answer. A causal model's prompt does not end with one, though some
            tokenizers add it to every text.
        left: the padding stands before the prompt, and the prompt goes on into the answer.

    Raises:
        ModelError: it has no `encode` and `decode`.
    """

    def __init__(self, tokenizer: Any, *, pad: int, ends: Sequence[int], left: bool) -> None:
        lacking = [name for name in ("encode", "decode") if not hasattr(tokenizer, name)]
        if lacking:
            raise ModelError(
                f"The tokenizer, a {type(tokenizer).__name__}, has no {lacking[0]}.",
                mend="Give a tokenizer of transformers, or an object with encode(text) -> ids and "
                "decode(ids) -> text.",
            )
        self._tokenizer = tokenizer
        self._pad = pad
        self._ends = frozenset(ends)
        self._left = left
        # Only those of transformers take arguments, and put tokens around a text.
        self._special = hasattr(tokenizer, "all_special_ids")
        self._pieces: dict[int, str] = {}

    def prompts(self, texts: Sequence[str], contexts: Sequence[str] = ()) -> Encoded:
        """Prompts as ids, padded; where the context of each one stands."""
        rows = [self._prompt(text) for text in texts]
        longest = max(map(len, rows), default=0)
        ids = torch.full((len(rows), longest), self._pad, dtype=torch.int64)
        mask = torch.zeros_like(ids)
        spans = []
        for place, row in enumerate(rows):
            start = longest - len(row) if self._left else 0
            ids[place, start : start + len(row)] = torch.tensor(row, dtype=torch.int64)
            mask[place, start : start + len(row)] = 1
            first, last = self._span(texts[place], row, contexts[place]) if contexts else (0, 0)
            spans.append((first + start, last + start) if last > first else (0, 0))
        return Encoded(ids, mask, tuple(spans))

    def tokens_of(self, text: str) -> list[int]:
        """The ids of a text by itself, without those that begin or end it."""
        return self._ids(text, special=False)

    def text_of(self, ids: Sequence[int]) -> str:
        """The text of ids, without special tokens and the spaces around it."""
        return self._decoded([one for one in ids if one not in self._ends], hidden=True).strip()

    def pieces_of(self, ids: Sequence[int]) -> tuple[str, ...]:
        """The text of each id by itself."""
        for one in ids:
            if one not in self._pieces:
                self._pieces[one] = self._decoded([one], hidden=False)
        return tuple(self._pieces[one] for one in ids)

    def digest(self) -> str:
        """sha256 of what the tokenizer says of itself; "" where it says nothing that lasts."""
        plain = self._plain()
        return "" if plain is None else hashlib.sha256(plain.encode()).hexdigest()

    def describe(self) -> dict[str, Any]:
        """Class and digest."""
        return {"class": type(self._tokenizer).__qualname__, "sha256": self.digest() or None}

    def _prompt(self, text: str) -> list[int]:
        ids = self._ids(text, special=True)
        while (
            self._left
            and len(ids) > 1
            and ids[-1] in self._ends
            and not self._written(text, ids[-1])
        ):
            ids = ids[:-1]
        return ids

    def _written(self, text: str, token: int) -> bool:
        """Whether the text itself ends with a token, so that the tokenizer did not add it."""
        return bool(piece := self.pieces_of([token])[0].strip()) and text.rstrip().endswith(piece)

    def _span(self, text: str, ids: list[int], context: str) -> tuple[int, int]:
        """The tokens between those that are the same without, and those with the context."""
        start = text.find(context) if context else -1
        if start < 0:
            return 0, 0
        before = shared_start(ids, self._ids(text[:start], special=True))
        return before, shared_start(ids, self._ids(text[: start + len(context)], special=True))

    def _ids(self, text: str, *, special: bool) -> list[int]:
        """Ids of a text; with what the tokenizer puts around it if `special`."""
        if self._special or hasattr(self._tokenizer, "encode_batch"):
            found = self._tokenizer.encode(text, add_special_tokens=special)
        else:
            found = self._tokenizer.encode(text)
        try:
            return [int(one) for one in getattr(found, "ids", found)]
        except (TypeError, ValueError) as error:
            raise ModelError(
                f"The tokenizer, a {type(self._tokenizer).__name__}, encodes a text as a "
                f"{type(found).__name__}; expected a list of whole numbers.",
                mend="Let encode(text) return the ids.",
            ) from error

    def _decoded(self, ids: list[int], *, hidden: bool) -> str:
        if self._special:
            return str(
                self._tokenizer.decode(
                    ids, skip_special_tokens=hidden, clean_up_tokenization_spaces=False
                )
            )
        if hasattr(self._tokenizer, "encode_batch"):
            return str(self._tokenizer.decode(ids, skip_special_tokens=hidden))
        return str(self._tokenizer.decode(ids))

    def _plain(self) -> str | None:
        """All that decides how texts become ids, as one text."""
        backend = getattr(self._tokenizer, "backend_tokenizer", self._tokenizer)
        if callable(written := getattr(backend, "to_str", None)):
            plain = str(written())
            # Those of transformers set these two at each call, as they are asked to.
            return _without(plain, ("truncation", "padding")) if self._special else plain
        if callable(vocabulary := getattr(self._tokenizer, "get_vocab", None)):
            found = vocabulary()
            if isinstance(found, Mapping):
                return json.dumps([type(self._tokenizer).__qualname__, sorted(found.items())])
        return None


def _without(plain: str, passing: tuple[str, ...]) -> str:
    """A JSON object without some of its keys."""
    return json.dumps({key: one for key, one in json.loads(plain).items() if key not in passing})


def shared_start(one: Sequence[int], other: Sequence[int]) -> int:
    """How many ids two lists have in common from their beginning on.

    >>> shared_start([4, 5, 6], [4, 5, 7, 8])
    2
    """
    pairs = enumerate(zip(one, other, strict=False))
    return next((place for place, (a, b) in pairs if a != b), min(len(one), len(other)))


__all__ = ["Codec", "shared_start"]
