"""The section of the model: where it comes from, what it is given and what it returns."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from auditkit.configuration.generation import GeneratorSection
from auditkit.configuration.section import Number, Section, listed_value


class DecisionSection(Section):
    """How an output becomes a decision, and which outcome is the favourable one."""

    rule: Literal["threshold", "argmax"] | None = None
    threshold: Annotated[float, Field(strict=True)] | None = None
    favourable: str | None = None


class HeadSection(Section):
    """One output of the model."""

    task: Literal["binary", "multiclass", "multilabel", "regression", "custom"]
    outputs: Literal["logits", "probabilities", "values"] | None = None
    classes: tuple[str, ...] = ()
    decision: DecisionSection | None = None
    unit_metrics: str | None = None
    quantiles: tuple[Annotated[float, Field(strict=True)], ...] = ()


End = Number | tuple[Number, ...]


class InputsSection(Section):
    """What the model is given: its medium, and the ends between which its numbers lie."""

    medium: Literal["image", "table", "audio", "text", "series"] | None = None
    range: tuple[End, End] | None = None
    neutral: Annotated[int, Field(strict=True, ge=0)] | None = None
    special: tuple[Annotated[int, Field(strict=True, ge=0)], ...] = ()


class ModelSection(Section):
    """The trained model: a file, a factory, or columns of stored predictions."""

    file: str | None = None
    sha256: str | None = None
    format: Literal[
        "auto", "state_dict", "safetensors", "legacy_pickle", "torchscript", "exported", "pickle"
    ] = "auto"
    factory: str | None = None
    legacy_pickle: Annotated[bool, Field(strict=True)] = False
    trust: str | None = None
    generator: GeneratorSection | None = None
    predictions: dict[str, str | tuple[str, ...]] | None = None
    preprocess: str | None = None
    feature_names: tuple[str, ...] = ()
    layer: str | None = None
    inputs: InputsSection | None = None
    members: Annotated[tuple[str, ...], BeforeValidator(listed_value)] = ()
    device: str = "auto"
    task: Literal["binary", "multiclass", "multilabel", "regression", "custom"] | None = None
    outputs: Literal["logits", "probabilities", "values"] | None = None
    classes: tuple[str, ...] = ()
    decision: DecisionSection | None = None
    unit_metrics: str | None = None
    quantiles: tuple[Annotated[float, Field(strict=True)], ...] = ()
    heads: dict[str, HeadSection] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_source(self) -> ModelSection:
        if self.generator is not None:
            self._refuse_beside_generator()
            return self
        given = [self.file is not None, self.predictions is not None]
        if not any(given) and self.factory is None:
            raise ValueError("give one of file, factory, predictions or generator")
        if all(given):
            raise ValueError("give either file or predictions, not both")
        if (self.task is None) == (not self.heads):
            raise ValueError("give either task or heads")
        if self.layer is not None and self.predictions is not None:
            raise ValueError("stored predictions have no layer: leave it out")
        if self.inputs is not None and self.predictions is not None:
            raise ValueError("stored predictions are given no inputs: leave inputs out")
        if self.members and (self.file is None or self.factory is None):
            raise ValueError("members of an ensemble are files beside file, built by factory")
        return self

    def _refuse_beside_generator(self) -> None:
        beside = self.model_fields_set - {"generator", "device"}
        if beside:
            raise ValueError(
                f"a generator answers with text: leave {', '.join(sorted(beside))} out"
            )
