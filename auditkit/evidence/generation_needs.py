"""Needs of a generative model: answers to all prompts of a split, and texts it is asked about."""

from __future__ import annotations

from dataclasses import dataclass

from auditkit.generation.parts import PARTS


@dataclass(frozen=True)
class GenerationNeed:
    """The greedy answer to every prompt of a split, and what else is to be heard of it.

    Needs of several checks are collected together: the union of their parts.

    Attributes:
        parts: some of `auditkit.generation.parts.PARTS`.

    Raises:
        ValueError: an unknown part.
    """

    parts: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if unknown := self.parts - set(PARTS):
            raise ValueError(f"expected some of {PARTS}, found {sorted(unknown)}")


@dataclass(frozen=True)
class LikelihoodNeed:
    """How likely the model finds given continuations of given prompts, token by token.

    Attributes:
        prompts: what comes before; "" for the beginning of a text.
        continuations: one for each prompt.

    Raises:
        ValueError: another number of the one than of the other.
    """

    prompts: tuple[str, ...]
    continuations: tuple[str, ...]

    def __post_init__(self) -> None:
        found = (len(self.prompts), len(self.continuations))
        if found[0] != found[1]:
            raise ValueError(f"expected one continuation a prompt, found {found}")


@dataclass(frozen=True)
class CompletionNeed:
    """How the model goes on, greedily, from given prompts that are no rows of the data.

    Attributes:
        prompts: given as they are.
        max_tokens: how far.
    """

    prompts: tuple[str, ...]
    max_tokens: int = 64


@dataclass(frozen=True)
class HighlightNeed:
    """On which tokens of prompt and context some answers rest; of the rows of a split.

    Half of them are the wrong answers that the model was surest of, the others are drawn by their
    keys. A record keeps texts only where the user asks for them (`Aims.review`).

    Attributes:
        count: how many answers at most.
        method: a name of `auditkit.generation.explaining.METHODS`; "" for what the length of a
            prompt allows.
    """

    count: int = 50
    method: str = ""


@dataclass(frozen=True)
class GroundingNeed:
    """Claims of which it is known whether the context supports them; of the rows of a split.

    See `auditkit.generation.grounding.planting`.

    Attributes:
        count: of how many rows at most.
    """

    count: int = 200


@dataclass(frozen=True)
class PlantedSoundNeed:
    """What a speech recogniser writes down where nobody speaks: silence and noise, planted.

    The sounds are as long as those of the rows, or up to half shorter, no two silences alike.

    Attributes:
        split: of whose rows the lengths and the rate are taken.
        silences: how many.
        noises: how many, of all colours and levels together.
        max_tokens: an answer is cut after so many.
    """

    split: str = "evaluation"
    silences: int = 64
    noises: int = 64
    max_tokens: int = 64


AskedNeed = LikelihoodNeed | CompletionNeed | PlantedSoundNeed

__all__ = [
    "AskedNeed",
    "CompletionNeed",
    "GenerationNeed",
    "GroundingNeed",
    "HighlightNeed",
    "LikelihoodNeed",
    "PlantedSoundNeed",
]
