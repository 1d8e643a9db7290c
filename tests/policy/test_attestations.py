"""Attestations and the age of a record."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from auditkit.errors import PolicyError
from auditkit.policy import Attestation, check_age, load_attestations
from tests.policy.cases import policy

DIGEST = "sha256:" + "0" * 64
TEXT = f"""
attestations:
  - requirement: study
    person: A. Person
    digest: {DIGEST}
    date: 2026-11-01
"""
NOW = datetime(2026, 11, 22, tzinfo=UTC)


def test_attestations_are_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "attestations.yaml"
    path.write_text(TEXT)
    assert load_attestations(path) == {"study": Attestation("A. Person", DIGEST, "2026-11-01")}


def test_of_two_for_one_requirement_the_later_counts(tmp_path: Path) -> None:
    path = tmp_path / "attestations.yaml"
    entry = TEXT.partition("attestations:\n")[2]
    earlier = entry.replace("2026-11-01", "2025-11-01").replace("A. Person", "B. Person")
    path.write_text(TEXT + earlier)
    assert load_attestations(path)["study"].person == "A. Person"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("person", "persn", "attestations.0.persn (line 4): this key is unknown (Did you mean per"),
        ("    date: 2026-11-01\n", "", "attestations.0.date (line 3): this key is missing"),
        ("A. Person", "[a]", "attestations.0.person (line 4): found ['a']"),
    ],
)
def test_malformed_attestations_are_refused(tmp_path: Path, old: str, new: str, says: str) -> None:
    path = tmp_path / "attestations.yaml"
    path.write_text(TEXT.replace(old, new))
    with pytest.raises(PolicyError) as raised:
        load_attestations(path)
    assert says in str(raised.value)


@pytest.mark.parametrize(
    "created", ["2026-10-24T00:00:00+00:00", "2026-10-23T02:00:00+02:00", "2026-11-22T10:00:00"]
)
def test_a_record_young_enough(created: str) -> None:
    check_age(policy(max_age=30), created, NOW)


@pytest.mark.parametrize(
    ("created", "says"),
    [
        ("2026-10-01T00:00:00+00:00", "The record is 52 days old, and policy test accepts none"),
        ("2026-12-01T00:00:00+00:00", "is dated 2026-12-01T00:00:00+00:00, which has not come yet"),
        ("yesterday", "The record's time, 'yesterday', is no ISO 8601 time. Audit the model again"),
    ],
)
def test_a_record_too_old_or_of_no_known_age(created: str, says: str) -> None:
    with pytest.raises(PolicyError) as raised:
        check_age(policy(max_age=30), created, NOW)
    assert says in str(raised.value)
    check_age(policy(), created, NOW)  # a policy without max_age asks for no age
