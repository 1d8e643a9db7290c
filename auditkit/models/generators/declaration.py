"""Who gave stored answers, and when: it stands where a model's digest would."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from auditkit.errors import ModelError

_TEXTS = ("provider", "model", "version", "date")
_KEYS = (*_TEXTS, "settings")
_EXAMPLE = (
    '{"declaration": {"provider": "…", "model": "…", "version": "…", "date": "2026-01-31", '
    '"settings": {"temperature": 1.0}}}'
)
MEND = f"Write it as the first line of the file: {_EXAMPLE}."


@dataclass(frozen=True)
class Declaration:
    """What the user says of the model behind stored answers.

    Attributes:
        provider: who runs it.
        model: what they call it.
        version: as exactly as they tell it.
        date: on which it was asked, YYYY-MM-DD.
        settings: it was asked with, by name: `temperature` …
    """

    provider: str
    model: str
    version: str
    date: str
    settings: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, given: Any, where: str) -> Declaration:
        """From JSON.

        Args:
            given: a mapping of the attributes; `settings` may be left out.
            where: the file, for messages.

        Raises:
            ModelError: one is missing, empty, unknown, or no such thing.
        """
        if not isinstance(given, Mapping):
            raise ModelError(f"The declaration of {where} is no mapping.", mend=MEND)
        if unknown := [key for key in given if key not in _KEYS]:
            raise ModelError(
                f"The declaration of {where} has the key {unknown[0]!r}; known are "
                f"{', '.join(_KEYS)}.",
                mend="Put what else there is to say into settings.",
            )
        for key in _TEXTS:
            if not isinstance(given.get(key), str) or not given[key].strip():
                raise ModelError(
                    f"The declaration of {where} says no {key}: {given.get(key)!r}.", mend=MEND
                )
        settings = given.get("settings", {})
        if not isinstance(settings, Mapping):
            raise ModelError(
                f"The settings in the declaration of {where} are {settings!r}; expected a mapping.",
                mend=MEND,
            )
        _refuse_date(given["date"], where)
        return cls(**{key: given[key] for key in _TEXTS}, settings=dict(settings))

    @property
    def temperature(self) -> float | None:
        """Of the samples; None where it is not said."""
        said = self.settings.get("temperature")
        return float(said) if isinstance(said, int | float) else None


def _refuse_date(said: str, where: str) -> None:
    try:
        date.fromisoformat(said)
    except ValueError as error:
        raise ModelError(
            f"The date in the declaration of {where} is {said!r}; expected YYYY-MM-DD.", mend=MEND
        ) from error


__all__ = ["Declaration"]
