"""Outcomes of evaluation rows that outlive a run, so that the next version can be set beside them.

They are kept only where the user asks for it: truth, prediction, outputs, groups and cluster of a
sample of at most 20,000 rows, one Arrow stream for each head or label. Rows and clusters are named
by salted hashes (`auditkit.evidence.identities`), in whose order they stand: neither an id nor a
hash that others could compute is among them. Reading one trusts nothing that was read.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa

from auditkit.errors import AuditkitError, StoreError
from auditkit.evidence.collected import Evidence
from auditkit.evidence.identities import mark
from auditkit.evidence.needs import RowNeed, SplitNeed
from auditkit.evidence.outcome_rows import OutcomeRows, outcome_need, outcome_rows
from auditkit.evidence.subject import Subject, View, views_of
from auditkit.models.head import Decision, Head, Task

FORMAT = 1
EVALUATION = "evaluation"
_GROUP = "group:"
_DESCRIPTION = b"outcomes"


@dataclass(frozen=True, eq=False)
class KeptOutcomes:
    """The rows of one head or label, and by what they are named.

    Attributes:
        rows: their `keys` and `clusters` are salted hashes; of what is kept, none is held out.
        mark: which salt that was.
        named: whether the hashes are of a declared row id, else of the row's number in its file.
        of: how many labelled rows the split has.
    """

    rows: OutcomeRows
    mark: str
    named: bool
    of: int


def kept_needs(subject: Subject, salt: bytes) -> list[SplitNeed]:
    """The needs of every head or label whose outcomes can be kept; custom heads are none of them.

    Args:
        subject: what is audited; without labels there is nothing to keep.
        salt: the key of the names of the rows.
    """
    if subject.unlabelled:
        return []
    return [SplitNeed(EVALUATION, _need(subject, view, salt)) for view in _views(subject)]


def kept_outcomes(evidence: Evidence, subject: Subject, salt: bytes) -> list[KeptOutcomes]:
    """What was collected for `kept_needs`, in the same order; without heads that met no label."""
    found = []
    for wanted in kept_needs(subject, salt):
        need = wanted.need
        assert isinstance(need, RowNeed)
        assert need.view is not None
        log = evidence[EVALUATION].row_log(need)
        rows = outcome_rows(evidence, need, subject.view(need.view), EVALUATION)
        if isinstance(rows, str):
            continue
        salted = replace(rows, keys=log.identities)
        named = subject.columns.row_id is not None
        in_order = salted.part(np.argsort(salted.keys, kind="stable"))
        found.append(KeptOutcomes(in_order, mark(salt), named, log.rows_seen))
    return found


def _views(subject: Subject) -> Iterator[View]:
    return (view for view in subject.main_views if view.task is not Task.CUSTOM)


def _need(subject: Subject, view: View, salt: bytes) -> RowNeed:
    return replace(outcome_need(subject, view), salt=salt)


def to_bytes(kept: KeptOutcomes) -> bytes:
    """Rows as an Arrow stream, reversible by `from_bytes`.

    The half that a row lies in is left out: everybody can compute it from an id, so that it would
    tell one bit of it.
    """
    rows = kept.rows
    outputs = np.ascontiguousarray(rows.outputs, dtype=np.float32)
    columns: dict[str, pa.Array] = {
        "row": pa.array(rows.keys),
        "target": pa.array(rows.target),
        "outputs": pa.FixedSizeListArray.from_arrays(pa.array(outputs.ravel()), outputs.shape[1]),
    }
    if rows.clusters is not None:
        columns["cluster"] = pa.array(rows.clusters)
    if rows.prediction is not None:
        columns["prediction"] = pa.array(rows.prediction)
    for name, levels in rows.groups.items():
        columns[_GROUP + name] = pa.array(levels.tolist(), pa.string())
    content = {
        "format": FORMAT,
        "head": rows.view.head.describe(),
        "label": rows.view.key.label,
        "salt": kept.mark,
        "named": kept.named,
        "of": kept.of,
        "drawn": rows.drawn,
        "sampled": rows.sampled,
    }
    table = pa.table(columns).replace_schema_metadata({_DESCRIPTION: json.dumps(content)})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def from_bytes(data: bytes, place: str) -> KeptOutcomes:
    """The rows that `to_bytes` wrote; nothing in the bytes is run.

    Args:
        data: an Arrow stream.
        place: how errors call it.

    Raises:
        StoreError: it is no Arrow stream, of another format, or holds what no audit writes.
    """
    try:
        table = pa.ipc.open_stream(data).read_all()
        table.validate(full=True)
        content = json.loads((table.schema.metadata or {})[_DESCRIPTION])
        if content["format"] != FORMAT:
            raise ValueError(f"format {content['format']!r}, this auditkit reads {FORMAT}")
        return _checked(table, content)
    except (
        pa.ArrowException,
        AuditkitError,
        AttributeError,
        LookupError,
        MemoryError,
        OSError,
        TypeError,
        ValueError,
    ) as error:
        raise StoreError(
            f"The outcomes kept in {place} cannot be read: "
            f"{type(error).__name__}: {str(error)[:200]}.",
            mend="Restore the file from a backup, or audit the model again with --keep-outcomes.",
        ) from error


def _checked(table: pa.Table, content: Mapping[str, Any]) -> KeptOutcomes:
    view = _view(content)
    number, keys = len(table), _column(table, "row", np.uint64)
    outputs = _column(table, "outputs", np.float32).reshape(number, -1).astype(np.float64)
    regression = view.task is Task.REGRESSION
    target = _column(table, "target", np.float64 if regression else np.int64)
    names = set(table.column_names)
    prediction = _column(table, "prediction", np.int64) if "prediction" in names else None
    groups = {
        name.removeprefix(_GROUP): np.asarray(table[name].to_pylist(), dtype=str)
        for name in table.column_names
        if name.startswith(_GROUP)
    }
    rows = OutcomeRows(
        view=view,
        outputs=outputs,
        target=target,
        prediction=prediction,
        held_out=np.zeros(number, dtype=bool),
        clusters=_column(table, "cluster", np.uint64) if "cluster" in names else None,
        keys=keys,
        groups=groups,
        drawn=str(content["drawn"]),
        sampled=bool(content["sampled"]),
    )
    _refuse_impossible(rows)
    return KeptOutcomes(rows, str(content["salt"]), bool(content["named"]), int(content["of"]))


def _view(content: Mapping[str, Any]) -> View:
    described = dict(content["head"])
    decision = described["decision"]
    if decision is not None:
        given = {name: value for name, value in decision.items() if value is not None}
        described["decision"] = Decision(**given)
    described |= {name: tuple(described[name]) for name in ("classes", "quantiles")}
    head = Head(**described)
    (view,) = (
        one for one in views_of(head) if one.key.label == content["label"] and not one.one_vs_rest
    )
    return view


def _column(table: pa.Table, name: str, kind: type[np.generic]) -> np.ndarray:
    """A column without gaps, of the type that is written."""
    column = table[name].combine_chunks()
    if isinstance(column, pa.ChunkedArray):  # of a table without rows
        column = pa.concat_arrays(column.chunks)
    flat = column.flatten() if pa.types.is_fixed_size_list(column.type) else column
    if column.null_count or flat.null_count or flat.type != pa.from_numpy_dtype(kind):
        raise ValueError(f"the column {name} has gaps, or is of {flat.type}")
    return np.asarray(flat.to_numpy(zero_copy_only=False))


def _refuse_impossible(rows: OutcomeRows) -> None:
    if len(np.unique(rows.keys)) < len(rows):
        raise ValueError("a row occurs twice")
    if not (np.isfinite(rows.outputs).all() and np.isfinite(rows.target).all()):
        raise ValueError("an output or a target is no finite number")
    classes = len(rows.view.classes)
    for name, codes in (("target", rows.target), ("prediction", rows.prediction)):
        if classes and codes is not None and ((codes < 0) | (codes >= classes)).any():
            raise ValueError(f"a {name} is none of the {classes} classes")


__all__ = ["KeptOutcomes", "from_bytes", "kept_needs", "kept_outcomes", "to_bytes"]
