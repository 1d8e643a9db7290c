"""Rates where the true outcome is known of some rows alone, or of none.

Whom a model selects is known of everybody, how often it errs only of the labelled: the two come
from tables of their own, with an n of their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np

from auditkit.checks.rate_kinds import RateKind
from auditkit.evidence.subject import Labels, Subject

_KNOWN = " with a known outcome"
# Shares of whom the model predicts to be so: their words say nothing of the outcome.
_OF_PREDICTED = ("positive_predictive_value", "class_precision")


def of_everybody(kinds: Mapping[str, RateKind]) -> dict[str, RateKind]:
    """The rates that need no label."""
    return {name: kind for name, kind in kinds.items() if not kind.of_labels}


def of_labelled(kinds: Mapping[str, RateKind]) -> dict[str, RateKind]:
    """The rates that rest on labels; a share of all units is one of those with a label."""
    return {
        name: replace(kind, among=_among(name, kind))
        for name, kind in kinds.items()
        if kind.of_labels
    }


def _among(name: str, kind: RateKind) -> str:
    return f"{kind.among} and a known outcome" if name in _OF_PREDICTED else kind.among or _KNOWN


def parted(
    subject: Subject, kinds: Mapping[str, RateKind]
) -> Iterator[tuple[Mapping[str, RateKind], bool]]:
    """The rates by the rows that they are counted from, and whether only labelled rows count.

    All of them come from one table where every row has a label.
    """
    if subject.labels is Labels.ALL:
        yield kinds, True
        return
    if needless := of_everybody(kinds):
        yield needless, False
    if subject.labels is Labels.SOME and (labelled := of_labelled(kinds)):
        yield labelled, True


def as_outcomes(state: np.ndarray) -> np.ndarray:
    """Units by (…, selected) as units by (…, selected, qualified, correct), which say nothing.

    Example:
        >>> as_outcomes(np.array([3, 4])).sum(axis=(1, 2))
        array([3, 4])
    """
    laid_out = np.zeros((*state.shape, 2, 2), dtype=state.dtype)
    laid_out[..., 0, 0] = state
    return laid_out


def as_classes(state: np.ndarray) -> np.ndarray:
    """Units by (…, predicted class) as units by (…, true class, predicted class), likewise."""
    laid_out = np.zeros((*state.shape, state.shape[-1]), dtype=state.dtype)
    laid_out[..., 0, :] = state
    return laid_out
