"""From audit.yaml to a wrapped model, a data set, and the audit of the two."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auditkit import data as data_room
from auditkit.configuration import (
    MEDIA,
    AuditConfiguration,
    DataSection,
    ModelSection,
    SplitSection,
    read_configuration,
)
from auditkit.data import Dataset, dataset
from auditkit.records.location import store_folder

if TYPE_CHECKING:
    from auditkit.evidence.engine import Engine
    from auditkit.models import LoadedModel
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
    reports: tuple[Path, ...] = ()


_UNREAD = "unknown"


class Code:
    """The user's code that a configuration names, and the digests of what was loaded of it."""

    def __init__(self, base: Path, *, allowed: bool) -> None:
        self.base = base
        self.allowed = allowed
        self.digests: dict[str, str] = {}

    def load(self, reference: str) -> Any:
        """The callable that `module:callable` or `file.py:callable` names.

        Raises:
            UntrustedFileError: the configuration does not allow code.
        """
        from auditkit.models.factories import load_code

        code = load_code(reference, allow_code=self.allowed, base=self.base)
        self.note(reference, code.digest)
        return code.function

    def note(self, reference: str, digest: str | None) -> None:
        """Remember which code ran."""
        self.digests[reference] = digest or _UNREAD

    def digest(self) -> str | None:
        """One digest of all code that was loaded; None if there was none.

        It is `undetermined:…` where the source of some of it could not be read.
        """
        if not self.digests:
            return None
        unread = [name for name, digest in self.digests.items() if digest == _UNREAD]
        if unread:
            return f"undetermined:{', '.join(sorted(unread))}"
        lines = "".join(f"{digest}  {name}\n" for name, digest in sorted(self.digests.items()))
        return f"sha256:{hashlib.sha256(lines.encode()).hexdigest()}"


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
    model, source = build_model(configuration.model, code, said)
    data = build_dataset(_with_predictions(configuration), code)
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

    digests = {"model_file": source["digest"]} if "digest" in source else {}
    if (of_code := code.digest()) is not None:
        digests["code"] = of_code
    waivers, attested = configuration.waivers, configuration.attestations
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


def build_model(
    section: ModelSection, code: Code, said: Overrides | None = None
) -> tuple[WrappedModel, dict[str, str]]:
    """The wrapped model that a configuration describes, and where it came from.

    The second part holds, for a model from a file, its `digest`, `file` and `path_taken`.

    Raises:
        ModelError, ConfigurationError: the file, the code or the declaration is wrong.
    """
    from auditkit.models import stored_predictions, wrap

    said = said or Overrides()
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


def _with_predictions(configuration: AuditConfiguration) -> DataSection:
    """The data, with the columns of stored predictions among the features: they are read too."""
    section, stored = configuration.data, configuration.model.predictions
    if not section.features or stored is None:
        return section
    named = [[name] if isinstance(name, str) else list(name) for name in stored.values()]
    columns = dict.fromkeys([*section.features, *(name for names in named for name in names)])
    return section.model_copy(update={"features": tuple(columns)})


def build_dataset(section: DataSection, code: Code) -> Dataset:
    """The data set that a configuration describes.

    Raises:
        DataError, ConfigurationError: a file is missing, or the declaration contradicts itself.
    """
    shared: dict[str, Any] = {
        "label": section.label,
        "features": section.features,
        "groups": {
            name: {"column": group.column or name, "reference": group.reference, "cuts": group.cuts}
            for name, group in section.groups.items()
        },
        "intersections": section.intersections,
        "cluster": section.cluster,
        "row_id": section.row_id,
        "time": section.time,
        "controls": {
            name: {"column": control.column or name, "cuts": control.cuts}
            for name, control in section.controls.items()
        },
        "proxy_groups": {name: proxy.model_dump() for name, proxy in section.proxy_groups.items()},
        **section.model_dump(include={"weight", "previous", "query", "top", "labelled"}),
    }
    if section.table is not None and section.split is not None:
        one = section.table
        splits = dict.fromkeys(section.split.values, one)
        outside = None
        if section.outside is not None:
            splits["outside"], outside = section.outside, _data(section.outside, section, code)
        return dataset(
            data=_data(one, section, code),
            outside=outside,
            split=section.split.model_dump(),
            **_by_split(splits, code.base),
            **shared,
        )
    splits = {
        name: part
        for name, part in (
            ("evaluation", section.evaluation),
            ("training", section.training),
            ("outside", section.outside),
        )
        if part is not None
    }
    return dataset(
        **{name: _data(part, section, code) for name, part in splits.items()},
        **_by_split(splits, code.base),
        **shared,
    )


def _by_split(splits: Mapping[str, SplitSection], base: Path) -> dict[str, Any]:
    """What each split declares of its own files."""
    return {
        "sha256": _each(splits, "sha256"),
        "side_table": _side_tables(splits, base),
        "csv": {name: part.csv for name, part in splits.items()},
    }


def _each(splits: Mapping[str, SplitSection], field: str) -> dict[str, Any] | None:
    found = {name: getattr(part, field) for name, part in splits.items()}
    return {name: value for name, value in found.items() if value is not None} or None


def _side_tables(splits: Mapping[str, SplitSection], base: Path) -> dict[str, str] | None:
    tables = _each(splits, "side_table") or {}
    return {name: _located(place, base) for name, place in tables.items()} or None


def _data(part: SplitSection, section: DataSection, code: Code) -> Any:
    if part.factory is not None:
        return code.load(part.factory)
    return _media(part, section, code) or _table(part, code.base)


def _media(part: SplitSection, section: DataSection, code: Code) -> Any | None:
    """Images, sounds, texts or series, where the section declares them; else None."""
    in_folder = next((name for name in ("images", "audio") if getattr(part, name)), None)
    declared = (name for name in MEDIA if getattr(section, name) is not None)
    medium = in_folder or next(declared, None)
    if medium is None:
        return None
    said = getattr(section, medium)
    options = {} if said is None else said.model_dump(exclude_none=True)
    for name in options.keys() & {"folder", "tokenizer"}:
        options[name] = _located(options[name], code.base)
    if "encode" in options:
        options["tokenizer"] = code.load(options.pop("encode"))
    if in_folder is None:
        return getattr(data_room, medium)(
            _table(part, code.base), damaged=section.damaged, **options
        )
    # These say where the units of a table lie, and another split may be one.
    alone = {name: value for name, value in options.items() if name not in ("column", "folder")}
    place = _located(getattr(part, in_folder), code.base)
    return getattr(data_room, medium)(place, damaged=section.damaged, **alone)


def _table(part: SplitSection, base: Path) -> Any:
    places = [_located(place, base) for place in part.table]
    return places[0] if len(places) == 1 else places


def _located(place: str, base: Path) -> str:
    """A relative path is relative to the configuration; anything with a scheme stays."""
    return place if "://" in place else str(base / place)
