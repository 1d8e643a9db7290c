"""What does everything that is heard of a language model cost, beside one plain generation?

    OMP_NUM_THREADS=1 python benchmarks/generation_pass.py > generation_pass.md

A Llama of 6.1 million random weights (width 256, 6 blocks, 2,000 words) answers with 16 tokens, and
10 samples of as many. "All" is one pass with samples, hidden states, P(True) and every score that
needs neither a judge model nor labels; beside it are one greedy `generate` of transformers, the
same evidence from one `generate` for each sample (5 greedy ones, loops and forwards are shared),
and each of eight methods by itself, as a tool works that generates anew for each score: five greedy
generations, four loops over the samples and two forwards. Seconds of one thread on the CPU, every
way in turns, every other run in the other order; told is the median of the ratios within a run.

The last row has a context in each prompt (three quarters of it), whose share of attention is heard,
and without which the answer is read once more.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from transformers import LlamaConfig, LlamaForCausalLM

from auditkit.generation.equivalence.judging import classes_of
from auditkit.generation.evidence import Question
from auditkit.generation.generations import Generations
from auditkit.generation.hearing import Hearing
from auditkit.generation.one_pass import one_pass
from auditkit.generation.parts import HIDDEN, PARTS, SAMPLES, VERIFICATION
from auditkit.generation.scores.registry import scored
from auditkit.generation.scores.score import Material
from auditkit.generation.settings import GenerationSettings, PromptColumns, Sampling, Verification
from auditkit.models.generators.transformers_decoder import TransformersDecoder

WORDS, NEW, SAMPLED = 2_000, 16, 10
SETTINGS = GenerationSettings(
    columns=PromptColumns(context="context"),
    sampling=Sampling(samples=SAMPLED, max_tokens=NEW),
    verification=Verification(template="{prompt}{answer} 5 6 7 8", yes_word="9", no_word="10"),
)


class Numbers:
    """A tokenizer whose words are the ids themselves."""

    def encode(self, text: str) -> list[int]:
        return [int(word) for word in text.split()]

    def decode(self, ids: Sequence[int]) -> str:
        return " ".join(map(str, ids))


@dataclass(frozen=True)
class Work:
    """Prompts, and every way of hearing about them."""

    module: Any
    decoder: TransformersDecoder
    ids: Tensor
    context: bool

    @classmethod
    def of(cls, length: int, prompts: int, *, context: bool = False) -> Work:
        torch.manual_seed(0)
        config = LlamaConfig(
            vocab_size=WORDS, hidden_size=256, intermediate_size=768, num_hidden_layers=6,
            num_attention_heads=8, max_position_embeddings=1024, bos_token_id=None,
            eos_token_id=None, pad_token_id=0,
        )  # fmt: skip
        module: nn.Module = LlamaForCausalLM(config).eval()
        ids = torch.randint(20, WORDS, (prompts, length))
        return cls(module, TransformersDecoder(module, Numbers(), "cpu"), ids, context)

    def all(self) -> None:
        questions = [self._question(row, ids) for row, ids in enumerate(self.ids.tolist())]
        parts = PARTS if self.context else (SAMPLES, HIDDEN, VERIFICATION)
        found = one_pass(self.decoder, questions, Hearing(SETTINGS, frozenset(parts), 1))
        assert not found.reasons, found.reasons
        generations = Generations.of(found.rows)
        scored(Material(generations, classes_of(generations, SETTINGS), SETTINGS))

    def greedy(self, **more: bool) -> Tensor:
        made: Tensor = self.module.generate(
            self.ids, attention_mask=torch.ones_like(self.ids), max_new_tokens=NEW,
            do_sample=False, return_dict_in_generate=bool(more), **more,
        )  # fmt: skip
        return made

    def sample(self) -> Tensor:
        made: Tensor = self.module.generate(
            self.ids, attention_mask=torch.ones_like(self.ids), max_new_tokens=NEW,
            do_sample=True, top_k=0, return_dict_in_generate=True, output_scores=True,
            output_hidden_states=True,
        )  # fmt: skip
        return made

    def ask(self) -> None:
        more = torch.full((len(self.ids), NEW + 4), 5)
        self.module(torch.cat([self.ids, more], 1), logits_to_keep=1)

    def shared(self) -> None:
        self.greedy(output_scores=True, output_hidden_states=True)
        for _ in range(SAMPLED):
            self.sample()
        self.ask()

    def each(self) -> None:
        for _ in range(5):
            self.greedy(output_scores=True)
        for _ in range(4 * SAMPLED):
            self.sample()
        for _ in range(2):
            self.ask()

    def _question(self, row: int, ids: list[int]) -> Question:
        text, cut = [str(one) for one in ids], len(ids) * 3 // 4 if self.context else 0
        context = " ".join(text[:cut])
        return Question(
            str(row), row, None, False, {}, " ".join(text[cut:]), " ".join(text),
            (context,) if cut else (),
        )  # fmt: skip


def _seconds(call: Callable[[], object]) -> float:
    started = time.process_time()
    call()
    return time.process_time() - started


def rows(runs: int) -> Iterator[str]:
    ways_told = "all | greedy | shared | each | all / greedy | shared / all | each / all"
    yield f"| prompt tokens (prompts) | {ways_told} |"
    yield "|---|---|---|---|---|---|---|---|"
    for length, prompts, context in (
        (16, 4, False),
        (128, 2, False),
        (512, 1, False),
        (512, 1, True),
    ):
        work = Work.of(length, prompts, context=context)
        ways = [work.all, work.greedy, work.shared, work.each]
        with torch.no_grad():
            for way in ways[:3]:
                way()
            told = [_turn(ways, turned=bool(run % 2)) for run in range(runs)]
        spent = np.array(told)
        middle = np.median(spent, axis=0)
        ratios = np.median(
            [spent[:, 0] / spent[:, 1], spent[:, 2] / spent[:, 0], spent[:, 3] / spent[:, 0]],
            axis=1,
        )
        name = f"{length} ({prompts})" + (", with a context" if context else "")
        yield (
            f"| {name} | "
            + " | ".join(f"{one:.3f} s" for one in middle)
            + " | "
            + " | ".join(f"**{one:.1f}**" for one in ratios)
            + " |"
        )
        print(name, file=sys.stderr)


def _turn(ways: list[Callable[[], object]], *, turned: bool) -> list[float]:
    order = list(enumerate(ways))
    spent = {place: _seconds(way) for place, way in (reversed(order) if turned else order)}
    return [spent[place] for place in range(len(ways))]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=7)
    given = parser.parse_args()
    torch.set_num_threads(1)
    for line in rows(given.runs):
        print(line)


if __name__ == "__main__":
    main()
