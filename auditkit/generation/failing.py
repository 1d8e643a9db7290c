"""What went wrong in a function of the user's, without what it was given.

The message of an error often repeats the text it failed on, and what a check says goes into a
record, where rows have no place.
"""

from __future__ import annotations

import traceback


def cause_of(error: BaseException) -> str:
    """The kind of an error, and where it arose.

    Example:
        >>> try:
        ...     int("a secret answer")
        ... except ValueError as error:
        ...     cause_of(error)
        'ValueError in line 2 of <module>'
    """
    frames = traceback.extract_tb(error.__traceback__)
    where = f" in line {frames[-1].lineno} of {frames[-1].name}" if frames else ""
    return f"{type(error).__name__}{where}"


__all__ = ["cause_of"]
