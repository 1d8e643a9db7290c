"""How two models stand to each other on several parts: words of which rarely any is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from auditkit.checks.paired.standing import Standing
from auditkit.measurement import Estimate
from auditkit.statistics.estimates import p_at_least, p_at_most
from auditkit.statistics.multiplicity import holm
from auditkit.versions import ComparedPart

ALPHA = 0.05


def standings(
    gains: Sequence[Estimate | None], margins: Sequence[float], alpha: float = ALPHA
) -> list[Standing]:
    """A word for each part; that any part is given a word wrongly has at most the chance `alpha`.

    Of a single part it is that of its interval of the level 1 − 2 `alpha`
    (`auditkit.checks.paired.standing`). Of several, the p-values of a word are adjusted by Holm
    over all parts that have an estimate: of `better` that the gain is at most zero, of `worse` that
    it is at least zero, of `within the margin` the larger of those that it lies below and above.

    Args:
        gains: by how much the first is better on each part; None where that cannot be said.
        margins: of each part, a difference that does not matter.
        alpha: level, one-sided.

    Source: Holm 1979; two one-sided tests, Schuirmann 1987.

    Example:
        >>> from auditkit.statistics.estimates import exact_paired_difference
        >>> gain = exact_paired_difference(20, 8, 500)
        >>> [word.value for word in standings([gain], [0.01])]
        ['better']
        >>> [word.value for word in standings([gain] * 5 + [None], [0.01] * 6)][4:]
        ['inconclusive', 'inconclusive']
    """
    places = [place for place, gain in enumerate(gains) if gain is not None]
    known = [
        (gain, margin) for gain, margin in zip(gains, margins, strict=True) if gain is not None
    ]
    within = holm([_p_within(gain, margin) for gain, margin in known])
    better = holm([p_at_most(gain, 0) for gain, _ in known])
    worse = holm([p_at_least(gain, 0) for gain, _ in known])
    found = [Standing.INCONCLUSIVE] * len(gains)
    for place, *p_values in zip(places, within, better, worse, strict=True):
        shown = np.array(p_values) <= alpha
        if shown.any():
            found[place] = _WORDS[int(shown.argmax())]
    return found


_WORDS = (Standing.WITHIN, Standing.BETTER, Standing.WORSE)


def _p_within(gain: Estimate, margin: float) -> float:
    """p-value of the hypothesis that the gain lies beyond the margin; at a margin of zero 1."""
    return max(p_at_most(gain, -margin), p_at_least(gain, margin)) if margin else 1.0


def worded(parts: Sequence[ComparedPart]) -> tuple[ComparedPart, ...]:
    """The parts with their words, as one family."""
    words = standings([part.gain.estimate for part in parts], [part.margin for part in parts])
    return tuple(replace(part, word=word.value) for part, word in zip(parts, words, strict=True))
