"""The sections of what is wanted: of confidence, explanations, retraining and cost."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from auditkit.configuration.section import Section, listed_value


class AimsSection(Section):
    """What is wanted of the model's confidence."""

    coverage: Annotated[float, Field(strict=True, gt=0, lt=1)] = 0.9
    error: Annotated[float, Field(strict=True, gt=0, lt=1)] = 0.05
    violation: Annotated[float, Field(strict=True, gt=0, lt=1)] = 0.1
    epsilon: Annotated[float, Field(strict=True, ge=1e-5, lt=1)] = 8 / 255
    attacks: Annotated[
        tuple[Literal["fgsm", "pgd", "autoattack"], ...], BeforeValidator(listed_value)
    ] = ("fgsm", "pgd")
    review: Annotated[int, Field(strict=True, ge=0, le=1000)] = 0


class ExplainSection(Section):
    """Which explanations are wanted, and how."""

    methods: Annotated[tuple[str, ...], BeforeValidator(listed_value), Field(min_length=1)] = (
        "integrated_gradients",
        "saliency",
        "feature_ablation",
    )
    units: Annotated[int, Field(strict=True, ge=1, le=10_000)] = 128
    tested: Annotated[int, Field(strict=True, ge=0, le=1000)] = 32
    budget: Annotated[int, Field(strict=True, ge=1, le=100_000)] = 250
    tolerance: Annotated[float, Field(strict=True, gt=0, lt=1)] = 0.02
    samples: Annotated[int, Field(strict=True, ge=0, le=50)] = 0


class RetrainingSection(Section):
    """How the model may be trained again: the user's function, and how often it is called."""

    train: str | None = None
    units: Annotated[int, Field(strict=True, ge=20, le=1_000_000)] = 10_000
    sizes: Annotated[int, Field(strict=True, ge=2, le=8)] = 4
    repeats: Annotated[int, Field(strict=True, ge=3, le=50)] = 3
    references: Annotated[int, Field(strict=True, ge=0, le=256)] = 4
    permutations: Annotated[int, Field(strict=True, ge=0, le=20)] = 1


class CostSection(Section):
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
