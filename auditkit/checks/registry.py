"""All checks: auditkit's own and those of other packages come through the same door."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import EntryPoint, entry_points

from auditkit.checks.check import Check
from auditkit.errors import ConfigurationError
from auditkit.measurement import Metric

GROUP = "auditkit.checks"


def load_checks(
    names: Sequence[str] | None = None, *, doors: Sequence[EntryPoint] | None = None
) -> tuple[tuple[Check, ...], tuple[str, ...]]:
    """The installed checks, and a sentence for each that could not be loaded.

    Args:
        names: which checks; all by default.
        doors: entry points to load from; those of the group `auditkit.checks` by default.

    Raises:
        ConfigurationError: a named check is not installed.
    """
    found = entry_points(group=GROUP) if doors is None else doors
    unique = {door.name: door for door in found}
    wanted = sorted(unique) if names is None else list(names)
    if unknown := [name for name in wanted if name not in unique]:
        raise ConfigurationError(
            f"There is no check named {', '.join(map(repr, unknown))}; installed are "
            f"{', '.join(sorted(unique))}.",
            mend="Mend the name, or install the package that brings it.",
        )
    checks, failures = [], []
    for name in wanted:
        try:
            checks.append(unique[name].load())
        except Exception as error:  # noqa: BLE001 - a stranger's import can fail in any way
            failures.append(
                f"The check {name!r} of {unique[name].value} could not be loaded "
                f"({type(error).__name__}: {error}), and did not run."
            )
    return tuple(checks), tuple(failures)


def catalogue(checks: Sequence[Check]) -> Mapping[str, Metric]:
    """Every metric of the checks, by id."""
    return {metric.id: metric for check in checks for metric in check.metrics}
