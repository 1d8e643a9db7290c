"""Generators that are known by their answers alone: a function of the user's, or stored answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from auditkit.models.generators.answer import Answer
from auditkit.models.subject import Capabilities


@dataclass(frozen=True)
class Prompt:
    """What a generator is asked.

    Attributes:
        id: the row's id as text.
        text: the whole prompt, its context inside; "" where a sound is asked about.
        sound: float32 of shape (samples,) of a speech recogniser's prompt; None of any other.
        rate: samples a second of the sound; 0 without one.
    """

    id: str
    text: str
    sound: Any = None
    rate: int = 0


@dataclass(frozen=True)
class Asked:
    """How answers are wanted of it.

    Attributes:
        samples: how many sampled answers beside the greedy one.
        temperature: of the samples.
        max_tokens: an answer is cut after so many.
        seed: of the samples.
    """

    samples: int = 10
    temperature: float = 1.0
    max_tokens: int = 64
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Answers:
    """What was answered to one prompt.

    Attributes:
        greedy: the answer that users would get.
        samples: further ones, drawn at the temperature asked for.
        facts: what else the source knows, by name: `no_speech` …
    """

    greedy: Answer
    samples: tuple[Answer, ...] = ()
    facts: dict[str, float] = field(default_factory=dict)


class TextSource(Protocol):
    """What answers prompts with texts, in whatever way."""

    capabilities: Capabilities

    def answer(self, prompts: Sequence[Prompt], asked: Asked) -> list[Answers]:
        """Answers to each prompt, in order.

        Raises:
            ModelError: it failed, or gave something else; stored answers lack a prompt.
        """
        ...

    def digest(self) -> str:
        """Identity of whatever answers; see `auditkit.models.subject.Subject.digest`."""
        ...

    def describe(self) -> dict[str, Any]:
        """JSON-able facts."""
        ...


__all__ = ["Answers", "Asked", "Prompt", "TextSource"]
