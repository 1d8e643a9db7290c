"""The options of a CSV file, checked once and handed to both parsers."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from auditkit.data.wording import listed, nearest
from auditkit.errors import ConfigurationError


@dataclass(frozen=True)
class Dialect:
    """How a CSV file is written; names and meanings are those of `pandas.read_csv`.

    Attributes:
        counting: options of `csv.reader`, which counts the fields of each record.
        parsing: options of `pandas.read_csv`, which makes values of them.
        encoding: of the text; `utf-8-sig` also reads UTF-8 without the mark.
        compression: `infer` (from the name), None, or a name that fsspec knows.
        names: names of the columns of a file without header; empty if it has one.
        index_col: a column that only numbers the rows (name or place): left out.
        dtype: column → type, for columns whose first rows mislead.
    """

    counting: Mapping[str, Any]
    parsing: Mapping[str, Any]
    encoding: str = "utf-8-sig"
    compression: str | None = "infer"
    names: tuple[str, ...] = ()
    index_col: int | str | None = None
    dtype: Mapping[str, Any] = field(default_factory=dict)


def _character(value: object) -> bool:
    return isinstance(value, str) and len(value) == 1


def _text(value: object) -> bool:
    return isinstance(value, str)


def _truth(value: object) -> bool:
    return isinstance(value, bool)


def _names(value: object) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _column(value: object) -> bool:
    return isinstance(value, (str, int)) and not isinstance(value, bool)


def _values(value: object) -> bool:
    return isinstance(value, (str, int, float, Mapping)) or _names(value)


OPTIONS: Mapping[str, tuple[Callable[[object], bool], str]] = {
    "sep": (_character, "one character"),
    "quotechar": (_character, "one character"),
    "escapechar": (_character, "one character"),
    "doublequote": (_truth, "true or false"),
    "skipinitialspace": (_truth, "true or false"),
    "encoding": (_text, "the name of an encoding"),
    "compression": (lambda value: value is None or _text(value), "a name, or null"),
    "names": (_names, "a list of column names"),
    "index_col": (_column, "a column's name or place"),
    "dtype": (lambda value: isinstance(value, Mapping), "a mapping of column to type"),
    "na_values": (_values, "a value, a list, or a mapping of column to values"),
    "keep_default_na": (_truth, "true or false"),
    "decimal": (_character, "one character"),
    "thousands": (_character, "one character"),
}
"""Every option, what its value must be, and how an error says so."""

_COUNTING = {
    "sep": "delimiter",
    "quotechar": "quotechar",
    "escapechar": "escapechar",
    "doublequote": "doublequote",
    "skipinitialspace": "skipinitialspace",
}
_PARSING = (*_COUNTING, "na_values", "keep_default_na", "decimal", "thousands")


def dialect(options: Mapping[str, Any], *, separator: str = ",") -> Dialect:
    """The dialect that these options describe.

    Args:
        options: names as in `OPTIONS`.
        separator: used unless `sep` is given.

    Raises:
        ConfigurationError: an unknown option, or a value that it cannot have.

    Example:
        >>> dialect({"skipinitialspace": True}).counting["skipinitialspace"]
        True
    """
    for name, value in options.items():
        _check(name, value)
    chosen = {"sep": separator, **options}
    plain = {
        name: chosen[name]
        for name in ("encoding", "compression", "index_col", "dtype")
        if name in chosen
    }
    return Dialect(
        counting={theirs: chosen[ours] for ours, theirs in _COUNTING.items() if ours in chosen},
        parsing={name: chosen[name] for name in _PARSING if name in chosen},
        names=tuple(str(name) for name in chosen.get("names", ())),
        **plain,
    )


def _check(name: str, value: object) -> None:
    if name not in OPTIONS:
        raise ConfigurationError(
            f"There is no CSV option {name!r}; there are {listed(OPTIONS, most=20)}."
            f"{nearest(name, OPTIONS)}",
            mend="Use one of these, or convert the file to Parquet first.",
        )
    fits, expected = OPTIONS[name]
    if not fits(value):
        raise ConfigurationError(
            f"CSV option {name!r} must be {expected}, but is {value!r}.",
            mend="Options are those of pandas.read_csv.",
        )
    if name == "encoding":
        _check_encoding(str(value))


def _check_encoding(name: str) -> None:
    try:
        codecs.lookup(name)
    except LookupError:
        raise ConfigurationError(
            f"Python knows no encoding {name!r}.", mend="Write for example utf-8 or latin-1."
        ) from None
