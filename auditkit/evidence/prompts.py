"""From rows of a table to questions: what is asked, and what is known of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from auditkit.data.batch import Batch
from auditkit.data.wording import listed
from auditkit.errors import ConfigurationError, DataError
from auditkit.evidence.hashing import folds, hashes
from auditkit.generation.evidence import Question
from auditkit.generation.settings import GenerationSettings, PromptColumns

_PLACES = ("{prompt}", "{context}")


def refuse_columns(batch: Batch, columns: PromptColumns) -> None:
    """Refuse a table that lacks what is declared of it.

    Raises:
        DataError: a column is missing, or there is no table.
        ConfigurationError: the template has no place for the prompt, or another place.
    """
    if batch.frame is None and not columns.spoken:
        raise DataError(
            "The prompts are in no table, so that nothing says which of their parts is what.",
            mend="Give a table with a column of prompts.",
        )
    present = [] if batch.frame is None else [str(name) for name in batch.frame.columns]
    missing = [name for name in columns.read if name not in present]
    if missing:
        raise DataError(
            f"The column {missing[0]!r} of the generation section is not in the data, which have "
            f"{listed(present)}.",
            mend="Mend its name under generation.columns, or add the column.",
        )
    try:
        made = columns.template.format(prompt="\0", context="")
    except (KeyError, IndexError, ValueError) as error:
        raise ConfigurationError(
            f"The template {columns.template!r} has another place than {' and '.join(_PLACES)} "
            f"({error}).",
            mend="Write a brace that is meant as such twice.",
        ) from error
    if "\0" not in made:
        raise ConfigurationError(
            f"The template {columns.template!r} has no place for the prompt.",
            mend="Write {prompt} where the question belongs.",
        )


def questions_of(batch: Batch, settings: GenerationSettings, seed: int) -> list[Question]:
    """The questions of a batch of rows, in order.

    Args:
        batch: with the columns that the settings name.
        settings: of the audit.
        seed: of the keys.

    Raises:
        DataError: a prompt is missing, or a cell holds something else than is declared.
    """
    columns, n = settings.columns, len(batch)
    keys = hashes(batch.row_ids, seed).tolist()
    units = batch.row_ids if batch.clusters is None else batch.clusters
    clusters = [None] * n if batch.clusters is None else hashes(batch.clusters).tolist()
    held_out = folds(units) == 1
    cells = _Cells(batch)
    found = []
    for row in range(n):
        prompt = "" if columns.spoken else cells.text(columns.prompt, row)
        context = cells.texts(columns.context, row)
        found.append(
            Question(
                id=str(batch.row_ids[row]),
                key=keys[row],
                cluster=clusters[row],
                held_out=bool(held_out[row]),
                groups={name: str(levels[row]) for name, levels in batch.groups.items()},
                prompt=prompt,
                given=columns.given(prompt, context),
                context=context,
                references=cells.texts(columns.references, row),
                choices=cells.texts(columns.choices, row),
                right_passages=cells.numbers(columns.right_passages, row),
                label=cells.flag(columns.label, row),
                supported=cells.flags(columns.supported, row),
            )
        )
    return found


_FLAGS = {"true": True, "1": True, "1.0": True, "false": False, "0": False, "0.0": False}


class _Cells:
    """The cells of a batch, read as what they are declared to hold; "" names no column."""

    def __init__(self, batch: Batch) -> None:
        self._ids = batch.row_ids
        frame = pd.DataFrame() if batch.frame is None else batch.frame
        self._columns: Mapping[str, np.ndarray] = {
            str(name): frame[name].to_numpy(dtype=object) for name in frame.columns
        }

    def text(self, column: str, row: int) -> str:
        value = self._columns[column][row]
        if _lacking(value) or not str(value).strip():
            raise DataError(
                f"Row {self._ids[row]} has no {column!r}.",
                mend="Fill it in, or leave the row out.",
            )
        return _spelt(value)

    def texts(self, column: str, row: int) -> tuple[str, ...]:
        """A text, or a JSON list of texts; () where the cell is empty."""
        value = self._value(column, row)
        if value is None:
            return ()
        listing = value if isinstance(value, Sequence | np.ndarray) else [value]
        return tuple(_spelt(one) for one in listing if not _lacking(one))

    def numbers(self, column: str, row: int) -> tuple[int, ...]:
        """Whole numbers from 0: one, or a JSON list; () where the cell is empty."""
        value = self._value(column, row)
        if value is None:
            return ()
        listing = value if isinstance(value, Sequence | np.ndarray) else [value]
        try:
            return tuple(map(_place, listing))
        except (TypeError, ValueError) as error:
            raise DataError(
                f"Row {self._ids[row]} has {value!r} as {column!r}; expected whole numbers from 0.",
                mend="Write a JSON list of places, the first of which is 0.",
            ) from error

    def flag(self, column: str, row: int) -> bool | None:
        """True or false; None where nobody has judged."""
        value = self._value(column, row, listed_too=False)
        if value is None:
            return None
        if str(value).lower() not in _FLAGS:
            raise DataError(
                f"Row {self._ids[row]} has {value!r} as {column!r}; expected true or false.",
                mend="Write true, false, or nothing where nobody judged.",
            )
        return _FLAGS[str(value).lower()]

    def flags(self, column: str, row: int) -> tuple[bool, ...]:
        """A JSON list of true and false, or one of them; () where the cell is empty."""
        found = [_FLAGS.get(text.lower()) for text in self.texts(column, row)]
        if None in found:
            raise DataError(
                f"Row {self._ids[row]} has something else than true and false in {column!r}.",
                mend="Write a JSON list with true or false for each sentence of the answer, or "
                "nothing where nobody judged.",
            )
        return tuple(bool(one) for one in found)

    def _value(self, column: str, row: int, *, listed_too: bool = True) -> Any:
        if not column:
            return None
        value = self._columns[column][row]
        if isinstance(value, list | tuple | np.ndarray):
            return list(value)
        if _lacking(value) or value == "":
            return None
        text = _spelt(value)
        if not listed_too or not text.lstrip().startswith("["):
            return _Text(text)
        try:
            read = json.loads(text)
        except json.JSONDecodeError:
            return _Text(text)  # a text that begins with a bracket
        return read if isinstance(read, list) else _Text(text)


class _Text:
    """A single cell, so that its letters are not taken for a list."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __str__(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return repr(self._text)


def _place(given: Any) -> int:
    number = float(str(given))
    if isinstance(given, bool) or not number.is_integer() or number < 0:
        raise ValueError("no place")
    return int(number)


def _spelt(value: Any) -> str:
    """A cell as text: a column of whole numbers is read as one of floats where a cell is empty."""
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return f"{value:.0f}"
    return str(value)


def _lacking(value: Any) -> bool:
    return value is None or (isinstance(value, float) and np.isnan(value)) or value is pd.NA


__all__ = ["questions_of", "refuse_columns"]
