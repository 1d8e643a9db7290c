"""What a language model offers to whoever generates with it: a prefill, steps, and its tokenizer.

A `Decoder` knows nothing of samples and scores. `auditkit.generation` drives it: one prefill, the
state expanded to all samples, then step by step.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from auditkit.models.subject import Capabilities


@dataclass(frozen=True, eq=False)
class Encoded:
    """Prompts as token ids, padded to one length: on the left, or as the model needs it.

    Attributes:
        ids: int64 of shape (prompts, tokens).
        mask: 1 where `ids` is no padding, int64 of the same shape.
        spans: of each prompt, the tokens (start, end) that hold its context, counted with the
            padding; (0, 0) where it has none, or it is not known where it stands.
    """

    ids: Tensor
    mask: Tensor
    spans: tuple[tuple[int, int], ...] = ()

    @property
    def lengths(self) -> list[int]:
        """Tokens of each prompt, without the padding."""
        found: list[int] = self.mask.sum(1).tolist()
        return found

    def rows(self, chosen: Sequence[int]) -> Encoded:
        """Some of the prompts, with no more padding than these need."""
        rows = torch.as_tensor(chosen, dtype=torch.int64)
        used = self.mask[rows].any(0).nonzero().flatten().tolist()
        start, end = (used[0], used[-1] + 1) if used else (0, 0)
        spans = tuple((max(a - start, 0), max(b - start, 0)) for a, b in self.spans)
        return Encoded(
            self.ids[rows, start:end],
            self.mask[rows, start:end],
            tuple(spans[row] for row in chosen) if spans else (),
        )


@dataclass(eq=False)
class Step:
    """What the model says of the next token of each row.

    Attributes:
        logits: shape (rows, vocabulary).
        hidden: layer → hidden state of the last token, shape (rows, width), for the layers that
            were asked for. Layer 0 is the first block's output, -1 the last block's.
        attention: share of the last token's attention that lies on each token so far, the mean
            over heads and layers, shape (rows, tokens); None where it was not asked for, or the
            model does not give it.
        state: cache and whatever else the model needs to go on; its own business.
    """

    logits: Tensor
    hidden: Mapping[int, Tensor] = field(default_factory=dict)
    attention: Tensor | None = None
    state: Any = None


class Decoder(Protocol):
    """A language model, causal or sequence-to-sequence, with its tokenizer.

    Used inside `watched` and without gradients, except `module`, which attributions differentiate.

    Attributes:
        module: the model.
        device: where tensors go.
        layers: how many blocks there are (of the decoder).
        ends: ids of the tokens that end an answer.
        pad: id to feed where a row has ended.
        limit: the most tokens of a prompt and its answer together, or, where `apart`, of each of
            them; None where there is no limit.
        apart: prompt and answer have places of their own, as in an encoder and a decoder.
        capabilities: beyond generating; `reasons` says under `hidden`, `attention`, `continues`
            (a state can be fed further text) what it cannot do.
    """

    module: nn.Module
    device: torch.device
    layers: int
    ends: tuple[int, ...]
    pad: int
    limit: int | None
    apart: bool
    capabilities: Capabilities

    def watched(self) -> AbstractContextManager[None]:
        """In eval mode, on its device, frozen; compared with what it was at the end."""
        ...

    def encode(self, prompts: Sequence[str], contexts: Sequence[str] = ()) -> Encoded:
        """Prompts as ids, with what begins a prompt; `contexts` are parts of them to be found.

        On the CPU. A prompt may have no token at all.
        """
        ...

    def tokens_of(self, text: str) -> list[int]:
        """A continuation as ids, without anything that begins or ends a text."""
        ...

    def text_of(self, ids: Sequence[int]) -> str:
        """The text of an answer's ids, without special tokens."""
        ...

    def pieces_of(self, ids: Sequence[int]) -> tuple[str, ...]:
        """The text of each id by itself."""
        ...

    def prefill(
        self, prompts: Encoded, layers: Sequence[int] = (), *, attention: bool = False
    ) -> Step:
        """Read the prompts; one row each."""
        ...

    def step(
        self, state: Any, tokens: Tensor, layers: Sequence[int] = (), *, attention: bool = False
    ) -> Step:
        """Feed tokens to each row, int64 of shape (rows,) or (rows, tokens); `state` is used up.

        What is said is of the last of them.
        """
        ...

    def expand(self, state: Any, times: int) -> Any:
        """Each row `times` times, side by side; `state` is used up."""
        ...

    def select(self, state: Any, rows: Tensor) -> Any:
        """Some of the rows, int64 of shape (chosen,); `state` itself stays usable."""
        ...

    def read(self, prompts: Encoded, continuations: Sequence[Sequence[int]]) -> list[Tensor]:
        """Log-probabilities of given ids after each prompt, in one pass over each of them.

        Returns:
            float32 of shape (ids,) each, nats, on the CPU.

        Raises:
            DataError: a prompt is empty, or too long with what follows it.
        """
        ...

    def score(self, prompts: Sequence[str], continuations: Sequence[str]) -> list[Tensor]:
        """Log-probabilities of each continuation's tokens after its prompt, without what ends it.

        In one pass over each text; float32 of shape (tokens,) each, on the CPU. In batches of
        texts of like length.
        """
        ...

    def digest(self) -> str:
        """`parameters:…`, of all parameters and buffers, and of the tokenizer."""
        ...

    def describe(self) -> dict[str, Any]:
        """JSON-able facts."""
        ...


__all__ = ["Decoder", "Encoded", "Step"]
