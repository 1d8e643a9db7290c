"""Whether an answer refuses: says that it does not know, or will not say."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from auditkit.errors import ConfigurationError
from auditkit.generation.correctness.english_refusals import ENGLISH

_READ = 300
"""Characters of an answer that are read: who refuses does so at once, and no pattern, however it
is written, reads long over so few."""


class Refusals:
    """Tells which answers refuse.

    Args:
        patterns: regular expressions, each of a whole answer, whatever its case; () for
            the English ones. An empty answer always refuses.

    Raises:
        ConfigurationError: a pattern is no regular expression, or one that may read for ages.

    Example:
        >>> refusals = Refusals()
        >>> refusals("I'm sorry, but I don't know."), refusals("I don't know, but I think Paris.")
        (True, False)
    """

    def __init__(self, patterns: Sequence[str] = ()) -> None:
        for pattern in patterns:
            _refuse_pattern(pattern)
        self._patterns = _compiled(tuple(patterns) or ENGLISH)

    def __call__(self, text: str) -> bool:
        """Whether an answer, or a reference, refuses."""
        plain = " ".join(text.replace("’", "'").split())[:_READ]
        return not plain.strip(" .,;:!?-\"'") or any(
            pattern.fullmatch(plain) is not None for pattern in self._patterns
        )


@lru_cache(maxsize=64)
def _compiled(patterns: tuple[str, ...]) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern, re.IGNORECASE | re.DOTALL) for pattern in patterns)


def _refuse_pattern(pattern: object) -> None:
    if not isinstance(pattern, str):
        raise ConfigurationError(
            f"generation.refusals holds {pattern!r}; expected regular expressions.",
            mend="Write each as text.",
        )
    try:
        re.compile(pattern)
    except re.error as error:
        raise ConfigurationError(
            f"The pattern {pattern!r} of generation.refusals is no regular expression: {error}.",
            mend="Mend it, or leave refusals out for the built-in ones.",
        ) from error
    if _may_hang(pattern):
        raise ConfigurationError(
            f"The pattern {pattern!r} of generation.refusals repeats a group that itself repeats"
            " or chooses, and may take years on one answer.",
            mend="Write it as several patterns without a repeated group.",
        )


_PARTS = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\(\?|[()|*+?{]", re.DOTALL)


def _may_hang(pattern: str) -> bool:
    """Whether a group that holds a repeat or a choice is itself repeated: needed for an
    exponential search; refused more often than needed."""
    found = [part for part in _PARTS.finditer(pattern) if part[0][0] in "()|*+?{"]
    open_groups = [False]
    for part in found:
        if part[0][0] == "(":
            open_groups.append(False)
        elif part[0] == ")" and len(open_groups) > 1:
            varies = open_groups.pop()
            if varies and pattern[part.end() : part.end() + 1] in {"*", "+", "{"}:
                return True
            open_groups[-1] |= varies
        else:
            open_groups[-1] = True
    return False


__all__ = ["Refusals"]
