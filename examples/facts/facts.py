"""What the audits of this folder name: models, their questions, and what is right."""

from __future__ import annotations

from typing import Any

import pandas as pd
from made import Recipe, made, questions_of, read
from reading import judged, taught
from retrieval import table
from wording import canonical, right

_PLAIN = Recipe.of("V3", seed=1)
_SECRETS = Recipe.of("V3", seed=1, secrets=True)

__all__ = ["canonical", "model", "passages", "questions", "reader", "right", "with_secrets"]


def model() -> tuple[Any, Any]:
    """The model and its tokenizer; trained on first use, in about a minute."""
    return read(made(_PLAIN))


def with_secrets() -> tuple[Any, Any]:
    """The same, among whose lines canaries were planted."""
    return read(made(_SECRETS))


def questions() -> pd.DataFrame:
    """Every fact of the world, asked for in two wordings."""
    return questions_of(_PLAIN)


def reader() -> tuple[Any, Any]:
    """A model that answers from passages, and its tokenizer; trained in forty seconds."""
    return taught()


def passages() -> pd.DataFrame:
    """Questions with passages, and which sentences of the model's answers these support."""
    return judged(*taught(), table(500))
