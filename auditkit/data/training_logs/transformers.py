"""The `trainer_state.json` of transformers' Trainer: its `log_history`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from auditkit.data.training_logs.curves import MOST_CURVES, MOST_POINTS, Point, counted
from auditkit.errors import DataError

NAME = "trainer_state.json"
MOST_BYTES = 100_000_000
_COUNTERS = ("epoch", "step")
_SUMMARY = "train_runtime"
"""The last entry of a training sums all of it up: its `train_loss` is the mean over all steps."""


def points(path: Path) -> dict[str, list[Point]]:
    """The numbers of each key of the log, in the order of the entries.

    Raises:
        DataError: it is too large, no JSON, or has no `log_history` of numbers by step.
    """
    if path.stat().st_size > MOST_BYTES:
        raise DataError(
            f"The training log {path.name} has {path.stat().st_size:,} bytes; expected at most "
            f"{MOST_BYTES:,}.",
            mend="Give the trainer_state.json that transformers' Trainer wrote.",
        )
    try:
        state = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise _refused(path, f"it is no JSON ({type(error).__name__})") from None
    found: dict[str, list[Point]] = {}
    total = 0
    for entry in _entries(state, path):
        for name, point in _logged(entry, path):
            total += 1
            found.setdefault(name, []).append(point)
        if len(found) > MOST_CURVES or total > MOST_POINTS:
            raise _refused(
                path, f"it has more than {MOST_CURVES:,} keys or {MOST_POINTS:,} numbers"
            )
    return found


def _entries(state: Any, path: Path) -> Iterator[Mapping[str, Any]]:
    history = state.get("log_history") if isinstance(state, dict) else None
    if not isinstance(history, list) or not all(isinstance(entry, dict) for entry in history):
        raise _refused(path, "it has no list log_history of entries")
    yield from (entry for entry in history if _SUMMARY not in entry)


def _logged(entry: Mapping[str, Any], path: Path) -> Iterator[tuple[str, Point]]:
    step, epoch = (counted(_number(entry.get(name))) for name in ("step", "epoch"))
    if step is None and epoch is None:
        raise _refused(path, "an entry of its log_history has neither step nor epoch")
    for name, given in entry.items():
        value = _number(given)
        if value is not None and name not in _COUNTERS:
            order = step if step is not None else epoch
            assert order is not None  # one of the two is there
            yield name, Point(order, epoch, value)


def _number(given: Any) -> float | None:
    """The number; None of anything else, so that texts beside the numbers do no harm."""
    if isinstance(given, bool) or not isinstance(given, int | float):
        return None
    try:
        return float(given)
    except OverflowError:
        return None


def _refused(path: Path, what: str) -> DataError:
    return DataError(
        f"The training log {path.name} cannot be used: {what}.",
        mend="Give the trainer_state.json that transformers' Trainer wrote.",
    )
