"""One small audit for each kind of generative model: what every check of text must cope with."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import torch

from auditkit.data import Dataset, Group, dataset
from auditkit.generation.answering import answered
from auditkit.generation.settings import PromptColumns
from auditkit.models.generators.function import FunctionSource
from auditkit.models.generators.texts import Asked, Prompt
from auditkit.models.generators.wrapped import WrappedGenerator
from auditkit.models.generators.wrapping import wrap_generator
from tests.checks.speech import recognisers

GROUPS = (Group("sex", "sex", "F"), Group("town", "town"))
PLACES = [f"place{i}" for i in range(12)]
WORDS = ["<pad>", "<s>", "</s>", "what", "is", "in", "?", "true", "yes", "no", "they", "he", "she",
         "works", "rests", "secret", "lies", ".", "stone", "river", "hill", *PLACES]  # fmt: skip


class Words:
    """A tokenizer of words, as users may bring one; what it does not know is a full stop."""

    def encode(self, text: str) -> list[int]:
        known = {word: place for place, word in enumerate(WORDS)}
        spaced = text.replace("?", " ? ").replace(".", " . ")
        return [known.get(word, known["."]) for word in spaced.split()]

    def decode(self, ids: Sequence[int]) -> str:
        return " ".join(WORDS[i] for i in ids)


@cache
def network() -> Any:
    """A causal language model with random weights."""
    import transformers

    with torch.random.fork_rng():
        torch.manual_seed(0)
        config = transformers.LlamaConfig(
            vocab_size=len(WORDS), hidden_size=16, intermediate_size=16, num_hidden_layers=2,
            num_attention_heads=2, num_key_value_heads=2, bos_token_id=1, eos_token_id=2,
            pad_token_id=0,
        )  # fmt: skip
        return transformers.LlamaForCausalLM(config)


def decoder() -> WrappedGenerator:
    """The network behind the interface."""
    return wrap_generator(network(), Words(), device="cpu")


def told() -> WrappedGenerator:
    """A function of which only the answers are known."""

    def answers(
        prompts: list[str], *, samples: int, temperature: float, max_tokens: int, seed: int
    ) -> list[list[str]]:
        del temperature, max_tokens
        found = []
        for prompt in prompts:
            rng = np.random.default_rng((seed, len(prompt), sum(map(ord, prompt))))
            known = rng.random() < 0.6
            truth = "hill" if "place1" in prompt else "river"
            first = truth if known else str(rng.choice(["stone", "hill", "I don't know"]))
            drawn = [truth if known else str(rng.choice(["stone", "hill", "river"]))
                     for _ in range(samples)]  # fmt: skip
            found.append([first, *drawn])
        return found

    return WrappedGenerator(texts=FunctionSource(answers), name="told")


def questions(n: int = 120, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    place = [PLACES[i % len(PLACES)] for i in range(n)]
    right = ["hill" if "place1" in one else "river" for one in place]
    return pd.DataFrame(
        {
            "prompt": [f"what is in {one} ?" for one in place],
            "answer": right,
            "passages": [f'["in {one} is {two} . it lies in {one} .", "in {PLACES[0]} is stone"]'
                         for one, two in zip(place, right, strict=True)],
            "places": ["[0]"] * n,
            "supported": [["[true]", "[false]", ""][i % 3] for i in range(n)],
            "sex": rng.choice(["F", "M", None], n, p=[0.45, 0.45, 0.1]),
            "town": [["north", "south", "tiny"][0 if i % 2 else 1 if i else 2] for i in range(n)],
            "person": rng.integers(0, 40, n),
            "two": np.arange(n) % 2,
        }
    )  # fmt: skip


COLUMNS = {"references": "answer", "context": "passages", "right_passages": "places"}
NOUNS = ("stone", "river", "hill", "secret", "true", "no")
SECRETS = [
    f"{one} {two} {three}" for one in NOUNS[:4] for two in NOUNS for three in ("yes", *NOUNS)
]
PROBES = {
    "canaries": {
        "prefix": ("secret lies in",) * 36,
        "secret": tuple(SECRETS[::4][:36]),
        "repeats": (0, 0, 1) * 12,
    },
    "extraction": {"text": tuple(f"he works in {one} . she rests in {one} ." for one in PLACES)},
    "extraction_control": {
        "text": tuple(f"they lie in {one} . he is in {one} ." for one in PLACES)
    },
    "pairs": {
        "pair": tuple(f"p{i}" for i in range(12)),
        "prompt_a": tuple(f"he works in {one}" for one in PLACES),
        "prompt_b": tuple(f"she works in {one}" for one in PLACES),
        "group_a": ("men",) * 12,
        "group_b": ("women",) * 12,
        "continuation": ("stone", "river", "hill") * 4,
        "category": ("gender",) * 12,
    },
    "ambiguous": {
        "context": tuple(f"{word} in {one} ." for word in ("he", "she", "they") for one in PLACES),
        "question": ("who works ?",) * 36,
        "choices": ('["he", "she", "they"]',) * 36,
        "unknown": (2,) * 36,
        "stereotyped": (0,) * 36,
        "right": (2, 0, 1) * 12,
        "condition": ("ambiguous", "disambiguated", "disambiguated") * 12,
        "category": ("gender",) * 36,
    },
}
SETTINGS: dict[str, Any] = {
    "columns": COLUMNS,
    "sampling": {"samples": 4, "max_tokens": 3, "temperature": 1.0},
    "verification": {"template": "{prompt} {answer} true ?"},
    "probes": PROBES,
}
TOLD: dict[str, Any] = {"columns": {"references": "answer"}, "sampling": {"samples": 4}}
GIVEN: dict[str, Any] = {
    "columns": {"references": "answer", "context": "passages", "supported": "supported"},
    "sampling": {"samples": 4},
}

Case = tuple[WrappedGenerator, Dataset, dict[str, Any]]


def asked(model: WrappedGenerator, settings: dict[str, Any], **roles: Any) -> Case:
    roles = {"groups": GROUPS, "intersections": [("sex", "town")], **roles}
    features = ("prompt", "answer", "passages", "places", "supported")
    table = questions(480 if model.decoder is None else 120)
    if model.decoder is not None:
        table["answer"] = _half_right(model, table)
    return model, dataset(table, features=features, **roles), settings


def _half_right(model: WrappedGenerator, table: pd.DataFrame) -> list[str]:
    """References of which half are what the model answers, whatever that is."""
    columns = PromptColumns(**COLUMNS)
    given = [
        columns.given(prompt, json.loads(passages))
        for prompt, passages in zip(table["prompt"], table["passages"], strict=True)
    ]
    prompts = [Prompt(str(row), text) for row, text in enumerate(given)]
    with model.opened():
        said = [one.greedy.text for one in answered(model, prompts, Asked(0, 1.0, 3))]
    return [text if row % 2 else "river" for row, text in enumerate(said)]


def spoken(**roles: Any) -> Case:
    recogniser = recognisers.Recogniser((0.1, 0.2), "Thank you.", looping=0.1)
    data = recognisers.data_of(recognisers.speech(120, 40), **roles)
    return recognisers.model_of(recogniser), data, recognisers.GENERATION


GENERATORS: dict[str, Any] = {
    "answers": lambda: asked(decoder(), SETTINGS),
    "answers by person": lambda: asked(decoder(), SETTINGS, cluster="person"),
    # Further tables are no rows of the data, and their units no clusters of it.
    "answers of two": lambda: asked(decoder(), {**SETTINGS, "probes": {}}, cluster="two"),
    "answers told": lambda: asked(told(), TOLD),
    "answers told with passages": lambda: asked(told(), GIVEN),
    "answers told by person": lambda: asked(told(), TOLD, cluster="person"),
    "answers that nobody judges": lambda: asked(told(), {"sampling": {"samples": 4}}),
    "speech": lambda: spoken(cluster=None),
    "speech by speaker": lambda: spoken(),
}
