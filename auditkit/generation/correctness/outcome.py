"""What became of an answer: right, wrong, a refusal, or judged by nobody."""

from __future__ import annotations

from enum import IntEnum


class Outcome(IntEnum):
    """What became of one greedy answer.

    A refusal is an outcome of its own: neither right nor wrong, unless the references say that
    refusing is right.
    """

    RIGHT = 0
    WRONG = 1
    REFUSED = 2
    UNJUDGED = 3


__all__ = ["Outcome"]
