"""What an audit will be able to decide: its rows are counted, its model is left alone."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from auditkit.assembly import completed_data, policy_place
from auditkit.configuration import AuditConfiguration, read_configuration
from auditkit.configured_code import Code
from auditkit.data import Dataset, Source
from auditkit.data.media_source import MediaSource
from auditkit.dataset_assembly import build_dataset
from auditkit.measurement import Slice
from auditkit.policy import Plan, Policy, load_policy, plan

_BATCH = 65_536
_FEW = 256
"""Units of media at a time: they are decoded, to know which are damaged, and are large."""
_UNIT = "\0unit"  # no column is called so


def plan_configuration(
    path: Path,
    *,
    policy: str | None = None,
    rate: float = 0.2,
    look: int = 1,
    allow: bool = False,
) -> tuple[Policy, Plan]:
    """What the rows that an audit.yaml names can decide.

    Args:
        path: of the audit.yaml.
        policy: instead of the one that it names.
        rate: share of favourable decisions to assume.
        look: the how-many-th look at the model the audit will be.
        allow: whether the code that it names may run (it says so itself with `allow_code`).

    Raises:
        AuditkitError: whatever the user can mend.
    """
    configuration = read_configuration(path)
    base = path.resolve().parent
    code = Code(base, allowed=allow or configuration.allow_code)
    data = build_dataset(completed_data(configuration), code)
    chosen = load_policy(policy_place(policy or configuration.policy, base, given=policy))
    data.check()
    units = count_units(data)
    training = data.splits.get("training")
    return chosen, plan(
        chosen,
        units,
        training_rows=None if training is None else training.rows or _rows(data, "training"),
        rate=rate,
        look=look,
        declared_references=data.columns.references,
        declared_proxies=data.columns.proxies,
        tasks=_tasks(configuration),
    )


def _tasks(configuration: AuditConfiguration) -> dict[str, str]:
    model = configuration.model
    if model.generator is not None:
        return {"": "generation"}
    if model.heads:
        return {name: head.task for name, head in model.heads.items()}
    return {"": str(model.task)}


def count_units(data: Dataset) -> dict[Slice, int]:
    """Units of the evaluation split by declared group and intersection: clusters, else rows."""
    names = [group.name for group in data.columns.groups]
    slicings = [(), *((name,) for name in names), *data.columns.intersections]
    seen: dict[Slice, set[object] | int] = {}
    source = data["evaluation"]
    for fragment in source.fragments():
        for batch in source.batches(fragment, _at_once(source)):
            unit = np.zeros(len(batch)) if batch.clusters is None else batch.clusters
            frame = pd.DataFrame({_UNIT: unit, **{name: batch.groups[name] for name in names}})
            for attributes in slicings:
                _count(seen, frame, attributes, clustered=batch.clusters is not None)
    return {where: n if isinstance(n, int) else len(n) for where, n in seen.items()}


def _count(
    seen: dict[Slice, set[object] | int],
    frame: pd.DataFrame,
    attributes: tuple[str, ...],
    *,
    clustered: bool,
) -> None:
    parts: Iterable[tuple[tuple[object, ...], pd.Series]] = [((), frame[_UNIT])]
    if attributes:
        parts = frame.groupby(list(attributes), observed=True)[_UNIT]
    for levels, units in parts:
        where = Slice.of(dict(zip(attributes, map(str, levels), strict=True)))
        if clustered:
            known = seen.setdefault(where, set())
            assert isinstance(known, set)
            known.update(units.unique())
        else:
            before = seen.get(where, 0)
            assert isinstance(before, int)
            seen[where] = before + len(units)


def _rows(data: Dataset, split: str) -> int:
    source = data[split]
    size = _at_once(source)
    parts = (batch for f in source.fragments() for batch in source.batches(f, size))
    return sum(len(batch) for batch in parts)


def _at_once(source: Source) -> int:
    return _FEW if isinstance(source, MediaSource) else _BATCH
