"""The rows that two versions of a model both answered, or the reason why they can't be paired."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from auditkit.errors import DataError, ModelError, StoreError
from auditkit.evidence.kept_outcomes import KeptOutcomes, from_bytes
from auditkit.evidence.paired_rows import PairedRows
from auditkit.evidence.subject import View, ViewKey
from auditkit.records.record import AuditRecord
from auditkit.statistics.absence import MIN_KEPT

DATA = "data_evaluation"
UNWEIGHTED = "Rows declare a weight; every row counts once in this comparison."
_COMPARE_CONFIGURATIONS = "or compare the audit.yaml of both, which runs them on the same rows"


@dataclass(frozen=True, eq=False)
class Version:
    """A version of a model, and what became of the rows that it answered.

    Attributes:
        name: what the user calls it.
        where: the configuration or record that it comes from, as it stands in a sentence.
        model: digest of the model.
        data: digest of its evaluation data.
        kept: its outcomes, head by head.
        notes: what a reader must know beside.
    """

    name: str
    where: str
    model: str
    data: str
    kept: tuple[KeptOutcomes, ...]
    notes: tuple[str, ...] = ()


def recorded(record: AuditRecord, contents: Mapping[str, bytes], *notes: str) -> Version:
    """The version that a record is of, with the outcomes kept beside it.

    Args:
        record: of an audit with `keep_outcomes`.
        contents: path → bytes, as the store gives them.
        notes: what a reader must know beside.

    Raises:
        StoreError: it keeps none, or a file is damaged.
    """
    where = f"record {record.id}"
    if not contents:
        raise StoreError(
            f"The {where} keeps no outcomes, so that its rows can't be paired with others.",
            mend="Audit that version with --keep-outcomes (keep_outcomes: true in audit.yaml), "
            "or give its audit.yaml instead of the record.",
        )
    kept = tuple(from_bytes(content, path) for path, content in contents.items())
    digests = record.digests
    said = (*notes, UNWEIGHTED) if record.data.get("weight") else notes
    return Version(record.name, where, digests.get("model", ""), digests.get(DATA, ""), kept, said)


def paired(before: Version, after: Version) -> tuple[list[PairedRows], list[str]]:
    """The rows of each output that both answered, and what a reader must know of them.

    The first of a pair is `after`, which is judged.

    Raises:
        StoreError: their rows are named by different salts.
        DataError: they have no rows in common, or too few; or these differ in truth or clusters.
        ModelError: they have no output in common, or it has other classes; or both are the same.
    """
    _refuse_other_names(before, after)
    earlier = {one.rows.view.key: one for one in before.kept}
    later = {one.rows.view.key: one for one in after.kept}
    pairs = [
        _pair(before, after, earlier[key], kept) for key, kept in later.items() if key in earlier
    ]
    if not pairs:
        raise ModelError(
            f"The two versions have no output in common: A ({before.where}) has "
            f"{_listed(earlier)}, and B ({after.where}) has {_listed(later)}.",
            mend="Compare versions of one model, or give their heads the same names.",
        )
    _refuse_same(before, after, pairs)
    notes = list(dict.fromkeys((*before.notes, *after.notes, *_left_out(earlier, later))))
    notes += _about_rows(before, after, pairs[0], (earlier, later))
    return pairs, notes


def _refuse_other_names(before: Version, after: Version) -> None:
    """Refuse rows whose names do not mean the same in both versions."""
    earlier, later = before.kept[0], after.kept[0]
    if earlier.mark != later.mark:
        raise StoreError(
            f"The rows of {before.where} and of {after.where} are named by different salts, since "
            "they were kept in different stores, so that they can't be paired.",
            mend=f"Audit both with --keep-outcomes and the same --store, "
            f"{_COMPARE_CONFIGURATIONS}.",
        )
    if earlier.named != later.named:
        named, unnamed = (before, after) if earlier.named else (after, before)
        raise DataError(
            f"The data of {named.where} declare a row_id, and those of {unnamed.where} do not, so "
            "that their rows can't be paired.",
            mend="Declare the same data.row_id in both.",
        )
    if not earlier.named and before.data != after.data:
        raise DataError(
            f"A ({before.where}) and B ({after.where}) were evaluated on different data, and no "
            "row_id tells which of their rows are the same.",
            mend="Declare data.row_id, a column that names each row, or evaluate both on the same "
            "files.",
        )


def _pair(
    before: Version, after: Version, earlier: KeptOutcomes, later: KeptOutcomes
) -> PairedRows:
    """One output of both.

    Raises:
        DataError, ModelError: see `paired`.
    """
    _refuse_other_question(earlier.rows.view, later.rows.view)
    if (earlier.rows.clusters is None) != (later.rows.clusters is None):
        declared, bare = (after, before) if earlier.rows.clusters is None else (before, after)
        raise DataError(
            f"The data of {declared.where} declare a cluster, and those of {bare.where} do not, so "
            "that it is not known which rows are independent.",
            mend="Declare the same data.cluster in both, or in neither.",
        )
    pair = PairedRows.joined(later.rows, earlier.rows)
    if isinstance(pair, str):
        raise DataError(
            f"B ({after.where}) and A ({before.where}) can't be compared. {pair}",
            mend="Evaluate both on the same rows, with the same labels.",
        )
    if len(pair) < MIN_KEPT:
        raise DataError(
            f"A ({before.where}) and B ({after.where}) have {len(pair)} rows in common; at least "
            f"{MIN_KEPT} are needed.",
            mend="Evaluate both on the same rows.",
        )
    moved = 0
    if pair.first.clusters is not None and pair.second.clusters is not None:
        moved = int((pair.first.clusters != pair.second.clusters).sum())
    if moved:
        raise DataError(
            f"{moved:,} of {len(pair):,} rows belong to another cluster in {after.where} than in "
            f"{before.where}.",
            mend="Declare the same data.cluster in both.",
        )
    return pair


def _refuse_other_question(earlier: View, later: View) -> None:
    of = f" of the output {later.key}" if str(later.key) else ""
    if earlier.task is not later.task:
        raise ModelError(
            f"The task{of} is {earlier.task} in A and {later.task} in B.",
            mend="Compare versions of one model.",
        )
    if earlier.classes != later.classes:
        raise ModelError(
            f"The classes{of} are {_named(earlier.classes)} in A and {_named(later.classes)} in B.",
            mend="Compare versions of one model, with the same classes in the same order.",
        )


def _refuse_same(before: Version, after: Version, pairs: list[PairedRows]) -> None:
    if before.model != after.model or not all(map(_same, pairs)):
        return
    raise ModelError(
        f"A ({before.where}) and B ({after.where}) are the same model ({after.model[:27]}…), and "
        "answer every row alike.",
        mend="Name another version as A or B.",
    )


def _same(pair: PairedRows) -> bool:
    one, other = pair.first, pair.second
    decided = (one.prediction is None) == (other.prediction is None) and (
        one.prediction is None
        or other.prediction is None
        or np.array_equal(one.prediction, other.prediction)
    )
    return decided and np.array_equal(one.outputs, other.outputs)


Heads = Mapping[ViewKey, KeptOutcomes]


def _left_out(earlier: Heads, later: Heads) -> Iterator[str]:
    for which, mine, theirs in (("A", earlier, later), ("B", later, earlier)):
        alone = [key for key in mine if key not in theirs]
        if alone:
            yield f"Only {which} has the outputs {_listed(alone)}; they were not compared."


def _about_rows(
    before: Version, after: Version, pair: PairedRows, heads: tuple[Heads, Heads]
) -> Iterator[str]:
    key, compared = pair.view.key, len(pair)
    for which, version, kept in zip("AB", (before, after), heads, strict=True):
        if left := kept[key].of - compared:
            yield (
                f"{compared:,} of {kept[key].of:,} labelled rows of {which} ({version.where}) were "
                f"compared; {left:,} were not kept, or are not among those of the other."
            )
        if kept[key].rows.sampled:
            yield f"Of {which} ({version.where}) only the first rows were read (limit)."
    if before.data != after.data:
        yield (
            "The two were evaluated on different data; compared are the rows whose ids both have."
        )


def _named(names: tuple[str, ...]) -> str:
    return ", ".join(map(repr, names[:8])) + (" …" if len(names) > 8 else "")


def _listed(keys: Mapping[ViewKey, object] | list[ViewKey]) -> str:
    return ", ".join(repr(str(key)) for key in list(keys)[:8])


__all__ = ["Version", "paired", "recorded"]
