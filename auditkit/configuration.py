"""`audit.yaml`: what is to be audited, as data; nothing in it runs unless it allows code."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from auditkit.errors import ConfigurationError, PolicyError
from auditkit.policy.document import read_file
from auditkit.policy.reading import validated


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str | dict) else value


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DecisionSection(_Section):
    """How an output becomes a decision, and which outcome is the favourable one."""

    rule: Literal["threshold", "argmax"] | None = None
    threshold: Annotated[float, Field(strict=True)] | None = None
    favourable: str | None = None


class HeadSection(_Section):
    """One output of the model."""

    task: Literal["binary", "multiclass", "multilabel", "regression", "custom"]
    outputs: Literal["logits", "probabilities", "values"] | None = None
    classes: tuple[str, ...] = ()
    decision: DecisionSection | None = None
    unit_metrics: str | None = None
    quantiles: tuple[Annotated[float, Field(strict=True)], ...] = ()


_Number = Annotated[float, Field(strict=True)]
_Count = Annotated[int, Field(strict=True, ge=1)]
_End = _Number | tuple[_Number, ...]


class InputsSection(_Section):
    """What the model is given: its medium, and the ends between which its numbers lie."""

    medium: Literal["image", "table", "audio", "text", "series"] | None = None
    range: tuple[_End, _End] | None = None
    neutral: Annotated[int, Field(strict=True, ge=0)] | None = None
    special: tuple[Annotated[int, Field(strict=True, ge=0)], ...] = ()


class AimsSection(_Section):
    """What is wanted of the model's confidence."""

    coverage: Annotated[float, Field(strict=True, gt=0, lt=1)] = 0.9
    error: Annotated[float, Field(strict=True, gt=0, lt=1)] = 0.05
    violation: Annotated[float, Field(strict=True, gt=0, lt=1)] = 0.1
    epsilon: Annotated[float, Field(strict=True, ge=1e-5, lt=1)] = 8 / 255
    attacks: Annotated[
        tuple[Literal["fgsm", "pgd", "autoattack"], ...], BeforeValidator(_listed)
    ] = ("fgsm", "pgd")
    review: Annotated[int, Field(strict=True, ge=0, le=1000)] = 0


class ExplainSection(_Section):
    """Which explanations are wanted, and how."""

    methods: Annotated[tuple[str, ...], BeforeValidator(_listed), Field(min_length=1)] = (
        "integrated_gradients",
        "saliency",
        "feature_ablation",
    )
    units: Annotated[int, Field(strict=True, ge=1, le=10_000)] = 128
    tested: Annotated[int, Field(strict=True, ge=0, le=1000)] = 32
    budget: Annotated[int, Field(strict=True, ge=1, le=100_000)] = 250
    tolerance: Annotated[float, Field(strict=True, gt=0, lt=1)] = 0.02
    samples: Annotated[int, Field(strict=True, ge=0, le=50)] = 0


class RetrainingSection(_Section):
    """How the model may be trained again: the user's function, and how often it is called."""

    train: str | None = None
    units: Annotated[int, Field(strict=True, ge=20, le=1_000_000)] = 10_000
    sizes: Annotated[int, Field(strict=True, ge=2, le=8)] = 4
    repeats: Annotated[int, Field(strict=True, ge=3, le=50)] = 3
    references: Annotated[int, Field(strict=True, ge=0, le=256)] = 4
    permutations: Annotated[int, Field(strict=True, ge=0, le=20)] = 1


class CostSection(_Section):
    """What of the model's cost is wanted, and what a machine and its power cost."""

    batch_sizes: Annotated[
        tuple[Annotated[int, Field(strict=True, ge=1, le=65_536)], ...],
        Field(min_length=1, max_length=8),
    ] = (1, 8, 64)
    seconds: Annotated[float, Field(strict=True, ge=0.01, le=3600)] = 1.0
    energy_seconds: Annotated[float, Field(strict=True, ge=0, le=3600)] = 0.0
    price_per_hour: Annotated[float, Field(strict=True, ge=1e-6, le=1e9)] | None = None
    currency: str = ""
    power_watts: Annotated[float, Field(strict=True, ge=1e-3, le=1e6)] | None = None
    grid_grams_per_kwh: Annotated[float, Field(strict=True, ge=0.01, le=5000)] | None = None
    grid_source: str = ""
    country: str = ""


class ModelSection(_Section):
    """The trained model: a file, a factory, or columns of stored predictions."""

    file: str | None = None
    sha256: str | None = None
    format: Literal[
        "auto", "state_dict", "safetensors", "legacy_pickle", "torchscript", "exported", "pickle"
    ] = "auto"
    factory: str | None = None
    legacy_pickle: Annotated[bool, Field(strict=True)] = False
    trust: str | None = None
    predictions: dict[str, str | tuple[str, ...]] | None = None
    preprocess: str | None = None
    feature_names: tuple[str, ...] = ()
    layer: str | None = None
    inputs: InputsSection | None = None
    members: Annotated[tuple[str, ...], BeforeValidator(_listed)] = ()
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
        given = [self.file is not None, self.predictions is not None]
        if not any(given) and self.factory is None:
            raise ValueError("give one of file, factory or predictions")
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


class SplitSection(_Section):
    """Where the units of one split come from."""

    table: Annotated[tuple[str, ...], BeforeValidator(_listed)] = ()
    factory: str | None = None
    images: str | None = None
    audio: str | None = None
    sha256: str | None = None
    csv: dict[str, Any] = Field(default_factory=dict)
    side_table: str | None = None

    @model_validator(mode="after")
    def _one_source(self) -> SplitSection:
        given = [self.factory is not None, self.images is not None, self.audio is not None]
        if bool(self.table) + sum(given) != 1:
            raise ValueError("give one of table, factory, images or audio")
        return self


class GroupSection(_Section):
    """A group attribute: its column (its own name by default), reference level and cuts."""

    column: str | None = None
    reference: str | None = None
    cuts: tuple[float, ...] = ()


class ControlSection(_Section):
    """A control attribute: its column (its own name by default), and cuts."""

    column: str | None = None
    cuts: tuple[float, ...] = ()


class ProxyGroupSection(_Section):
    """A group of which probabilities are known: the column of each level, and the reference."""

    columns: dict[str, str]
    reference: str | None = None


class SplitColumnSection(_Section):
    """One table whose column says which split a row belongs to."""

    column: str
    values: dict[str, str | tuple[str, ...]]


class ImagesSection(_Section):
    """How images are read: from which column of a table, and to which size and mode."""

    column: str | None = None
    folder: str | None = None
    size: _Count | tuple[_Count, _Count] | None = None
    mode: Literal["L", "RGB", "RGBA"] | None = None


class AudioSection(_Section):
    """How sounds are read: from which column of a table, and at which rate and length."""

    column: str | None = None
    folder: str | None = None
    rate: _Count | None = None
    seconds: Annotated[float, Field(strict=True, gt=0)] | None = None
    mix: Literal["mean", "first"] | None = None


class TextSection(_Section):
    """How texts become token ids, or which column holds them."""

    column: str | None = None
    tokenizer: str | None = None
    encode: str | None = None
    ids: str | None = None
    mask: str | None = None
    length: _Count | None = None
    vocabulary: _Count | None = None
    pad: Annotated[int, Field(strict=True, ge=0)] | None = None

    @model_validator(mode="after")
    def _one_tokenizer(self) -> TextSection:
        if sum(one is not None for one in (self.tokenizer, self.encode, self.ids)) != 1:
            raise ValueError("give one of tokenizer (a folder), encode (your function) or ids")
        return self


class SeriesSection(_Section):
    """How rows in the order of time become windows."""

    values: Annotated[tuple[str, ...], BeforeValidator(_listed), Field(min_length=1)]
    steps: _Count
    horizon: Annotated[int, Field(strict=True, ge=0)] = 0
    stride: _Count | None = None
    series: str | None = None
    time: str | None = None
    targets: Annotated[tuple[str, ...], BeforeValidator(_listed)] = ()
    gaps: Annotated[bool, Field(strict=True)] = False


MEDIA = ("images", "audio", "text", "series")
"""The keys of the data section that say how units are read which are no rows of numbers."""


class DataSection(_Section):
    """The data: splits, and what their columns mean."""

    evaluation: SplitSection | None = None
    training: SplitSection | None = None
    outside: SplitSection | None = None
    table: SplitSection | None = None
    split: SplitColumnSection | None = None
    label: str | tuple[str, ...] | dict[str, str | tuple[str, ...]] | None = None
    features: tuple[str, ...] = ()
    groups: dict[str, GroupSection] = Field(default_factory=dict)
    intersections: tuple[tuple[str, ...], ...] = ()
    cluster: str | None = None
    row_id: str | None = None
    time: str | None = None
    controls: dict[str, ControlSection] = Field(default_factory=dict)
    proxy_groups: dict[str, ProxyGroupSection] = Field(default_factory=dict)
    weight: str | None = None
    previous: str | None = None
    query: str | None = None
    top: int = Field(default=10, ge=1)
    labelled: str | None = None
    images: ImagesSection | None = None
    audio: AudioSection | None = None
    text: TextSection | None = None
    series: SeriesSection | None = None
    damaged: Annotated[float, Field(strict=True, ge=0, le=1)] = 0.01
    notes: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _splits(self) -> DataSection:
        if (self.evaluation is None) == (self.table is None):
            raise ValueError("give either evaluation (and training), or table with split")
        if (self.table is None) != (self.split is None):
            raise ValueError("give table and split together")
        return self

    @model_validator(mode="after")
    def _one_medium(self) -> DataSection:
        splits = [self.evaluation, self.training, self.outside, self.table]
        folders = {name for name in MEDIA for one in splits if getattr(one, name, None)}
        declared = {name for name in MEDIA if getattr(self, name) is not None}
        if len(folders | declared) > 1:
            raise ValueError(f"give one of {', '.join(MEDIA)}, the same for all splits")
        if not folders | declared and "damaged" in self.model_fields_set:
            raise ValueError(f"damaged goes with {', '.join(MEDIA)}: rows of a table are refused")
        if declared - folders and not any(one and one.table for one in splits):
            raise ValueError(f"no split is a table or folder that {declared.pop()} could be about")
        return self


class AuditConfiguration(_Section):
    """A whole `audit.yaml`."""

    name: str
    allow_code: Annotated[bool, Field(strict=True)] = False
    model: ModelSection
    data: DataSection
    policy: str = "baseline"
    aims: AimsSection = AimsSection()
    explain: ExplainSection = ExplainSection()
    retraining: RetrainingSection = RetrainingSection()
    cost: CostSection = CostSection()
    training_log: str | None = None
    nuisances: tuple[dict[str, Any], ...] | None = None
    checks: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    keep_outcomes: Annotated[bool, Field(strict=True)] = False
    waivers: str | None = None
    attestations: str | None = None
    store: str | None = None
    report: str | None = None
    seed: int = 0
    batch_size: int = Field(default=1024, ge=1, le=2**31)


def read_configuration(path: Path) -> AuditConfiguration:
    """The configuration in a YAML file.

    Raises:
        ConfigurationError: the file is missing, no YAML, or has a wrong or unknown key; the message
            names the key, its line and the mend.
    """
    try:
        return validated(AuditConfiguration, read_file(path, "audit"), "audit", _KEYS)
    except PolicyError as error:
        raise ConfigurationError(error.problem, mend=error.mend) from error


_SECTIONS: tuple[type[_Section], ...] = (
    AuditConfiguration,
    ModelSection,
    HeadSection,
    DecisionSection,
    InputsSection,
    AimsSection,
    RetrainingSection,
    CostSection,
    DataSection,
    SplitSection,
    SplitColumnSection,
    ImagesSection,
    AudioSection,
    TextSection,
    SeriesSection,
    GroupSection,
    ControlSection,
    ProxyGroupSection,
)
_KEYS = tuple(key for section in _SECTIONS for key in section.model_fields)
