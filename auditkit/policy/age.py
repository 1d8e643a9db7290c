"""How old a record may be before a policy wants a new audit."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from auditkit.errors import PolicyError
from auditkit.policy.schema import Policy


def check_age(policy: Policy, created: str, now: datetime | None = None) -> None:
    """Refuse a record that is older than the policy's `max_age`.

    Args:
        policy: the policy; without `max_age` no record is too old.
        created: time of the record, ISO 8601; UTC where it names no zone.
        now: the present, by default; aware of its zone.

    Raises:
        PolicyError: the record is too old, is dated in the future, or its time cannot be read.
    """
    if policy.max_age is None:
        return
    try:
        moment = datetime.fromisoformat(created)
    except ValueError as error:
        raise PolicyError(
            f"The record's time, {created!r}, is no ISO 8601 time.", mend="Audit the model again."
        ) from error
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    age = (now or datetime.now(UTC)) - moment
    if age > timedelta(days=policy.max_age):
        raise PolicyError(
            f"The record is {age.days} days old, and policy {policy.id} accepts none older than "
            f"{policy.max_age} days.",
            mend="Audit the model again.",
        )
    if age < -timedelta(days=1):  # a day's grace for clocks that disagree
        raise PolicyError(
            f"The record is dated {created}, which has not come yet.",
            mend="Set the clock right, and audit the model again.",
        )
