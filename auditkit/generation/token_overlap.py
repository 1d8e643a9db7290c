"""How many words two texts have in common."""

from __future__ import annotations

from collections import Counter

from auditkit.generation.normal_form import normalised


def token_f1(first: str, second: str) -> float:
    """Harmonic mean of the shares of words that each text has in common with the other, in [0, 1].

    Words are those of the normalised texts, each counted as often as it occurs (SQuAD's F1).
    Of two texts without words it is 1, of one without any 0.

    Example:
        >>> round(token_f1("in Paris, France", "Paris"), 3)
        0.5
    """
    one, other = Counter(normalised(first).split()), Counter(normalised(second).split())
    total = one.total() + other.total()
    if not total:
        return 1.0
    return 2 * (one & other).total() / total


__all__ = ["token_f1"]
