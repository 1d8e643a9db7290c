"""Texts as token ids: by a tokenizer of the user's, or as a table's column already holds them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from typing import Any

import pandas as pd

from auditkit.data.damage import UnreadableError, each_unit
from auditkit.data.digests import MANIFEST
from auditkit.data.row_numbers import row_text
from auditkit.data.token_rows import IDS, MASK, TokenRows
from auditkit.errors import AuditkitError, ConfigurationError

Encode = Callable[[list[str]], Mapping[str, Any]]
"""From texts to name → one row of token ids for each text: a tensor [texts, tokens], or lists."""

UNEVEN = "Declare text.length: shorter rows are filled up to it, with 0 in the attention mask."


class TextDecoder:
    """Decodes a column of text, or of its bytes in UTF-8, by the user's tokenizer.

    Args:
        column: the column of text.
        encode: the tokenizer.
        rows: length, vocabulary and padding.
        about: what is known of the tokenizer, JSON-able: with `sha256` if its files are; without,
            it is a function of the user's, known by its name alone.

    Attributes:
        written: the column whose cells are the texts.
    """

    medium = "text"
    uneven = UNEVEN

    def __init__(
        self, column: str, encode: Encode, rows: TokenRows, about: Mapping[str, Any]
    ) -> None:
        self.columns: tuple[str, ...] = (column,)
        self.written = column
        self._column = column
        self._encode = encode
        self._rows = rows
        self._about = dict(about)

    def decode(self, frame: pd.DataFrame) -> list[Any]:
        """See `Decoder.decode`; the tokenizer is asked once for all texts of the frame."""
        texts = each_unit(frame[self._column].tolist(), _text)
        readable = [(place, text) for place, text in enumerate(texts) if isinstance(text, str)]
        units: list[Any] = list(texts)
        if readable:
            encoded = self._encoded([text for _, text in readable])
            for number, (place, _) in enumerate(readable):
                parts = {name: values[number] for name, values in encoded.items()}
                title = self.name(frame, place)
                units[place] = each_unit([(parts, title)], self._row)[0]
        return units

    def name(self, frame: pd.DataFrame, place: int) -> str:
        """The row."""
        return f"row {row_text(frame.index[place])}"

    def digest(self, frames: Iterator[pd.DataFrame]) -> str:  # noqa: ARG002 - see `Decoder`
        """Nothing where the tokenizer's files are known; of a function only the name is."""
        if "sha256" in self._about:
            return ""
        return MANIFEST + hashlib.sha256(repr(sorted(self._about.items())).encode()).hexdigest()

    def describe(self) -> dict[str, Any]:
        """Column, tokenizer and length."""
        return {"column": self._column, "tokenizer": self._about, **asdict(self._rows)}

    def _row(self, titled: tuple[Mapping[str, Any], str]) -> Mapping[str, Any]:
        return self._rows(*titled)

    def _encoded(self, texts: list[str]) -> Mapping[str, Any]:
        try:
            given = self._encode(texts)
        except AuditkitError:
            raise
        except Exception as error:
            raise ConfigurationError(
                f"The tokenizer failed on {len(texts)} texts ({type(error).__name__}: {error}).",
                mend="Mend it: it gets a list of texts.",
            ) from error
        sized = isinstance(given, Mapping) and given and all(map(_has_size, given.values()))
        if not sized or any(len(values) != len(texts) for values in given.values()):
            found = (
                {str(name): _size(values) for name, values in given.items()}
                if isinstance(given, Mapping)
                else type(given).__name__
            )
            raise ConfigurationError(
                f"The tokenizer was given {len(texts)} texts and returned {found}; expected name → "
                "one row of token ids for each text.",
                mend=f"Return for example {{{IDS!r}: ids, {MASK!r}: mask}}.",
            )
        return given


class TokenDecoder:
    """Takes token ids, and perhaps their attention mask, from columns of lists.

    Args:
        ids: the column of token ids.
        mask: that of the attention mask; without one, all tokens are real.
        rows: length, vocabulary and padding.
    """

    medium = "text"
    uneven = UNEVEN

    def __init__(self, ids: str, mask: str | None, rows: TokenRows) -> None:
        self.columns: tuple[str, ...] = (ids,) if mask is None else (ids, mask)
        self._rows = rows

    def decode(self, frame: pd.DataFrame) -> list[Any]:
        """See `Decoder.decode`."""
        names = (IDS, MASK)[: len(self.columns)]
        cells = zip(*(frame[column] for column in self.columns), strict=True)
        parts = (dict(zip(names, row, strict=True)) for row in cells)
        titled = ((one, self.name(frame, place)) for place, one in enumerate(parts))
        return each_unit(titled, lambda pair: self._rows(*pair))

    def name(self, frame: pd.DataFrame, place: int) -> str:
        """The row."""
        return f"row {row_text(frame.index[place])}"

    def digest(self, frames: Iterator[pd.DataFrame]) -> str:  # noqa: ARG002 - see `Decoder`
        """The table holds everything."""
        return ""

    def describe(self) -> dict[str, Any]:
        """Columns and length."""
        return {"columns": list(self.columns), **asdict(self._rows)}


def _text(cell: Any) -> str:
    if isinstance(cell, bytes):
        try:
            cell = cell.decode()
        except UnicodeDecodeError as error:
            raise UnreadableError("its bytes are no UTF-8") from error
    if isinstance(cell, str):
        if cell.strip():
            return cell
        raise UnreadableError("the text is empty")
    missing = pd.api.types.is_scalar(cell) and pd.isna(cell)
    raise UnreadableError("there is no text" if missing else f"it is a {type(cell).__name__}")


def _has_size(values: Any) -> bool:
    return hasattr(values, "__len__") and not isinstance(values, str)


def _size(values: Any) -> str:
    return f"{len(values)} rows" if _has_size(values) else type(values).__name__
