"""What the check `explanation` counts beside attributions: groups, and columns by groups."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from auditkit.checks.groups import groups_need
from auditkit.evidence.needs import CountNeed, feature, group
from auditkit.evidence.subject import Subject

MOST_COLUMNS = 200
"""Columns that are counted by group at most."""


def group_needs(subject: Subject) -> Iterator[CountNeed]:
    """What says how large the declared groups are."""
    for declared in subject.columns.groups:
        yield groups_need((declared.name,))


def proxy_needs(subject: Subject) -> Iterator[CountNeed]:
    """The columns behind the model's inputs, counted by each declared group attribute."""
    behind = columns_behind(subject.feature_names, subject.streams)
    for column in list(dict.fromkeys(behind.values()))[:MOST_COLUMNS]:
        for declared in subject.columns.groups:
            yield proxy_need(column, declared.name)


def proxy_need(column: str, attribute: str) -> CountNeed:
    """A column by the levels of a group attribute."""
    return CountNeed(None, (feature(column), group(attribute)))


def columns_behind(names: Sequence[str], columns: Sequence[str]) -> Mapping[str, str]:
    """From the model's inputs to the columns of the table that they are made from, by their names.

    An input is of a column of the same name, or of the longest column whose name it begins with:
    `marital_status=Married` is of `marital-status`. Case and punctuation are no difference.

    Args:
        names: of the model's inputs.
        columns: of the table.

    Returns:
        Input → column, without the inputs that no column could be found for.

    >>> dict(columns_behind(["age", "Town: Aix", "towns", "race=White"], ["age", "town"]))
    {'age': 'age', 'Town: Aix': 'town'}
    """
    spelled = {_spelled(column): column for column in reversed(columns)}
    found = {name: _behind(_spelled(name), spelled) for name in names}
    return {name: column for name, column in found.items() if column is not None}


def _spelled(name: str) -> str:
    return re.sub(r"[\W_]+", "_", name.casefold()).strip("_")


def _behind(name: str, spelled: Mapping[str, str]) -> str | None:
    starts = [one for one in spelled if one and (name == one or name.startswith(f"{one}_"))]
    return spelled[max(starts, key=len)] if starts else None
