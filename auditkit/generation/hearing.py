"""How prompts are to be answered, and what was heard of them."""

from __future__ import annotations

from dataclasses import dataclass, field

from auditkit.generation.evidence import GenerationEvidence
from auditkit.generation.parts import SAMPLES
from auditkit.generation.settings import GenerationSettings
from auditkit.models.generators.texts import Asked


@dataclass(frozen=True)
class Hearing:
    """How prompts are to be answered, and what is to be heard.

    Attributes:
        settings: of the audit.
        parts: some of `auditkit.generation.parts.PARTS`.
        seed: of the samples.
    """

    settings: GenerationSettings
    parts: frozenset[str] = frozenset()
    seed: int = 0

    @property
    def asked(self) -> Asked:
        """What a source of texts is asked for."""
        sampling = self.settings.sampling
        samples = sampling.samples if SAMPLES in self.parts else 0
        return Asked(samples, sampling.temperature, sampling.max_tokens, self.seed)


@dataclass(frozen=True)
class Heard:
    """What was generated for some prompts.

    Attributes:
        rows: one for each question, in their order.
        reasons: part that could not be heard → why, a full sentence.
    """

    rows: tuple[GenerationEvidence, ...]
    reasons: dict[str, str] = field(default_factory=dict)


__all__ = ["Heard", "Hearing"]
