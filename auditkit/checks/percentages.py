"""Shares as the sentences of a check write them."""

from __future__ import annotations


def percent(share: float) -> str:
    """A share in per cent, with as many digits as it needs.

    >>> percent(0.9), percent(0.0125)
    ('90 %', '1.25 %')
    """
    return f"{100 * share:.4g} %"
