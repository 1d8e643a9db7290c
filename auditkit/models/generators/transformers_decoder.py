"""A language model of transformers, causal or sequence-to-sequence, as a `Decoder`."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from auditkit.errors import ModelError
from auditkit.models.generators.blocks import blocks_of, heard_at
from auditkit.models.generators.cached import Reading, refuse_cache
from auditkit.models.generators.codec import Codec
from auditkit.models.generators.decoder import Encoded, Step
from auditkit.models.generators.eager_attention import attention_on, eager, unheard_attention
from auditkit.models.generators.first_words import FirstWords
from auditkit.models.generators.texts_to_score import alike, refuse_read
from auditkit.models.generators.ways import Causal, ThroughEncoder, Way, first_place
from auditkit.models.module_subject import ModuleSubject

LOGITS = 2**27
"""Logits that are held at a time where texts are read: half a GiB in float32, twice."""


class TransformersDecoder:
    """A model of transformers with its tokenizer; see `Decoder`.

    Tested with transformers 4.57 and 5.24, whose caches can be copied, expanded and cut.

    Args:
        module: a causal or sequence-to-sequence model with a language head.
        tokenizer: see `Codec`.
        device: `auto`, `keep`, or the name of a device.
        source: where it came from, for a record.

    Raises:
        ModelError: it is no such model, or the tokenizer lacks something.
    """

    def __init__(
        self, module: nn.Module, tokenizer: Any, device: str = "auto", source: str = ""
    ) -> None:
        self.module = module
        self._subject = ModuleSubject(module, device)
        self.device = self._subject.device
        words = FirstWords.of(module, tokenizer)
        self.ends, self.pad, self.apart = words.ends, words.pad, words.encoded
        first = 0 if words.encoded else first_place(module)
        self.limit = None if words.limit is None else words.limit - first
        self._source = source
        self._words = words
        self._codec = Codec(tokenizer, pad=self.pad, ends=self.ends, left=not words.encoded)
        takes = inspect.signature(_innermost(module).forward).parameters
        self._cache = "cache" if "cache" in takes else "past_key_values"
        self._keeps = "logits_to_keep" in takes
        self._way: Way = (
            ThroughEncoder(module.get_encoder(), list(words.begins))  # type: ignore[operator]
            if words.encoded
            else Causal(placed="position_ids" in takes, first=first)
        )
        vocabulary = getattr(module.config, "vocab_size", None)
        self._vocabulary = vocabulary if isinstance(vocabulary, int) else 2**17
        self._blocks = blocks_of(module, module.config, encoded=words.encoded)
        self.layers = 0 if self._blocks is None else len(self._blocks)
        self.capabilities = self._subject.capabilities
        for part, why in self._lacking().items():
            self.capabilities = self.capabilities.lacking(part, why)

    @contextmanager
    def watched(self) -> Iterator[None]:
        """In eval mode, on its device, frozen; compared with what it was at the end.

        Raises:
            ModelChangedError: parameters or buffers differ.
        """
        # transformers adds hooks of its own, and a note that it did, on the first attention asked
        # for; as the hooks go at the end of a loan, so must the note.
        noted = [(part, _NOTE in vars(part)) for part in self.module.modules()]
        try:
            with self._subject.watched():
                yield
        finally:
            for part, before in noted:
                if not before:
                    vars(part).pop(_NOTE, None)

    def encode(self, prompts: Sequence[str], contexts: Sequence[str] = ()) -> Encoded:
        """Prompts as ids, with what begins a prompt; `contexts` are parts of them to be found."""
        return self._codec.prompts(prompts, contexts)

    def tokens_of(self, text: str) -> list[int]:
        """A continuation as ids, without anything that begins or ends a text."""
        return self._codec.tokens_of(text)

    def text_of(self, ids: Sequence[int]) -> str:
        """The text of an answer's ids, without special tokens."""
        return self._codec.text_of(ids)

    def pieces_of(self, ids: Sequence[int]) -> tuple[str, ...]:
        """The text of each id by itself."""
        return self._codec.pieces_of(ids)

    @torch.no_grad()
    def prefill(
        self, prompts: Encoded, layers: Sequence[int] = (), *, attention: bool = False
    ) -> Step:
        """Read the prompts; one row each.

        Where attention is wanted of a causal model, the last token is read after the others, so
        that the attention of all tokens on all others is never held.
        """
        reading, tokens, seen = self._way.first(self._placed(prompts))
        if attention and not self.apart and tokens.shape[1] > 1:
            step = self._fed(reading, tokens[:, :-1], seen[:, :-1])
            reading, tokens, seen = step.state, tokens[:, -1:], seen[:, -1:]
        return self._fed(reading, tokens, seen, layers, attention=attention)

    @torch.no_grad()
    def step(
        self, state: Any, tokens: Tensor, layers: Sequence[int] = (), *, attention: bool = False
    ) -> Step:
        """Feed tokens to each row, int64 of shape (rows,) or (rows, tokens)."""
        tokens = tokens[:, None] if tokens.dim() == 1 else tokens
        return self._fed(state, tokens, torch.ones_like(tokens), layers, attention=attention)

    def expand(self, state: Any, times: int) -> Any:
        """Each row `times` times, side by side; `state` is used up."""
        return state.expanded(times)

    def select(self, state: Any, rows: Tensor) -> Any:
        """Some of the rows, int64 of shape (chosen,); `state` itself stays usable."""
        return state.selected(rows)

    @torch.no_grad()
    def read(self, prompts: Encoded, continuations: Sequence[Sequence[int]]) -> list[Tensor]:
        """Log-probabilities of given ids after each prompt, in one pass over each of them.

        So many at a time that their logits, of which there is one for each token and word of the
        vocabulary, can be held.

        Raises:
            DataError: a prompt is empty, or too long with what follows it.
        """
        refuse_read(self, prompts.lengths, continuations)
        longest = max(map(len, continuations), default=0)
        told_of = longest + (0 if self._keeps or self.apart else prompts.ids.shape[1])
        many = max(1, LOGITS // max(1, told_of * self._vocabulary))
        found: list[Tensor] = []
        for start in range(0, len(continuations), many):
            rows = range(start, min(start + many, len(continuations)))
            found += self._read(prompts.rows(rows), [continuations[row] for row in rows])
        return found

    def _read(self, prompts: Encoded, continuations: Sequence[Sequence[int]]) -> list[Tensor]:
        longest = max(map(len, continuations))
        if longest == 0:
            return [torch.zeros(0) for _ in continuations]
        ids = torch.full((len(continuations), longest), self.pad, dtype=torch.int64)
        for row, one in enumerate(continuations):
            ids[row, : len(one)] = torch.tensor(one, dtype=torch.int64)
        there = torch.tensor([[len(one)] for one in continuations]) > torch.arange(longest)
        ids, there = ids.to(self.device), there.to(self.device, torch.int64)
        reading, tokens, seen = self._way.first(self._placed(prompts))
        tokens = torch.cat([tokens, ids[:, :-1]], 1)
        given = self._way.arguments(reading, tokens, torch.cat([seen, there[:, :-1]], 1))
        if self._keeps:
            given["logits_to_keep"] = longest
        logits = self._called(**given, use_cache=False).logits[:, -longest:].float()
        found = logits.log_softmax(-1).gather(-1, ids[..., None])[..., 0].cpu()
        return [found[row, : len(one)] for row, one in enumerate(continuations)]

    def score(self, prompts: Sequence[str], continuations: Sequence[str]) -> list[Tensor]:
        """Log-probabilities of each continuation's tokens after its prompt."""
        encoded = self.encode(prompts)
        told = [self.tokens_of(one) for one in continuations]
        lengths = [a + len(b) for a, b in zip(encoded.lengths, told, strict=True)]
        found: list[Tensor] = [torch.zeros(0)] * len(told)
        for rows in alike(lengths):
            parts = self.read(encoded.rows(rows), [told[row] for row in rows])
            for row, part in zip(rows, parts, strict=True):
                found[row] = part
        return found

    def digest(self) -> str:
        """`parameters:…`, of all parameters and buffers, and of the tokenizer.

        A tokenizer that says nothing of itself leaves the model's alone.
        """
        own, tokenizer = self._subject.digest(), self._codec.digest()
        if not tokenizer:
            return own
        return "parameters:" + hashlib.sha256(f"{own} tokenizer:{tokenizer}".encode()).hexdigest()

    def describe(self) -> dict[str, Any]:
        """Class, size, tokenizer, what ends an answer, and what of its settings is not applied."""
        return {
            **self._subject.describe(),
            "source": self._source or None,
            "tokenizer": self._codec.describe(),
            "ends": list(self.ends),
            "limit": self.limit,
            "blocks": self.layers,
            "settings_not_applied": list(self._words.ignored),
        }

    def _lacking(self) -> dict[str, str]:
        """What cannot be done with it → why."""
        name = type(self.module).__name__
        return {
            "hidden": ""
            if self._blocks is not None
            else f"The blocks of {name} were not found: no list of modules in it is as long as its "
            "configuration says.",
            "attention": unheard_attention(self.module),
            "continues": f"The prompt of {name} is read by an encoder, and cannot be added to."
            if self.apart
            else "",
        }

    def _placed(self, prompts: Encoded) -> Encoded:
        return Encoded(prompts.ids.to(self.device), prompts.mask.to(self.device), prompts.spans)

    def _fed(
        self,
        reading: Reading,
        tokens: Tensor,
        seen: Tensor,
        layers: Sequence[int] = (),
        *,
        attention: bool = False,
    ) -> Step:
        """Feed tokens, of which `seen` says which are no padding."""
        given = self._way.arguments(reading, tokens, seen)
        given[self._cache] = reading.cache
        if self._keeps:
            given["logits_to_keep"] = 1
        with heard_at(self._blocks or (), layers) as hidden, eager(self.module, attention):
            found = self._called(**given, use_cache=True, output_attentions=attention)
        state = self._way.after(reading, seen)
        state.cache = getattr(found, self._cache, None)
        if reading.cache is None:
            refuse_cache(state.cache, type(self.module).__name__)
        shares = None
        if attention:
            shares = attention_on(getattr(found, self._way.attentions), state.mask.shape[1])
        return Step(found.logits[:, -1], hidden, shares, state)

    def _called(self, **given: Any) -> Any:
        """What the model returns.

        Raises:
            ModelError: it raised; the message says what it was fed.
        """
        try:
            return self.module(**{name: one for name, one in given.items() if one is not None})
        except Exception as error:  # the module may be the user's code: it may raise anything
            fed = given.get("input_ids", given.get("decoder_input_ids"))
            said = (str(error).strip().splitlines() or ["no message"])[0]
            raise ModelError(
                f"The model {type(self.module).__name__} could not take tokens of shape "
                f"{tuple(fed.shape) if isinstance(fed, Tensor) else '?'} "
                f"({type(error).__name__}: {said}).",
                mend="Look whether the tokenizer is this model's own; where memory is short, lower "
                "generation.sampling.tokens_at_once.",
            ) from error


_NOTE = "_output_capturing_hooks_installed"


def _innermost(module: Any) -> Any:
    """The model of transformers itself, below what compiled it or added adapters."""
    module = getattr(module, "_orig_mod", module)
    base = getattr(module, "get_base_model", None)
    return base() if callable(base) else module


__all__ = ["TransformersDecoder"]
