"""The words of a transcript, and how it errs against what was said."""

from __future__ import annotations

import re
import unicodedata

from auditkit.statistics.edit_distance import edit_distance

_APOSTROPHES = re.compile(r"[’ʼ`´]")
_BRACKETED = re.compile(r"\[[^\]]*\]|\([^)]*\)|<[^>]*>|\*[^*]*\*")
"""What stands for a sound that is no speech: [BLANK_AUDIO], (music), <noise>, *coughs*."""


def words_of(text: str, *, exact: bool = False) -> list[str]:
    """The words that a transcript holds.

    Case, punctuation and hyphens say nothing of what was heard and are left out, unless they are
    to count; apostrophes within words stay. Written numbers ("3") and spoken ones ("three") differ.

    Args:
        text: the transcript.
        exact: take it as it is, parted at white space.

    Example:
        >>> words_of("It's a well-known  TUNE, isn’t it?")
        ["it's", 'a', 'well', 'known', 'tune', "isn't", 'it']
    """
    if exact:
        return text.split()
    folded = unicodedata.normalize("NFKC", text).casefold()
    plain = "".join(
        mark if mark == "'" or unicodedata.category(mark)[0] in "LNM" else " "
        for mark in _APOSTROPHES.sub("'", folded)
    )
    return [word for word in (one.strip("'") for one in plain.split()) if word]


def heard_text(text: str) -> bool:
    """Whether something is written down as said: a word outside of brackets.

    Example:
        >>> heard_text(" [BLANK_AUDIO] "), heard_text("."), heard_text("Thank you.")
        (False, False, True)
    """
    return bool(words_of(_BRACKETED.sub(" ", text)))


def word_errors(references: tuple[str, ...], text: str, *, exact: bool = False) -> tuple[int, int]:
    """Errors of a transcript, and the words of the reference that it comes nearest to.

    Args:
        references: what was said; one of them, where several are given.
        text: the transcript.
        exact: as of `words_of`.

    Returns:
        Insertions, deletions and substitutions; number of words of the reference.

    Raises:
        ValueError: no reference.

    Example:
        >>> word_errors(("the cat sat",), "The cat sat down.")
        (1, 3)
    """
    found = words_of(text, exact=exact)
    told = [words_of(one, exact=exact) for one in references]
    errors = [(edit_distance(one, found), len(one)) for one in told]
    return min(errors, key=lambda one: (one[0] / max(one[1], 1), one[0]))


__all__ = ["heard_text", "word_errors", "words_of"]
