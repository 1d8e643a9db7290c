"""Cells of the further tables that a generative model is asked about, read as what they hold.

An error says what was expected and never what was found: a cell may be a secret.
"""

from __future__ import annotations

import json
import math
from typing import Any


def lacking(cell: Any) -> bool:
    """Whether a cell is empty, as CSV files and data frames have it.

    Example:
        >>> lacking(float("nan")), lacking(None), lacking("")
        (True, True, False)
    """
    return (
        cell is None
        or (isinstance(cell, float) and math.isnan(cell))
        or type(cell).__name__
        in (
            "NAType",
            "NaTType",
        )
    )


def text(cell: Any) -> str:
    """A text that is not empty.

    Raises:
        ValueError: it is none; the message says what was expected.

    Example:
        >>> text(123)
        Traceback (most recent call last):
            ...
        ValueError: a text (it was read as a number, which loses zeros in front)
    """
    if isinstance(cell, int | float) and not lacking(cell):
        raise ValueError("a text (it was read as a number, which loses zeros in front)")
    if not isinstance(cell, str) or not cell.strip():
        raise ValueError("a text")
    return cell


def text_or_nothing(cell: Any) -> str:
    """A text; "" where the cell is empty.

    Raises:
        ValueError: it is no text.
    """
    if lacking(cell):
        return ""
    if not isinstance(cell, str):
        raise ValueError("a text, or nothing")
    return cell


def name(cell: Any) -> str:
    """What something is called: a text or a number; as text.

    Raises:
        ValueError: it is empty.

    Example:
        >>> name(3), name(3.0), name("b")
        ('3', '3', 'b')
    """
    if lacking(cell) or not str(cell).strip():
        raise ValueError("a name or a number")
    whole = isinstance(cell, float) and cell.is_integer()
    return str(int(cell) if whole else cell)


def whole(cell: Any) -> int:
    """A whole number of at least 0.

    Raises:
        ValueError: it is none.

    Example:
        >>> whole("10"), whole(2.0)
        (10, 2)
    """
    refused = ValueError("a whole number of at least 0")
    if lacking(cell) or isinstance(cell, bool):
        raise refused
    try:
        number = float(cell)
    except (TypeError, ValueError) as error:
        raise refused from error
    if not (number >= 0 and number.is_integer()):
        raise refused
    return int(number)


def texts(cell: Any) -> tuple[str, ...]:
    """A list of at least two texts, all different, given as such or as JSON.

    Raises:
        ValueError: it is none.

    Example:
        >>> texts('["yes", "no"]')
        ('yes', 'no')
    """
    refused = ValueError("a JSON list of at least two different texts")
    if hasattr(cell, "tolist"):
        cell = cell.tolist()  # as Parquet files have it
    if isinstance(cell, str):
        try:
            cell = json.loads(cell)
        except json.JSONDecodeError as error:
            raise refused from error
    if not isinstance(cell, list | tuple) or len(set(map(str, cell))) < 2:
        raise refused
    if len(set(map(str, cell))) < len(cell) or not all(
        isinstance(one, str) and one.strip() for one in cell
    ):
        raise refused
    return tuple(cell)


__all__ = ["lacking", "name", "text", "text_or_nothing", "texts", "whole"]
