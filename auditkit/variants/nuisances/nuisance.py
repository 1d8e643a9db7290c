"""What ought not to matter to a model, as its user declares it: a marker, the light, a column."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from auditkit.errors import ConfigurationError
from auditkit.variants.nuisances.kinds import KINDS, Kind, Setting

APPLIED, REMOVED = "applied", "removed"
DIRECTIONS = (APPLIED, REMOVED)
"""What is done with a nuisance. Each is tried on every unit of the sample."""

MOST = 20
"""Nuisances at most: the model is asked about the whole sample twice for each."""


@dataclass(frozen=True)
class Nuisance:
    """Something that ought not to matter to a model.

    Attributes:
        kind: one of `auditkit.variants.nuisances.kinds.KINDS`.
        settings: (name, value) of each setting of the kind, in the kind's order.
        name: what the numbers about it are called.
        of_range: whether its amounts are shares of the declared range of the inputs (0 is its lower
            end as a value, 1 its upper one) rather than numbers that the model is given.

    Example:
        >>> mark = Nuisance.of({"kind": "patch", "rows": [1, 5], "columns": [1, 5], "value": 0.8})
        >>> str(mark), mark["rows"]
        ('patch', (1, 5))
    """

    kind: str
    settings: tuple[tuple[str, Setting], ...]
    name: str
    of_range: bool = False

    @classmethod
    def of(cls, given: Nuisance | Mapping[str, Any]) -> Nuisance:
        """A nuisance from what a user may say.

        Args:
            given: `kind` and the settings of that kind; perhaps `name` (the kind by default) and
                `of_range` (no by default).

        Raises:
            ConfigurationError: the kind is unknown, or a setting is unknown, missing or wrong.
        """
        if isinstance(given, Nuisance):
            return given
        if not isinstance(given, Mapping) or given.get("kind") not in KINDS:
            found = given.get("kind") if isinstance(given, Mapping) else given
            raise ConfigurationError(
                f"A nuisance is of the kind {found!r}; expected one of {', '.join(KINDS)}.",
                mend="Give for example {kind: patch, rows: [0, 4], columns: [0, 4], value: 1}.",
            )
        plain = {key: value for key, value in given.items() if key not in _OWN}
        kind = str(given["kind"])
        settings = KINDS[kind].read(kind, plain)
        return cls(
            kind,
            tuple(settings.items()),
            _name(given.get("name", kind)),
            _of_range(given.get("of_range", False), KINDS[kind]),
        )

    def __getitem__(self, setting: str) -> Any:
        return dict(self.settings)[setting]

    def __str__(self) -> str:
        return self.name

    @property
    def irremovable(self) -> str:
        """Why it makes no sense to remove it; "" if it does."""
        kind = KINDS[self.kind]
        lacking = kind.removed_with is not None and self[kind.removed_with] is None
        return kind.irremovable if lacking or kind.removed_with is None else ""

    def describe(self) -> dict[str, Any]:
        """The declaration as JSON-able data, from which `of` makes it again."""
        plain = {name: list(v) if isinstance(v, tuple) else v for name, v in self.settings}
        scaled = {"of_range": True} if self.of_range else {}
        return {"kind": self.kind, "name": self.name, **plain, **scaled}


_OWN = ("kind", "name", "of_range")


def declared_nuisances(given: Iterable[Any] | None) -> tuple[Nuisance, ...] | None:
    """Nuisances from what a user may say; None where nothing is said.

    Raises:
        ConfigurationError: see `Nuisance.of`; this is no list, or two have one name.

    >>> declared_nuisances([{"kind": "blur", "deviation": 1}])[0].describe()
    {'kind': 'blur', 'name': 'blur', 'deviation': 1.0}
    """
    if given is None:
        return None
    if isinstance(given, str | Mapping) or not isinstance(given, Iterable):
        raise ConfigurationError(
            f"nuisances is {given!r}; expected a list of nuisances.",
            mend="Give a list, for example [{kind: brightness, by: 0.1}].",
        )
    found = tuple(Nuisance.of(one) for one in given)
    _refuse_doubles([one.name for one in found])
    if len(found) > MOST:
        raise ConfigurationError(
            f"{len(found)} nuisances are named; at most {MOST} are tried.",
            mend="Name those that matter most.",
        )
    return found


def _refuse_doubles(names: Sequence[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise ConfigurationError(
                f"{names.count(name)} nuisances are called {name!r}.",
                mend="Give each a `name` of its own.",
            )


def _name(given: Any) -> str:
    if not isinstance(given, str) or not given.strip() or len(given) > 60:
        raise ConfigurationError(
            f"The name of a nuisance is {given!r}; expected text of 1 to 60 letters.",
            mend="Name it after what it is, for example `ward stamp`.",
        )
    return given.strip()


def _of_range(given: Any, kind: Kind) -> bool:
    if not isinstance(given, bool) or (given and not kind.amounts):
        raise ConfigurationError(
            f"of_range of a nuisance is {given!r}; expected true or false, and true only where it "
            "has amounts that lie on the scale of the inputs.",
            mend="Leave it out.",
        )
    return given
