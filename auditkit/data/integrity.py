"""What only a whole split shows: doubled row ids, groups with one level, no rows at all.

The state is filled in the pass, fragment by fragment, and two states add up, so that several
processes that read different fragments can be judged together.
"""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from auditkit.data.columns import MISSING, Group
from auditkit.data.damage import Damage
from auditkit.data.grouping import MOST_LEVELS, ordered_levels
from auditkit.data.row_numbers import row_text
from auditkit.data.wording import listed, nearest, quoted
from auditkit.errors import DataError


class KeySet:
    """64-bit keys of row ids, sorted; whole numbers are their own keys, text is hashed.

    Costs 8 bytes for each row. A doubled key of text is a suspicion (two texts may share a hash,
    about one chance in 10**5 at 1e7 rows) that the source confirms by reading again.
    """

    def __init__(self) -> None:
        self._sorted = np.empty(0, dtype=np.uint64)
        self._waiting: list[np.ndarray] = []
        self._held = 0
        self.doubled = np.empty(0, dtype=np.uint64)

    def add(self, keys: np.ndarray) -> None:
        """Add keys; doubled ones are looked for as often as the set doubles."""
        self._waiting.append(keys)
        self._held += len(keys)
        if self._held >= max(len(self._sorted), 2**16):
            self.settle()

    def settle(self) -> None:
        """Look for doubled keys among all that were added."""
        if not self._held:
            return
        merged = np.sort(np.concatenate([self._sorted, *self._waiting]), kind="stable")
        again = merged[1:][merged[1:] == merged[:-1]]
        self.doubled = np.union1d(self.doubled, again)
        self._sorted, self._waiting, self._held = merged, [], 0

    @property
    def arrays(self) -> tuple[np.ndarray, np.ndarray]:
        """All keys, sorted, and those that are doubled."""
        self.settle()
        return self._sorted, self.doubled

    @classmethod
    def of(cls, keys: np.ndarray, doubled: np.ndarray) -> KeySet:
        """The set that has these `arrays`."""
        made = cls()
        made._sorted, made.doubled = keys, doubled
        return made

    def merge(self, other: KeySet) -> None:
        """Add what another set holds."""
        other.settle()
        self.doubled = np.union1d(self.doubled, other.doubled)
        self.add(other._sorted)


class FragmentState:
    """What one reading of a fragment has shown so far; counts only once it was read to its end."""

    def __init__(self) -> None:
        self.rows = 0
        self.levels: dict[str, Counter[str]] = {}
        self.keys = KeySet()

    def add(self, rows: int, groups: Mapping[str, pd.Categorical], ids: np.ndarray | None) -> None:
        """Add a block: its groups' levels, and the row ids where they are declared."""
        self.rows += rows
        for name, levels in groups.items():
            counts = np.bincount(levels.codes, minlength=len(levels.categories))
            named = dict(zip(levels.categories, counts.tolist(), strict=True))
            self.levels.setdefault(name, Counter()).update(named)
        if ids is not None:
            self.keys.add(id_keys(ids))


class Integrity:
    """What the fragments read so far hold, together; `merge` is order-independent.

    Attributes:
        fragments: id → number of rows, of every fragment read to its end.
        levels: group → level → number of rows.
        fold_values: what the split column has held so far, where splits share a table.
        damage: the units that could not be read so far, in fragments not yet read to their end too.
    """

    def __init__(self) -> None:
        self.fragments: dict[str, int] = {}
        self.levels: dict[str, Counter[str]] = {}
        self.fold_values: set[str] = set()
        self.damage = Damage()
        self._keys = KeySet()

    @property
    def rows(self) -> int:
        """Rows of all fragments read to their end."""
        return sum(self.fragments.values())

    @property
    def doubled(self) -> np.ndarray:
        """Keys of row ids that seem to stand twice."""
        self._keys.settle()
        return self._keys.doubled

    def add(self, fragment: str, state: FragmentState) -> None:
        """Add a fragment that was read to its end; a second reading of it changes nothing."""
        if fragment in self.fragments:
            return
        self.fragments[fragment] = state.rows
        self._add_levels(state.levels)
        self._keys.merge(state.keys)

    def merge(self, other: Integrity) -> None:
        """Add what another process has read; a fragment that both read is refused.

        Raises:
            ValueError: the two share a fragment.
        """
        shared = set(self.fragments) & set(other.fragments)
        if shared:
            raise ValueError(f"both states hold fragment {min(shared)!r}")
        self.fragments.update(other.fragments)
        self.fold_values |= other.fold_values
        self.damage.merge(other.damage)
        self._add_levels(other.levels)
        self._keys.merge(other._keys)

    def to_bytes(self) -> bytes:
        """The state for another process: 8 bytes for each declared row id, and little else."""
        keys, doubled = self._keys.arrays
        plain = {
            "fragments": self.fragments,
            "levels": self.levels,
            "fold_values": sorted(self.fold_values),
            "damage": self.damage.to_plain(),
        }
        header = np.frombuffer(json.dumps(plain).encode(), dtype=np.uint8)
        buffer = io.BytesIO()
        np.savez(buffer, header=header, keys=keys, doubled=doubled)
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, content: bytes) -> Integrity:
        """The state that `to_bytes` wrote; nothing in it is run.

        Example:
            >>> state = Integrity()
            >>> state.add("0/a.csv", FragmentState())
            >>> Integrity.from_bytes(state.to_bytes()).fragments
            {'0/a.csv': 0}
        """
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            plain = json.loads(arrays["header"].tobytes())
            keys = KeySet.of(arrays["keys"], arrays["doubled"])
        made = cls()
        made.fragments = plain["fragments"]
        made._add_levels({name: Counter(counts) for name, counts in plain["levels"].items()})
        made.fold_values = set(plain["fold_values"])
        made.damage = Damage.from_plain(plain["damage"])
        made._keys = keys
        return made

    def finish(self, where: str, groups: Iterable[Group]) -> None:
        """Judge the whole split.

        Raises:
            DataError: no rows, a group with no value or only one, or an absent reference.
        """
        if not self.rows:
            raise DataError(f"The {where} data hold no rows.", mend="Check the file or the split.")
        for group in groups:
            self._check_group(where, group)

    def describe(self, groups: Iterable[Group]) -> dict[str, dict[str, int]]:
        """Group → level → number of rows, levels in reading order, of what was read so far."""
        return {
            group.name: {
                level: self.levels[group.name][level]
                for level in ordered_levels(group, list(self.levels[group.name]))
            }
            for group in groups
            if group.name in self.levels
        }

    def _add_levels(self, levels: Mapping[str, Counter[str]]) -> None:
        for name, counts in levels.items():
            self.levels.setdefault(name, Counter()).update(counts)

    def _check_group(self, where: str, group: Group) -> None:
        title = f"Group {group.name!r} (column {group.column!r}, {where} data)"
        levels = [level for level, rows in self.levels[group.name].items() if rows]
        known = [level for level in levels if level != MISSING]
        if not known:
            raise DataError(
                f"{title} has no value in any of the {self.rows} rows.",
                mend="Declare another column, or leave the group out.",
            )
        if len(known) == 1:
            raise DataError(
                f"{title} has only one level, {known[0]!r}, so there is nothing to compare.",
                mend="Declare another column, or leave the group out.",
            )
        if len(known) > MOST_LEVELS:
            raise DataError(
                f"{title} has {len(known)} levels, more than {MOST_LEVELS}.",
                mend="Declare a coarser column, or one in which rare levels are put together.",
            )
        if group.reference is not None and group.reference not in known:
            raise DataError(
                f"{title} has no level {group.reference!r}, which is declared as its reference; "
                f"there are {listed(ordered_levels(group, known))}."
                f"{nearest(group.reference, known)}",
                mend="Declare one of these as reference.",
            )


def id_keys(ids: np.ndarray) -> np.ndarray:
    """Row ids as 64-bit keys, [rows]; equal ids have equal keys.

    Example:
        >>> id_keys(np.array([3, 4]))
        array([3, 4], dtype=uint64)
    """
    if ids.dtype.kind in "iu":
        return ids.astype(np.int64, copy=False).view(np.uint64)
    keys: np.ndarray = pd.util.hash_array(ids.astype(object), categorize=False)
    return keys


def doubled_ids(
    parts: Iterable[tuple[np.ndarray, Any]], suspects: np.ndarray
) -> dict[Any, list[Any]]:
    """Row ids that stand more than once, with the rows where they stand, in order of appearance.

    Args:
        parts: row ids and the rows' numbers, of the whole split.
        suspects: keys to look at.
    """
    found: dict[Any, list[Any]] = {}
    for ids, rows in parts:
        for place in np.flatnonzero(np.isin(id_keys(ids), suspects)):
            found.setdefault(ids[place], []).append(rows[place])
    return {identity: rows for identity, rows in found.items() if len(rows) > 1}


def refuse_doubled_ids(found: Mapping[Any, Sequence[Any]], column: str, where: str) -> None:
    """Refuse row ids that stand more than once, naming the first few and their rows.

    Raises:
        DataError: if there are any.
    """
    if not found:
        return
    shown = "; ".join(
        f"{quoted(identity)} in rows {', '.join(map(row_text, rows[:3]))}"
        for identity, rows in list(found.items())[:3]
    )
    raise DataError(
        f"Row id column {column!r} ({where}) holds {len(found)} "
        f"value{'s' if len(found) > 1 else ''} more than once: {shown}.",
        mend="Remove the doubled rows, or declare another row id; if several rows belong to one "
        "unit, declare the column as cluster.",
    )
