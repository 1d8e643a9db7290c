"""Ids of records: unique, sortable by time, safe as the name of a folder on any system."""

from __future__ import annotations

import re
import secrets
from datetime import UTC, datetime

_SHAPE = re.compile(r"[0-9]{8}-[0-9]{6}-[0-9a-f]{6,32}")


def new_id(now: datetime | None = None) -> str:
    """A fresh id: the UTC time to the second, and 24 random bits.

    Args:
        now: an aware time; the present by default.

    >>> new_id(datetime(2026, 11, 22, 10, 15, 30, tzinfo=UTC))[:16]
    '20261122-101530-'
    """
    moment = (now or datetime.now(UTC)).astimezone(UTC)
    return f"{moment:%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"


def is_id(text: str) -> bool:
    """Whether `text` is a whole id, and thereby safe as a folder name.

    >>> is_id("20261122-101530-3f9ac2"), is_id("../../etc"), is_id("20261122")
    (True, False, False)
    """
    return _SHAPE.fullmatch(text) is not None
