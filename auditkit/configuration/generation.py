"""The sections of a generative model: where it is, how it is asked, and what counts as right."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from auditkit.configuration.section import Count, Number, Section, listed_value


class GeneratorSection(Section):
    """A model that answers with text.

    One of: a local folder of transformers, your factory of (model, tokenizer), your function that
    answers prompts, stored answers, or what an earlier audit kept of what it heard.
    """

    folder: str | None = None
    factory: str | None = None
    function: str | None = None
    answers: str | None = None
    kept: str | None = None

    @model_validator(mode="after")
    def _one_source(self) -> GeneratorSection:
        given = (self.folder, self.factory, self.function, self.answers, self.kept)
        if sum(one is not None for one in given) != 1:
            raise ValueError("give one of folder, factory, function, answers or kept")
        return self


class ColumnsSection(Section):
    """Which columns of the data hold what."""

    prompt: str = "prompt"
    references: str = ""
    context: str = ""
    right_passages: str = ""
    choices: str = ""
    label: str = ""
    supported: str = ""
    spoken: Annotated[bool, Field(strict=True)] = False
    template: str = "{context}{prompt}"


class SamplingSection(Section):
    """How answers are generated."""

    samples: Annotated[int, Field(strict=True, ge=0, le=100)] = 10
    temperature: Annotated[float, Field(strict=True, gt=0, le=100)] = 1.0
    max_tokens: Count = 64
    adaptive: Annotated[bool, Field(strict=True)] = False
    layers: tuple[Annotated[int, Field(strict=True)], ...] = ()
    tokens_at_once: Count = 65_536


class VerificationSection(Section):
    """How the model is asked about its own answers."""

    template: str
    yes_word: str = "yes"
    no_word: str = "no"
    least: Annotated[float, Field(strict=True, ge=0.5, lt=1)] = 0.6


class CorrectnessSection(Section):
    """When an answer is right."""

    kind: Literal[
        "exact", "normalised", "numeric", "choice", "token_f1", "contains", "label", "function"
    ] = "normalised"
    least: Number | None = None
    function: str | None = None


class EquivalenceSection(Section):
    """When two answers mean the same."""

    kind: Literal["exact", "normalised", "canonical", "token_f1", "embedding", "nli"] = "normalised"
    least: Number | None = None
    folder: str | None = None
    function: str | None = None


class GroundingSection(Section):
    """How it is told whether the context supports a sentence of an answer."""

    kind: Literal["", "nli", "shift", "lookback", "overlap"] = ""
    folder: str | None = None


class ProbeSection(Section):
    """A further table that the model is asked about, or the templates that are built in."""

    table: Annotated[tuple[str, ...], BeforeValidator(listed_value)] = ()
    builtin: Annotated[bool, Field(strict=True)] = False
    csv: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_source(self) -> ProbeSection:
        if bool(self.table) == self.builtin:
            raise ValueError("give either table, or builtin: true")
        return self


class GenerationSection(Section):
    """What is wanted of a generative audit."""

    columns: ColumnsSection = ColumnsSection()
    sampling: SamplingSection = SamplingSection()
    verification: VerificationSection | None = None
    correctness: CorrectnessSection = CorrectnessSection()
    equivalence: EquivalenceSection = EquivalenceSection()
    grounding: GroundingSection = GroundingSection()
    refusals: Annotated[tuple[str, ...], BeforeValidator(listed_value)] = ()
    score: str = ""
    calibrator: Literal["isotonic", "platt"] = "isotonic"
    probes: dict[str, ProbeSection] = Field(default_factory=dict)


GENERATION_SECTIONS: tuple[type[Section], ...] = (
    GeneratorSection,
    GenerationSection,
    ColumnsSection,
    SamplingSection,
    VerificationSection,
    CorrectnessSection,
    EquivalenceSection,
    GroundingSection,
    ProbeSection,
)
