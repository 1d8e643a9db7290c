"""How an audit is run: everything that the user may want of it, beside model, data and policy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from auditkit.data.training_logs import TrainingLog, read_training_log
from auditkit.errors import ConfigurationError
from auditkit.evidence.aims import Aims
from auditkit.evidence.cost_wishes import CostWishes
from auditkit.evidence.retraining import Retraining
from auditkit.explain.wishes import Wishes
from auditkit.generation.settings import GenerationSettings
from auditkit.policy import Attestation, Waiver
from auditkit.variants.nuisances import Nuisance, declared_nuisances


@dataclass(frozen=True)
class Settings:
    """How an audit is run.

    Attributes:
        name: what the audited system is called.
        checks: names of the checks; None for all that are installed.
        seed: of the samples and of the bootstrap.
        batch_size: units given to the model at once.
        limit: read about so many units of each split only; such an audit cannot pass.
        feature_names: names of the columns of the model's input.
        aims: what is wanted of the model's confidence; a mapping of some of them will do.
        nuisances: what ought not to matter to the model, each a mapping of its settings; None for
            those that are built in for the medium, an empty list for none.
        explain: which explanations are wanted; a mapping of some wishes will do.
        retraining: how the model may be trained again; a mapping of some settings will do.
        cost: what of the model's cost is wanted, and prices; a mapping of some wishes will do.
        training_log: file or folder of what was logged while the model was trained; None for none.
        generation: what is wanted of a generative model; a mapping of some settings will do.
        keep_outcomes: whether the store keeps what became of a sample of the evaluation rows, so
            that the next version can be compared with this one on the same rows.
        keep_generations: file to which everything is written that was heard of a generative model
            on the evaluation split, to be scored again without it; it holds prompts and answers.
        waivers, attestations: for the judge.
        notes: sentences that a reviewer must see.
        digests: further digests (`model_file`, `code` …) for the record.
        origin: what else the record keeps of where the model came from: `file`, `path_taken` …
        allow_code: whether code named in a configuration was allowed to run.
        quiet: no progress bar.

    Raises:
        ConfigurationError: the seed is no number that random generators take.
    """

    name: str = "model"
    checks: Sequence[str] | None = None
    seed: int = 0
    batch_size: int = 1024
    limit: int | None = None
    feature_names: tuple[str, ...] = ()
    aims: Aims | Mapping[str, Any] = field(default_factory=Aims)
    nuisances: Sequence[Nuisance | Mapping[str, Any]] | None = None
    explain: Wishes | Mapping[str, Any] = field(default_factory=Wishes)
    retraining: Retraining | Mapping[str, Any] = field(default_factory=Retraining)
    cost: CostWishes | Mapping[str, Any] = field(default_factory=CostWishes)
    training_log: str | Path | None = None
    generation: GenerationSettings | Mapping[str, Any] = field(default_factory=GenerationSettings)
    keep_outcomes: bool = False
    keep_generations: str | Path | None = None
    waivers: tuple[Waiver, ...] = ()
    attestations: Mapping[str, Attestation] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    digests: Mapping[str, str] = field(default_factory=dict)
    origin: Mapping[str, str] = field(default_factory=dict)
    allow_code: bool = False
    quiet: bool = False

    def __post_init__(self) -> None:
        whole = isinstance(self.seed, int) and not isinstance(self.seed, bool)
        if not whole or not 0 <= self.seed < 2**32:
            raise ConfigurationError(
                f"The seed is {self.seed!r}; expected a whole number from 0 to {2**32 - 1:,}.",
                mend="Give for example 0.",
            )

    @property
    def aimed(self) -> Aims:
        """The aims.

        Raises:
            ConfigurationError: one of them is unknown or out of range.
        """
        return Aims.of(self.aims)

    @property
    def named(self) -> tuple[Nuisance, ...] | None:
        """The nuisances; None where the user names none.

        Raises:
            ConfigurationError: one of them is unknown or has wrong settings.
        """
        return declared_nuisances(self.nuisances)

    @property
    def wishes(self) -> Wishes:
        """Which explanations are wanted.

        Raises:
            ConfigurationError: a wish is unknown or out of range.
        """
        return Wishes.of(self.explain)

    @property
    def trained(self) -> Retraining:
        """How the model may be trained again.

        Raises:
            ConfigurationError: a setting is unknown or out of range.
        """
        return Retraining.of(self.retraining)

    @property
    def costed(self) -> CostWishes:
        """What of the model's cost is wanted.

        Raises:
            ConfigurationError: a wish is unknown or out of range.
        """
        return CostWishes.of(self.cost)

    @cached_property
    def generated(self) -> GenerationSettings:
        """What is wanted of a generative model.

        Raises:
            ConfigurationError: a setting is unknown or out of range.
        """
        return GenerationSettings.of(self.generation)

    @cached_property
    def logged(self) -> TrainingLog | None:
        """What was logged while the model was trained, read once; None where no log is given.

        Raises:
            DataError: the log is missing, damaged or of no known format.
        """
        return None if self.training_log is None else read_training_log(self.training_log)

    @property
    def wanted(self) -> dict[str, Any]:
        """What the user wants looked at, and how, as JSON-able data."""
        named = self.named
        told = None if named is None else [nuisance.describe() for nuisance in named]
        return {
            "aims": self.aimed.describe(),
            "nuisances": told,
            "explain": self.wishes.describe(),
            "retraining": self.trained.describe(),
            "cost": self.costed.describe(),
            "training_log": None if self.logged is None else self.logged.describe(),
            "keep_outcomes": self.keep_outcomes,
            "generation": self.generated.describe(),
        }


__all__ = ["Settings"]
