from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditkit.records.identifiers import is_id, new_id


@given(st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)))
def test_an_id_is_one_and_begins_with_the_time(moment: datetime) -> None:
    fresh = new_id(moment)
    assert is_id(fresh)
    assert fresh.startswith(f"{moment:%Y%m%d-%H%M%S}-")


def test_ids_are_in_utc_and_differ() -> None:
    moment = datetime(2026, 1, 1, 1, 0, 0, tzinfo=timezone(timedelta(hours=2)))
    assert new_id(moment).startswith("20251231-230000-")
    assert len({new_id(moment) for _ in range(100)}) > 98  # 24 random bits


@pytest.mark.parametrize(
    "text", ["", ".", "..", "/", "latest", "20261122-101530-3f9ac2/..", "20261122-101530-3f9ac2\n"]
)
def test_what_is_no_id(text: str) -> None:
    assert not is_id(text)
