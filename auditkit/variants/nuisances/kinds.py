"""The kinds of nuisances: of which medium each is, its settings, and whether it can be taken out.

A row of `KINDS` says how a declaration is read; what is done to an input stands in
`images`, `columns`, `waves` and `tokens` beside it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from auditkit.errors import ConfigurationError

Setting = float | int | str | bool | None | tuple[float, ...] | tuple[int, ...]
Reader = Callable[[Any], Setting]
"""From what a user gives to a setting; raises `_WrongError` with what was expected."""


class _WrongError(Exception):
    """A setting is not what was expected; the text says what that is."""


@dataclass(frozen=True)
class Kind:
    """How nuisances of one kind are declared.

    Attributes:
        media: inputs that they are of.
        settings: name → its reader.
        defaults: of settings that may be left out.
        amounts: settings on the scale of the inputs, which `of_range` makes shares of their range.
        irremovable: why it makes no sense to remove them; "" if it does.
        removed_with: a setting without which they cannot be removed; None if none decides.
    """

    media: tuple[str, ...]
    settings: Mapping[str, Reader]
    defaults: Mapping[str, Setting] = field(default_factory=dict)
    amounts: tuple[str, ...] = ()
    irremovable: str = ""
    removed_with: str | None = None

    def read(self, name: str, given: Mapping[str, Any]) -> dict[str, Setting]:
        """The settings that a user gives, and the defaults of those left out.

        Raises:
            ConfigurationError: a setting is unknown, missing or wrong.
        """
        known = ", ".join(self.settings)
        if unknown := [key for key in given if key not in self.settings]:
            raise ConfigurationError(
                f"A nuisance of the kind {name} has the unknown setting {unknown[0]!r}; its "
                f"settings are {known}.",
                mend="Mend the setting, or leave it out.",
            )
        values = {**self.defaults, **given}
        if missing := [key for key in self.settings if key not in values]:
            raise ConfigurationError(
                f"A nuisance of the kind {name} lacks {missing[0]}; its settings are {known}.",
                mend=f"Give {missing[0]}.",
            )
        return {key: self._read(name, key, values[key]) for key in self.settings}

    def _read(self, name: str, key: str, value: Any) -> Setting:
        default = self.defaults.get(key)
        if key in self.defaults and type(value) is type(default) and value == default:
            return default
        try:
            return self.settings[key](value)
        except _WrongError as expected:
            raise ConfigurationError(
                f"{key} of a nuisance of the kind {name} is {value!r}; expected {expected}.",
                mend="Mend the setting.",
            ) from None


def _is_number(value: Any) -> bool:
    real = isinstance(value, int | float) and not isinstance(value, bool)
    return real and math.isfinite(value)


def _number(value: Any) -> float:
    if not _is_number(value):
        raise _WrongError("a finite number")
    return float(value)


def _other_than(nothing: float) -> Reader:
    """A number that changes something."""

    def read(value: Any) -> Setting:
        if not _is_number(value) or value == nothing:
            raise _WrongError(f"a finite number other than {nothing:g}")
        return float(value)

    return read


def _factor(value: Any) -> float:
    if not _is_number(value) or value < 0 or value == 1:
        raise _WrongError("a factor of at least 0, other than 1")
    return float(value)


def _scale(value: Any) -> float:
    if not _is_number(value) or value < 0:
        raise _WrongError("a factor of at least 0")
    return float(value)


def _positive(value: Any) -> float:
    if not _is_number(value) or value <= 0:
        raise _WrongError("a number above 0")
    return float(value)


def _by_channel(value: Any) -> Setting:
    """A number for all channels, or a list with one for each."""
    if isinstance(value, list | tuple) and value and all(map(_is_number, value)):
        return tuple(map(float, value))
    if not _is_number(value):
        raise _WrongError("a finite number, or a list with one for each channel")
    return float(value)


def _place(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise _WrongError("a whole number of at least 0")
    return value


def _span(value: Any) -> Setting:
    """The first row or column, and the one behind the last: pixels, or shares of the side."""
    expected = "two whole numbers of pixels, or two shares of the side, the smaller one first"
    if not isinstance(value, list | tuple) or len(value) != 2 or not all(map(_is_number, value)):
        raise _WrongError(expected)
    first, last = value
    if first < 0 or last <= first or (_is_shares(value) and last > 1):
        raise _WrongError(expected)
    return tuple(map(float, value)) if _is_shares(value) else (_place(first), _place(last))


def _is_shares(value: Any) -> bool:
    return any(isinstance(end, float) for end in value)


def _width(value: Any) -> Setting:
    whole = isinstance(value, int) and not isinstance(value, bool) and value >= 1
    if whole or (isinstance(value, float) and 0 < value < 0.5):
        return value  # type: ignore[no-any-return]  # a number, as has just been seen
    raise _WrongError("a whole number of pixels of at least 1, or a share of the side below 0.5")


def _period(value: Any) -> float:
    if not _is_number(value) or value <= 2:
        raise _WrongError("a number of steps above 2")
    return float(value)


def _axis(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value == 0:
        raise _WrongError("the place of an axis other than 0, which is that of the units")
    return value


def _column(value: Any) -> Setting:
    if isinstance(value, str) and value:
        return value
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    raise _WrongError("the name of a column, or its place from 0 where columns have no names")


def _cell(value: Any) -> Setting:
    if isinstance(value, str | bool) or _is_number(value):
        return value  # type: ignore[no-any-return]  # one of these
    raise _WrongError("text, a finite number, or true or false")


_WAVES = ("audio", "series")

KINDS: Mapping[str, Kind] = {
    "patch": Kind(
        ("image",),
        {"rows": _span, "columns": _span, "value": _by_channel},
        amounts=("value",),
    ),
    "brightness": Kind(("image",), {"by": _other_than(0)}, amounts=("by",)),
    "contrast": Kind(("image",), {"factor": _factor}),
    "channel": Kind(
        ("image",),
        {"channel": _place, "factor": _scale, "by": _number},
        {"factor": 1.0, "by": 0.0},
        amounts=("by",),
    ),
    "blur": Kind(
        ("image",),
        {"deviation": _positive},
        {"deviation": None},
        irremovable="A blur cannot be taken out of an image: what it hid is not known.",
    ),
    "border": Kind(("image",), {"width": _width, "value": _by_channel}, amounts=("value",)),
    "background": Kind(
        ("image",),
        {"tone": _by_channel, "within": _positive},
        amounts=("tone", "within"),
    ),
    "column": Kind(("table",), {"column": _column, "value": _cell}),
    "token": Kind(
        ("text",),
        {"token": _place, "at": _place, "pad": _place},
        {"at": 1, "pad": None},
        irremovable="A token is taken out by filling the end with the padding; declare its id as "
        "pad.",
        removed_with="pad",
    ),
    "gain": Kind(_WAVES, {"factor": _factor}),
    "hum": Kind(
        _WAVES,
        {"period": _period, "amplitude": _positive, "axis": _axis},
        {"axis": None},
        amounts=("amplitude",),
    ),
    "offset": Kind(_WAVES, {"by": _other_than(0)}, amounts=("by",)),
}
