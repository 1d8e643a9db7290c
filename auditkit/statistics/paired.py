"""Two models, or two versions of one, on the same units."""

from __future__ import annotations

from typing import Literal

from scipy.special import betainc

Alternative = Literal["two-sided", "greater", "less"]


def mcnemar(wins: int, losses: int, alternative: Alternative = "two-sided") -> float:
    """Exact p-value of the hypothesis that wins and losses are equally likely.

    The interval that goes with it is `estimates.paired_difference`.

    Args:
        wins: units on which only the first is right.
        losses: units on which only the second is right.
        alternative: `greater` asks whether the first is better, `less` whether it is worse.

    Returns:
        The p-value; 1 where the two agree on every unit.

    Raises:
        ValueError: a negative count or an unknown alternative.

    Source: McNemar, Psychometrika 12 (1947) 153–157; the exact binomial form.

    Example:
        >>> mcnemar(1, 9)
        0.021484375
    """
    if wins < 0 or losses < 0:
        raise ValueError(f"wins and losses must be at least 0, found {wins} and {losses}")
    match alternative:
        case "two-sided":
            return min(2 * _as_many(max(wins, losses), wins + losses), 1.0)
        case "greater":
            return _as_many(wins, wins + losses)
        case "less":
            return _as_many(losses, wins + losses)
    raise ValueError(f"alternative must be two-sided, greater or less, found {alternative!r}")


def _as_many(successes: int, n: int) -> float:
    """P(at least `successes` of `n` fair coins), by the incomplete beta function."""
    return 1.0 if successes == 0 else float(betainc(successes, n - successes + 1, 0.5))
