"""From audit.yaml to a wrapped model, a data set, and the audit of the two."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auditkit.configuration import (
    AuditConfiguration,
    DataSection,
    ModelSection,
    read_configuration,
)
from auditkit.configured_code import Code
from auditkit.dataset_assembly import build_dataset
from auditkit.errors import ConfigurationError
from auditkit.generator_assembly import build_generator, generation_settings, with_prompts
from auditkit.records.location import store_folder

if TYPE_CHECKING:
    from auditkit.evidence.engine import Engine
    from auditkit.models import LoadedModel
    from auditkit.models.generators.wrapped import WrappedGenerator
    from auditkit.models.wrapped import WrappedModel
    from auditkit.run import Run


@dataclass(frozen=True)
class Overrides:
    """What the command line says instead of the file; None where it says nothing."""

    policy: str | None = None
    store: Path | None = None
    limit: int | None = None
    device: str | None = None
    seed: int | None = None
    allow_code: bool = False
    trust: str | None = None
    keep_outcomes: bool = False
    reports: tuple[Path, ...] = ()


def audit_configuration(
    path: Path, overrides: Overrides | None = None
) -> tuple[Run | None, list[Path]]:
    """Audit what a configuration describes, and write the reports.

    Args:
        path: of the audit.yaml; paths in it are relative to its folder.
        overrides: of the command line.

    Returns:
        The run and the reports written; None and nothing in a process of a group that is not the
        one that judges.

    Raises:
        AuditkitError: whatever the user can mend.
    """
    from auditkit.auditing import audit

    said = overrides or Overrides()
    configuration = read_configuration(path)
    base = path.resolve().parent
    reports = _reports(configuration, said, base)
    _refuse_unwritable(reports)
    engine = _engine()
    code = Code(base, allowed=said.allow_code or configuration.allow_code)
    model, source = _audited(configuration.model, code, said)
    data = build_dataset(completed_data(configuration), code)
    settings = _settings(configuration, said, base, code, source)
    run = audit(
        model,
        data,
        policy=policy_place(said.policy or configuration.policy, base, given=said.policy),
        store=said.store or _store(configuration, base),
        settings=settings,
        engine=engine,
    )
    if not engine.primary:
        return None, []
    return run, [run.report(report) for report in reports]


def _reports(configuration: AuditConfiguration, said: Overrides, base: Path) -> list[Path]:
    if said.reports:
        return list(said.reports)
    return [base / (configuration.report or "report.html")]


def _refuse_unwritable(reports: list[Path]) -> None:
    """A report that cannot be written is better known before an hour of model time."""
    from auditkit.reports.writable import check_writable

    for report in reports:
        check_writable(report)


def _engine() -> Engine:
    from auditkit.evidence.engine import LocalEngine
    from auditkit.evidence.torchrun import TorchrunEngine, started_by_torchrun

    return TorchrunEngine() if started_by_torchrun() else LocalEngine()


def _store(configuration: AuditConfiguration, base: Path) -> Path:
    return store_folder(None, base / configuration.store if configuration.store else None)


def policy_place(name: str, base: Path, *, given: str | None) -> str:
    """Name or path of the policy: in the file relative to it, else to the working directory."""
    is_path = "/" in name or "\\" in name or bool(Path(name).suffix)
    return str(base / name) if is_path and given is None else name


def _settings(
    configuration: AuditConfiguration,
    said: Overrides,
    base: Path,
    code: Code,
    source: Mapping[str, str],
) -> Any:
    from auditkit.auditing import Settings
    from auditkit.evidence.aims import Aims
    from auditkit.policy import load_attestations, load_waivers

    retraining = configuration.retraining.model_dump()
    if retraining["train"] is not None:
        retraining["train"] = code.load(retraining["train"])
    # Before the digest of all code that was loaded: functions of the user's are among it.
    generation = generation_settings(configuration.generation, code)
    digests = {"model_file": source["digest"]} if "digest" in source else {}
    if (of_code := code.digest()) is not None:
        digests["code"] = of_code
    waivers, attested = configuration.waivers, configuration.attestations
    log, keep = configuration.training_log, configuration.keep_generations
    return Settings(
        name=configuration.name,
        checks=configuration.checks,
        seed=configuration.seed if said.seed is None else said.seed,
        batch_size=configuration.batch_size,
        limit=said.limit,
        feature_names=_feature_names(configuration, code),
        aims=Aims(**configuration.aims.model_dump()),
        nuisances=configuration.nuisances,
        explain=configuration.explain.model_dump(),
        retraining=retraining,
        cost=configuration.cost.model_dump(),
        training_log=None if log is None else base / log,
        generation=generation,
        keep_generations=None if keep is None else base / keep,
        keep_outcomes=said.keep_outcomes or configuration.keep_outcomes,
        waivers=() if waivers is None else load_waivers(base / waivers),
        attestations={} if attested is None else load_attestations(base / attested),
        notes=tuple(configuration.data.notes),
        digests=digests,
        origin={key: text for key, text in source.items() if key != "digest"},
        allow_code=code.allowed,
    )


def _feature_names(configuration: AuditConfiguration, code: Code) -> tuple[str, ...]:
    """Names declared, else those that the preprocess carries, else those of the features."""
    model = configuration.model
    if model.feature_names:
        return model.feature_names
    if model.preprocess is not None:
        return tuple(getattr(code.load(model.preprocess), "feature_names", ()))
    return configuration.data.features


def _audited(
    section: ModelSection, code: Code, said: Overrides
) -> tuple[WrappedModel | WrappedGenerator, dict[str, str]]:
    """The model, and where it came from; see `build_model`."""
    if section.generator is None:
        return build_model(section, code, said)
    return build_generator(section.generator, code, said.device or section.device)


def build_model(
    section: ModelSection, code: Code, said: Overrides | None = None
) -> tuple[WrappedModel, dict[str, str]]:
    """The wrapped model that a configuration describes, and where it came from.

    The second part holds, for a model from a file, its `digest`, `file`, `file_bytes` and
    `path_taken`.

    Raises:
        ModelError, ConfigurationError: the file, the code or the declaration is wrong.
    """
    from auditkit.models import stored_predictions, wrap

    said = said or Overrides()
    if section.generator is not None:
        raise ConfigurationError(
            "The model answers with text, and a model that predicts is needed here.",
            mend="Audit it by itself: versions of generative models are not compared.",
        )
    declaration = _declaration(section, code)
    if section.predictions is not None:
        return stored_predictions(section.predictions, **declaration), {}
    preprocess = None if section.preprocess is None else code.load(section.preprocess)
    module, source = _module(section, code, said)
    model = wrap(
        module,
        preprocess=preprocess,
        device=said.device or section.device,
        layer=section.layer,
        inputs=None if section.inputs is None else section.inputs.model_dump(exclude_none=True),
        members=[_file(place, section, code).module for place in section.members],
        **declaration,
    )
    return model, source


def _file(
    place: str,
    section: ModelSection,
    code: Code,
    trust: str | None = None,
    sha256: str | None = None,
) -> LoadedModel:
    """A file of the model, or of a member of its ensemble, read as the section says."""
    from auditkit.models import load_model

    return load_model(
        place,
        format=section.format,
        factory=section.factory,
        legacy_pickle=section.legacy_pickle,
        trust=trust,
        sha256=sha256,
        allow_code=code.allowed,
        base=code.base,
    )


def _module(section: ModelSection, code: Code, said: Overrides) -> tuple[Any, dict[str, str]]:
    if section.file is None:
        assert section.factory is not None  # the section has one of file, factory, predictions
        return code.load(section.factory)(), {}
    trust, sha256 = said.trust or section.trust, section.sha256
    loaded = _file(section.file, section, code, trust=trust, sha256=sha256)
    if section.factory is not None:
        code.note(section.factory, loaded.factory_digest)
    return loaded.module, {
        "digest": loaded.digest,
        "file": section.file,
        "file_bytes": str(loaded.bytes),
        "path_taken": loaded.path_taken,
    }


def _declaration(section: ModelSection, code: Code) -> dict[str, Any]:
    """What the outputs are, as `wrap` takes it."""
    if section.heads:
        heads = {
            name: _head(head.model_dump(exclude_none=True), code)
            for name, head in section.heads.items()
        }
        return {"heads": heads}
    names = {"task", "outputs", "classes", "decision", "unit_metrics", "quantiles"}
    return _head(section.model_dump(include=names, exclude_none=True), code)


def _head(plain: dict[str, Any], code: Code) -> dict[str, Any]:
    declared = {name: value for name, value in plain.items() if value != ()}
    if "unit_metrics" in declared:
        declared["unit_metrics"] = code.load(declared["unit_metrics"])
    return declared


def completed_data(configuration: AuditConfiguration) -> DataSection:
    """The data, with all columns among the features that the model's declaration names."""
    if configuration.model.generator is not None:
        return with_prompts(configuration)
    return with_predictions(configuration)


def with_predictions(configuration: AuditConfiguration) -> DataSection:
    """The data, with the columns of stored predictions among the features: they are read too."""
    section, stored = configuration.data, configuration.model.predictions
    if not section.features or stored is None:
        return section
    named = [[name] if isinstance(name, str) else list(name) for name in stored.values()]
    columns = dict.fromkeys([*section.features, *(name for names in named for name in names)])
    return section.model_copy(update={"features": tuple(columns)})
