"""One audit from start to end: probe, plan, collect, measure, judge, record."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auditkit import __version__
from auditkit.checks.check import Check, Findings
from auditkit.checks.registry import catalogue, load_checks
from auditkit.data.datasets import Dataset
from auditkit.environment import describe_environment
from auditkit.errors import AuditkitError
from auditkit.evidence.collected import Evidence
from auditkit.evidence.engine import Engine, LocalEngine, Options
from auditkit.evidence.needs import make_plan
from auditkit.evidence.subject import Subject
from auditkit.measurement import Measurement, MeasurementKey, Metric, Status
from auditkit.models.wrapped import WrappedModel
from auditkit.policy import (
    Attestation,
    Judgement,
    Policy,
    Waiver,
    check_metrics,
    judge,
    load_policy,
)
from auditkit.records import AuditRecord, Store, new_id, open_store
from auditkit.subjects import Probed, probe

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd


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
        waivers, attestations: for the judge.
        notes: sentences that a reviewer must see.
        digests: further digests (`model_file`, `code` …) for the record.
        origin: what else the record keeps of where the model came from: `file`, `path_taken` …
        allow_code: whether code named in a configuration was allowed to run.
        quiet: no progress bar.
    """

    name: str = "model"
    checks: Sequence[str] | None = None
    seed: int = 0
    batch_size: int = 1024
    limit: int | None = None
    feature_names: tuple[str, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    attestations: Mapping[str, Attestation] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    digests: Mapping[str, str] = field(default_factory=dict)
    origin: Mapping[str, str] = field(default_factory=dict)
    allow_code: bool = False
    quiet: bool = False


@dataclass(frozen=True)
class Run:
    """An audit that was run, or found in the store.

    Attributes:
        record: everything about it.
        stored: whether the verdict is that of an earlier, identical run.
        store: the folder of the store that holds it; None if it was not kept.
    """

    record: AuditRecord
    stored: bool = False
    store: Path | None = None

    @property
    def judgement(self) -> Judgement | None:
        """All verdicts; None where no policy was asked."""
        return self.record.judgement

    @property
    def verdict(self) -> str | None:
        """`pass`, `fail`, `inconclusive` or `waived`; None where no policy was asked."""
        return None if self.judgement is None else self.judgement.outcome.value

    @property
    def exit_code(self) -> int:
        """What the command line returns: 0 nothing blocks, 1 failed or missing, 3 inconclusive."""
        return 0 if self.judgement is None else int(self.judgement.exit_code)

    @property
    def measurements(self) -> pd.DataFrame:
        """A row for each measurement: metric, slice, reference, value, interval, units, status."""
        import pandas as pd

        return pd.DataFrame([_row(measurement) for measurement in self.record.measurements])

    def report(self, path: str | Path) -> Path:
        """Write the report; its kind follows from the suffix (.html, .xml, .json).

        Raises:
            OutputError: the file cannot be written.
        """
        from auditkit.reports import write_report

        return write_report(self.record, Path(path))

    def _repr_html_(self) -> str:
        from auditkit.reports import notebook_html

        return notebook_html(self.record)


def _row(measurement: Measurement) -> dict[str, Any]:
    key, interval = measurement.key, measurement.interval
    return {
        "metric": key.metric,
        "head": key.head,
        "label": key.label,
        "slice": str(key.slice),
        "reference": None if key.reference is None else str(key.reference),
        "split": key.split,
        "status": measurement.status.value,
        "value": measurement.value,
        "low": None if interval is None else interval.low,
        "high": None if interval is None else interval.high,
        "units": measurement.units,
        "reason": measurement.reason,
    }


def audit(
    model: WrappedModel,
    data: Dataset,
    *,
    policy: str | Path | Policy | None = "baseline",
    store: str | Path | Store | None = None,
    settings: Settings | None = None,
    engine: Engine | None = None,
    **options: Any,
) -> Run:
    """Audit a wrapped model on its data.

    Args:
        model: from `auditkit.wrap`, `auditkit.load` or `auditkit.stored_predictions`.
        data: from `auditkit.dataset`.
        policy: name of a shipped policy, path of a YAML file, or a policy; None measures only.
        store: folder (or open store) to keep the record in; None keeps it in memory. With a store,
            an identical run returns the stored verdict, and every further look at the same model
            is judged more strictly.
        settings: how to run it.
        engine: what runs the plan; this process by default.
        options: fields of `Settings`, instead of `settings`.

    Raises:
        AuditkitError: whatever the user can mend; nothing is stored then.
    """
    chosen = settings or Settings(**options)
    judged_by = _checked(policy)
    kept = open_store(store) if isinstance(store, str | Path) else store
    return _Audit(model, data, judged_by, kept, chosen, engine or LocalEngine()).run()


def _checked(policy: str | Path | Policy | None) -> Policy | None:
    """The policy, refused here rather than after the run if it names what nobody measures."""
    known = catalogue(load_checks()[0])
    if isinstance(policy, str | Path):
        return load_policy(policy, metrics=known)
    if policy is not None:
        check_metrics(policy, known)
    return policy


class _Audit:
    """The state of one audit on its way through the rooms."""

    def __init__(
        self,
        model: WrappedModel,
        data: Dataset,
        policy: Policy | None,
        store: Store | None,
        settings: Settings,
        engine: Engine,
    ) -> None:
        self.model, self.data, self.policy = model, data, policy
        self.store, self.settings, self.engine = store, settings, engine
        self.checks, self.failures = load_checks(settings.checks)
        self.timing: dict[str, float] = {}

    def run(self) -> Run:
        # The policy is seen before the data are: whatever comes later is exploratory.
        policy_seen = self._sight("policy", None if self.policy is None else self.policy.digest)
        digests = self._digests()
        data_seen = self._sight("data", digests["data"])
        if (found := self._stored(digests)) is not None:
            return found
        with self.model.opened():
            probed = self._timed("probe", self._probe)
            evidence = self._timed("collect", lambda: self._collect(probed))
        findings = self._timed("measure", lambda: self._measure(probed.subject, evidence))
        exploratory = bool(policy_seen and data_seen and policy_seen > data_seen)
        judgement = self._judge(findings, probed.subject, digests, exploratory)
        record = self._record(findings, judgement, probed.subject, evidence, digests)
        if self.store is not None and self.engine.primary:
            self.store.save(record, _states(evidence))
        return Run(record, store=None if self.store is None else self.store.folder)

    def _timed(self, stage: str, work: Callable[[], Any]) -> Any:
        started = time.perf_counter()
        result = work()
        self.timing[stage] = time.perf_counter() - started
        return result

    def _sight(self, kind: str, digest: str | None) -> datetime | None:
        if self.store is None or digest is None or not self.engine.primary:
            return None
        return self.store.sight(kind, digest)

    def _digests(self) -> dict[str, str]:
        data = {name: source.digest() for name, source in self.data.splits.items()}
        digests = {
            "model": self.model.digest(),
            "data": _digest(data),
            "configuration": _digest(self._configuration()),
            **{f"data_{name}": digest for name, digest in data.items()},
            **self.settings.digests,
        }
        if self.policy is not None:
            digests["policy"] = self.policy.digest
        return digests

    def _configuration(self) -> dict[str, Any]:
        """Everything that changes what is measured, and is not model, data or policy."""
        return {
            "model": self.model.describe(),
            "columns": repr(self.data.columns),
            "checks": [check.name for check in self.checks],
            "limit": self.settings.limit,
            "feature_names": self.settings.feature_names,
        }

    def _stored(self, digests: Mapping[str, str]) -> Run | None:
        if self.store is None:
            return None
        found = self.store.find(digests, self.settings.seed, __version__)
        if found is None:
            return None
        return Run(self.store.load(found), stored=True, store=self.store.folder)

    def _probe(self) -> Probed:
        return probe(
            self.model,
            self.data,
            seed=self.settings.seed,
            batch_size=self.settings.batch_size,
            feature_names=self.settings.feature_names,
        )

    def _collect(self, probed: Probed) -> Evidence:
        subject = probed.subject
        needs = [
            need
            for check in self.checks
            if not check.unmet(subject)
            for need in check.needs(subject)
        ]
        options = Options(
            batch_size=self.settings.batch_size,
            limit=self.settings.limit,
            seed=self.settings.seed,
            edges=probed.edges,
            quiet=self.settings.quiet or not self.engine.primary,
        )
        plan = make_plan(needs, subject)
        return self.engine.run(plan, subject, self.model, self.data, options)

    def _measure(self, subject: Subject, evidence: Evidence) -> Findings:
        found = [_findings(check, subject, evidence) for check in self.checks]
        return Findings(
            tuple(m for findings in found for m in findings.measurements),
            tuple(figure for findings in found for figure in findings.figures),
            (*self.settings.notes, *self.failures, *(n for f in found for n in f.notes)),
        )

    def _judge(
        self,
        findings: Findings,
        subject: Subject,
        digests: Mapping[str, str],
        exploratory: bool,
    ) -> Judgement | None:
        if self.policy is None:
            return None
        looks = 0 if self.store is None else self.store.looks(digests["model"])
        return judge(
            self.policy,
            findings.measurements,
            look=looks + 1,
            exploratory=exploratory,
            waivers=self.settings.waivers,
            digests=digests,
            metrics=catalogue(load_checks()[0]),
            declared_references={one.name: one.reference for one in subject.columns.groups},
            attestations=self.settings.attestations,
            tasks={head.name: head.task.value for head in self.model.heads},
        )

    def _record(
        self,
        findings: Findings,
        judgement: Judgement | None,
        subject: Subject,
        evidence: Evidence,
        digests: Mapping[str, str],
    ) -> AuditRecord:
        # All metrics that there are, measured or not: so that `gate` knows, without the checks,
        # which requirements of another policy are missing and which are misspelt.
        metrics = catalogue(load_checks()[0])
        return AuditRecord(
            id=new_id(),
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            name=self.settings.name,
            version=__version__,
            digests=dict(digests),
            model={**self.model.describe(), **self.settings.origin},
            data=_described_data(self.data, subject, evidence),
            settings={
                "seed": self.settings.seed,
                "batch_size": self.settings.batch_size,
                "limit": self.settings.limit,
                "device": str(self.model.device),
                "engine": self.engine.name,
                "allow_code": self.settings.allow_code,
                "checks": [check.name for check in self.checks],
            },
            environment=describe_environment(),
            definitions={name: _defined(metric) for name, metric in metrics.items()},
            measurements=findings.measurements,
            figures=findings.figures,
            judgement=judgement,
            policy_text="" if self.policy is None else self.policy.text,
            not_tested=tuple(_not_tested(self.checks, subject, self.settings)),
            notes=findings.notes,
            timing=dict(self.timing),
        )


def _findings(check: Check, subject: Subject, evidence: Evidence) -> Findings:
    """What a check found; a check that fails yields `failed` measurements, never fewer."""
    if reason := check.unmet(subject):
        return _without_value(check, Status.NOT_APPLICABLE, reason)
    try:
        return check.measure(subject, evidence)
    except AuditkitError:
        raise
    except Exception as error:  # noqa: BLE001 - a check may come from anyone; it fails alone
        reason = f"The check {check.name} broke off ({type(error).__name__}: {error})."
        return _without_value(check, Status.FAILED, reason)


def _without_value(check: Check, status: Status, reason: str) -> Findings:
    return Findings(
        tuple(
            Measurement(MeasurementKey(metric.id), status, reason=reason)
            for metric in check.metrics
        )
    )


def _not_tested(checks: Sequence[Check], subject: Subject, settings: Settings) -> Iterator[str]:
    if settings.limit is not None:
        yield (
            f"Only about the first {settings.limit:,} rows of each split were read (limit); such "
            "an audit cannot pass."
        )
    for check in checks:
        if reason := check.unmet(subject):
            yield f"{check.name.capitalize()} was not tested. {reason}"
        else:
            yield from check.not_tested


def _described_data(data: Dataset, subject: Subject, evidence: Evidence) -> dict[str, Any]:
    columns = subject.columns
    return {
        "splits": {
            name: {**source.describe(), "rows": evidence[name].rows}
            for name, source in data.splits.items()
            if name in evidence.splits
        },
        "groups": {
            one.name: {
                "column": one.column,
                "reference": one.reference,
                "cuts": list(one.cuts),
                "levels": list(evidence["evaluation"].levels[one.name]),
            }
            for one in columns.groups
        },
        "intersections": [list(names) for names in columns.intersections],
        "cluster": columns.cluster,
        "row_id": columns.row_id,
        "time": columns.time,
    }


def _defined(metric: Metric) -> dict[str, Any]:
    return {
        "title": metric.title,
        "definition": metric.definition,
        "unit": metric.unit,
        "direction": metric.direction.value,
        "low": metric.low,
        "high": metric.high,
        "source": metric.source,
        "comparison": metric.comparison,
        "gateable": metric.gateable,
    }


def _states(evidence: Evidence) -> dict[str, bytes]:
    """The mergeable states, named by split and by what they count."""
    states = {}
    for split, collected in evidence.splits.items():
        for number, counts in enumerate(collected.counts.values()):
            states[f"{split}.counts.{number}"] = counts.to_bytes()
        for number, moments in enumerate(collected.sums.values()):
            states[f"{split}.moments.{number}"] = moments.to_bytes()
    return states


def _digest(content: Any) -> str:
    text = json.dumps(content, sort_keys=True, default=str)
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
