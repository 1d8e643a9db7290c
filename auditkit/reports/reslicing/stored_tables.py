"""The tables of a record's states that can be sliced again: units by group, control and outcome."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from auditkit.errors import StoreError
from auditkit.measurement import UNKNOWN
from auditkit.reports.reslicing.questions import rates_of
from auditkit.statistics.cutting import cut_counts, cut_moments
from auditkit.statistics.group_rates import OUTCOMES
from auditkit.statistics.moments import Moments
from auditkit.statistics.sparse_counts import AnyCounts, counts_from_bytes
from auditkit.statistics.sparse_moments import AnyMoments, SparseMoments, moments_from_bytes
from auditkit.statistics.tally import Tally

INDEX = "index"
SELECTION = "selection_rate"
WEIGHT = "row weight"
BLOCK, RANK_CELL, TARGET = "block", "rank_cell", "target"

_ATTRIBUTES = ("group:", "control:")
_SUMMED_OUT = {BLOCK, "fold", "prediction"}
_KINDS = {"CountNeed": "", "SumNeed": WEIGHT}
"""Kinds of needs → of which value their states can be sliced."""

_MEND = "Run the audit again, or read the record with the version of auditkit that wrote it."


@dataclass(frozen=True)
class StoredTable:
    """Units over attributes, and over what rates are counted from.

    Attributes:
        state: name of the state in the store.
        split: of which data.
        head, label: of which output of the model; "" for the only one.
        counted: the units, or the moments of what they weigh.
        of_labelled: whether it holds the rows with a known outcome alone, and another all of them.
    """

    state: str
    split: str
    head: str
    label: str
    counted: AnyCounts | AnyMoments = field(repr=False)
    of_labelled: bool = False

    @property
    def axes(self) -> tuple[str, ...]:
        """The names of all axes."""
        return tuple(axis.name for axis in self.counted.axes)

    @property
    def attributes(self) -> tuple[str, ...]:
        """The axes that can be crossed or held: groups first, then controls."""
        found = [name for name in self.axes if name.startswith(_ATTRIBUTES)]
        return tuple(sorted(found, key=lambda name: not is_group(name)))

    @property
    def outcomes(self) -> tuple[str, ...]:
        """Which of `OUTCOMES` it holds."""
        return tuple(name for name in OUTCOMES if name in self.axes)

    @property
    def rates(self) -> tuple[str, ...]:
        """The rates that can be read from it."""
        found = rates_of(self.outcomes)
        return tuple(name for name in found if not self.of_labelled or name != SELECTION)

    @property
    def weighted(self) -> bool:
        """Whether rows stand for different numbers of units."""
        return isinstance(self.counted, Moments | SparseMoments)

    def levels(self, attribute: str) -> tuple[str, ...]:
        """The levels of an attribute that were met, in the order in which a reader expects them."""
        (axis,) = (axis for axis in self.counted.axes if axis.name == attribute)
        return reading_order(axis.labels)

    def tally(self, axes: tuple[str, ...], *, clustered: bool) -> Tally:
        """Units over (blocks, levels of the axes …), every other axis summed out.

        Levels stand in the order of `levels`. There is one block unless the units are clustered.

        Raises:
            ValueError: the result has too many cells to be written out.
        """
        blocks = (BLOCK,) if clustered and BLOCK in self.axes else ()
        marginal = self.counted.marginal(*blocks, *axes)
        orders = {
            place: self._order(name)
            for place, name in enumerate(axes, start=1)
            if _is_attribute(name)
        }

        def laid_out(state: np.ndarray) -> np.ndarray:
            blocked = state if blocks else state[None]
            for place, order in orders.items():
                blocked = blocked.take(order, axis=place)
            return blocked

        if isinstance(marginal, Moments | SparseMoments):
            return Tally(*marginal.of(WEIGHT)).each(laid_out)
        return Tally(marginal.values).each(laid_out)

    def cut(self, axis: str, first: int) -> StoredTable:
        """The table with an axis of ordered cells cut in two; see `auditkit.statistics.cutting`."""
        if isinstance(self.counted, Moments | SparseMoments):
            return replace(self, counted=cut_moments(self.counted, axis, first))
        return replace(self, counted=cut_counts(self.counted, axis, first))

    def _order(self, attribute: str) -> list[int]:
        (axis,) = (axis for axis in self.counted.axes if axis.name == attribute)
        return [axis.position(level) for level in self.levels(attribute)]


def is_group(attribute: str) -> bool:
    """Whether an axis is a group, and no control."""
    return attribute.startswith("group:")


def reading_order(labels: Sequence[str]) -> tuple[str, ...]:
    """Levels by their first number where all have one, else by the alphabet; missing last.

    Example:
        >>> reading_order(["≥ 60", "[30, 60)", "(missing)", "< 30"])
        ('< 30', '[30, 60)', '≥ 60', '(missing)')
        >>> reading_order(["10", "9"]), reading_order(["9 or more", "few"])
        (('9', '10'), ('9 or more', 'few'))
    """
    numbers = {label: _NUMBER.search(label) for label in labels}
    numeric = all(found for label, found in numbers.items() if label != UNKNOWN)

    def key(label: str) -> tuple[bool, float, bool, str]:
        found = numbers[label]
        number = float(found.group()) if found and numeric else 0.0
        return label == UNKNOWN, number, numeric and not label.startswith("<"), label

    return tuple(sorted(labels, key=key))


_NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?")


def decision_tables(states: Mapping[str, bytes]) -> tuple[StoredTable, ...]:
    """Those from which rates of decisions can be read, in the order of the store.

    Args:
        states: name → bytes, as `Store.states` returns them.

    Raises:
        StoreError: a state is not what its index says, or damaged.
    """
    tables = tuple(_tables(states, {*OUTCOMES}))
    # Who is selected is kept beside the outcomes only where these are known of some rows alone.
    apart = {_output(table) for table in tables if table.outcomes == ("selected",)}
    return tuple(
        replace(table, of_labelled=_output(table) in apart and table.outcomes != ("selected",))
        for table in tables
    )


def _output(table: StoredTable) -> tuple[str, str, str]:
    return table.split, table.head, table.label


def score_tables(states: Mapping[str, bytes]) -> tuple[StoredTable, ...]:
    """Those that hold units by the cell of their score; see `decision_tables`.

    Of two tables of the same output and attributes the one that knows the true outcomes too; but
    not where it holds the labelled rows alone, and the other all rows.
    """
    found: dict[tuple[str, ...], StoredTable] = {}
    for table in _tables(states, {RANK_CELL, TARGET}):
        key = (table.split, table.head, table.label, *table.attributes)
        if RANK_CELL in table.axes and (key not in found or _prefers(table, found[key])):
            found[key] = table
    return tuple(found.values())


def _prefers(table: StoredTable, other: StoredTable) -> bool:
    knows = TARGET in table.axes
    if knows == (TARGET in other.axes):
        return knows
    # Of one kind of state both are kept only where labels may be missing.
    return knows != (table.weighted == other.weighted)


def _tables(states: Mapping[str, bytes], inner: set[str]) -> Iterator[StoredTable]:
    """Tables over attributes, some of the inner axes, and what is summed out: nothing else."""
    for state, text in _index(states).items():
        need = _read_need(state, text)
        if need is None:
            continue
        others = {name for name in need.axes if not name.startswith(_ATTRIBUTES)} - _SUMMED_OUT
        sliceable = others and others <= inner and any(map(_is_attribute, need.axes))
        if sliceable and need.value == _KINDS[need.kind]:
            split = state.rsplit(".", 2)[0]
            yield StoredTable(state, split, need.head, need.label, _read(states, state, need))


def _is_attribute(name: str) -> bool:
    return name.startswith(_ATTRIBUTES)


def _index(states: Mapping[str, bytes]) -> dict[str, str]:
    try:
        index = json.loads(states.get(INDEX, b"{}"))
    except (ValueError, RecursionError) as error:
        raise _damaged(INDEX, f"it is no JSON ({error})") from None
    if not isinstance(index, dict) or not all(isinstance(need, str) for need in index.values()):
        raise _damaged(INDEX, "it does not say what each state is")
    return index


def _read(states: Mapping[str, bytes], state: str, need: _Need) -> AnyCounts | AnyMoments:
    if state not in states:
        raise _damaged(state, "the index names it, and it is not there")
    try:
        counted = (
            counts_from_bytes(states[state])
            if need.kind == "CountNeed"
            else moments_from_bytes(states[state])
        )
    except ValueError as error:
        raise _damaged(state, str(error)) from None
    found = [axis.name for axis in counted.axes]
    if sorted(found) != sorted(need.axes):
        raise _damaged(state, f"it is over {', '.join(found)} and not over {', '.join(need.axes)}")
    if isinstance(counted, Moments | SparseMoments) and WEIGHT not in counted.names:
        raise _damaged(state, "it does not hold what rows weigh")
    return counted


@dataclass(frozen=True)
class _Need:
    """What the index says of a state: what kind of need, of which output, over which axes."""

    kind: str
    head: str
    label: str
    value: str
    axes: tuple[str, ...]


def _read_need(state: str, text: str) -> _Need | None:
    """A need as Python writes it; None of a kind that is not known here.

    Only literals are read: nothing of the text is run.
    """
    try:
        kind, given = _arguments(ast.parse(text, mode="eval").body)
        if kind not in _KINDS:
            return None
        view = _literals(given["view"])
        axes = [_literals(axis) for axis in getattr(given["axes"], "elts", [])]
        return _Need(
            kind,
            str(view.get("head", "")),
            str(view.get("label", "")),
            str(ast.literal_eval(given["value"])) if "value" in given else "",
            tuple(":".join(part for part in (one["kind"], one["name"]) if part) for one in axes),
        )
    except (KeyError, SyntaxError, TypeError, ValueError, RecursionError, MemoryError):
        raise _damaged(INDEX, f"what it says of {state!r} cannot be read") from None


def _arguments(call: ast.AST) -> tuple[str, dict[str, ast.expr]]:
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
        raise ValueError("no need")
    return call.func.id, {word.arg: word.value for word in call.keywords if word.arg}


def _literals(call: ast.expr) -> dict[str, Any]:
    """The arguments of a call; none of `None`, where there is no view."""
    if isinstance(call, ast.Constant) and call.value is None:
        return {}
    return {name: ast.literal_eval(value) for name, value in _arguments(call)[1].items()}


def _damaged(state: str, what: str) -> StoreError:
    return StoreError(f"The stored state {state!r} cannot be used: {what}.", mend=_MEND)
