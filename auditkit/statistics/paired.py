"""Two models, or two versions of one, on the same units."""

from __future__ import annotations

from typing import Literal

from scipy.special import betainc

from auditkit.statistics.binomial_exact import clopper_pearson_bounds
from auditkit.statistics.proportions import Bounds, paired_difference_bounds

Alternative = Literal["two-sided", "greater", "less"]


def mcnemar(wins: int, losses: int, alternative: Alternative = "two-sided") -> float:
    """Exact p-value of the hypothesis that wins and losses are equally likely.

    The interval that goes with it is `estimates.exact_paired_difference`.

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


def exact_paired_bounds(wins: float, losses: float, n: float, z: float) -> Bounds:
    """Bounds of the difference (wins − losses) / n that agree with McNemar's exact test.

    The outer of two intervals: Tango's score interval, and that of the discordant units alone, of
    which as many are wins as the exact interval of Clopper and Pearson leaves possible. They leave
    out zero only where McNemar's exact p-value is below the level, and cover at least as often as
    Tango's, which with few discordant units is a little too sure. Counts need not be whole.

    Args:
        wins: units on which only the first is right.
        losses: units on which only the second is.
        n: all units.
        z: one-sided normal critical value.

    Source: Tango, Statistics in Medicine 17 (1998) 891–908; Clopper and Pearson, Biometrika 26
    (1934) 404–413.

    Example:
        >>> low, high = exact_paired_bounds(8, 2, 100, 1.6448536269514722)
        >>> round(low, 4), round(high, 4), round(mcnemar(8, 2, "greater"), 4)
        (-0.0014, 0.1197, 0.0547)
    """
    low, high = paired_difference_bounds(wins, losses, n, z)
    discordant = wins + losses
    if not discordant:
        return low, high
    # Wins that are as often as losses have the share one half: there the sign of the bound turns.
    least, most = clopper_pearson_bounds(wins, discordant, z)
    scale = discordant / n
    return min(low, scale * (2 * least - 1)), max(high, scale * (2 * most - 1))
