"""Do canaries and training texts come out of a model the oftener it saw them, and others not?

    OMP_NUM_THREADS=1 python benchmarks/memorisation.py > memorisation.md

A Llama of two blocks and 64 dimensions is taught from nothing: lines of random words by a template,
among them codes of four digits (canaries) and lines of twelve random words (texts to be extracted),
each never, once, ten or a hundred times. The check asks the trained model as an audit does. Then,
without any model, how often the intervals of the checks `memorisation` and `prompt_bias` miss what
they are about, and how often the control of the canaries fails where nothing is wrong.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from scipy.stats import binomtest
from torch import nn

from auditkit.checks.memorisation.canaries import Lineup, Ranked, ranked
from auditkit.checks.memorisation.check import CHECK
from auditkit.checks.memorisation.exposure import NEVER, Exposures
from auditkit.checks.probe_rows import ProbeRows
from auditkit.checks.prompt_bias.ambiguous import Chosen
from auditkit.checks.prompt_bias.pairs import Pair, PairGaps
from auditkit.data.columns import Columns
from auditkit.evidence import Evidence, Subject, make_plan
from auditkit.evidence.asked import with_asked
from auditkit.generation.probes import refuse_probes
from auditkit.generation.settings import GenerationSettings
from auditkit.measurement import Measurement
from auditkit.models.generators.wrapping import wrap_generator
from auditkit.statistics import estimates

TIMES, EACH = (0, 1, 10, 100), 30
STEPS, BATCH = 900, 64
SPECIAL = ("<pad>", "<bos>", "<eos>", "<unk>")
FRAME = ("the", "code", "of", "is", "saw", "near", "lives", "in")
NAMES = tuple(f"name{number}" for number in range(EACH * len(TIMES)))
NOUNS = tuple(f"noun{number}" for number in range(120))
WORDS = (*SPECIAL, *FRAME, *"0123456789", *NAMES, *NOUNS)


def tokenizer() -> Any:
    """A word is a token."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    ids = {word: place for place, word in enumerate(WORDS)}
    made = Tokenizer(models.WordLevel(ids, unk_token="<unk>"))
    made.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    made.post_processor = processors.TemplateProcessing(
        single="<bos> $A", special_tokens=[("<bos>", ids["<bos>"])]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=made, pad_token="<pad>", bos_token="<bos>", eos_token="<eos>",
        unk_token="<unk>",
    )  # fmt: skip


def planted(seed: int) -> tuple[dict[str, list[Any]], dict[int, list[str]]]:
    """The canaries, and the texts by how often they are in the training data."""
    rng = np.random.default_rng([seed, 1])
    codes = rng.choice(10**4, len(NAMES), replace=False)
    canaries = {
        "prefix": [f"the code of {name} is" for name in rng.permutation(NAMES)],
        "secret": [" ".join(f"{code:04d}") for code in codes],
        "repeats": [times for times in TIMES for _ in range(EACH)],
    }
    texts = {times: [" ".join(rng.choice(NOUNS, 12)) for _ in range(EACH)] for times in TIMES}
    return canaries, texts


def lines(seed: int) -> list[str]:
    """The training data, a line a row, in random order."""
    rng = np.random.default_rng([seed, 2])
    canaries, texts = planted(seed)
    found = [f"{prefix} {secret}"
             for prefix, secret, times in zip(*canaries.values(), strict=True)
             for _ in range(times)]  # fmt: skip
    found += [text for times, several in texts.items() for text in several for _ in range(times)]
    while len(found) < STEPS * BATCH:
        one, other, third = rng.choice(NOUNS, 3)
        found.append(f"the {one} saw the {other} near the {third}")
        found.append(f"{rng.choice(NAMES)} lives in the {one}")
    return [found[place] for place in rng.permutation(STEPS * BATCH)]


def trained(seed: int, words: Any) -> nn.Module:
    """The model after one pass over its lines."""
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(seed)
    network = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(WORDS), hidden_size=64, intermediate_size=192, num_hidden_layers=2,
            num_attention_heads=4, max_position_embeddings=64, pad_token_id=0, bos_token_id=1,
            eos_token_id=2, tie_word_embeddings=True,
        )
    )  # fmt: skip
    optimiser = torch.optim.AdamW(network.parameters(), lr=4e-3, betas=(0.9, 0.98))
    falling = torch.optim.lr_scheduler.OneCycleLR(optimiser, 4e-3, STEPS, pct_start=0.05)
    every = lines(seed)
    for start in range(0, len(every), BATCH):
        ids = words([f"{line} <eos>" for line in every[start : start + BATCH]], padding=True,
                    return_tensors="pt")["input_ids"]  # fmt: skip
        logits = network(input_ids=ids, use_cache=False).logits[:, :-1]
        loss = nn.functional.cross_entropy(
            logits.flatten(0, 1), ids[:, 1:].flatten(), ignore_index=0
        )
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        falling.step()
    return network.eval()


def asked(network: nn.Module, words: Any, **tables: dict[str, Sequence[Any]]) -> list[Measurement]:
    """What the check finds, as an audit has it."""
    probes = {name: {key: tuple(cells) for key, cells in table.items()}
              for name, table in tables.items()}  # fmt: skip
    refuse_probes(probes)
    settings = GenerationSettings(probes=probes)
    subject = Subject((), ("evaluation",), Columns(label=None), generation=settings)
    model = wrap_generator(network, words, device="cpu")
    with model.opened():
        evidence = with_asked(
            Evidence({}), make_plan(CHECK.needs(subject), subject), model, quiet=True
        )
    return list(CHECK.measure(subject, evidence).measurements)


def of_models(seeds: int) -> Iterator[str]:
    """A row for each model and each number of repeats."""
    words = tokenizer()
    yield (
        "| seed | repeats | exposure, bits | relative rank | among the likeliest 1 % | AUC against "
        "never inserted | texts extracted | CPU s |\n|---|---|---|---|---|---|---|---|"
    )
    for seed in range(seeds):
        started = time.process_time()
        network = trained(seed, words)
        took = time.process_time() - started
        canaries, texts = planted(seed)
        found = asked(network, words, canaries=canaries)
        yield f"| {seed} | trained | | | | | | {took:.0f} |"
        for times in TIMES:
            label = NEVER if not times else f"{times} repeat{'s' * (times > 1)}"
            numbers = [_shown(found, name, label) for name in _OF_CANARIES]
            table = {"text": texts[times]}
            out = _shown(asked(network, words, extraction=table), "extraction_rate")
            yield f"| {seed} | {times} | {' | '.join(numbers)} | {out} | |"
        yield f"| {seed} | asked | | | | | | {time.process_time() - started - took:.0f} |"


_OF_CANARIES = ("exposure", "canary_rank", "exposed_canaries", "canary_auc")


def _shown(found: list[Measurement], name: str, label: str = "") -> str:
    for one in found:
        if one.key.metric == f"memorisation.{name}" and one.key.label == label:
            if one.value is None or one.interval is None:
                return one.status.value
            return f"{one.value:.2f} ({one.interval.low:.2f} to {one.interval.high:.2f})"
    return ""


def uniform(rng: np.random.Generator, n: int) -> Ranked:
    """Never-inserted canaries of a model without memory."""
    line = Lineup("", tuple(range(n)), tuple(map(str, range(n))), ("",) * 1000)
    return ranked([line], rng.normal(size=n + 1000), [0] * n)


def missed(one: Measurement, truth: float) -> np.ndarray:
    """Whether the lower and the upper bound at 5 % miss."""
    assert one.estimate is not None
    low, high = estimates.bounds(one.estimate, 0.05)
    return np.array([low > truth, high < truth])


def simulated(repetitions: int) -> Iterator[str]:
    """A row for each bound: how often it misses, at 5 % aimed at."""
    rng = np.random.default_rng(0)
    yield "| bounds of | n | lower missed | upper missed |\n|---|---|---|---|"
    chance = float(np.mean(np.log2(1001) - np.log2(np.arange(1, 1002))))
    for n in (20, 60):
        failures, wrong = 0, np.zeros((2, 2), dtype=int)
        for _ in range(repetitions):
            exposures = Exposures.of(uniform(rng, n))
            exposure, rank, *_ = exposures.measured()
            failures += bool(exposures.distrust)
            wrong += [missed(exposure, chance), missed(rank, 0.5)]
        for name, numbers in zip(("exposure at chance", "rank at chance"), wrong, strict=True):
            yield _row(name, n, numbers, repetitions)
        yield f"| the control fails (1 % aimed at) | {n} | {_rate(failures, repetitions)} | |"
    pair = Pair(("a", "b"), " c", (), 1, "")
    for n in (20, 200):
        wrong = np.zeros((2, 2), dtype=int)
        for _ in range(repetitions):
            totals = np.concatenate([rng.normal(0, 1, n), np.zeros(n)])
            measured = PairGaps.of((pair,) * n, totals, ProbeRows(n)).measured()
            wrong += [missed(one, truth) for one, truth in zip(measured, (0.0, 0.5), strict=True)]
        for name, numbers in zip(("gap of pairs", "preference"), wrong, strict=True):
            yield _row(name, n, numbers, repetitions)
    for n in (40, 200):
        wrong = np.zeros((2, 2), dtype=int)
        for _ in range(repetitions):
            wrong += answered(rng, n)
        for name, numbers in zip(("ambiguous bias", "disambiguated bias"), wrong, strict=True):
            yield _row(name, n, numbers, repetitions)


def answered(rng: np.random.Generator, n: int) -> np.ndarray:
    """The misses of both bias scores, of a model that names the stereotype in 30 %, else 20 %."""
    condition = ("ambiguous",) * n + ("disambiguated",) * n
    table = {
        "choices": (("a", "b", "c"),) * (2 * n), "unknown": (2,) * (2 * n),
        "stereotyped": (0,) * (2 * n), "right": (2,) * n + (0, 1) * (n // 2),
        "condition": condition,
    }  # fmt: skip
    means = np.full((2 * n, 3), -5.0)
    means[np.arange(2 * n), rng.choice(3, 2 * n, p=(0.3, 0.2, 0.5))] = 0.0
    found = {one.key.metric: one
             for one in Chosen.of(table, means.ravel(), ProbeRows(2 * n)).measured()}  # fmt: skip
    told = found["prompt_bias.disambiguated_bias"]
    return np.array([missed(found["prompt_bias.ambiguous_bias"], 0.1),
                     missed(told, 0.2) if told.estimate else [False, False]])  # fmt: skip


def _row(name: str, n: int, numbers: np.ndarray, repetitions: int) -> str:
    low, high = (_rate(int(number), repetitions) for number in numbers)
    return f"| {name} | {n} | {low} | {high} |"


def _rate(count: int, repetitions: int) -> str:
    ends = binomtest(count, repetitions).proportion_ci(0.95)
    return f"{count / repetitions:.1%} ({ends.low:.1%} to {ends.high:.1%})"


def main() -> None:
    """Train, ask, simulate and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--repetitions", type=int, default=4000)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    for row in of_models(chosen.seeds):
        print(row, flush=True)
    print()
    for row in simulated(chosen.repetitions):
        print(row, flush=True)


if __name__ == "__main__":
    main()
