"""Answers mean the same where each entails the other: a classifier of inference judges."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import torch

from auditkit.errors import ConfigurationError
from auditkit.generation.equivalence.clusters import Pair, Verdict
from auditkit.generation.equivalence.local_models import (
    AT_ONCE,
    LocalModel,
    configured,
    local_model,
    on_device,
)

_SETTING = "generation.equivalence.folder"


class EntailmentJudge:
    """Both directions must entail (Farquhar et al. 2024), each answer read with its prompt before.

    The second direction is asked only where the first entails. What was judged is remembered.

    Args:
        folder: of a sequence classifier one of whose classes is called entailment.

    Raises:
        ConfigurationError: no such class, or the folder cannot be read.
    """

    words = "each entails the other, by a classifier of inference"

    def __init__(self, folder: str) -> None:
        self._model: LocalModel = local_model(
            folder, "AutoModelForSequenceClassification", _SETTING
        )
        self._entails = entailment_class(self._model.network.config.id2label, folder)
        self._known: dict[Pair, Verdict] = {}

    def judge(self, pairs: Sequence[Pair]) -> list[Verdict]:
        """One verdict for each pair."""
        new = [pair for pair in dict.fromkeys(pairs) if pair not in self._known]
        there = self._directed([(_read(one, one.first), _read(one, one.second)) for one in new])
        open_ = [pair for pair, (entails, _) in zip(new, there, strict=True) if entails]
        back = self._directed([(_read(one, one.second), _read(one, one.first)) for one in open_])
        returned = dict(zip(open_, back, strict=True))
        for pair, (_, cut) in zip(new, there, strict=True):
            both, cut_too = returned.get(pair, (False, False))
            self._known[pair] = Verdict(both, cut or cut_too)
        return [self._known[pair] for pair in pairs]

    def _directed(self, pairs: list[tuple[str, str]]) -> list[tuple[bool, bool]]:
        """Whether the first text of each entails the second, and whether they had to be cut."""
        found: dict[tuple[str, str], tuple[bool, bool]] = {}
        ordered = sorted(set(pairs), key=lambda one: (len(one[0]) + len(one[1]), one))
        for start in range(0, len(ordered), AT_ONCE):
            some = ordered[start : start + AT_ONCE]
            batch, cut = self._model.encoded([one for one, _ in some], [two for _, two in some])
            with torch.inference_mode():
                logits = self._model.network(**on_device(self._model, batch)).logits
            entails = (logits.argmax(dim=-1) == self._entails).tolist()
            found |= zip(some, zip(entails, cut, strict=True), strict=True)
        return [found[pair] for pair in pairs]


def entailment_class(labels: Mapping[Any, Any], folder: str) -> int:
    """The number of the one class that means entailment.

    Raises:
        ConfigurationError: none does, or several do.

    Example:
        >>> entailment_class({0: "contradiction", 1: "Entailment", 2: "neutral"}, "nli")
        1
    """
    names = {int(place): str(name).strip().casefold() for place, name in labels.items()}
    found = [place for place, name in names.items() if name.startswith("entail")]
    if len(found) != 1:
        raise ConfigurationError(
            f"The classes of the classifier in {folder!r} are "
            f"{', '.join(names.values()) or 'not named'}; expected one called entailment.",
            mend="Name a classifier of inference, or mend id2label in its config.json.",
        )
    return found[0]


def refuse_classifier(folder: str) -> None:
    """Refuse a folder that holds no classifier of inference, before anything is read from it.

    Raises:
        ConfigurationError: it holds none.
    """
    entailment_class(configured(folder, _SETTING).get("id2label") or {}, folder)


@lru_cache(maxsize=1)
def entailment_judge(folder: str) -> EntailmentJudge:
    """The judge of a folder, read once."""
    return EntailmentJudge(folder)


def _read(pair: Pair, answer: str) -> str:
    return f"{pair.prompt} {answer}".strip()


__all__ = ["EntailmentJudge", "entailment_class", "entailment_judge", "refuse_classifier"]
