"""The section of the data: splits, what their columns mean, and how media are read."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from auditkit.configuration.section import Count, Section, listed_value


class SplitSection(Section):
    """Where the units of one split come from."""

    table: Annotated[tuple[str, ...], BeforeValidator(listed_value)] = ()
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


class GroupSection(Section):
    """A group attribute: its column (its own name by default), reference level and cuts."""

    column: str | None = None
    reference: str | None = None
    cuts: tuple[float, ...] = ()


class ControlSection(Section):
    """A control attribute: its column (its own name by default), and cuts."""

    column: str | None = None
    cuts: tuple[float, ...] = ()


class ProxyGroupSection(Section):
    """A group of which probabilities are known: the column of each level, and the reference."""

    columns: dict[str, str]
    reference: str | None = None


class SplitColumnSection(Section):
    """One table whose column says which split a row belongs to."""

    column: str
    values: dict[str, str | tuple[str, ...]]


class ImagesSection(Section):
    """How images are read: from which column of a table, and to which size and mode."""

    column: str | None = None
    folder: str | None = None
    size: Count | tuple[Count, Count] | None = None
    mode: Literal["L", "RGB", "RGBA"] | None = None


class AudioSection(Section):
    """How sounds are read: from which column of a table, and at which rate and length."""

    column: str | None = None
    folder: str | None = None
    rate: Count | None = None
    seconds: Annotated[float, Field(strict=True, gt=0)] | None = None
    mix: Literal["mean", "first"] | None = None
    beside: Annotated[tuple[str, ...], BeforeValidator(listed_value)] = ()


class TextSection(Section):
    """How texts become token ids, or which column holds them."""

    column: str | None = None
    tokenizer: str | None = None
    encode: str | None = None
    ids: str | None = None
    mask: str | None = None
    length: Count | None = None
    vocabulary: Count | None = None
    pad: Annotated[int, Field(strict=True, ge=0)] | None = None

    @model_validator(mode="after")
    def _one_tokenizer(self) -> TextSection:
        if sum(one is not None for one in (self.tokenizer, self.encode, self.ids)) != 1:
            raise ValueError("give one of tokenizer (a folder), encode (your function) or ids")
        return self


class SeriesSection(Section):
    """How rows in the order of time become windows."""

    values: Annotated[tuple[str, ...], BeforeValidator(listed_value), Field(min_length=1)]
    steps: Count
    horizon: Annotated[int, Field(strict=True, ge=0)] = 0
    stride: Count | None = None
    series: str | None = None
    time: str | None = None
    targets: Annotated[tuple[str, ...], BeforeValidator(listed_value)] = ()
    gaps: Annotated[bool, Field(strict=True)] = False


MEDIA = ("images", "audio", "text", "series")
"""The keys of the data section that say how units are read which are no rows of numbers."""


class DataSection(Section):
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
