"""What the columns of a data set mean: label, features, groups, cluster, row id, time."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from auditkit.data.wording import listed, nearest
from auditkit.errors import ConfigurationError
from auditkit.measurement import UNKNOWN

MISSING = UNKNOWN
"""The level of a group whose value is missing: an answer of its own, never a dropped row."""

EMPTY = "(empty)"
"""The level of a group whose value is the empty text."""


@dataclass(frozen=True)
class Group:
    """An attribute by which the data are sliced.

    Attributes:
        name: what reports and policies call it.
        column: the column that holds it.
        reference: the level that the others are compared with; None to compare every pair.
        cuts: for a numeric column, increasing cut points; `(25, 60)` makes the levels
            `< 25`, `[25, 60)` and `≥ 60`.

    Raises:
        ConfigurationError: an empty name, cuts that are not increasing finite numbers, or a
            reference that the cuts do not make.

    Example:
        >>> Group("age band", "age", cuts=(25, 60)).intervals
        ('< 25', '[25, 60)', '≥ 60')
    """

    name: str
    column: str
    reference: str | None = None
    cuts: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if not self.name or not self.column:
            raise ConfigurationError(
                f"A group needs a name and a column, but got name {self.name!r} and "
                f"column {self.column!r}.",
                mend="Write both, for example name: gender, column: sex.",
            )
        increasing = all(a < b for a, b in itertools.pairwise(self.cuts))
        if not increasing or not all(math.isfinite(cut) for cut in self.cuts):
            raise ConfigurationError(
                f"The cuts of group {self.name!r} must be increasing finite numbers, "
                f"but are {list(self.cuts)}.",
                mend="List each cut point once, smallest first.",
            )
        if self.cuts and self.reference not in (None, *self.intervals):
            raise ConfigurationError(
                f"Group {self.name!r} has the reference {self.reference!r}, but its cuts make the "
                f"levels {listed(self.intervals)}.",
                mend="Declare one of these as reference.",
            )

    @property
    def intervals(self) -> tuple[str, ...]:
        """The levels that the cuts make, lowest first; empty without cuts."""
        if not self.cuts:
            return ()
        cuts = [number_label(cut) for cut in self.cuts]
        inner = [f"[{low}, {high})" for low, high in itertools.pairwise(cuts)]
        return (f"< {cuts[0]}", *inner, f"≥ {cuts[-1]}")


def number_label(value: float) -> str:
    """A number as a level's name: `25` for 25.0, else the shortest text that reads back.

    Example:
        >>> number_label(25.0), number_label(0.1)
        ('25', '0.1')
    """
    number = float(value)
    return str(int(number)) if number.is_integer() else repr(number)


@dataclass(frozen=True)
class ProxyGroup:
    """An attribute of which only probabilities are known, as lenders have them of race.

    Attributes:
        name: what reports and policies call it.
        columns: level → the column with the probability that a row belongs to it; the
            probabilities of a row sum to one.
        reference: the level that the others are compared with.

    Raises:
        ConfigurationError: an empty name, fewer than two levels, a column of two levels, or an
            unknown reference.

    Example:
        >>> ProxyGroup("race", {"Black": "p_black", "White": "p_white"}, reference="White").levels
        ('Black', 'White')
    """

    name: str
    columns: Mapping[str, str]
    reference: str | None = None

    def __post_init__(self) -> None:
        if not all((self.name, *self.columns, *self.columns.values())):
            raise ConfigurationError(
                f"The proxy group {self.name!r} has an empty name, level or column: "
                f"{dict(self.columns)}.",
                mend="Name all of them.",
            )
        if len(self.columns) < 2 or len(set(self.columns.values())) < len(self.columns):
            raise ConfigurationError(
                f"The proxy group {self.name!r} needs at least two levels, each with a column of "
                f"its own, but has {dict(self.columns)}.",
                mend="Name the column of probabilities of each level.",
            )
        if self.reference not in (None, *self.columns):
            raise ConfigurationError(
                f"The proxy group {self.name!r} has the reference {self.reference!r}, but its "
                f"levels are {listed(self.levels)}.",
                mend="Declare one of these as reference.",
            )

    @property
    def levels(self) -> tuple[str, ...]:
        """The levels, in the order of their columns in a batch."""
        return tuple(self.columns)


Label = str | tuple[str, ...] | Mapping[str, str | tuple[str, ...]] | None


@dataclass(frozen=True)
class Columns:
    """The declared columns of a data set.

    Attributes:
        label: the column of the true outcome; several for multilabel or several targets; a mapping
            of head → column(s) for a model with named heads; None where nobody knows the outcome.
        features: the columns that go into the model, in this order. Empty: every column that has
            no other role (those of groups and controls stay).
        groups: the attributes by which the data are sliced.
        intersections: names of groups that are also sliced together.
        cluster: the column of the independent unit (patient, speaker …) that rows belong to.
        row_id: a column that identifies each row; without one, rows are numbered.
        time: the column of the moment that a row belongs to.
        controls: attributes that may rightly explain a difference between groups (seniority for
            pay); groups are also compared among units that are alike in them.
        proxy_groups: attributes of which only probabilities are known.
        weight: the column of how many units of the population a row stands for.
        previous: the column of the class that the previous version of the model predicted.
        query: the column of the list in which a row is ranked.
        top: how many of each list are shown or chosen (the k of "at k").
        labelled: whom the labels are known of, where not of everybody ("accepted applicants");
            only then labels may be missing.

    Raises:
        ConfigurationError: a column or group named twice in one role, the label among the
            features or in another role, a control with a reference, an intersection of groups
            that are not declared, or a `top` below one.

    Example:
        >>> columns = Columns(label="income", groups=(Group("gender", "sex"),), row_id="id")
        >>> columns.labels, columns.declared
        (('income',), ('income', 'sex', 'id'))
    """

    label: Label
    features: tuple[str, ...] = ()
    groups: tuple[Group, ...] = ()
    intersections: tuple[tuple[str, ...], ...] = ()
    cluster: str | None = None
    row_id: str | None = None
    time: str | None = None
    controls: tuple[Group, ...] = ()
    proxy_groups: tuple[ProxyGroup, ...] = ()
    weight: str | None = None
    previous: str | None = None
    query: str | None = None
    top: int = 10
    labelled: str | None = None

    def __post_init__(self) -> None:
        _refuse_repeats("Feature", self.features)
        _refuse_repeats("Label column", self.labels)
        _refuse_repeats("Group", [*self._names, *self.proxies])
        controls = [one.name for one in self.controls]
        _refuse_repeats("Group or control", [*self._names, *self.proxies, *controls])
        self._check_label()
        self._check_row_id()
        self._check_beside()
        self._check_intersections()

    @property
    def labels(self) -> tuple[str, ...]:
        """All label columns, in the order declared."""
        if self.label is None:
            return ()
        if isinstance(self.label, Mapping):
            return tuple(name for part in self.label.values() for name in _as_tuple(part))
        return _as_tuple(self.label)

    @property
    def roles(self) -> tuple[str, ...]:
        """The columns that are no features unless declared so: all but those of groups."""
        single = (self.row_id, self.cluster, self.time, *(name for _, name in self._beside))
        return _distinct((*self.labels, *(name for name in single if name is not None)))

    @property
    def side(self) -> tuple[str, ...]:
        """The columns that describe a row, and may come from a side table: groups, cluster, time …

        Example:
            >>> Columns(label="y", groups=(Group("sex", "sex"),), cluster="person").side
            ('sex', 'person')
        """
        single = (self.cluster, self.time, *(name for _, name in self._beside))
        attributes = (one.column for one in (*self.groups, *self.controls))
        return _distinct((*attributes, *(name for name in single if name is not None)))

    @property
    def _beside(self) -> tuple[tuple[str, str | None], ...]:
        """Role and column of what is neither a label nor identifies or moves a unit."""
        return (
            ("weight", self.weight),
            ("previous prediction", self.previous),
            ("query", self.query),
            *(
                ("probability of a group", name)
                for one in self.proxy_groups
                for name in one.columns.values()
            ),
        )

    @property
    def proxies(self) -> tuple[str, ...]:
        """The group attributes of which only probabilities are known."""
        return tuple(one.name for one in self.proxy_groups)

    @property
    def inputs_alone(self) -> Columns:
        """What columns mean where rows have no outcome and belong to no group.

        >>> Columns(label="y", features=("x",), cluster="person").inputs_alone.features
        ('x',)
        """
        return Columns(label=None, features=self.features)

    @property
    def references(self) -> Mapping[str, str | None]:
        """Group attribute → its declared reference, None where it has none."""
        known = {one.name: one.reference for one in self.groups}
        return known | {one.name: one.reference for one in self.proxy_groups}

    @property
    def _names(self) -> list[str]:
        return [group.name for group in self.groups]

    @property
    def declared(self) -> tuple[str, ...]:
        """Every column named anywhere in the declaration, each once."""
        row_id = () if self.row_id is None else (self.row_id,)
        return _distinct((*self.labels, *self.features, *self.side, *row_id))

    def group(self, name: str) -> Group:
        """The group of that name.

        Raises:
            ConfigurationError: no such group is declared.
        """
        for group in self.groups:
            if group.name == name:
                return group
        names = [group.name for group in self.groups]
        raise ConfigurationError(
            f"There is no group {name!r}; declared are {listed(names)}.{nearest(name, names)}",
            mend="Name a declared group, or declare this one under data: groups:.",
        )

    def _check_label(self) -> None:
        if self.label is not None and not all(self.labels or [""]):
            raise ConfigurationError(
                "The label is declared, but names no column.",
                mend="Name the column of the true outcome, or leave the label out.",
            )
        leaking = [name for name in self.labels if name in self.features]
        if leaking:
            raise ConfigurationError(
                f"Label column {leaking[0]!r} is also among the features, so the model would be "
                "given the answer.",
                mend="Take it out of the features.",
            )

    def _check_row_id(self) -> None:
        if self.row_id is not None and self.row_id in (*self.labels, self.cluster):
            raise ConfigurationError(
                f"Column {self.row_id!r} is declared as row id and also as label or cluster.",
                mend="A row id identifies one row: declare another column, or leave it out.",
            )

    def _check_beside(self) -> None:
        taken = dict.fromkeys(self.labels, "label") | {self.row_id: "row id"}
        for role, name in self._beside:
            if name is not None and name in taken:
                raise ConfigurationError(
                    f"Column {name!r} is declared as {role} and also as {taken[name]}.",
                    mend="Declare another column, or leave one of the two out.",
                )
        for control in self.controls:
            if control.reference is not None:
                raise ConfigurationError(
                    f"The control {control.name!r} has a reference, and controls are not compared.",
                    mend="Leave the reference out, or declare it under groups.",
                )
        if isinstance(self.top, bool) or not isinstance(self.top, int) or self.top < 1:
            raise ConfigurationError(
                f"top must be a whole number of at least 1, but is {self.top!r}.",
                mend="Say how many of each list are shown or chosen.",
            )

    def _check_intersections(self) -> None:
        for names in self.intersections:
            for name in names:
                if name in self.proxies:
                    raise ConfigurationError(
                        f"The intersection {list(names)} names {name!r}, of which only "
                        "probabilities are declared.",
                        mend="Intersect groups whose values are known.",
                    )
                self.group(name)
            _refuse_repeats(f"In the intersection {list(names)}, group", names)
            if len(names) < 2:
                raise ConfigurationError(
                    f"The intersection {list(names)} names fewer than two groups.",
                    mend="Name at least two declared groups, or leave the intersection out.",
                )
        _refuse_repeats("Intersection", [" × ".join(sorted(names)) for names in self.intersections])


def describe_columns(columns: Columns, levels: Mapping[str, Mapping[str, int]]) -> dict[str, Any]:
    """The declaration as JSON-able data, with the rows of each level as far as they were read."""
    label = columns.label
    return {
        "label": {k: v if isinstance(v, str) else list(v) for k, v in label.items()}
        if isinstance(label, Mapping)
        else list(label)
        if isinstance(label, tuple)
        else label,
        "groups": {
            group.name: {
                "column": group.column,
                "reference": group.reference,
                "cuts": list(group.cuts),
                "levels": dict(levels.get(group.name, {})),
            }
            for group in columns.groups
        },
        **describe_roles(columns),
    }


def describe_roles(columns: Columns) -> dict[str, Any]:
    """What is declared beside label, features and groups, as JSON-able data."""
    return {
        "intersections": [list(names) for names in columns.intersections],
        "controls": {
            one.name: {"column": one.column, "cuts": list(one.cuts)} for one in columns.controls
        },
        "proxy_groups": {
            one.name: {"columns": dict(one.columns), "reference": one.reference}
            for one in columns.proxy_groups
        },
        "cluster": columns.cluster,
        "row_id": columns.row_id,
        "time": columns.time,
        "weight": columns.weight,
        "previous": columns.previous,
        "query": columns.query,
        "top": None if columns.query is None else columns.top,
        "labelled": columns.labelled,
    }


def _as_tuple(part: str | tuple[str, ...]) -> tuple[str, ...]:
    return (part,) if isinstance(part, str) else tuple(part)


def _distinct(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def _refuse_repeats(role: str, names: Iterable[str]) -> None:
    for name, count in Counter(names).items():
        if count > 1:
            raise ConfigurationError(
                f"{role} {name!r} is declared {count} times.", mend="Declare it once."
            )
