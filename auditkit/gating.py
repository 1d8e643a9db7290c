"""Judge a stored record again: by its own policy, or by another one."""

from __future__ import annotations

from pathlib import Path

from auditkit.deployed import deployed_digest
from auditkit.errors import ConfigurationError, StoreError
from auditkit.measurement import Direction, Metric
from auditkit.policy import (
    Judgement,
    Policy,
    check_age,
    judge,
    load_attestations,
    load_policy,
    load_waivers,
    policy_from_text,
)
from auditkit.records.record import AuditRecord


def gate(
    record: AuditRecord,
    *,
    policy: str | Path | None = None,
    model: Path | None = None,
    waivers: Path | None = None,
    attestations: Path | None = None,
) -> Judgement:
    """The judgement of a policy on what a record holds; neither model nor data are needed.

    Args:
        record: from a store or a file.
        policy: name or path; the record's own policy by default.
        model: file or folder of the model to be deployed, which must be the one audited.
        waivers, attestations: YAML files.

    Raises:
        StoreError: the record is of another model, or older than the policy allows.
        PolicyError: the policy, or a file beside it, is malformed or names unknown metrics.
    """
    if model is not None:
        _refuse_other_model(record, model)
    chosen = _policy(record, policy)
    check_age(chosen, record.created)
    own = record.judgement
    declared, proxies, tasks = _declared(record)
    return judge(
        chosen,
        record.measurements,
        look=1 if own is None else own.look,
        # A policy chosen after the numbers were known explores them.
        exploratory=own is None or own.exploratory or own.policy_digest != chosen.digest,
        waivers=() if waivers is None else load_waivers(waivers),
        digests=record.digests,
        metrics=definitions(record),
        declared_references=declared,
        declared_proxies=proxies,
        attestations={} if attestations is None else load_attestations(attestations),
        tasks=tasks,
    )


def definitions(record: AuditRecord) -> dict[str, Metric]:
    """The metrics of a record, from the definitions that it embeds."""
    try:
        return {
            name: Metric(name, **{**plain, "direction": Direction(plain["direction"])})
            for name, plain in record.definitions.items()
        }
    except (KeyError, TypeError, ValueError) as error:
        raise _incomplete(record, "definitions", error) from error


def _declared(record: AuditRecord) -> tuple[dict[str, str | None], set[str], dict[str, str]]:
    """Reference of each declared group, which of them are probabilities, and task of each head."""
    try:
        # Records of earlier versions know no proxy groups.
        proxies = record.data.get("proxy_groups", {})
        groups = {**record.data["groups"], **proxies}
        references = {name: group["reference"] for name, group in groups.items()}
        tasks = {head["name"]: head["task"] for head in record.model["heads"]}
        return references, set(proxies), tasks
    except (AttributeError, KeyError, TypeError) as error:
        raise _incomplete(record, "groups or heads", error) from error


def _incomplete(record: AuditRecord, what: str, error: Exception) -> StoreError:
    return StoreError(
        f"The record {record.id} lacks what auditkit writes about its {what} "
        f"({type(error).__name__}: {error}).",
        mend="Use the record that auditkit has written, or audit the model again.",
    )


def _policy(record: AuditRecord, policy: str | Path | None) -> Policy:
    if policy is not None:
        return load_policy(policy)
    if not record.policy_text:
        raise ConfigurationError(
            f"The record {record.id} was made without a policy.",
            mend="Name one with --policy.",
        )
    return policy_from_text(record.policy_text, f"the policy in record {record.id}")


def _refuse_other_model(record: AuditRecord, model: Path) -> None:
    audited = record.digests.get("model_file")
    if audited is None:
        raise StoreError(
            f"The record {record.id} is of a model that was not loaded from a file or folder, "
            f"so that {model} cannot be compared with it.",
            mend="Audit the file or the folder itself.",
        )
    try:
        found = deployed_digest(model)
    except OSError as error:
        raise ConfigurationError(
            f"The model {model} cannot be read: {error.strerror or error}.",
            mend="Check the path.",
        ) from error
    if found != audited:
        raise StoreError(
            f"The record {record.id} is of another model: it audited {audited}, and {model} is "
            f"{found}.",
            mend="Gate the record of this model, or audit this file.",
        )
