"""The picture of what each level of each corruption costs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from auditkit.checks.estimation import NoEstimateError, drawn_ends
from auditkit.checks.robustness.corruptions import confidence, errors
from auditkit.checks.robustness.pairs import Pair, is_number
from auditkit.evidence.row_estimates import mean_of, share_of
from auditkit.measurement import Estimate, Figure
from auditkit.statistics import estimates
from auditkit.variants.variant import Variant

Row = dict[str, Any]
Series = tuple[str, Callable[[Pair], Estimate], Callable[[Pair], Estimate]]
"""Name, and its estimates before and after."""


def figure(pairs: Sequence[tuple[Variant, Pair]]) -> Figure | None:
    """Accuracy and confidence, or the error, by corruption and level; None without labelled rows.

    Args:
        pairs: corruption → answers, all of one view and of the same rows.
    """
    rows = [row for variant, pair in pairs for row in _rows(variant, pair)]
    if not rows:
        return None
    view = pairs[0][1].view
    of = f" of {view.key}" if str(view.key) else ""
    number = is_number(view)
    return Figure(
        kind="corruption",
        title=f"{'Error' if number else 'Accuracy and confidence'}{of} under corrupted inputs",
        caption=(
            "Level 0 are the inputs as they are. "
            + (
                "The error should rise slowly."
                if number
                else "Accuracy should fall slowly, and confidence with it: where confidence stays "
                "above, the model does not notice that it sees less."
            )
            + " Bars are 90 % intervals."
        ),
        check="robustness",
        data={
            "n": len(pairs[0][1].labelled.before),
            "unit": "target" if number else "share",
            "rows": rows,
        },
    )


def _rows(variant: Variant, pair: Pair) -> Iterator[Row]:
    for name, before, after in _series(pair):
        # The plain inputs are level 0 of every corruption: each panel begins with them.
        if variant.level == 1:
            yield from _row(variant.name, 0, name, before, pair)
        yield from _row(variant.name, int(variant.level), name, after, pair)


def _row(
    corruption: str, level: int, series: str, estimate: Callable[[Pair], Estimate], pair: Pair
) -> Iterator[Row]:
    try:
        labelled = pair.labelled
        found = estimate(labelled)
    except (NoEstimateError, ValueError):
        return  # its measurement says why
    interval = None if labelled.before.sample.lack else estimates.interval(found)
    yield {
        "corruption": corruption,
        "level": level,
        "series": series,
        "value": estimates.value(found),
        **drawn_ends(interval),
    }


def _series(pair: Pair) -> Iterator[Series]:
    if is_number(pair.view):
        yield ("mean absolute error", *_sides(errors, _mean))
        return
    yield ("accuracy", *_sides(lambda one: one.right, _share))
    if pair.view.probabilistic:
        yield ("confidence", *_sides(confidence, _mean))


def _sides(
    of: Callable[[Pair], tuple[np.ndarray, np.ndarray]],
    estimate: Callable[[np.ndarray, Pair], Estimate],
) -> tuple[Callable[[Pair], Estimate], Callable[[Pair], Estimate]]:
    return lambda pair: estimate(of(pair)[0], pair), lambda pair: estimate(of(pair)[1], pair)


def _share(flags: np.ndarray, pair: Pair) -> Estimate:
    return share_of(flags, pair.before)


def _mean(values: np.ndarray, pair: Pair) -> Estimate:
    return mean_of(values, pair.before)
