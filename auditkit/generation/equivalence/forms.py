"""Answers mean the same where one form of both is the same: as it stands, normalised, canonical."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TypeAlias

from auditkit.errors import ConfigurationError
from auditkit.generation.failing import cause_of
from auditkit.generation.normal_form import normalised
from auditkit.generation.settings import Matching
from auditkit.models.subject import callable_name

Form: TypeAlias = Callable[[str], str]


def form_of(matching: Matching) -> tuple[Form, str]:
    """The form of a text that decides, and what decides in words for a reviewer.

    Raises:
        ConfigurationError: there is no such form, or no function for it.
    """
    if matching.kind not in FORMS:
        raise ConfigurationError(
            f"generation.equivalence.kind is {matching.kind!r}; there are {', '.join(FORMS)}.",
            mend="Name one of them.",
        )
    return FORMS[matching.kind](matching)


def _exact(_: Matching) -> tuple[Form, str]:
    return str.strip, "the same text"


def _normalised(_: Matching) -> tuple[Form, str]:
    return normalised, "the same text but for case, punctuation, articles and spaces"


def _canonical(matching: Matching) -> tuple[Form, str]:
    function = matching.function
    if function is None:
        raise ConfigurationError(
            "generation.equivalence is canonical, and no function is given.",
            mend="Give function: text -> canonical text.",
        )
    name = callable_name(function)

    @cache
    def canonical(text: str) -> str:
        try:
            found = function(text)
        except Exception as error:
            raise ConfigurationError(
                f"The function {name} of generation.equivalence failed: {cause_of(error)}.",
                mend="Mend it: it is called with the text of one answer.",
            ) from error
        if not isinstance(found, str):
            kind = type(found).__name__
            raise ConfigurationError(
                f"The function {name} of generation.equivalence gave a {kind}; expected a text.",
                mend="Return the canonical form as text; of an answer without one, the answer.",
            )
        return found

    return canonical, f"the same canonical form by {name}"


FORMS: dict[str, Callable[[Matching], tuple[Form, str]]] = {
    "exact": _exact,
    "normalised": _normalised,
    "canonical": _canonical,
}
"""Name → the form of a text that decides, and what decides in words, from the settings."""

__all__ = ["FORMS", "Form", "form_of"]
