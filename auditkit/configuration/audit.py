"""A whole `audit.yaml`, and how it is read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from auditkit.configuration.data import (
    AudioSection,
    ControlSection,
    DataSection,
    GroupSection,
    ImagesSection,
    ProxyGroupSection,
    SeriesSection,
    SplitColumnSection,
    SplitSection,
    TextSection,
)
from auditkit.configuration.generation import (
    GENERATION_SECTIONS,
    GenerationSection,
)
from auditkit.configuration.model import (
    DecisionSection,
    HeadSection,
    InputsSection,
    ModelSection,
)
from auditkit.configuration.section import Section
from auditkit.configuration.wishes import (
    AimsSection,
    CostSection,
    ExplainSection,
    RetrainingSection,
)
from auditkit.errors import ConfigurationError, PolicyError
from auditkit.policy.document import read_file
from auditkit.policy.reading import validated


class AuditConfiguration(Section):
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
    generation: GenerationSection = GenerationSection()
    nuisances: tuple[dict[str, Any], ...] | None = None
    checks: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    keep_outcomes: Annotated[bool, Field(strict=True)] = False
    keep_generations: str | None = None
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


_SECTIONS: tuple[type[Section], ...] = (
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
    *GENERATION_SECTIONS,
)
_KEYS = tuple(key for section in _SECTIONS for key in section.model_fields)
