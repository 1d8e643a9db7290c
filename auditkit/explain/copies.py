"""Units explained again with a little noise: does an explanation of one decision stay?"""

from __future__ import annotations

from dataclasses import replace

from auditkit.errors import ModelError
from auditkit.explain.explanation import Explanation, attributed
from auditkit.explain.method import Maps
from auditkit.explain.methods.registry import METHODS
from auditkit.explain.target import Target
from auditkit.explain.trust.noise import noisy, standing

DRAWS = 8


def noisy_copies(
    target: Target, found: Explanation, units: int, *, draws: int = DRAWS
) -> tuple[Explanation, ...]:
    """The first units explained again by the chosen method, each time with other noise.

    The noise is 3 % of what each number of the inputs varies by over all units. A number that is as
    the baseline gets none: a level that somebody does not have is no part of their decision. Where
    noise changes the decision, or the explained number by a tenth, the copy is of another decision,
    and its map is not shown.

    Args:
        target: still open; its inputs are no token ids.
        found: what was found of it.
        units: how many of them.
        draws: of noise.

    Returns:
        An explanation of these units for each draw; none where no method shows maps, or the model
        refuses inputs with noise.
    """
    if not found.chosen or found.tokens is not None or not units:
        return ()
    method, settings = METHODS[found.chosen], found.settings
    rows = target.every[:units]
    present = tuple(one != base for one, base in zip(target.inputs, target.baseline, strict=True))
    copies = []
    try:
        known = standing(target, settings)
        for draw in range(draws):
            drawn = noisy(target, known, settings, draw, present)
            maps = attributed(method, target.moved(drawn.inputs).part(rows), settings)
            if isinstance(maps, Maps):
                kept = replace(maps, shown=maps.shown & drawn.harmless[: len(rows)])
                copies.append(_copy(found, len(rows), kept))
    except ModelError:
        return ()
    return tuple(copies)


def _copy(found: Explanation, units: int, maps: Maps) -> Explanation:
    decision = None if found.decision is None else found.decision[:units]
    return replace(
        found,
        maps={found.chosen: maps},
        index=found.index[:units],
        value=None,
        decision=decision,
        copies=(),
    )
