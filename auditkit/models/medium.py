"""What a model is given, as its user declares it: the medium, and the ends of the numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from auditkit.errors import ConfigurationError
from auditkit.models.input_range import InputRange


class Medium(StrEnum):
    """What one input is."""

    IMAGE = "image"
    TABLE = "table"
    AUDIO = "audio"
    TEXT = "text"
    SERIES = "series"


@dataclass(frozen=True)
class Inputs:
    """What a model is given.

    Attributes:
        medium: what one input is; None where that is not declared.
        range: between which ends the numbers lie that the model is given, after its preprocess;
            None where that is not declared. Nothing is corrupted or attacked beyond it.
        neutral: id of the token that says nothing (mask, padding); None where the model's own
            configuration names it, or there are no tokens.
        special: ids of the tokens that stand for no text (padding, begin, end); none declared
            where the model's own configuration names them.

    Raises:
        ConfigurationError: a token id is no whole number of at least 0.
    """

    medium: Medium | None = None
    range: InputRange | None = None
    neutral: int | None = None
    special: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        named = () if self.neutral is None else (self.neutral,)
        for one in (*named, *self.special):
            if isinstance(one, bool) or not isinstance(one, int) or one < 0:
                raise ConfigurationError(
                    f"The inputs name the token {one!r}; expected its id, a whole number.",
                    mend="Give for example neutral: 103, special: [0, 101, 102].",
                )

    def describe(self) -> dict[str, Any]:
        """The declaration as JSON-able data."""
        ends = None if self.range is None else [self.range.low, self.range.high]
        return {
            "medium": None if self.medium is None else self.medium.value,
            "range": ends,
            "neutral": self.neutral,
            "special": list(self.special),
        }


def declared_inputs(given: Inputs | Mapping[str, Any] | None) -> Inputs:
    """Inputs from what a user may say: `{"medium": "image", "range": (0, 1)}`.

    Raises:
        ConfigurationError: a key or medium is unknown, or the range has no two ends.

    >>> declared_inputs({"medium": "image"}).medium
    <Medium.IMAGE: 'image'>
    """
    if given is None or isinstance(given, Inputs):
        return given or Inputs()
    if not isinstance(given, Mapping) or not set(given) <= _KEYS:
        raise ConfigurationError(
            f"inputs is {given!r}; expected medium, and perhaps range, neutral and special.",
            mend='Give for example {"medium": "image", "range": (0, 1)}.',
        )
    special = given.get("special", ())
    return Inputs(
        _medium(given.get("medium")),
        _range(given.get("range")),
        given.get("neutral"),
        tuple(special) if isinstance(special, list | tuple) else (special,),
    )


_KEYS = {"medium", "range", "neutral", "special"}


def _medium(given: Any) -> Medium | None:
    if given is None:
        return None
    try:
        return Medium(str(given))
    except ValueError as error:
        raise ConfigurationError(
            f"The medium of the inputs is {given!r}; expected one of "
            f"{', '.join(known.value for known in Medium)}.",
            mend="Give one of these, or leave it out.",
        ) from error


def _range(given: Any) -> InputRange | None:
    if given is None or isinstance(given, InputRange):
        return given
    if not isinstance(given, list | tuple) or len(given) != 2:
        raise ConfigurationError(
            f"The range of the inputs is {given!r}; expected its two ends.",
            mend="Give (lowest, highest), each a number or a list with one for each channel.",
        )
    return InputRange(*given)
