"""A training text cut in two: what the model is given, and what it must go on with."""

from __future__ import annotations

from dataclasses import dataclass

MOST_WORDS = 50
"""Of the rest so many words are compared; longer agreement tells nothing more."""
_FEWEST_WORDS = 4
_FEWEST_LETTERS = 8


@dataclass(frozen=True)
class Passage:
    """A text cut in two.

    Attributes:
        prefix: what the model is given, without blanks at its end.
        rest: what follows, its blanks single.
        spaced: whether it is of words; a text without blanks is of characters.

    Example:
        >>> Passage.of("my old number was  four two seven")
        Passage(prefix='my old number', rest='was four two seven', spaced=True)
    """

    prefix: str
    rest: str
    spaced: bool = True

    @classmethod
    def of(cls, text: str, prefix_words: int | None = None) -> Passage | None:
        """The two parts; None where the text is too short for them.

        Args:
            text: of at least four words, or of eight characters where it has no blanks.
            prefix_words: how many words are given; half of them by default.
        """
        words = text.split()
        if len(words) < _FEWEST_WORDS:
            return cls._of_letters(text.strip()) if prefix_words is None else None
        given = len(words) // 2 if prefix_words is None else prefix_words
        if not 0 < given < len(words):
            return None
        prefix = text.strip()
        # The blanks before the cut stay as they are: the model has learnt the text with them.
        rest = prefix.split(maxsplit=given)[-1]
        return cls(prefix[: len(prefix) - len(rest)].rstrip(), " ".join(words[given:][:MOST_WORDS]))

    @classmethod
    def _of_letters(cls, text: str) -> Passage | None:
        if len(text) < _FEWEST_LETTERS or " " in text:
            return None
        half = len(text) // 2
        return cls(text[:half], text[half : half + 4 * MOST_WORDS], spaced=False)

    @property
    def parts(self) -> list[str]:
        """The words of the rest; its characters where there are no words."""
        return self.rest.split() if self.spaced else list(self.rest)

    def parts_of(self, said: str) -> list[str]:
        """The same of what the model said."""
        return said.split() if self.spaced else list("".join(said.split()))


__all__ = ["MOST_WORDS", "Passage"]
