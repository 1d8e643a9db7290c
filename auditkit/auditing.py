"""One audit from start to end: probe, identify, plan, collect, measure, judge, record."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from auditkit import __version__
from auditkit.advice import ADVISERS
from auditkit.advising import advice_needs, advise
from auditkit.audit_settings import Settings
from auditkit.checks.check import EVALUATION, Check, Findings
from auditkit.checks.registry import catalogue, load_checks
from auditkit.data.datasets import Dataset
from auditkit.environment import describe_environment
from auditkit.errors import ConfigurationError, PolicyError
from auditkit.evidence.collected import Evidence
from auditkit.evidence.engine import Engine, LocalEngine, Options
from auditkit.evidence.kept_outcomes import kept_needs, kept_outcomes, to_bytes
from auditkit.evidence.needs import SplitNeed
from auditkit.evidence.plan import make_plan
from auditkit.evidence.subject import Kind, Subject
from auditkit.generation.files import refuse_unwritable, save_generations
from auditkit.generation.generations import Generations
from auditkit.generator_subjects import probe_generator
from auditkit.identity import Identity, identify
from auditkit.measurement import Measurement, MeasurementKey, Metric, Status
from auditkit.models.generators.wrapped import WrappedGenerator
from auditkit.models.wrapped import WrappedModel
from auditkit.policy import (
    Judgement,
    Policy,
    check_age,
    check_metrics,
    judge,
    load_policy,
)
from auditkit.recording import (
    define,
    describe_data,
    generations_note,
    kept_note,
    not_tested,
    states_of,
)
from auditkit.records import AuditRecord, Store, new_id, open_store
from auditkit.records.record import record_from_plain, record_to_plain
from auditkit.run import Run
from auditkit.subjects import Probed, probe

__all__ = ["Run", "Settings", "audit"]


def audit(
    model: WrappedModel | WrappedGenerator,
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
        model: from `auditkit.wrap` or `auditkit.stored_predictions`; one that answers with text
            from `auditkit.wrap_generator` or `auditkit.stored_generations`.
        data: from `auditkit.dataset`.
        policy: name of a shipped policy, path of a YAML file, or a policy; None measures only.
        store: folder (or open store) to keep the record in; None keeps it in memory. With a store,
            an identical audit is not run again: its stored numbers are judged, with the waivers
            and attestations of today. Every other look at the same model is judged more strictly.
        settings: how to run it.
        engine: what runs the plan; this process by default.
        options: fields of `Settings`, instead of `settings`.

    Raises:
        AuditkitError: whatever the user can mend. No record is stored then; that the policy and
            the data were seen is, since what was looked at cannot be unseen.
    """
    if settings is not None and options:
        raise ConfigurationError(
            f"audit was given settings and beside them {', '.join(sorted(options))}.",
            mend="Give these as fields of the settings.",
        )
    chosen = settings or Settings(**options)
    if chosen.keep_outcomes and store is None:
        raise ConfigurationError(
            "keep_outcomes was given without a store to keep the outcomes in.",
            mend="Name a store, or leave keep_outcomes out.",
        )
    checks, failures = load_checks()
    known = catalogue(checks)
    try:
        judged_by = _policy(policy, known)
    except PolicyError as error:
        # A metric may be unknown because the check that brings it could not be loaded.
        raise PolicyError(" ".join((error.problem, *failures)), mend=error.mend) from error
    if chosen.checks is not None:
        checks, failures = load_checks(chosen.checks)
    checks = _about(checks, _kind(model))
    if chosen.keep_generations is not None:
        refuse_unwritable(chosen.keep_generations)
    runner = engine or LocalEngine()
    kept = _store(store) if runner.primary else None
    return _Audit(model, data, judged_by, kept, chosen, runner, (checks, failures, known)).run()


def _about(checks: Sequence[Check], kind: Kind) -> tuple[Check, ...]:
    """The checks that ask about this kind of model."""
    return tuple(check for check in checks if kind in check.about)


def _kind(model: WrappedModel | WrappedGenerator) -> Kind:
    return Kind.GENERATOR if isinstance(model, WrappedGenerator) else Kind.PREDICTOR


def _tasks(model: WrappedModel | WrappedGenerator) -> dict[str, str]:
    if isinstance(model, WrappedGenerator):
        return {"": "generation"}
    return {head.name: head.task.value for head in model.heads}


def _policy(policy: str | Path | Policy | None, known: Mapping[str, Metric]) -> Policy | None:
    """The policy, refused here rather than after the run if it names what nobody measures."""
    if isinstance(policy, str | Path):
        return load_policy(policy, metrics=known)
    if policy is not None:
        check_metrics(policy, known)
    return policy


def _store(store: str | Path | Store | None) -> Store | None:
    return open_store(store) if isinstance(store, str | Path) else store


class _Audit:
    """The state of one audit on its way through the rooms."""

    # Seven parameters: what `audit` was given, and what it made of it.
    def __init__(
        self,
        model: WrappedModel | WrappedGenerator,
        data: Dataset,
        policy: Policy | None,
        store: Store | None,
        settings: Settings,
        engine: Engine,
        checks: tuple[tuple[Check, ...], tuple[str, ...], Mapping[str, Metric]],
    ) -> None:
        self.model, self.data, self.policy = model, data, policy
        self.store, self.settings, self.engine = store, settings, engine
        self.checks, self.failures, self.known = checks
        self.timing: dict[str, float] = {}

    def run(self) -> Run:
        # The policy is seen before the data are: whatever comes later is exploratory.
        policy_seen = self._sight("policy", None if self.policy is None else self.policy.digest)
        # Rows to be judged on, whatever other splits stand beside them.
        data_seen = self._sight("data", self.data["evaluation"].digest())
        with self.model.opened():
            probed = self._timed("probe", self._probe)
            identity = self._identity(probed)
            if (found := self._stored(identity)) is not None:
                return found
            salt = self._salt()
            evidence = self._timed("collect", lambda: self._collect(probed, salt))
        notes_on_kept = self._keep(evidence)
        findings = self._timed("measure", lambda: self._measure(probed.subject, evidence))
        kept = kept_outcomes(evidence, probed.subject, salt) if salt else []
        record = self._record(findings, probed, evidence, identity)
        if salt:
            record = replace(record, notes=(*record.notes, kept_note(kept)))
        record = replace(record, notes=(*record.notes, *notes_on_kept))
        record = replace(
            record,
            judgement=self._judge(
                record,
                look=self._looks(identity) + 1,
                exploratory=bool(policy_seen and data_seen and policy_seen > data_seen),
            ),
        )
        record = self._timed("advise", lambda: self._advised(record, probed.subject, evidence))
        record = replace(record, timing=dict(self.timing))
        if self.store is not None:
            self.store.save(record, states_of(evidence), [to_bytes(one) for one in kept])
        return Run(record, store=None if self.store is None else self.store.folder)

    def _keep(self, evidence: Evidence) -> tuple[str, ...]:
        """Write what was heard of a generative model where that is asked for; a note of it."""
        target, generations = self.settings.keep_generations, _generations(evidence)
        if target is None or generations is None or not self.engine.primary:
            return ()
        save_generations(generations, target)
        return (generations_note(len(generations)),)

    def _timed(self, stage: str, work: Callable[[], Any]) -> Any:
        started = time.perf_counter()
        result = work()
        self.timing[stage] = time.perf_counter() - started
        return result

    def _sight(self, kind: str, digest: str | None) -> datetime | None:
        if self.store is None or digest is None:
            return None
        return self.store.sight(kind, digest)

    def _identity(self, probed: Probed) -> Identity:
        known = {**self.settings.digests, "answers": probed.answers}
        if self.policy is not None:
            known["policy"] = self.policy.digest
        return identify(
            self.model,
            self.data,
            [check.name for check in self.checks],
            {
                "limit": self.settings.limit,
                "feature_names": self.settings.feature_names,
                **self.settings.wanted,
            },
            known,
        )

    def _stored(self, identity: Identity) -> Run | None:
        """The numbers of an identical audit, judged today; every process comes to the same."""
        text = self.engine.shared(self._find(identity))
        if not text:
            return None
        record = record_from_plain(json.loads(text))
        own = record.judgement
        judgement = self._judge(
            record,
            look=1 if own is None else own.look,
            exploratory=own is not None and own.exploratory,
        )
        folder = None if self.store is None else self.store.folder
        return Run(replace(record, judgement=judgement), stored=True, store=folder)

    def _find(self, identity: Identity) -> str:
        """The record of an identical audit as JSON; "" if there is none that may be used."""
        if self.store is None or identity.doubt:
            return ""
        found = self.store.find(identity.digests, self.settings.seed, __version__)
        if found is None:
            return ""
        if self.settings.keep_outcomes and not self.store.outcomes(found):
            return ""  # they were deleted, and are asked for again
        if self.settings.keep_generations and not Path(self.settings.keep_generations).exists():
            return ""  # likewise
        record = self.store.load(found)
        if self.policy is not None:
            try:
                check_age(self.policy, record.created)
            except PolicyError:
                return ""  # too old for the policy: what it wants is a new audit
        return json.dumps(record_to_plain(record))

    def _looks(self, identity: Identity) -> int:
        looks = 0 if self.store is None else self.store.looks(identity.digests["model"])
        return int(self.engine.shared(str(looks)))

    def _probe(self) -> Probed:
        if isinstance(self.model, WrappedGenerator):
            return probe_generator(
                self.model,
                self.data,
                self.settings.generated,
                seed=self.settings.seed,
                aims=self.settings.aimed,
                batch_size=self.settings.batch_size,
            )
        return probe(
            self.model,
            self.data,
            seed=self.settings.seed,
            batch_size=self.settings.batch_size,
            feature_names=self.settings.feature_names,
            aims=self.settings.aimed,
            nuisances=self.settings.named,
            wishes=self.settings.wishes,
            retraining=self.settings.trained,
            cost=self.settings.costed,
            file_bytes=int(self.settings.origin.get("file_bytes", 0)) or None,
            training_log=self.settings.logged,
        )

    def _salt(self) -> bytes:
        """By which kept rows are named, the same in every process; b"" where none are kept."""
        if not self.settings.keep_outcomes:
            return b""
        own = "" if self.store is None else self.store.salt().hex()
        return bytes.fromhex(self.engine.shared(own))

    def _collect(self, probed: Probed, salt: bytes) -> Evidence:
        needs = [need for check in self.checks for need in _needs(check, probed.subject)]
        needs += advice_needs(ADVISERS, self.checks, probed.subject)
        needs += kept_needs(probed.subject, salt) if salt else []
        options = Options(
            batch_size=self.settings.batch_size,
            limit=self.settings.limit,
            seed=self.settings.seed,
            edges=probed.edges,
            quiet=self.settings.quiet or not self.engine.primary,
        )
        plan = make_plan(needs, probed.subject)
        return self.engine.run(plan, probed.subject, self.model, self.data, options)

    def _measure(self, subject: Subject, evidence: Evidence) -> Findings:
        return Findings.together(_findings(check, subject, evidence) for check in self.checks)

    def _advised(self, record: AuditRecord, subject: Subject, evidence: Evidence) -> AuditRecord:
        """The record with what would mend what was found; without it a verdict stands all the same.

        An adviser that breaks off costs its advice, and a note says so.
        """
        try:
            found = advise(ADVISERS, subject, evidence, record.measurements, record.judgement)
        except Exception as error:  # noqa: BLE001 - a finished audit is not lost for an advice
            note = f"What would mend it was not worked out ({type(error).__name__}: {error})."
            return replace(record, notes=(*record.notes, note))
        return replace(record, advice=found)

    def _judge(self, record: AuditRecord, *, look: int, exploratory: bool) -> Judgement | None:
        if self.policy is None:
            return None
        return judge(
            self.policy,
            record.measurements,
            look=look,
            exploratory=exploratory,
            waivers=self.settings.waivers,
            digests=record.digests,
            metrics=self.known,
            declared_references=self.data.columns.references,
            declared_proxies=self.data.columns.proxies,
            attestations=self.settings.attestations,
            tasks=_tasks(self.model),
        )

    def _record(
        self, findings: Findings, probed: Probed, evidence: Evidence, identity: Identity
    ) -> AuditRecord:
        """The record before it is judged."""
        unmet = {check.name: _unmet(check, probed.subject) for check in self.checks}
        limit = self.settings.limit
        cut = limit if any(split.sampled for split in evidence.splits.values()) else None
        return AuditRecord(
            id=new_id(),
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            name=self.settings.name,
            version=__version__,
            digests=dict(identity.digests),
            model={**self.model.describe(), **self.settings.origin},
            data=describe_data(self.data, probed.subject, evidence),
            settings={
                "seed": self.settings.seed,
                "batch_size": self.settings.batch_size,
                "limit": limit,
                **self.settings.wanted,
                "device": str(self.model.device),
                "engine": self.engine.name,
                "allow_code": self.settings.allow_code,
                "checks": [check.name for check in self.checks],
            },
            environment=describe_environment(),
            # All metrics that there are, measured or not: so that `gate` knows, without the checks,
            # which requirements of another policy are missing and which are misspelt.
            definitions={name: define(metric) for name, metric in self.known.items()},
            measurements=findings.measurements,
            figures=findings.figures,
            policy_text="" if self.policy is None else self.policy.text,
            not_tested=tuple(not_tested(self.checks, unmet, cut, self.data.columns.row_id)),
            notes=(*self._notes(identity), *self.data.notes, *probed.notes, *findings.notes),
            timing=dict(self.timing),
        )

    def _notes(self, identity: Identity) -> list[str]:
        notes = [*self.settings.notes, *self.failures]
        if self.store is None:
            if self.engine.primary and self.policy is not None:
                notes.append(
                    "Nothing was kept: looks at this model are not counted without a store."
                )
            return notes
        if identity.doubt:
            notes.append(
                f"A rerun of this audit will be a further look, not this verdict again: "
                f"{identity.doubt}."
            )
        judged = self.store.models_judged_on(identity.digests["data"])
        others = judged - bool(self.store.looks(identity.digests["model"]))
        if others > 0:
            notes.append(
                f"Other models judged on these data before this one: {others}. The best of many "
                "looks better than it is."
            )
        return notes


def _generations(evidence: Evidence) -> Generations | None:
    collected = evidence.splits.get(EVALUATION)
    return None if collected is None else collected.generations


def _unmet(check: Check, subject: Subject) -> str:
    try:
        return check.unmet(subject)
    except Exception as error:  # noqa: BLE001 - a check may come from anyone; it fails alone
        return f"It broke off when asked whether it applies ({type(error).__name__}: {error})."


def _needs(check: Check, subject: Subject) -> list[SplitNeed]:
    """What a check needs; nothing if it cannot say, and then it fails when it measures."""
    try:
        return [] if check.unmet(subject) else list(check.needs(subject))
    except Exception:  # noqa: BLE001 - its measurements will say so, see `_findings`
        return []


def _findings(check: Check, subject: Subject, evidence: Evidence) -> Findings:
    """What a check found; a check that fails yields `failed` measurements, never fewer."""
    try:
        if reason := check.unmet(subject):
            return _without_value(check, Status.NOT_APPLICABLE, reason)
        found = check.measure(subject, evidence)
        for measurement in found.measurements:
            if measurement.value is not None and not math.isfinite(measurement.value):
                raise ValueError(f"{measurement.key} came out as {measurement.value}")
    except Exception as error:  # noqa: BLE001 - a check may come from anyone; it fails alone
        reason = f"The check {check.name} broke off ({type(error).__name__}: {error})."
        return _without_value(check, Status.FAILED, reason)
    return found


def _without_value(check: Check, status: Status, reason: str) -> Findings:
    return Findings(
        tuple(
            Measurement(MeasurementKey(metric.id), status, reason=reason)
            for metric in check.metrics
        )
    )
