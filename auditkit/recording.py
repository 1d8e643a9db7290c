"""What a record says beside the measurements: the data, the definitions, what was not tested."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from auditkit.checks.check import EVALUATION, Check
from auditkit.data.columns import describe_roles
from auditkit.data.datasets import Dataset
from auditkit.evidence.collected import Evidence
from auditkit.evidence.kept_outcomes import KeptOutcomes
from auditkit.evidence.subject import Subject
from auditkit.measurement import Metric
from auditkit.statistics.absence import MIN_KEPT


def describe_data(data: Dataset, subject: Subject, evidence: Evidence) -> dict[str, Any]:
    """Splits with their rows and digests, and what the columns were declared to mean."""
    columns = subject.columns
    # Nothing is collected where no check can measure the subject.
    collected = evidence.splits.get(EVALUATION)
    levels = {} if collected is None else collected.levels
    return {
        "splits": {
            name: {**_without_few(source.describe()), "rows": evidence[name].rows}
            for name, source in data.splits.items()
            if name in evidence.splits
        },
        "groups": {
            one.name: {
                "column": one.column,
                "reference": one.reference,
                "cuts": list(one.cuts),
                "levels": sorted(levels.get(one.name, ())),
            }
            for one in columns.groups
        },
        **describe_roles(columns),
    }


def _without_few(split: dict[str, Any]) -> dict[str, Any]:
    """The description of a split, without how many people are in a group of fewer than five."""
    groups = {
        name: {**group, "levels": _told(group.get("levels", {}))}
        for name, group in split.get("groups", {}).items()
    }
    return {**split, "groups": groups} if groups else split


def _told(levels: Mapping[str, int]) -> dict[str, int | str]:
    return {level: f"fewer than {MIN_KEPT}" if n < MIN_KEPT else n for level, n in levels.items()}


def define(metric: Metric) -> dict[str, Any]:
    """A metric's definition as plain data; its id is the key that it stands under."""
    plain = asdict(metric)
    del plain["id"]
    plain["direction"] = metric.direction.value
    return plain


def not_tested(
    checks: Sequence[Check], unmet: Mapping[str, str], limit: int | None, row_id: str | None
) -> Iterator[str]:
    """What this audit leaves open, and why.

    Args:
        checks: those that were asked for.
        unmet: check → why it could not measure this subject; "" if it could.
        limit: rows read of each split; None for all.
        row_id: the declared column of row ids.
    """
    if limit is not None:
        yield (
            f"Only about the first {limit:,} rows of each split were read (limit); such an audit "
            "cannot pass."
        )
    for check in checks:
        if reason := unmet[check.name]:
            yield f"{check.name.replace('_', ' ').capitalize()} was not tested. {reason}"
        else:
            yield from check.not_tested
    if row_id is None:
        yield (
            "Repeated rows were not looked for: no row id is declared, so that the same unit may "
            "have been counted more than once."
        )


def kept_note(kept: Sequence[KeptOutcomes]) -> str:
    """A sentence on the rows that are kept because the user asked for them."""
    if not kept:
        return (
            "Outcomes were to be kept, and there are none: no evaluation row has a label that an "
            "output could be set beside."
        )
    return (
        f"The outcomes of {max(len(one.rows) for one in kept):,} evaluation rows are kept beside "
        "this record, named by salted hashes, as was asked (keep_outcomes); the files "
        "outcomes-….arrow may be deleted at any time."
    )


def generations_note(prompts: int) -> str:
    """A sentence on the answers that are kept because the user asked for them."""
    return (
        f"What was heard of {prompts:,} prompts is kept in a file, as was asked "
        "(keep_generations): it holds prompts and answers as they are, and may be deleted at any "
        "time."
    )


def states_of(evidence: Evidence) -> dict[str, bytes]:
    """The mergeable states, named by split and by what they are."""
    states, index = {}, {}
    for split, collected in evidence.splits.items():
        for number, (need, counts) in enumerate(collected.counts.items()):
            states[f"{split}.counts.{number}"] = counts.to_bytes()
            index[f"{split}.counts.{number}"] = repr(need)
        for number, (summed, moments) in enumerate(collected.sums.items()):
            states[f"{split}.moments.{number}"] = moments.to_bytes()
            index[f"{split}.moments.{number}"] = repr(summed)
    states["index"] = json.dumps(index, indent=1).encode()
    return states
