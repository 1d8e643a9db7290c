"""The `metrics.csv` of Lightning's CSVLogger: a row for each logging, a column for each number."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from auditkit.data.training_logs.curves import MOST_CURVES, MOST_POINTS, Point, counted
from auditkit.data.wording import listed
from auditkit.errors import DataError

NAME = "metrics.csv"
_COUNTERS = ("epoch", "step")


def points(path: Path) -> dict[str, list[Point]]:
    """The numbers of each column but `epoch` and `step`, in the order of the rows.

    Raises:
        DataError: it is no such file, a row has another number of cells, or a cell is no number.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.reader(file, strict=True)
            header = next(rows, [])
            _refuse_header(header, path)
            return _columns(header, rows, path)
    except (csv.Error, UnicodeDecodeError) as error:
        raise DataError(
            f"The training log {path.name} is no CSV file ({error}).",
            mend="Give the metrics.csv that Lightning's CSVLogger wrote.",
        ) from None


def _refuse_header(header: list[str], path: Path) -> None:
    if len(header) != len(set(header)) or not set(_COUNTERS) & set(header):
        raise DataError(
            f"The training log {path.name} has the columns {listed(header)}; expected distinct "
            "ones, epoch or step among them.",
            mend="Give the metrics.csv that Lightning's CSVLogger wrote.",
        )
    if len(header) > MOST_CURVES:
        raise DataError(
            f"The training log {path.name} has {len(header):,} columns; expected at most "
            f"{MOST_CURVES:,}.",
            mend="Give one with the losses and scores alone.",
        )


def _columns(header: list[str], rows: Any, path: Path) -> dict[str, list[Point]]:
    found: dict[str, list[Point]] = {}
    total = 0
    for row in rows:
        line = rows.line_num
        if not row:
            continue
        if len(row) != len(header):
            raise DataError(
                f"Line {line:,} of the training log {path.name} has {len(row)} cells; expected "
                f"{len(header)}, one for each column.",
                mend="Mend the line, or copy the file anew.",
            )
        cells = dict(zip(header, row, strict=True))
        when = {name: _number(cells.get(name, ""), name, line, path) for name in _COUNTERS}
        for name, cell in cells.items():
            value = None if name in _COUNTERS else _number(cell, name, line, path)
            if value is not None:
                total += 1
                found.setdefault(name, []).append(_point(when, value, line))
        if total > MOST_POINTS:
            raise DataError(
                f"The training log {path.name} holds more than {MOST_POINTS:,} numbers.",
                mend="Give one with fewer: one row an epoch is enough.",
            )
    return found


def _point(cells: Mapping[str, float | None], value: float, line: int) -> Point:
    step, epoch = counted(cells["step"]), counted(cells["epoch"])
    order = step if step is not None else epoch if epoch is not None else float(line)
    return Point(order, epoch, value)


def _number(cell: str, name: str, line: int, path: Path) -> float | None:
    """The number of a cell, which may be NaN or infinite; None of an empty one."""
    if not cell.strip():
        return None
    try:
        return float(cell)
    except ValueError:
        raise DataError(
            f"Line {line:,} of the training log {path.name} has {cell[:40]!r} in the column "
            f"{name!r}; expected a number.",
            mend="Log numbers alone, or leave the column out.",
        ) from None
