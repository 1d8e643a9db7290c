"""Rows that are read to the end of their prompts, continued token by token until all have ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from auditkit.generation.said import Said
from auditkit.models.generators.decoder import Decoder, Step

_CROWDED = 0.75  # from this share of living rows on, the ended ones stay and are fed padding


@dataclass(frozen=True)
class Manner:
    """How rows are continued, and what is heard of them.

    Attributes:
        samples: how many answers are drawn beside the greedy one.
        max_tokens: a row is cut after so many.
        temperature: of rows that are drawn.
        layers: whose hidden states are kept.
        attention: the share of attention on the context is kept.
        parked: states of the greedy rows are kept as they end.
    """

    samples: int
    max_tokens: int
    temperature: float = 1.0
    layers: tuple[int, ...] = ()
    attention: bool = False
    parked: bool = False


@dataclass(eq=False)
class Parked:
    """A state of rows that ended together: all their tokens are read but the one that ended them.

    Attributes:
        rows: which ones.
        state: see `Decoder`.
    """

    rows: list[int]
    state: Any


@dataclass(eq=False)
class Trace:
    """What was heard of n rows; everything lies on the model's device until it is asked for.

    Attributes:
        tokens: int64 of shape (n, tokens).
        log_probs, entropies, certainties: of the tokens, float32 of the same shape.
        lookback: share of attention on the context, of the same shape; None where not heard.
        lengths: tokens of each row, with the one that ended it, int64 of shape (n,).
        stopped: whether the row ended by itself, shape (n,).
        hidden: layer → states of the last token before the end, shape (n, width).
        parked: see `Manner`.
    """

    tokens: Tensor
    log_probs: Tensor
    entropies: Tensor
    certainties: Tensor
    lookback: Tensor | None
    lengths: Tensor
    stopped: Tensor
    hidden: dict[int, Tensor] = field(default_factory=dict)
    parked: list[Parked] = field(default_factory=list)

    @classmethod
    def empty(cls, n: int, manner: Manner, device: torch.device) -> Trace:
        """Nothing heard yet of n rows."""
        numbers = torch.zeros((4, n, manner.max_tokens), device=device)
        return cls(
            torch.zeros((n, manner.max_tokens), dtype=torch.int64, device=device),
            numbers[0],
            numbers[1],
            numbers[2],
            numbers[3] if manner.attention else None,
            torch.zeros(n, dtype=torch.int64, device=device),
            torch.zeros(n, dtype=torch.bool, device=device),
        )


class _Run:
    """The rows still in the batch, and what becomes of them.

    Attributes:
        place: of each row in the batch, which row it was at the beginning.
        alive: whether it has not ended.
    """

    def __init__(
        self, decoder: Decoder, step: Step, manner: Manner, uniforms: Tensor, context: Tensor
    ) -> None:
        self.step = step
        self.alive = torch.ones(len(uniforms), dtype=torch.bool, device=uniforms.device)
        self.place = torch.arange(len(uniforms), device=uniforms.device)
        self.trace = Trace.empty(len(uniforms), manner, uniforms.device)
        self._decoder = decoder
        self._manner = manner
        self._uniforms = uniforms
        self._greedy = uniforms[:, 0].isnan()
        self._context = context
        self._ends = torch.tensor(decoder.ends, dtype=torch.int64, device=uniforms.device)

    def take(self, time: int) -> Tensor:
        """Choose a token for each row, and note what was said of it; int64 of shape (rows,)."""
        said = Said.of(self.step.logits)
        chosen = said.taken(self._uniforms[self.place, time], self._manner.temperature)
        trace, rows, at = self.trace, self.alive.nonzero().flatten(), self.place[self.alive]
        trace.tokens[at, time] = chosen[rows]
        trace.log_probs[at, time] = said.log_probs[rows, chosen[rows]]
        trace.entropies[at, time] = said.entropies[rows]
        trace.certainties[at, time] = said.certainties[rows]
        trace.lengths[at] = time + 1
        if trace.lookback is not None and self.step.attention is not None:
            shares = self.step.attention
            context = self._context[self.place, : shares.shape[1]]
            trace.lookback[at, time] = (shares[:, : context.shape[1]] * context).sum(1)[rows]
        return chosen

    def end(self, ended: Tensor) -> None:
        """Rows of the batch that end here keep what was heard of their last token."""
        self._keep(ended)
        self.trace.stopped[self.place[ended]] = True
        self.alive &= ~ended

    def ended(self, chosen: Tensor) -> Tensor:
        """Which rows of the batch end with the tokens chosen."""
        return self.alive & torch.isin(chosen, self._ends)

    def go_on(self, chosen: Tensor) -> None:
        """Feed the tokens; rows that ended leave the batch where there are many of them."""
        if float(self.alive.float().mean()) < _CROWDED:
            chosen = self._leave(chosen)
        fed = torch.where(self.alive, chosen, self._decoder.pad)
        self.step = self._decoder.step(
            self.step.state, fed, self._manner.layers, attention=self._manner.attention
        )

    def cut(self, chosen: Tensor) -> None:
        """Rows that are cut: their last token is read where something is heard of it."""
        if not (self._manner.layers or (self._manner.parked and self._greedy.any())):
            return
        if not self._manner.layers:
            self.alive &= self._greedy[self.place]
            if not self.alive.any():
                return
        chosen = self._leave(chosen)
        self.step = self._decoder.step(self.step.state, chosen, self._manner.layers)
        self._keep(self.alive)

    def _leave(self, chosen: Tensor) -> Tensor:
        """Only living rows stay in the batch."""
        if bool(self.alive.all()):
            return chosen
        rows = self.alive.nonzero().flatten()
        self.step = Step(self.step.logits, state=self._decoder.select(self.step.state, rows))
        self.place, self.alive = self.place[rows], self.alive[rows]
        return chosen[rows]

    def _keep(self, ended: Tensor) -> None:
        rows = ended.nonzero().flatten()
        if not len(rows):
            return
        at = self.place[rows]
        for layer, states in self.step.hidden.items():
            if layer not in self.trace.hidden:
                shape = (len(self.trace.lengths), states.shape[1])
                self.trace.hidden[layer] = states.new_zeros(shape)
            self.trace.hidden[layer][at] = states[rows]
        greedy = rows[self._greedy[at]]
        if self._manner.parked and len(greedy):
            state = self._decoder.select(self.step.state, greedy)
            self.trace.parked.append(Parked(self.place[greedy].tolist(), state))


def decode(
    decoder: Decoder, step: Step, manner: Manner, uniforms: Tensor, spans: Sequence[tuple[int, int]]
) -> Trace:
    """Continue rows until all of them have ended.

    Args:
        decoder: watched.
        step: what was said at the end of the prompts; its state is used up.
        manner: how.
        uniforms: of each row and token the number that decides what is drawn, NaN for greedy rows;
            float64 of shape (rows, `manner.max_tokens`).
        spans: of each row, the tokens of its context.

    Returns:
        What was heard of each row.
    """
    run = _Run(decoder, step, manner, uniforms, _context(spans, uniforms.device))
    for time in range(manner.max_tokens):
        chosen = run.take(time)
        if bool((ended := run.ended(chosen)).any()):
            run.end(ended)
            if not bool(run.alive.any()):
                break
        if time + 1 == manner.max_tokens:
            run.cut(chosen)
        else:
            run.go_on(chosen)
    return run.trace


def _context(spans: Sequence[tuple[int, int]], device: torch.device) -> Tensor:
    """1 where a token is of the context, float32 of shape (rows, tokens up to the last such)."""
    bounds = torch.tensor(spans, dtype=torch.int64).reshape(-1, 2)
    places = torch.arange(int(bounds[:, 1].max()) if len(bounds) else 0)
    inside = (places >= bounds[:, :1]) & (places < bounds[:, 1:])
    return inside.float().to(device)


__all__ = ["Manner", "Parked", "Trace", "decode"]
