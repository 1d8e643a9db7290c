"""The greedy answer and the samples of each prompt of a batch, from one reading of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from auditkit.generation.decoding import Manner, Parked, Trace, decode
from auditkit.generation.equivalence.forms import FORMS
from auditkit.generation.evidence import Vector
from auditkit.generation.hearing import Hearing
from auditkit.generation.prompt_batches import PromptBatch
from auditkit.generation.said import uniforms
from auditkit.models.generators.answer import Answer, Numbers
from auditkit.models.generators.decoder import Decoder, Step

_AGREEING = 3  # so many samples that say the same as the greedy answer are enough


@dataclass(eq=False)
class Drawn:
    """What was answered to one prompt.

    Attributes:
        answers: the greedy one first.
        prompt: layer → hidden state of the prompt's last token, float16 of shape (width,).
        states: layer → the hidden state at the end of each answer, float16 of shape (width,) each.
        lookback: of the greedy answer; None where not heard.
    """

    answers: list[Answer] = field(default_factory=list)
    prompt: dict[int, Vector] = field(default_factory=dict)
    states: dict[int, list[Vector]] = field(default_factory=dict)
    lookback: Numbers | None = None

    @property
    def greedy(self) -> Answer:
        """The answer that a user would get."""
        return self.answers[0]

    @property
    def samples(self) -> tuple[Answer, ...]:
        """The answers drawn."""
        return tuple(self.answers[1:])

    @property
    def hidden(self) -> dict[int, Vector]:
        """Layer → states of the answers, shape (answers, width)."""
        return {layer: np.stack(states) for layer, states in self.states.items()}


@dataclass(eq=False)
class DrawnBatch:
    """What was answered to the prompts of a batch.

    Attributes:
        rows: one for each prompt.
        parked: states at the ends of greedy answers, by places in `rows`.
    """

    rows: list[Drawn]
    parked: list[Parked]


def draw(
    decoder: Decoder, batch: PromptBatch, keys: Sequence[int], how: Hearing, manner: Manner
) -> DrawnBatch:
    """Read the prompts of a batch once, and answer each of them greedily and by samples.

    Args:
        decoder: watched.
        batch: the prompts.
        keys: what the draws of each prompt depend on.
        how: with the settings.
        manner: how rows are continued.
    """
    step = decoder.prefill(batch.prompts, manner.layers, attention=manner.attention)
    found = DrawnBatch([Drawn() for _ in keys], [])
    for layer, states in step.hidden.items():
        for row, state in zip(found.rows, _half(states), strict=True):
            row.prompt[layer] = state
    numbers = np.stack([uniforms(how.seed, one, manner.samples, manner.max_tokens) for one in keys])
    desk = _Desk(decoder, batch, manner, numbers, found)
    pending, adaptive = list(range(len(keys))), how.settings.sampling.adaptive
    for turn in _turns(manner.samples, batch.turn, adaptive=adaptive):
        if adaptive and turn.start == _AGREEING:
            pending = [row for row in pending if not _agrees(found.rows[row], how)]
        if not pending:
            break
        lent = step
        if turn.stop < manner.samples or len(pending) < len(keys):
            lent = _some(decoder, step, torch.tensor(pending, device=step.logits.device))
        desk.answer(lent, pending, turn)
    return found


def _turns(samples: int, at_once: int, *, adaptive: bool) -> Iterator[range]:
    """Which samples are drawn together; the greedy answer goes with the first of them."""
    start = 0
    while True:
        stop = min(samples, start + at_once)
        if adaptive and start < _AGREEING:
            stop = min(stop, _AGREEING)
        yield range(start, stop)
        if stop >= samples:
            return
        start = stop


def _some(decoder: Decoder, step: Step, rows: Tensor) -> Step:
    """Some rows of a step, which stays usable."""
    shares = None if step.attention is None else step.attention[rows]
    hidden = {layer: states[rows] for layer, states in step.hidden.items()}
    return Step(step.logits[rows], hidden, shares, decoder.select(step.state, rows))


@dataclass(frozen=True, eq=False)
class _Desk:
    """Where the answers to the prompts of a batch are put together.

    Attributes:
        numbers: what decides on the draws, float64 of shape (prompts, samples, tokens).
        found: what is filled.
    """

    decoder: Decoder
    batch: PromptBatch
    manner: Manner
    numbers: NDArray[np.float64]
    found: DrawnBatch

    def answer(self, step: Step, pending: list[int], turn: range) -> None:
        """Answer some prompts once for each sample of a turn, and greedily in the first one.

        Args:
            step: at the end of these prompts; used up.
            pending: places of the prompts.
            turn: which samples.
        """
        greedy = turn.start == 0
        times = len(turn) + greedy
        device = step.logits.device
        spans = [self.batch.prompts.spans[row] for row in pending for _ in range(times)]
        wide = _wide(self.decoder, step, times)
        numbers = self._numbers(pending, turn, greedy).to(device)
        trace = decode(self.decoder, wide, self.manner, numbers, spans)
        for at, answer, states, shares in _read_off(self.decoder, trace):
            row = self.found.rows[pending[at // times]]
            row.answers.append(answer)
            for layer, state in states.items():
                row.states.setdefault(layer, []).append(state)
            if greedy and at % times == 0 and spans[at][1] > spans[at][0]:
                row.lookback = shares
        self.found.parked += [
            Parked([pending[row // times] for row in one.rows], one.state) for one in trace.parked
        ]

    def _numbers(self, pending: list[int], turn: range, greedy: bool) -> Tensor:
        """Those of the rows of a turn, NaN of greedy ones, shape (rows, tokens)."""
        drawn = self.numbers[pending, turn.start : turn.stop]
        if greedy:
            none = np.full((len(pending), 1, self.manner.max_tokens), np.nan)
            drawn = np.concatenate([none, drawn], 1)
        return torch.from_numpy(drawn.reshape(-1, self.manner.max_tokens))


def _wide(decoder: Decoder, step: Step, times: int) -> Step:
    """Each row of a step so many times, side by side; the step is used up."""
    return Step(
        step.logits.repeat_interleave(times, 0),
        {layer: states.repeat_interleave(times, 0) for layer, states in step.hidden.items()},
        None if step.attention is None else step.attention.repeat_interleave(times, 0),
        decoder.expand(step.state, times),
    )


def _read_off(
    decoder: Decoder, trace: Trace
) -> Iterator[tuple[int, Answer, dict[int, Vector], Numbers | None]]:
    """Each row's place, answer, hidden states at its end, and attention on the context.

    What is kept are copies: a part of an array would keep the whole of it, which has
    `Manner.max_tokens` places for each row however short the answers are.
    """
    tokens = trace.tokens.to(torch.int32).cpu().numpy()
    told = [one.cpu().numpy() for one in (trace.log_probs, trace.entropies, trace.certainties)]
    shares = None if trace.lookback is None else trace.lookback.cpu().numpy()
    hidden = {layer: _half(states) for layer, states in trace.hidden.items()}
    ends = zip(trace.lengths.tolist(), trace.stopped.tolist(), strict=True)
    for at, (length, stopped) in enumerate(ends):
        ids = tokens[at, :length].tolist()
        answer = Answer(
            decoder.text_of(ids),
            tokens[at, :length].copy(),
            decoder.pieces_of(ids),
            told[0][at, :length].copy(),
            told[1][at, :length].copy(),
            told[2][at, :length].copy(),
            "stop" if stopped else "length",
        )
        states = {layer: one[at] for layer, one in hidden.items()}
        yield at, answer, states, None if shares is None else shares[at, :length].copy()


def _half(states: Tensor) -> NDArray[np.float16]:
    """As float16, within what it can hold."""
    most = torch.finfo(torch.float16).max
    found: NDArray[np.float16] = states.clamp(-most, most).half().cpu().numpy()
    return found


def _agrees(drawn: Drawn, how: Hearing) -> bool:
    """Whether all samples so far say the same as the greedy answer, by the form of their texts."""
    matching = how.settings.equivalence
    form, _ = FORMS.get(matching.kind, FORMS["normalised"])(matching)
    return len({form(one.text) for one in drawn.answers}) == 1


__all__ = ["Drawn", "DrawnBatch", "draw"]
