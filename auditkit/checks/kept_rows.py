"""Shares and means over rows that were kept one by one, and shares as reviewers read them."""

from __future__ import annotations

from auditkit.evidence.row_estimates import KeptRows, bounded_mean_of, mean_of, rate_of, share_of

__all__ = ["KeptRows", "bounded_mean_of", "mean_of", "percent", "rate_of", "share_of"]


def percent(share: float) -> str:
    """A share as reviewers read it.

    >>> percent(0.9), percent(0.0125)
    ('90 %', '1.25 %')
    """
    return f"{100 * share:.4g} %"
