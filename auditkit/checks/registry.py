"""All checks: auditkit's own and those of other packages come through the same door."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from auditkit.checks.check import Check
from auditkit.errors import ConfigurationError
from auditkit.measurement import Metric

GROUP = "auditkit.checks"


def load_checks(
    names: Sequence[str] | None = None, *, doors: Sequence[EntryPoint] | None = None
) -> tuple[tuple[Check, ...], tuple[str, ...]]:
    """The installed checks, and a sentence for each that could not be loaded.

    Of two doors with one name, auditkit's own is taken: no package can replace its checks.

    Args:
        names: which checks; all by default.
        doors: entry points to load from; those of the group `auditkit.checks` by default.

    Returns:
        Checks in the order asked for (of all: by name), and what a reviewer must know of the rest.

    Raises:
        ConfigurationError: a named check is not installed.
    """
    found = tuple(entry_points(group=GROUP) if doors is None else doors)
    by_name, notes = _without_rivals(found)
    wanted = sorted(by_name) if names is None else list(dict.fromkeys(names))
    if unknown := [name for name in wanted if name not in by_name]:
        raise ConfigurationError(
            f"There is no check named {', '.join(map(repr, unknown))}; installed are "
            f"{', '.join(sorted(by_name)) or 'none'}.",
            mend="Mend the name, or install the package that brings it.",
        )
    checks: list[Check] = []
    for name in wanted:
        loaded = _load(by_name[name])
        if isinstance(loaded, Check):
            checks.append(loaded)
        else:
            notes.append(loaded)
    return tuple(checks), tuple(notes)


def _without_rivals(found: Sequence[EntryPoint]) -> tuple[dict[str, EntryPoint], list[str]]:
    by_name: dict[str, EntryPoint] = {}
    notes = []
    # auditkit's own first; others in an order that does not depend on the installation's.
    for door in sorted(found, key=lambda door: (not _is_own(door), door.name, door.value)):
        taken = by_name.setdefault(door.name, door)
        if taken.value != door.value:
            notes.append(
                f"The check {door.name!r} of {door.value} did not run: its name is taken by "
                f"{taken.value}."
            )
    return by_name, notes


def _is_own(door: EntryPoint) -> bool:
    return door.value.startswith("auditkit.checks.")


def _load(door: EntryPoint) -> Check | str:
    """The check behind a door, or why there is none."""
    try:
        loaded: Any = door.load()
    except Exception as error:  # noqa: BLE001 - a stranger's import can fail in any way
        return (
            f"The check {door.name!r} of {door.value} could not be loaded "
            f"({type(error).__name__}: {error}), and did not run."
        )
    if not isinstance(loaded, Check):
        kind = type(loaded).__name__
        return f"The check {door.name!r} of {door.value} is a {kind}, no Check, and did not run."
    if loaded.name != door.name:
        return (
            f"The check {door.name!r} of {door.value} calls itself {loaded.name!r}, and did not "
            "run: its metrics would pass for another's."
        )
    return loaded


def catalogue(checks: Sequence[Check]) -> Mapping[str, Metric]:
    """Every metric of the checks, by id."""
    return {metric.id: metric for check in checks for metric in check.metrics}
