"""Why a number has no value: not defined, or resting on too little to be told."""

from __future__ import annotations

from auditkit.measurement import Status

MIN_CLUSTERS = 10
MIN_KEPT = 5
"""Numbers about groups of fewer people are not kept: they could tell about a person."""


class NoEstimateError(Exception):
    """A number has no value on this evidence; the message says why, as a sentence.

    Attributes:
        status: `too_few` or `undefined`.
        secret: whether it is about so few that their number is not told either.
    """

    def __init__(self, status: Status, reason: str, *, secret: bool = False) -> None:
        super().__init__(reason)
        self.status = status
        self.secret = secret


def undefined(reason: str) -> NoEstimateError:
    """An error to raise where a number is not defined."""
    return NoEstimateError(Status.UNDEFINED, reason)


def too_few(reason: str) -> NoEstimateError:
    """An error to raise where a number would rest on too little."""
    return NoEstimateError(Status.TOO_FEW, reason)


def telling(found: str) -> NoEstimateError:
    """An error to raise where a number would be about fewer than `MIN_KEPT` people.

    Args:
        found: what there is too little of; not how much.
    """
    return NoEstimateError(
        Status.TOO_FEW,
        f"{found}; numbers about fewer than {MIN_KEPT} are not kept, since they could tell about a "
        "person.",
        secret=True,
    )
